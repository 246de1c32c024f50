"""Exact sums by group: as `featurelib.jit.exact_sum`, for many groups at once.

A table of every exponent would be too large for each group, so a group has one long number of 66
limbs that stand 32 bits apart, from 2**-1074 up. A limb is an i64: adding a value adds less than
2**32 to three limbs and carries nothing; carries are propagated before a limb can overflow.
"""

from __future__ import annotations

import numpy as np
from numba import types

from featurelib.jit.cache import cached_njit
from featurelib.ratio import divide

_LIMBS = 66
_CARRY_ROWS = 1 << 30
"""Rows between two propagations of carries: 2**31 pieces of 32 bits could overflow a limb."""
_LOW = np.int64(0xFFFFFFFF)
_NO_NULLS = np.ones(0, np.uint8)


def _column(dtype: types.Type) -> types.Array:
    return types.Array(dtype, 1, "C", readonly=True)


@cached_njit(
    types.void(
        types.Array(types.int64, 2, "C"),
        types.Array(types.int64, 2, "C"),
        _column(types.uint64),
        _column(types.int64),
        _column(types.uint8),
        types.boolean,
    ),
    nogil=True,
)
def _add(limbs, counts, bits, groups, valid, has_nulls):  # pragma: no cover - machine code
    """Adds a column, given as bits; counts of finite and other values are by group."""
    low = np.uint64(0xFFFFFFFF)
    for i in range(bits.size):
        if has_nulls and valid[i] == 0:
            continue
        b = bits[i]
        e = (b >> np.uint64(52)) & np.uint64(0x7FF)
        group = groups[i]
        if e == np.uint64(0x7FF):
            counts[group, 1] += 1
            continue
        counts[group, 0] += 1
        m = b & np.uint64(0xFFFFFFFFFFFFF)
        position = np.uint64(0)
        if e != np.uint64(0):
            m |= np.uint64(1 << 52)
            position = e - np.uint64(1)
        shift = position & np.uint64(31)
        first = position >> np.uint64(5)
        bottom = (m & low) << shift
        top = (m >> np.uint64(32)) << shift
        middle = (bottom >> np.uint64(32)) + (top & low)
        sign = np.int64(1) - np.int64(b >> np.uint64(63)) * np.int64(2)
        row = limbs[group]
        row[first] += sign * np.int64(bottom & low)
        row[first + np.uint64(1)] += sign * np.int64(middle)
        row[first + np.uint64(2)] += sign * np.int64(top >> np.uint64(32))


class ExactGroupSums:
    """Count, exact sum and mean of float values by group; every result is rounded once.

    NaN and infinities are counted in `non_finite` and left out of everything else.

    Args:
        n_groups: Groups are numbers from 0 to n_groups - 1; `grow` adds some.
    """

    def __init__(self, n_groups: int) -> None:
        self._limbs = np.zeros((n_groups, _LIMBS), np.int64)
        self._counts = np.zeros((n_groups, 2), np.int64)
        self._pending = 0

    @property
    def n_groups(self) -> int:
        """The number of groups."""
        return len(self._limbs)

    @property
    def counts(self) -> np.ndarray:
        """Finite values seen, by group."""
        return self._counts[:, 0]

    @property
    def non_finite(self) -> np.ndarray:
        """NaN and infinities seen, by group."""
        return self._counts[:, 1]

    def grow(self, n_groups: int) -> None:
        """Adds empty groups at the end, to n_groups in all."""
        more = n_groups - self.n_groups
        if more > 0:
            self._limbs = np.concatenate([self._limbs, np.zeros((more, _LIMBS), np.int64)])
            self._counts = np.concatenate([self._counts, np.zeros((more, 2), np.int64)])

    def update(
        self, values: np.ndarray, groups: np.ndarray, valid: np.ndarray | None = None
    ) -> None:
        """Adds rows: value, group, and one byte that is 0 where the row is null.

        Raises:
            IndexError: A group (of a null row too) is outside 0 to n_groups - 1.
        """
        if values.dtype.kind != "f":
            raise TypeError(f"expected floats, got {values.dtype}")
        if values.shape != groups.shape or (valid is not None and valid.shape != values.shape):
            raise ValueError("values, groups and flags differ in length")
        if groups.size and not (groups.min() >= 0 and groups.max() < self.n_groups):
            raise IndexError(
                f"expected groups from 0 to {self.n_groups - 1}, "
                f"got {groups.min()} to {groups.max()}"
            )
        bits = np.ascontiguousarray(values, np.float64).view(np.uint64)
        places = np.ascontiguousarray(groups, np.int64)
        flags = _NO_NULLS if valid is None else np.ascontiguousarray(valid, np.uint8)
        for start in range(0, bits.size, _CARRY_ROWS):
            part = slice(start, start + _CARRY_ROWS)
            self._reserve(bits[part].size)
            _add(
                self._limbs, self._counts, bits[part], places[part], flags[part], valid is not None
            )

    def merge(self, other: ExactGroupSums) -> None:
        """Adds what another accumulator holds of the same groups; `other` keeps its value."""
        self.grow(other.n_groups)
        self._carry()
        other._carry()
        self._limbs[: other.n_groups] += other._limbs
        self._counts[: other.n_groups] += other._counts
        self._carry()

    def ratios(self) -> list[int]:
        """The exact sum of each group, in units of 2**-1074."""
        self._carry()
        digits = self._limbs[:, :-1].astype("<u4")
        top = self._limbs[:, -1:].astype("<i8")
        return [
            int.from_bytes(d.tobytes() + t.tobytes(), "little", signed=True)
            for d, t in zip(digits, top, strict=True)
        ]

    def sums(self) -> np.ndarray:
        """The sum of each group; 0.0 of none; an infinity above float64's range."""
        return np.array([divide(s, 1 << 1074) for s in self.ratios()], np.float64)

    def means(self) -> np.ndarray:
        """The mean of each group; NaN of none."""
        pairs = zip(self.ratios(), self.counts.tolist(), strict=True)
        return np.array([divide(s, n << 1074) if n else np.nan for s, n in pairs], np.float64)

    def _reserve(self, rows: int) -> None:
        if self._pending + rows > _CARRY_ROWS:
            self._carry()
        self._pending += rows

    def _carry(self) -> None:
        """Brings every limb but the last into 0 to 2**32 - 1; the last keeps the sign."""
        for k in range(_LIMBS - 1):
            self._limbs[:, k + 1] += self._limbs[:, k] >> np.int64(32)
            self._limbs[:, k] &= _LOW
        self._pending = 0
