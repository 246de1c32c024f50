"""A column as it came, whoever made it: the one form that the border for columns reads."""

from __future__ import annotations

import ctypes
import datetime as dt
from typing import Any, Literal, NamedTuple

import numpy as np

from featurelib.border_times import EPOCH_ORDINAL

Array = np.ndarray[Any, Any]
RawKind = Literal[
    "null", "bool", "int", "float", "text", "date", "datetime", "duration", "list", "other"
]
US_PER_UNIT = {"s": 1_000_000, "ms": 1_000, "us": 1}
"""Microseconds in a unit; ``ns`` is the one that is finer."""


class RawColumn(NamedTuple):
    """A column before its border.

    Attributes:
        kind: What its values are; "other" is no type that any field takes.
        shown: Its type as its maker calls it, for errors.
        values: Numbers as they are stored; time as a count of units (dates: days); text as pairs of
            address and bytes; lists as pairs of the first element and their number. Undefined under
            nulls.
        valid: One byte a row, 1 where there is a value; None where none is missing.
        unit: Of a datetime or duration.
        child: The elements of lists.
        keep: What the addresses of a text point into.
        reason: Why the kind is "other".
    """

    kind: RawKind
    shown: str
    values: Array
    valid: Array | None = None
    unit: str = ""
    child: RawColumn | None = None
    keep: Any = None
    reason: str = ""

    @property
    def rows(self) -> int:
        """How many values it has."""
        return len(self.values)

    def value(self, row: int) -> Any:
        """One value as a Python object; a time that Python has no object for as its count."""
        if self.kind == "null" or (self.valid is not None and not self.valid[row]):
            return None
        raw = self.values[row]
        if self.kind in ("bool", "int", "float"):
            return bool(raw) if self.kind == "bool" else raw.item()
        if self.kind == "text":
            address, length = raw.tolist()
            return (ctypes.string_at(address, length) if length else b"").decode()
        if self.kind == "list":
            assert self.child is not None
            start, length = raw.tolist()
            return [self.child.value(i) for i in range(start, start + length)]
        return self._time(int(raw))

    def _time(self, count: int) -> Any:
        try:
            if self.kind == "date":
                return dt.date.fromordinal(count + EPOCH_ORDINAL)
            if self.unit == "ns":
                micros, rest = divmod(count, 1_000)
                if rest:
                    return count
            else:
                micros = count * US_PER_UNIT[self.unit]
            span = dt.timedelta(microseconds=micros)
            return (
                span if self.kind == "duration" else dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + span
            )
        except (ValueError, OverflowError):
            return count
