"""What a fuzzer feeds: a parser of outside data, its first inputs, and how an input is altered."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Protocol

from parity_tests.core.crafted import mutate

CORPUS = Path(__file__).with_name("corpus")


class Target(Protocol):
    """A parser of outside data."""

    @property
    def name(self) -> str:
        """What it reads."""
        ...

    def seeds(self) -> Iterable[bytes]:
        """Inputs to begin with."""
        ...

    def instrumented(self) -> Iterable[Any]:
        """The Python functions whose lines say what an input reached."""
        ...

    def check(self, data: bytes) -> None:
        """Reads an input. Whatever is raised is a fault: refusals are caught here."""
        ...


def kept(target: Target) -> list[bytes]:
    """The inputs that are kept for a target: a line each, its bytes as Latin-1."""
    path = CORPUS / f"{target.name}.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return [json.loads(line).encode("latin-1") for line in lines]


def keep(target: Target, inputs: Iterable[bytes]) -> None:
    """Writes the inputs that are kept, the shortest first."""
    lines = (json.dumps(i.decode("latin-1")) for i in sorted(inputs, key=lambda i: (len(i), i)))
    path = CORPUS / f"{target.name}.jsonl"
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def altered(data: bytes, seed: int) -> bytes | None:
    """JSON with one or two places changed, as canonical JSON is written; None if it is none.

    Bytes that change at random seldom make JSON that reaches beyond its parser.
    """
    choose = random.Random(seed)
    try:
        content = json.loads(data)
        for _ in range(choose.choice((1, 1, 2))):
            content = mutate(content, choose)
        text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    except (ValueError, RecursionError, IndexError):  # the last: nothing inside to change
        return None
    return text.encode("utf-8", "surrogatepass")
