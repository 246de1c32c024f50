"""Exact sums of x and x * x over columns: order, chunks and threads cannot show in the result.

A float64 is an integer mantissa times a power of two. For each of the 2,047 finite exponents the
accumulator keeps one 128-bit integer for the signed mantissas and one for their squares (four u64
limbs), so that adding a value is a table look-up and two additions with carry: nothing is rounded.
The tables are emptied into two Python integers, in units of 2**-1074 and 2**-2148, before a limb
can overflow and at the end. Integer columns are summed in limbs directly, in units of 1. Each
statistic is an exact ratio of such integers, rounded once.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types

import featurelib.jit.intrinsics_cpu  # noqa: F401 - tells Numba what `u64_mulhi` is
from featurelib.intrinsics import u64_mulhi
from featurelib.jit.cache import cached_njit
from featurelib.ratio import divide, sqrt_of_ratio

_SPILL_ROWS = 1 << 21
"""Rows between two emptyings: a square's high limb has 42 bits, so 2**22 of them could overflow."""
_LIMBS = 4
_EXPONENTS = 2048
_LANES = 2
"""Neighbouring rows go to different tables, so that one need not wait for the other's store."""

_TABLE = types.Array(types.uint64, 2, "C")
_VALID = types.Array(types.uint8, 1, "C", readonly=True)


def _column(dtype: types.Type) -> types.Array:
    return types.Array(dtype, 1, "C", readonly=True)


_FLOAT_SIGNATURE = types.UniTuple(types.int64, 2)(
    _TABLE, _column(types.uint64), _VALID, types.boolean, types.boolean
)


@cached_njit(_FLOAT_SIGNATURE, nogil=True)
def _add_floats(table, bits, valid, has_nulls, squares):  # pragma: no cover - machine code
    """Adds a column, given as bits, to the table; returns the counts of finite and other values."""
    one = np.uint64(1)
    finite = np.int64(0)
    other = np.int64(0)
    for i in range(bits.size):
        if has_nulls and valid[i] == 0:
            continue
        b = bits[i]
        e = (b >> np.uint64(52)) & np.uint64(0x7FF)
        if e == np.uint64(0x7FF):
            other += 1
            continue
        finite += 1
        m = b & np.uint64(0xFFFFFFFFFFFFF)
        if e != np.uint64(0):
            m |= np.uint64(1 << 52)
        sign = np.uint64(0) - (b >> np.uint64(63))
        v = (m ^ sign) - sign
        row = table[(np.uint64(i) & one) * np.uint64(_EXPONENTS) + e]
        low = row[0] + v
        row[0] = low
        carry = one if low < v else np.uint64(0)
        # The sign is extended to the high limb: all ones below zero, except for -0.0, whose v is 0.
        high = sign if m != np.uint64(0) else np.uint64(0)
        row[1] += high + carry
        if squares:
            p = m * m
            low2 = row[2] + p
            row[2] = low2
            row[3] += u64_mulhi(m, m) + (one if low2 < p else np.uint64(0))
    return finite, other


def _integer_kernel(dtype: types.Type, signed: bool) -> Any:
    """The kernel for one integer type: limbs of the sum in 0 and 1, of the squares in 2 to 4."""
    limbs_type = types.Array(types.uint64, 1, "C")

    @cached_njit(types.int64(limbs_type, _column(dtype), _VALID, types.boolean), nogil=True)
    def add_integers(limbs, values, valid, has_nulls):  # pragma: no cover - machine code
        one = np.uint64(1)
        zero = np.uint64(0)
        s0, s1, q0, q1, q2 = limbs[0], limbs[1], limbs[2], limbs[3], limbs[4]
        n = np.int64(0)
        for i in range(values.size):
            if has_nulls and valid[i] == 0:
                continue
            n += 1
            v = np.uint64(values[i])
            sign = zero - (v >> np.uint64(63)) if signed else zero
            s0 += v
            s1 += sign + (one if s0 < v else zero)
            m = (v ^ sign) - sign
            p = m * m
            q0 += p
            high = u64_mulhi(m, m) + (one if q0 < p else zero)
            q1 += high
            q2 += one if q1 < high else zero
        limbs[0], limbs[1], limbs[2], limbs[3], limbs[4] = s0, s1, q0, q1, q2
        return n

    return add_integers


_add_signed = _integer_kernel(types.int64, True)
_add_unsigned = _integer_kernel(types.uint64, False)
_NO_NULLS = np.ones(0, np.uint8)


