"""Exact sums of products by group: sums of squares for variances, Gram matrices.

A float is the sum of two halves of 26 bits, so a product of two floats is the exact sum of four
products that are floats themselves, and these are summed exactly. That holds where no half
underflows; the few values outside 2**-400 to 2**400 are multiplied as integers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from featurelib.jit.exact_groups import ExactGroupSums

UNIT = 2148
"""Sums of products are integers in units of 2**-2148, the square of the least float."""
_SPLITTER = 134217729.0
"""2**27 + 1: Veltkamp's constant, which cuts 53 bits into two halves."""
_SAFE_LOW, _SAFE_HIGH = 2.0**-400, 2.0**400


class GroupProducts:
    """The exact sum of x * y of each group, for finite x and y.

    Args:
        n_groups: Groups are numbers from 0 to n_groups - 1; `grow` adds some.
    """

    def __init__(self, n_groups: int) -> None:
        self._sums = group_sums(n_groups)
        self._rare: dict[int, int] = {}

    def grow(self, n_groups: int) -> None:
        """Adds empty groups at the end, to n_groups in all."""
        self._sums.grow(n_groups)

    def update(self, x: np.ndarray, y: np.ndarray, groups: np.ndarray) -> None:
        """Adds rows of finite Float64 values."""
        safe = _is_safe(x) & _is_safe(y)
        if not safe.all():
            rare = ~safe
            rows = zip(x[rare].tolist(), y[rare].tolist(), groups[rare].tolist(), strict=True)
            for a, b, group in rows:
                self._rare[group] = self._rare.get(group, 0) + _units(a) * _units(b)
            x, y, groups = x[safe], y[safe], groups[safe]
        for a in _halves(x):
            for b in _halves(y):
                self._sums.update(a * b, groups)

    def merge(self, other: GroupProducts) -> None:
        """Adds what another one holds of the same groups; `other` keeps its value."""
        self._sums.merge(other._sums)
        for group, units in other._rare.items():
            self._rare[group] = self._rare.get(group, 0) + units

    def totals(self) -> list[int]:
        """The exact sum of each group, in units of 2**-2148."""
        shift = UNIT - 1074
        return [(s << shift) + self._rare.get(i, 0) for i, s in enumerate(self._sums.ratios())]


def group_sums(n_groups: int) -> ExactGroupSums:
    """Exact sums of floats by group, in machine code that a definition need not load."""
    from featurelib.jit.exact_groups import ExactGroupSums

    return ExactGroupSums(n_groups)


def _is_safe(x: np.ndarray) -> np.ndarray:
    size = np.abs(x)
    safe: np.ndarray = ((size >= _SAFE_LOW) & (size <= _SAFE_HIGH)) | (x == 0.0)
    return safe


def _halves(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    carried = x * _SPLITTER
    high = carried - (carried - x)
    return high, x - high


def _units(x: float) -> int:
    """A finite float in units of 2**-1074."""
    numerator, denominator = x.as_integer_ratio()
    return (numerator << 1074) // denominator
