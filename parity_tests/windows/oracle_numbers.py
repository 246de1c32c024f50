"""Numbers of the naive oracle: fractions rounded once, values in order, zones by zoneinfo."""

from __future__ import annotations

import datetime as dt
import importlib.resources
import math
import struct
from fractions import Fraction
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
MICROSECOND = dt.timedelta(microseconds=1)
LARGEST = (2**53 - 1) * Fraction(2) ** 971


def rounded(exact: Fraction) -> float:
    """The nearest float, ties to even; above the range an infinity. Zero is 0.0."""
    size = abs(exact)
    if size == 0:
        return 0.0
    # The exponent of the last of 53 bits, but not below that of the smallest subnormal.
    low = size.numerator.bit_length() - size.denominator.bit_length() - 53
    while size / Fraction(2) ** low >= 2**53:
        low += 1
    low = max(low, -1074)
    scaled = size / Fraction(2) ** low
    whole = scaled.numerator // scaled.denominator
    rest = scaled - whole
    if rest > Fraction(1, 2) or (rest == Fraction(1, 2) and whole % 2 == 1):
        whole += 1
    found = whole * Fraction(2) ** low
    value = math.inf if found > LARGEST else math.ldexp(whole, low)
    return value if exact > 0 else -value


def rounded_root(exact: Fraction) -> float:
    """The float nearest to the square root of a fraction that is not negative."""
    if exact == 0:
        return 0.0
    shift = 2 * (200 + abs(exact.numerator.bit_length() - exact.denominator.bit_length()))
    scaled = exact * 2**shift
    below = Fraction(math.isqrt(scaled.numerator // scaled.denominator), 2 ** (shift // 2))
    # More than 100 bits of the root: a half more of the last bit stands for "not exact".
    inexact = below * below != exact
    return rounded(below + Fraction(1, 2 ** (shift // 2 + 1)) if inexact else below)


def bits(value: Any) -> int:
    """A value as the unsigned word that a state stores."""
    if isinstance(value, float):
        word: int = struct.unpack("<Q", struct.pack("<d", math.nan if value != value else value))[0]
        return 0x7FF8000000000000 if value != value else word
    return int(value) % 2**64


def order(value: Any) -> tuple[int, Any]:
    """A key that sorts values: NaN is the greatest and equals itself, -0.0 equals 0.0."""
    return (1, 0) if value != value else (0, value)


def order_of_bits(value: Any) -> tuple[int, Any, int]:
    """The same, with -0.0 before 0.0."""
    is_minus_zero = isinstance(value, float) and value == 0 and math.copysign(1, value) < 0
    return (*order(value), 0 if is_minus_zero else 1)


def is_finite(value: Any) -> bool:
    """Whether a value is a number that is neither NaN nor infinite."""
    return not isinstance(value, float) or math.isfinite(value)


@lru_cache
def zone(name: str) -> ZoneInfo:
    """A zone of the tzdata package; the system's files may be older."""
    package = importlib.resources.files("tzdata") / "zoneinfo"
    with (package / name).open("rb") as file:
        return ZoneInfo.from_file(file, key=name)


def start_of(unit: str, zone_name: str, q: int) -> int:
    """The first instant of the local day, week, month or year of q, in microseconds."""
    day = _local(q, zone_name).date()
    first = {
        "day": day,
        "week": day - dt.timedelta(days=day.weekday()),
        "month": day.replace(day=1),
        "year": day.replace(month=1, day=1),
    }[unit]
    return first_instant(first, zone_name)


@lru_cache(maxsize=100_000)
def first_instant(day: dt.date, zone_name: str) -> int:
    """The first instant whose local date is `day` or later, where the one before is earlier."""
    midnight = dt.datetime(day.year, day.month, day.day, tzinfo=dt.UTC)
    at = (midnight - EPOCH) // MICROSECOND
    hour = 3_600_000_000
    times = [at + k * hour for k in range(-40, 41)]
    offsets = [_local(t, zone_name).utcoffset() or dt.timedelta(0) for t in times]
    candidates = {at - o // MICROSECOND for o in offsets}
    for t, before, after in zip(times, offsets, offsets[1:], strict=False):
        if before != after:
            candidates.add(_jump(t, t + hour, before, zone_name))
    return min(c for c in candidates if _begins(c, day, zone_name))


def _jump(low: int, high: int, before: dt.timedelta, zone_name: str) -> int:
    """The first instant of another offset than that at `low`."""
    while high - low > 1:
        middle = (low + high) // 2
        if _local(middle, zone_name).utcoffset() == before:
            low = middle
        else:
            high = middle
    return high


def _begins(t: int, day: dt.date, zone_name: str) -> bool:
    return _local(t, zone_name).date() >= day > _local(t - 1, zone_name).date()


def _local(t: int, zone_name: str) -> dt.datetime:
    return (EPOCH + t * MICROSECOND).astimezone(zone(zone_name))
