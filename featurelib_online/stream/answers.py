"""From the words of answers to Python: values, nulls with their reasons, lists."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from featurelib.borders import from_canonical
from featurelib.dtypes import DType
from featurelib.jit.windows import layout as at
from featurelib.jit.windows.plan import REASONS, Plan

Array = np.ndarray[Any, Any]
_CODES = {"f": "d", "i": "q", "u": "Q", "b": "?7x", "v": "q"}
_WORD_TYPES = {"f": np.float64, "i": np.int64, "u": np.uint64, "b": np.int64}


class Answers(Mapping[str, Any]):
    """The aggregates of one query by name: a read-only mapping, None for null.

    Attributes:
        reasons: For each aggregate that is null why: ``no_events``, ``beyond_kept``, ``too_many``
            or ``out_of_range`` (docs/windows.md).
    """

    __slots__ = ("_index", "_values", "reasons")

    def __init__(
        self, index: dict[str, int], values: Sequence[Any], reasons: dict[str, str]
    ) -> None:
        self._index, self._values, self.reasons = index, values, reasons

    def __getitem__(self, name: str) -> Any:
        return self._values[self._index[name]]

    def __iter__(self) -> Iterator[str]:
        return iter(self._index)

    def __len__(self) -> int:
        return len(self._index)

    def __repr__(self) -> str:
        return f"Answers({dict(self)}, reasons={self.reasons})"


class AnswerReader:
    """How the answers of a plan are read from a workspace."""

    def __init__(self, plan: Plan) -> None:
        self._names = tuple(p.name for p in plan.aggregates)
        self._types = tuple(p.dtype for p in plan.aggregates)
        self._values = struct.Struct("<" + "".join(f"{_CODES[t.kind]}16x" for t in self._types))
        self._reasons = struct.Struct("<" + "16xq" * len(self._names))
        self._index = {name: k for k, name in enumerate(self._names)}
        self._lists = [(k, _inner(t)) for k, t in enumerate(self._types) if t.kind == "v"]
        self._times = [(k, t) for k, t in enumerate(self._types) if t.is_temporal]

    def read(self, work: Array, has_nulls: bool) -> Answers:
        """The answers at the front of a workspace."""
        given = self._values.unpack_from(work.data)
        if not (has_nulls or self._lists or self._times):
            return Answers(self._index, given, {})
        values = list(given)
        for k, inner in self._lists:
            values[k] = self._list(work, k, inner)
        for k, dtype in self._times:
            values[k] = from_canonical(values[k], dtype)
        reasons: dict[str, str] = {}
        if has_nulls:
            codes = self._reasons.unpack_from(work.data)
            for k, code in enumerate(codes):
                if code:
                    values[k] = None
                    reasons[self._names[k]] = REASONS[code] or ""
        return Answers(self._index, values, reasons)

    def _list(self, work: Array, k: int, inner: DType) -> list[Any]:
        """The elements of a list; nothing, if it is null."""
        address, length, reason = work[at.ANSWER * k : at.ANSWER * (k + 1)].tolist()
        if reason or not length:
            return []
        first = (address - work.ctypes.data) // 8
        words = work[first : first + length].view(_WORD_TYPES[inner.kind])
        made = words.tolist()
        if inner.name == "Bool":
            return [x != 0 for x in made]
        return [from_canonical(x, inner) for x in made] if inner.is_temporal else made


def _inner(dtype: DType) -> DType:
    assert dtype.inner is not None
    return dtype.inner
