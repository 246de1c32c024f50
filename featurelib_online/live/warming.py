"""Making a release ready: compiled into the cache, and held against its own golden rows."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path

from featurelib.bundle import Bundle
from featurelib.errors import FeaturelibError
from featurelib.jit.arena import DEFAULT_LIMIT
from featurelib_online.live.golden import first_difference
from featurelib_online.row import compile

__all__ = ["Warmed", "warm"]


@dataclass(frozen=True)
class Warmed:
    """What came of warming a release.

    Attributes:
        outcome: ``ready``; or why not: ``compile`` (it cannot be compiled here), ``golden`` (it
            does not give its own golden rows), ``time`` (it took too long), ``died`` (the child
            process ended without a result).
        error: What was wrong, empty if nothing.
        seconds: How long it took.
    """

    outcome: str
    error: str = ""
    seconds: float = 0.0

    @property
    def is_ready(self) -> bool:
        """Whether the release may serve."""
        return self.outcome == "ready"


def warm(folder: Path, *, text_limit: int = DEFAULT_LIMIT) -> Warmed:
    """Compiles what stands in a folder, and replays its golden rows.

    Args:
        folder: ``bundle.json``, ``golden.jsonl`` and, of a hotfix, ``declaration.json``; their
            signature and digests are the registry's to check.
        text_limit: The row limit of text, as for `featurelib_online.compile`.
    """
    start = time.perf_counter()
    outcome, error = "ready", ""
    try:
        bundle = Bundle.from_bytes((folder / "bundle.json").read_bytes(), str(folder))
        kernel = compile(bundle, text_limit=text_limit)
        declaration = folder / "declaration.json"
        if declaration.exists():
            _compile_rules(declaration.read_bytes())
        difference = first_difference(kernel, (folder / "golden.jsonl").read_bytes())
        if difference is not None:
            outcome, error = "golden", difference
    except FeaturelibError as raised:
        outcome, error = "compile", str(raised)
    except Exception as raised:
        outcome, error = "compile", f"{type(raised).__name__}: {raised}"
    return Warmed(outcome, error, time.perf_counter() - start)


def _compile_rules(declaration: bytes) -> None:
    """Compiles on which rows a hotfix may move a value: a canary asks that on requests."""
    from featurelib.release.hotfix import Hotfix

    rules = Hotfix.from_json(json.loads(declaration)).rows_bundle
    if rules is not None:
        compile(rules)
