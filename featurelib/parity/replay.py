"""Replay: logged online answers computed again in batch, and compared feature by feature."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from featurelib.bundle import Bundle
from featurelib.dtypes import INT64, DType
from featurelib.parity.compare import shown_value
from featurelib.parity.engines import Engine
from featurelib.parity.replay_log import Logged
from featurelib.parity.values import Rows, Values

__all__ = ["FeatureReplay", "Replay", "Sample", "replay"]

CHUNK = 32_768
"""Requests that are computed together."""
SAMPLES = 5


@dataclass(frozen=True)
class Sample:
    """A logged value that is computed otherwise now.

    Attributes:
        line: Of the log, from 1 on (of Parquet its row).
        at: When it was served, as it was logged.
        request: The inputs, as Python objects.
        logged: The logged value, canonical.
        computed: The value now.
        dtype: Type of both.
    """

    line: int
    at: str
    request: dict[str, Any]
    logged: Any
    computed: Any
    dtype: DType

    def __str__(self) -> str:
        return (
            f"line {self.line}{f', {self.at}' if self.at else ''}: logged "
            f"{shown_value(self.logged, self.dtype)}, computed "
            f"{shown_value(self.computed, self.dtype)}; request {self.request}"
        )


@dataclass
class FeatureReplay:
    """What became of one feature.

    Attributes:
        compared: Answers that held it.
        mismatches: Those whose bits are not what is computed now.
        missing: Answers that do not hold it, of a feature that the bundle has.
        extra: Answers that hold it, though the bundle has no such feature.
        samples: The first mismatches.
    """

    compared: int = 0
    mismatches: int = 0
    missing: int = 0
    extra: int = 0
    samples: list[Sample] = field(default_factory=list)


@dataclass
class Replay:
    """The result of a replay.

    Attributes:
        bundle: What the log was computed with again.
        requests: Requests that were computed.
        features: Each feature of the bundle, then those that only answers hold.
        fingerprints: How many requests each set of features answered, by its fingerprint; an empty
            one where the log does not say.
        unreadable: Lines that are no request: number and why. Their count is `refused`.
        refused: How many there are.
    """

    bundle: Bundle
    requests: int = 0
    features: dict[str, FeatureReplay] = field(default_factory=dict)
    fingerprints: Counter[str] = field(default_factory=Counter)
    unreadable: list[tuple[int, str]] = field(default_factory=list)
    refused: int = 0

    @property
    def mismatches(self) -> int:
        """Values that differ, of all features."""
        return sum(f.mismatches for f in self.features.values())

    @property
    def passed(self) -> bool:
        """Whether there was something to compare, and all of it is as it was logged."""
        found = self.features.values()
        return (
            self.requests > 0
            and not self.refused
            and not self.mismatches
            and not any(f.missing or f.extra for f in found)
        )


def replay(
    bundle: Bundle,
    logged: Iterable[Logged],
    *,
    engine: Engine,
    progress: Callable[[int], None] | None = None,
) -> Replay:
    """Computes logged requests again and compares their answers bit for bit.

    Args:
        bundle: What to compute them with: what served them, or what would serve them next.
        logged: What `featurelib.parity.replay_log.read_log` reads.
        engine: What computes.
        progress: Is told the requests so far.
    """
    found = Replay(bundle, features={name: FeatureReplay() for name in bundle.program.outputs})
    for chunk in _chunks(logged):
        good = [one for one in chunk if not one.error]
        for one in chunk:
            if one.error:
                found.refused += 1
                if len(found.unreadable) < SAMPLES:
                    found.unreadable.append((one.line, one.error))
        if good:
            _compare(found, good, engine)
        if progress is not None:
            progress(found.requests)
    return found


def _chunks(logged: Iterable[Logged]) -> Iterator[list[Logged]]:
    chunk: list[Logged] = []
    for one in logged:
        chunk.append(one)
        if len(chunk) == CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _compare(found: Replay, logged: Sequence[Logged], engine: Engine) -> None:
    bundle = found.bundle
    found.requests += len(logged)
    found.fingerprints.update(one.fingerprint for one in logged)
    rows = Rows.of([one.request for one in logged], bundle.schema)
    made = engine.compute(bundle, rows)
    for name, values in made.items():
        about = found.features[name]
        there = [i for i, one in enumerate(logged) if name in one.answer]
        about.missing += len(logged) - len(there)
        about.compared += len(there)
        # A value of another type differs, whatever it is: 5 is not 5.0.
        alike = [i for i in there if _is_of(logged[i].answer[name], values.dtype)]
        answers = Values.of([logged[i].answer[name] for i in alike], values.dtype)
        same = {
            i
            for i, differs in zip(alike, answers.differs(values.take(alike)), strict=True)
            if not differs
        }
        wrong = [i for i in there if i not in same]
        about.mismatches += len(wrong)
        for i in wrong[: SAMPLES - len(about.samples)]:
            one = logged[i]
            about.samples.append(
                Sample(
                    one.line, one.at, rows.python(i), one.answer[name],
                    values.canonical(i), values.dtype,
                )
            )  # fmt: skip
    for one in logged:
        for name in one.answer:
            if name not in made:
                found.features.setdefault(name, FeatureReplay()).extra += 1


def _is_of(value: Any, dtype: DType) -> bool:
    """Whether a canonical value is one of a type."""
    if value is None:
        return True
    if dtype.inner is not None:
        return isinstance(value, tuple) and all(_is_of(v, dtype.inner) for v in value)
    if dtype.kind in ("i", "u"):
        low, high = dtype.bounds if dtype.is_integer else INT64.bounds  # of a time: its units
        return type(value) is int and low <= value <= high
    return type(value) is {"b": bool, "f": float, "v": bytes}[dtype.kind]
