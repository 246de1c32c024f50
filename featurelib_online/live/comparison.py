"""What two releases answer to the same requests: which values move, and whether they may."""

from __future__ import annotations

import datetime as dt
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from featurelib import literals
from featurelib.borders import canonical_row
from featurelib.errors import FeaturelibError
from featurelib_online.live.status import Current
from featurelib_online.outputs import Row
from featurelib_online.row import RowKernel, compile

__all__ = ["Comparison", "Halt", "Sample"]

SAMPLES = 5
"""Samples of a feature that are kept: the first ones."""
_PLAIN = (int, bool, bytes, type(None))
"""Types whose equal values have equal bits."""


@dataclass(frozen=True)
class Sample:
    """A request for which a value moved.

    Attributes:
        feature: The feature.
        request: The inputs, as `featurelib.literals.canonical` writes them: with all their bits.
        stable: The value of the stable release, written so too.
        candidate: That of the candidate.
        is_declared: Whether the hotfix declares that it may move there.
    """

    feature: str
    request: dict[str, Any]
    stable: Any
    candidate: Any
    is_declared: bool

    def to_json(self) -> dict[str, Any]:
        """Plain data for a probe."""
        return dict(self.__dict__)


@dataclass(frozen=True)
class Halt:
    """Why a trial stopped: from then on the stable release answers everything.

    Attributes:
        why: In words.
        sample: The value that moved, None if it was something else.
        at: When.
    """

    why: str
    sample: Sample | None
    at: dt.datetime

    def to_json(self) -> dict[str, Any]:
        """Plain data for a probe."""
        sample = self.sample.to_json() if self.sample else None
        return {"why": self.why, "sample": sample, "at": self.at.isoformat()}


class Comparison:
    """Compares the answers of two releases. Safe to call from many threads.

    Args:
        stable: The release that answers.
        candidate: The release that is tried.

    Attributes:
        missing: Features of the stable release that the candidate has not.
        compared: How many requests were compared.
        moved: How many values moved, by feature; those that the hotfix declares too.
        samples: The first ones of each feature.
    """

    def __init__(self, stable: Current, candidate: Current) -> None:
        self.stable, self.candidate = stable, candidate
        mine, other = (set(c.release.bundle.program.outputs) for c in (stable, candidate))
        self._names = [n for n in stable.release.bundle.program.outputs if n in other]
        self.missing = sorted(mine - other)
        self.compared = 0
        self.moved: Counter[str] = Counter()
        self.samples: dict[str, list[Sample]] = {}
        self._lock = threading.Lock()
        declared = candidate.release.declaration
        # A declaration says what moves from one version to the next, and nothing of others.
        self._hotfix = declared if declared and declared.from_version == stable.version else None

    @cached_property
    def _rules(self) -> RowKernel | None:
        """Says on which rows the features of a hotfix may move."""
        bundle = self._hotfix.rows_bundle if self._hotfix is not None else None
        return compile(bundle) if bundle is not None else None

    def prepare(self) -> None:
        """Loads what the first difference needs."""
        _ = self._rules

    def undeclared(self, request: Mapping[str, Any], stable: Row, candidate: Row) -> Sample | None:
        """Counts what moved; the first value that the hotfix did not declare, None if all may."""
        found = None
        moved = [n for n in self._names if not _same(stable.canonical(n), candidate.canonical(n))]
        if not moved:
            with self._lock:
                self.compared += 1
            return None
        schema = self.stable.release.bundle.schema
        given = canonical_row(request, schema, where=self.stable.release.name)
        shown = {name: literals.canonical(value) for name, value in given.items()}
        for name in moved:
            old, new = (literals.canonical(row.canonical(name)) for row in (stable, candidate))
            sample = Sample(name, shown, old, new, self._is_declared(name, request))
            if not sample.is_declared and found is None:
                found = sample
            with self._lock:
                self.moved[name] += 1
                kept = self.samples.setdefault(name, [])
                if len(kept) < SAMPLES:
                    kept.append(sample)
        with self._lock:
            self.compared += 1
        return found

    def _is_declared(self, name: str, request: Mapping[str, Any]) -> bool:
        rule = self._hotfix.rows.get(name) if self._hotfix is not None else None
        if rule is None or rule.node is None:
            return rule is not None
        assert self._rules is not None
        try:
            return self._rules(request)[name] is True
        except FeaturelibError:  # a row that the rules cannot read is none that they declare
            return False


def _same(a: Any, b: Any) -> bool:
    """Whether two canonical values have the same bits."""
    if type(a) is type(b) and isinstance(a, _PLAIN):
        return bool(a == b)
    if type(a) is float and type(b) is float and a == b and a != 0.0:
        return True
    return bool(literals.canonical(a) == literals.canonical(b))
