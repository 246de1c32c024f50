"""From an exact ratio of integers to the nearest float: where a statistic is rounded, once."""

from __future__ import annotations

import math


def divide(numerator: int, denominator: int) -> float:
    """The float nearest to a ratio of integers, halves to even; an infinity if it is too large.

    Raises:
        ZeroDivisionError: The denominator is 0.
    """
    try:
        return numerator / denominator  # CPython rounds a quotient of integers once
    except OverflowError:
        return math.inf if (numerator > 0) == (denominator > 0) else -math.inf


def sqrt_of_ratio(numerator: int, denominator: int) -> float:
    """The float nearest to the square root of a ratio that is not negative."""
    if numerator == 0:
        return 0.0
    # Scale so that the integer root has at least 64 bits, then let one more bit say "not exact":
    # rounding that to 53 bits gives what rounding the true root would.
    half = max(0, (130 - numerator.bit_length() + denominator.bit_length() + 1) // 2)
    scaled, rest = divmod(numerator << (2 * half), denominator)
    root = math.isqrt(scaled)
    inexact = rest != 0 or root * root != scaled
    return divide(2 * root + inexact, 2 << half)
