"""Smaller rows that show the same: fewer rows first, then simpler values, greedily."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from featurelib.borders import violation
from featurelib.fields import Field
from featurelib.parity.values import Rows

__all__ = ["Budget", "fewer", "shrink", "simpler"]

Fails = Callable[[Rows], bool]
_FEW = 4
"""Values are made simpler where at most so many rows are left."""
_DAY = 86_400_000_000


class Budget:
    """Counts runs: a shrink ends in bounded time, whatever it meets."""

    def __init__(self, fails: Fails, runs: int) -> None:
        self._fails = fails
        self._left = runs

    def __call__(self, rows: Rows) -> bool:
        self._left -= 1
        return self._left >= 0 and self._fails(rows)


def shrink(rows: Rows, first: int, fails: Fails, *, runs: int = 400) -> Rows:
    """Rows that still fail: one where one is enough.

    Args:
        rows: Rows that fail together.
        first: The index of a row that came out wrong.
        fails: Whether some rows fail.
        runs: How often `fails` may be asked.
    """
    budget = Budget(fails, runs)
    alone = rows.take(slice(first, first + 1))
    small = alone if budget(alone) else fewer(rows, budget)
    if len(small) > _FEW:
        return small
    return simpler(small, budget)


def fewer(rows: Rows, fails: Fails) -> Rows:
    """Leaves out runs of rows, long ones first, while the rest fails; one row stays at least."""
    size = len(rows) // 2
    while size:
        start = 0
        while start < len(rows):
            keep = np.ones(len(rows), bool)
            keep[start : start + size] = False
            rest = rows.take(keep)
            if len(rest) and fails(rest):
                rows = rest
            else:
                start += size
        size //= 2
    return rows


def simpler(rows: Rows, fails: Fails) -> Rows:
    """Puts simpler values into the rows while they fail."""
    table = [rows.canonical(i) for i in range(len(rows))]
    changed = True
    while changed:
        changed = False
        for row in table:
            for field in rows.schema:
                before = row[field.name]
                for candidate in candidates(before, field):
                    row[field.name] = candidate
                    if fails(Rows.of(table, rows.schema)):
                        changed = True
                        break
                    row[field.name] = before
    return Rows.of(table, rows.schema)


def candidates(value: Any, field: Field) -> Iterator[Any]:
    """Simpler values of a field, the simplest first; each is strictly simpler than `value`."""
    seen = set()
    for made in _candidates(value, field):
        fits = made is None or not field.is_constrained or not violation(made, field)
        if fits and weight(made) < weight(value) and repr(made) not in seen:
            seen.add(repr(made))
            yield made


def _candidates(value: Any, field: Field) -> Iterator[Any]:
    if field.nullable:
        yield None
    if value is None:
        return
    if isinstance(value, bool):
        yield False
    elif isinstance(value, int):
        yield from (0, 1)
        if field.dtype.is_temporal:
            yield from (value // unit * unit for unit in (_DAY, 3_600_000_000, 60_000_000, 10**6))
        yield from (value // 2, value // 10, value - 1 if value > 0 else value + 1)
    elif isinstance(value, float):
        yield from (0.0, 1.0, -1.0, 0.5, 10.0, 100.0, 1e6, 1e9, math.nan)
        if math.isfinite(value):
            yield from (
                float(np.float32(v)) for v in (math.trunc(value), value / 2) if abs(v) < 1e38
            )
            yield from (float(np.float32(round(value, k))) for k in (1, 3) if abs(value) < 1e38)
    elif isinstance(value, bytes):
        text = value.decode()
        half = len(text) // 2
        yield from (t.encode() for t in ("", "a", text[:half], text[half:], text[1:], text[:-1]))
        yield from (c.encode() for c in dict.fromkeys(text[:8]))
    elif isinstance(value, tuple):
        if field.dtype.size is None:
            half = len(value) // 2
            yield from ((), value[:half], value[half:], value[1:], value[:-1])
        if value and not isinstance(value[0], bool):
            yield tuple(type(v)(0) for v in value)


def weight(value: Any) -> tuple[Any, ...]:
    """Order of simplicity: null, then short and small values."""
    if value is None:
        return (0,)
    if isinstance(value, float):
        special = 0 if math.isfinite(value) else 1
        size = abs(value) if math.isfinite(value) else 0.0
        return (1, special, len(repr(value).removesuffix(".0").lstrip("-")), size, value < 0)
    if isinstance(value, int):
        return (1, 0, len(str(abs(value)).rstrip("0")), abs(value), value < 0)
    if isinstance(value, bytes):
        return (1, len(value), value)
    return (1, len(value), tuple(map(weight, value)))
