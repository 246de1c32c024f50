"""Exact integers are rounded once: quotients and roots are those of CPython's own integers."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from featurelib.jit.point_in_time.sums import SPARE_WORDS
from featurelib.jit.point_in_time.sums import divided as divided_short
from featurelib.jit.windows.plain import Plain
from featurelib.jit.windows.rounding import divide, divide_root
from parity_tests.windows.oracle_numbers import rounded, rounded_root

_HALF = 1 << 63


@Plain
def divided(at, n_words, by, unit):  # pragma: no cover - machine code
    """The bits of words * 2**unit / by, as an int64."""
    return np.int64(divide(at, n_words, np.uint64(by), unit, False))


@Plain
def rooted(at, n_words, by, unit):  # pragma: no cover - machine code
    """The bits of the root of words * 2**unit / by."""
    return np.int64(divide_root(at, n_words, np.uint64(by), unit))


@Plain
def short(total, by, unit, spare):  # pragma: no cover - machine code
    """The bits of a short sum * 2**unit / by."""
    return np.int64(divided_short(total, by, unit, spare))


def words(number: int, n: int) -> np.ndarray:
    """An integer as words, the lowest first."""
    return np.array([number >> (64 * i) & ((1 << 64) - 1) for i in range(n)], np.uint64)


def bits(x: float) -> int:
    """The bits of a float as an int64."""
    return int(np.float64(x).view(np.int64))


def exact(number: int, by: int, unit: int) -> Fraction:
    """number * 2**unit / by."""
    return Fraction(number << max(unit, 0), by << max(-unit, 0))


def numbers() -> st.SearchStrategy[int]:
    """Integers of up to 512 bits, squares and powers of two among them."""
    plain = st.integers(0, (1 << 512) - 1)
    near = st.builds(lambda k, d: max((1 << k) + d, 0), st.integers(0, 500), st.integers(-2, 2))
    shifted = st.builds(lambda m, k: m << k, st.integers(0, 1 << 55), st.integers(0, 450))
    squares = st.builds(
        lambda m, k: (m * m) << (2 * k), st.integers(0, 1 << 55), st.integers(0, 200)
    )
    return plain | near | shifted | squares


DIVISORS = (
    st.integers(1, (1 << 64) - 1) | st.integers(1, 20) | st.integers(0, 63).map(lambda k: 1 << k)
)
UNITS = st.sampled_from([0, -1074, -2148]) | st.integers(-2200, 1100)


@settings(deadline=None)
@given(numbers(), DIVISORS, UNITS)
@example(0, 1, 0)
@example((1 << 53) + 1, 1, 0)
@example((1 << 1) + 1, 4, -1074)
@example(1, 2, -1074)
@example((1 << 512) - 1, 1, 600)
def test_quotients_are_rounded_once(number: int, by: int, unit: int) -> None:
    """To the nearest, ties to even, subnormals and overflow included."""
    data = words(number, 8)
    by_word = by - (1 << 64) if by >= _HALF else by
    got = divided(int(data.ctypes.data), 8, by_word, unit)
    assert got == bits(rounded(exact(number, by, unit)))


@settings(deadline=None)
@given(numbers(), DIVISORS, UNITS)
@example(0, 3, 0)
@example(((1 << 53) + 1) ** 2, 1, 0)
@example(((1 << 54) + 1) ** 2, 1, -2148)
def test_roots_are_rounded_once(number: int, by: int, unit: int) -> None:
    """The root of the exact quotient, not of a rounded one."""
    data = words(number, 8)
    by_word = by - (1 << 64) if by >= _HALF else by
    got = rooted(int(data.ctypes.data), 8, by_word, unit)
    assert got == bits(rounded_root(exact(number, by, unit)))


@pytest.mark.parametrize("n", [1, 2, 3, 8])
def test_words_above_the_number_do_not_matter(n: int) -> None:
    """A number in one word is the same in eight."""
    data = words(12345, n)
    assert divided(int(data.ctypes.data), n, 7, 0) == bits(12345 / 7)


@settings(deadline=None)
@given(st.integers(-(1 << 62), 1 << 62), st.integers(1, 1 << 62), st.integers(-400, 400))
@example(3, (1 << 53) + 1, 0)
@example(-3, (1 << 53) + 1, 0)
@example((1 << 53) - 1, (1 << 60) - 1, -40)
@example((1 << 53) + 1, 1, 0)
def test_short_sums_over_any_count_are_rounded_once(total: int, by: int, unit: int) -> None:
    """A divisor beyond 2**53 is no float: a hundred million events of one entity have one."""
    spare = np.zeros(SPARE_WORDS, np.uint64)
    found = short(total, by, unit, spare.ctypes.data)
    expected = rounded(exact(abs(total), by, unit))
    assert found == bits(-expected if total < 0 else expected)
