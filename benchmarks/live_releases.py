"""Releases of a set of features for the benchmark of swaps; each gives other values in all.

    python -m benchmarks.live_releases REGISTRY

moves the channel to each version that it reads: a service does not promote what it takes.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any

import featurelib as fl
from featurelib import literals
from featurelib.bundle import Bundle
from featurelib.parity.golden_features import record
from featurelib.parity.values import Rows
from featurelib.release import Registry
from featurelib_online.outputs import Row

__all__ = ["SET", "TEXTS", "Releases"]

SET = "requests"
NUMBERS, TEXTS = 13, 26
AHEAD = 6
"""New releases that are ready before a turn: more than are taken in one."""
STEP = {"by": "the benchmark", "at": "2024-01-01T00:00:00Z"}


class Request(fl.Schema):
    """Thirteen numbers and twenty-six texts."""

    __annotations__ = {
        **{f"n{i}": float | None for i in range(NUMBERS)},
        **{f"s{i}": str for i in range(TEXTS)},
    }


class Releases:
    """A registry with releases, a request, and the one right answer of each release to it.

    Args:
        each: Features of each kind, at the most.

    Attributes:
        registry: The registry.
        request: What callers ask.
        newest: The number of the newest release that was promoted.
    """

    def __init__(self, each: int) -> None:
        self._each = each
        self._folder = TemporaryDirectory()
        self.registry = Registry(str(Path(self._folder.name) / "registry"))
        numbers = {f"n{i}": 0.5 * i for i in range(NUMBERS)}
        self.request: dict[str, Any] = numbers | {f"s{i}": f"text {i}" for i in range(TEXTS)}
        self.newest = 1
        self._last = 0
        self._recorded: list[dict[str, Any]] = []
        self._whole: set[tuple[bytes, bytes]] = set()
        self.prepare()
        self.newest = 2
        self._promoter = subprocess.Popen(
            [sys.executable, "-m", __name__, self.registry.where],
            text=True, bufsize=1, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip

    @property
    def has_new(self) -> bool:
        """Whether there is a release that no process has seen."""
        return self.newest < self._last

    def renew(self) -> int:
        """The next release that no process has seen."""
        self.newest += 1
        return self.newest

    def prepare(self) -> None:
        """Makes new releases, so that none has to be made while callers call."""
        while self._last < self.newest + AHEAD:
            self._last += 1
            bundle = _bundle(self._last, self._each)
            row = {n: v.encode() if isinstance(v, str) else v for n, v in self.request.items()}
            rows = Rows.of([row], bundle.schema)
            folder = Path(self._folder.name) / f"golden-{self._last}"
            golden = record(bundle, rows, folder).read_bytes()
            self.registry.release(bundle, golden)
            self._recorded.append(json.loads(golden.splitlines()[1])["out"])

    def promote(self, number: int) -> str:
        """Points the channel to a release, and gives its version."""
        version = f"1.{number}.0"
        given, said = self._promoter.stdin, self._promoter.stdout
        assert given is not None and said is not None
        given.write(f"{version}\n")
        assert said.readline() == f"{version}\n"
        return version

    def check(self, answer: Row) -> None:
        """Refuses an answer that is not whole that of one release.

        Raises:
            AssertionError: It is of none, or of several.
        """
        tensors = answer.tensors
        key = (tensors["dense"].tobytes(), tensors["ids"].tobytes())
        if key not in self._whole:  # the first one of a release is compared value by value
            names = self._recorded[0]
            got = {name: literals.canonical(answer.canonical(name)) for name in names}
            assert got in self._recorded, f"no release gives all of {got}"
            self._whole.add(key)

    def __enter__(self) -> Releases:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._promoter.communicate()
        self._folder.cleanup()


def _bundle(number: int, each: int) -> Bundle:
    """A set of so many features of each kind, whose constants are the version's."""
    numbers = [
        (fl.col(f"n{i}").fill_null(0.0).clip(0.0, 1e6) + float(number)).log1p().cast(fl.Float32)
        for i in range(NUMBERS)[:each]
    ]
    texts = [
        (fl.col(f"s{i}").hash64(seed=number) % 100_000).fill_null(0) for i in range(TEXTS)[:each]
    ]
    parts = {"dense": numbers, "ids": texts}
    named = {f"{part}{i}": e for part, made in parts.items() for i, e in enumerate(made)}
    features = [fl.Feature(name, version=1, expr=e) for name, e in named.items()]
    return fl.FeatureSet(
        SET, version=f"1.{number}.0", inputs=Request, features=features,
        layout={part: [n for n in named if n.startswith(part)] for part in parts},
    ).bind()  # fmt: skip


if __name__ == "__main__":
    channel = Registry(sys.argv[1]).channel(SET, "stable")
    for line in sys.stdin:
        channel.promote(line.strip(), **STEP)
        print(line, end="", flush=True)