class ExactMoments:
    """Count, exact sum and exact sum of squares of a column; each statistic is rounded once.

    All batches of one accumulator are floats, or all are integers (truth values count as 0 and 1).
    NaN and infinities are counted in `non_finite` and left out of everything else.

    Args:
        squares: Whether variance is wanted; a float column's sum alone is faster.
    """

    def __init__(self, *, squares: bool = True) -> None:
        self.n = 0
        self.non_finite = 0
        self._squares = squares
        self._integers: bool | None = None
        self._sum = 0
        self._square_sum = 0
        self._table: np.ndarray | None = None
        self._pending = 0

    def update(self, values: np.ndarray, valid: np.ndarray | None = None) -> None:
        """Adds a column: its values, and one byte a row that is 0 where the row is null."""
        if valid is not None and valid.shape != values.shape:
            raise ValueError(f"expected {values.shape} flags, got {valid.shape}")
        flags = _NO_NULLS if valid is None else np.ascontiguousarray(valid, np.uint8)
        self._expect(integers=values.dtype.kind in "iub")
        if values.dtype.kind == "f":
            column = np.ascontiguousarray(values, np.float64).view(np.uint64)
            for start in range(0, column.size, _SPILL_ROWS):
                part = slice(start, start + _SPILL_ROWS)
                self._update_floats(column[part], flags[part], valid is not None)
        elif values.dtype.kind == "i":
            self._update_integers(_add_signed, np.int64, values, flags, valid is not None)
        elif values.dtype.kind in "ub":
            self._update_integers(_add_unsigned, np.uint64, values, flags, valid is not None)
        else:
            raise TypeError(f"expected floats or integers, got {values.dtype}")

    def merge(self, other: ExactMoments) -> None:
        """Adds what another accumulator holds; `other` keeps its value."""
        if other._integers is not None:
            self._expect(integers=other._integers)
        other._spill()
        self.n += other.n
        self.non_finite += other.non_finite
        self._sum += other._sum
        self._square_sum += other._square_sum

    def ratio(self) -> tuple[int, int]:
        """The exact sum as numerator and denominator."""
        self._spill()
        return self._sum, 1 if self._integers else 1 << 1074

    def sum(self) -> float:
        """The exact sum, rounded once; 0.0 if it is zero; an infinity above float64's range."""
        return divide(*self.ratio())

    def mean(self) -> float:
        """The exact mean, rounded once.

        Raises:
            ZeroDivisionError: There is no value.
        """
        numerator, unit = self.ratio()
        return divide(numerator, unit * self.n)

    def variance(self, ddof: int) -> float:
        """The exact variance with the divisor n - ddof, rounded once.

        Raises:
            ZeroDivisionError: There are no more than `ddof` values.
        """
        return divide(*self.variance_ratio(ddof))

    def std(self, ddof: int) -> float:
        """The square root of the exact variance, rounded once (not that of `variance`)."""
        return sqrt_of_ratio(*self.variance_ratio(ddof))

    def variance_ratio(self, ddof: int) -> tuple[int, int]:
        """(n * sum of squares - square of the sum) over n * (n - ddof), exactly."""
        if not self._squares:
            raise ValueError("this accumulator was made without squares")
        if self.n <= ddof:
            raise ZeroDivisionError(f"variance of {self.n} values with ddof={ddof}")
        total, unit = self.ratio()
        return self.n * self._square_sum - total * total, unit * unit * self.n * (self.n - ddof)

    def _expect(self, *, integers: bool) -> None:
        if self._integers is None:
            self._integers = integers
        elif self._integers != integers:
            raise TypeError("one accumulator holds floats or integers, not both")

    def _update_floats(self, bits: np.ndarray, flags: np.ndarray, has_nulls: bool) -> None:
        if self._pending + bits.size > _SPILL_ROWS:
            self._spill()
        if self._table is None:
            self._table = np.zeros((_LANES * _EXPONENTS, _LIMBS), np.uint64)
        finite, other = _add_floats(self._table, bits, flags, has_nulls, self._squares)
        self.n += finite
        self.non_finite += other
        self._pending += bits.size

    def _update_integers(
        self, kernel: Any, dtype: Any, values: np.ndarray, flags: np.ndarray, has_nulls: bool
    ) -> None:
        limbs = np.zeros(5, np.uint64)
        self.n += kernel(limbs, np.ascontiguousarray(values, dtype), flags, has_nulls)
        s0, s1, q0, q1, q2 = (int(limb) for limb in limbs)
        self._sum += _signed128(s0, s1) if dtype is np.int64 else s0 | s1 << 64
        self._square_sum += q0 | q1 << 64 | q2 << 128

    def _spill(self) -> None:
        """Empties the table into the Python integers."""
        if self._table is None or self._pending == 0:
            return
        for row in np.flatnonzero(self._table.any(axis=1)).tolist():
            s0, s1, q0, q1 = self._table[row].tolist()
            shift = max(row % _EXPONENTS, 1) - 1  # a subnormal has the exponent of the next binade
            self._sum += _signed128(s0, s1) << shift
            self._square_sum += (q0 | q1 << 64) << (2 * shift)
        self._table[:] = 0
        self._pending = 0


def _signed128(low: int, high: int) -> int:
    value = low | high << 64
    return value - (1 << 128) if high >> 63 else value
