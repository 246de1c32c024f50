"""How far a feature moved: counts, distances and examples, gathered chunk by chunk.

What is kept does not grow with the rows: distances beyond 65,536 are counted in buckets, of which
each is 2**-12 wide relative to its values; the largest is always exact.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from featurelib.dtypes import DType
from featurelib.parity.values import Array, Values
from featurelib.release.diff_values import Chunk

__all__ = ["QUANTILES", "Example", "MoveCounter", "Moves"]

QUANTILES = (0.5, 0.9, 0.99)
_EXACT = 65_536
_BUCKET_BITS = 40
_EXAMPLES = 5
_SAMPLE = 2_000
"""Moved rows that plots show."""
_MIX = np.uint64(0x9E37_79B9_7F4A_7C15)
"""2**64 over the golden ratio: consecutive rows come to lie far from each other."""


@dataclass(frozen=True, slots=True)
class Example:
    """A row in which a feature moved.

    Attributes:
        row: Its index among the rows.
        inputs: What the feature reads on either side: canonical value and type, by name.
        old: The old value, canonical.
        new: The new one.
    """

    row: int
    inputs: Mapping[str, tuple[Any, DType]]
    old: Any
    new: Any


@dataclass(frozen=True)
class Moves:
    """What became of one feature on one set of rows.

    Attributes:
        kind: Which rows: ``golden``, ``generated`` or ``data``.
        rows: Rows that were compared.
        moved: Rows in which bits, nullness or type are not the same.
        to_null: Rows that had a value and have none.
        from_null: Rows that had none and have one.
        to_nan: Rows that had a number and have NaN.
        from_nan: Rows that had NaN and have a number.
        to_true: Rows of a Bool that turned true.
        to_false: Rows of a Bool that turned false.
        measured: Moved rows with a distance: both values are numbers or times.
        infinite: Rows among them whose distance is infinite.
        quantiles: Quantiles of the distance as pairs of share and value.
        largest: The largest distance, None where there is none.
        examples: Rows to look at, in order.
        sample: Old and new value of up to 2,000 moved rows that have a distance, for plots.
        lacking: Why rows were not compared, empty where all were.
    """

    kind: str
    rows: int = 0
    moved: int = 0
    to_null: int = 0
    from_null: int = 0
    to_nan: int = 0
    from_nan: int = 0
    to_true: int = 0
    to_false: int = 0
    measured: int = 0
    infinite: int = 0
    quantiles: tuple[tuple[float, float], ...] = ()
    largest: float | None = None
    examples: tuple[Example, ...] = ()
    sample: tuple[tuple[float, float], ...] = field(default=(), repr=False)
    lacking: str = ""

    @property
    def share(self) -> float:
        """Moved rows of all compared, 0 to 1."""
        return self.moved / self.rows if self.rows else 0.0


class MoveCounter:
    """Gathers the `Moves` of one feature on one set of rows.

    Args:
        kind: Which rows.
        reads: The inputs that the feature reads on either side.
    """

    def __init__(self, kind: str, reads: tuple[str, ...]) -> None:
        self._kind, self._reads = kind, reads
        self._counts: dict[str, int] = {}
        self._distances: list[Array] = []
        self._buckets: dict[int, int] = {}
        self._largest: float | None = None
        self._examples: dict[str, tuple[float, Example]] = {}
        self._first: list[Example] = []
        self._sample: list[tuple[int, float, float]] = []
        self._lacking = ""

    def lacks(self, reason: str) -> None:
        """Some rows cannot be compared."""
        self._lacking = self._lacking or reason

    def add(self, chunk: Chunk, feature: str) -> Array | None:
        """Takes a chunk; gives its moved rows, None where it cannot be compared."""
        pair = chunk.pair(feature)
        if pair is None:
            self.lacks(chunk.lacking[feature])
            return None
        self._count("rows", len(chunk.index))
        at = np.flatnonzero(pair.moved)
        if len(at):
            old, new = pair.values(at)
            self._moved(chunk, at, old, new)
        return pair.moved

    def _count(self, name: str, many: Any) -> None:
        self._counts[name] = self._counts.get(name, 0) + int(many)

    def _moved(self, chunk: Chunk, at: Array, old: Values, new: Values) -> None:
        both = old.valid & new.valid
        kinds = {
            "to_null": old.valid & ~new.valid,
            "from_null": ~old.valid & new.valid,
            "to_nan": both & ~_is_nan(old) & _is_nan(new),
            "from_nan": both & _is_nan(old) & ~_is_nan(new),
        }
        if old.dtype.name == new.dtype.name == "Bool":
            kinds["to_true"] = both & (new.data != 0)
            kinds["to_false"] = both & (new.data == 0)
        self._count("moved", len(at))
        for name, rows in kinds.items():
            self._count(name, rows.sum())
            if rows.any() and name not in self._examples:
                i = int(rows.argmax())
                self._examples[name] = (0.0, self._example(chunk, at, old, new, i))
        for i in range(min(len(at), _EXAMPLES - len(self._first))):
            self._first.append(self._example(chunk, at, old, new, i))
        distances = _distances(old, new)
        if distances is None:
            return
        measured = both & ~np.isnan(distances)
        if measured.any():
            self._measure(chunk, at, old, new, distances, measured)

    def _measure(
        self, chunk: Chunk, at: Array, old: Values, new: Values, distances: Array, measured: Array
    ) -> None:
        far = distances[measured]
        self._count("measured", len(far))
        self._count("infinite", np.isinf(far).sum())
        most = float(far.max())
        if self._largest is None or most > self._largest:
            self._largest = most
            i = int(np.flatnonzero(measured)[far.argmax()])
            self._examples["largest"] = (most, self._example(chunk, at, old, new, i))
        if not self._buckets and sum(map(len, self._distances)) + len(far) <= _EXACT:
            self._distances.append(far)
        else:
            for part in (*self._distances, far):
                keys, counts = np.unique(
                    part.view(np.uint64) >> np.uint64(_BUCKET_BITS), return_counts=True
                )
                for key, count in zip(keys.tolist(), counts.tolist(), strict=True):
                    self._buckets[key] = self._buckets.get(key, 0) + count
            self._distances = []
        self._take_sample(chunk.index[at[measured]], old.take(measured), new.take(measured))

    def _take_sample(self, rows: Array, old: Values, new: Values) -> None:
        """Keeps the rows whose mixed numbers are the lowest: the same rows in any chunks."""
        with np.errstate(over="ignore"):
            mixed = rows.astype(np.uint64) * _MIX
        low = np.argsort(mixed, kind="stable")[:_SAMPLE]
        pairs = zip(
            mixed[low].tolist(), old.data[low].tolist(), new.data[low].tolist(), strict=True
        )
        kept = sorted([*self._sample, *((m, float(a), float(b)) for m, a, b in pairs)])
        self._sample = kept[:_SAMPLE]

    def _example(self, chunk: Chunk, at: Array, old: Values, new: Values, i: int) -> Example:
        row = int(at[i])
        inputs = chunk.inputs_of(self._reads, row)
        return Example(int(chunk.index[row]), inputs, old.canonical(i), new.canonical(i))

    def result(self) -> Moves:
        """What was gathered."""
        found = {e.row: e for _, e in self._examples.values()}
        for example in self._first:
            if len(found) < _EXAMPLES:
                found.setdefault(example.row, example)
        examples = tuple(found[row] for row in sorted(found)[:_EXAMPLES])
        return Moves(
            self._kind,
            **self._counts,
            quantiles=self._quantiles(),
            largest=self._largest,
            examples=examples,
            sample=tuple((a, b) for _, a, b in self._sample),
            lacking=self._lacking,
        )

    def _quantiles(self) -> tuple[tuple[float, float], ...]:
        """Distances that at least these shares of the measured rows do not exceed."""
        if self._largest is None:
            return ()
        if self._distances:
            values = np.sort(np.concatenate(self._distances))
            counts = np.ones(len(values), np.int64)
        else:
            keys = np.array(sorted(self._buckets), np.uint64)
            counts = np.array([self._buckets[int(k)] for k in keys])
            values = (keys << np.uint64(_BUCKET_BITS)).view(np.float64)
        below = np.cumsum(counts)
        return tuple(
            (q, float(values[np.searchsorted(below, np.ceil(q * below[-1]))])) for q in QUANTILES
        )


def _is_nan(values: Values) -> Array:
    made: Array = np.isnan(values.data) if values.dtype.is_float else np.zeros(len(values), bool)
    return made


def _distances(old: Values, new: Values) -> Array | None:
    """How far apart values are; None for types without a distance, NaN where a side is NaN."""
    types = (old.dtype, new.dtype)
    if not all(t.is_numeric or t.is_temporal for t in types) or (
        types[0].is_temporal and types[0] != types[1]
    ):
        return None
    a, b = old.data, new.data
    if types[0].is_float or types[1].is_float or types[0].kind != types[1].kind:
        with np.errstate(all="ignore"):
            a, b = a.astype(np.float64), b.astype(np.float64)
            return np.where(a == b, 0.0, np.abs(a - b))
    # Integers are subtracted as such: above 2**53 Float64 has not each of them.
    low, high = (x.astype(np.int64 if types[0].kind == "i" else np.uint64) for x in (a, b))
    with np.errstate(over="ignore"):
        low, high = np.minimum(low, high), np.maximum(low, high)
        gap: Array = high.view(np.uint64) - low.view(np.uint64)
    return gap.astype(np.float64)
