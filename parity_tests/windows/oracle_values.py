"""Aggregates of the naive oracle: from the rows of a window to a value and the reason of a null."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any

from parity_tests.windows.oracle_estimates import approx_n_unique, approx_quantile
from parity_tests.windows.oracle_numbers import (
    is_finite,
    order,
    order_of_bits,
    rounded,
    rounded_root,
)

REASON_ORDER = ("beyond_kept", "too_many", "no_events", "out_of_range")
Rows = Sequence[tuple[int, tuple[Any, ...]]]
NOTHING = (None, "no_events")


def value_of(
    about: Mapping[str, Any], rows: Rows, q: int, power_of_two: Callable[[float], float] | None
) -> tuple[Any, str | None]:
    """An aggregate of rows (time, arguments), in order, none of whose arguments is null."""
    kind = about["kind"]
    if kind == "count":
        return len(rows), None
    if kind == "time_since_last":
        return (q - rows[-1][0], None) if rows else NOTHING
    if kind == "n_sessions":
        pauses = [b - a for (a, _), (b, _) in pairwise(rows)]
        return (1 + sum(p > about["gap"] for p in pauses) if rows else 0), None
    if kind == "decayed_sum":
        assert power_of_two is not None
        return decayed_sum(about, rows, q, power_of_two)
    if kind in ("arg_min", "arg_max"):
        pick = min if kind == "arg_min" else max
        # min and max give the first of equals.
        return (pick(rows, key=lambda r: order(r[1][1]))[1][0], None) if rows else NOTHING
    values = [args[0] for _, args in rows]
    made: tuple[Any, str | None] = _BY_KIND[kind](about, values)
    return made


def total(about: Mapping[str, Any], values: list[Any]) -> tuple[Any, str | None]:
    """The sum."""
    if about["type"] == "Float64":
        return _sum(values), None
    wrapped = sum(map(int, values)) % 2**64
    return wrapped - 2**64 if about["type"] == "Int64" and wrapped >= 2**63 else wrapped, None


def _sum(values: list[Any]) -> float:
    odd = _not_finite(values)
    return rounded(sum(map(Fraction, values), Fraction(0))) if odd is None else odd


def _not_finite(values: list[Any]) -> float | None:
    """What a sum is where a value is not finite; None where all are."""
    odd = [v for v in values if not is_finite(v)]
    if not odd:
        return None
    is_one_infinity = all(v == odd[0] for v in odd)  # a NaN does not even equal itself
    return float(odd[0]) if is_one_infinity else math.nan


def mean(about: Mapping[str, Any], values: list[Any]) -> tuple[Any, str | None]:
    """The mean."""
    if not values:
        return NOTHING
    odd = _not_finite(values)
    if odd is not None:
        return odd, None
    return rounded(sum(map(Fraction, values), Fraction(0)) / len(values)), None


def spread(about: Mapping[str, Any], values: list[Any]) -> tuple[Any, str | None]:
    """Variance and standard deviation."""
    n = len(values)
    if n <= about["ddof"]:
        return NOTHING
    if _not_finite(values) is not None:
        return math.nan, None
    middle = sum(map(Fraction, values), Fraction(0)) / n
    squares = sum(((Fraction(v) - middle) ** 2 for v in values), Fraction(0))
    exact = squares / (n - about["ddof"])
    return (rounded(exact) if about["kind"] == "var" else rounded_root(exact)), None


def extreme(about: Mapping[str, Any], values: list[Any]) -> tuple[Any, str | None]:
    """The smallest or the greatest value, -0.0 before 0.0."""
    pick = min if about["kind"] == "min" else max
    return (pick(values, key=order_of_bits), None) if values else NOTHING


def place(about: Mapping[str, Any], values: list[Any]) -> tuple[Any, str | None]:
    """first, last and lag."""
    index = {"first": 0, "last": -1, "lag": -about.get("n", 1)}[about["kind"]]
    needed = index + 1 if index >= 0 else -index
    return (values[index], None) if len(values) >= needed else NOTHING


def some(about: Mapping[str, Any], values: list[Any]) -> tuple[Any, str | None]:
    """first_k and last_k."""
    k, is_first = about["k"], about["kind"] == "first_k"
    if about["distinct"]:
        kept: list[Any] = []
        for v in values if is_first else values[::-1]:
            if order(v) not in [order(w) for w in kept]:
                kept.append(v)
        values = kept if is_first else kept[::-1]
    return tuple(values[:k] if is_first else values[-k:]), None


def frequencies(values: list[Any]) -> list[tuple[int, Any]]:
    """Count and value of each distinct value, in the order of top_k."""
    keys = [order(v) for v in values]
    distinct = sorted(set(keys))
    found = []
    for key in distinct:
        value = values[keys.index(key)]
        found.append((keys.count(key), 0.0 if isinstance(value, float) and value == 0 else value))
    return sorted(found, key=lambda pair: -pair[0])


def by_frequency(about: Mapping[str, Any], values: list[Any]) -> tuple[Any, str | None]:
    """n_unique, top_k and mode_ratio."""
    found, most, kind = frequencies(values), about["max_items"], about["kind"]
    if most is not None and len(found) > most:
        return None, "too_many"
    if kind == "n_unique":
        return len(found), None
    if kind == "top_k":
        return tuple(v for _, v in found[: about["k"]]), None
    return (rounded(Fraction(found[0][0], len(values))), None) if found else NOTHING


def count_of(about: Mapping[str, Any], values: list[Any]) -> tuple[Any, str | None]:
    """How often each place occurs."""
    return tuple(values.count(i) for i in range(about["size"])), None


def quantile(about: Mapping[str, Any], values: list[Any]) -> tuple[Any, str | None]:
    """The exact quantile by one of six rules."""
    most, n, share, rule = about["max_items"], len(values), Fraction(about["q"]), about["rule"]
    if most is not None and n > most:
        return None, "too_many"
    if not n:
        return NOTHING
    ordered = sorted(values, key=order_of_bits)
    h = (n - 1) * share
    low, high = math.floor(h), math.ceil(h)
    if rule == "equiprobable":
        # The first value whose share of the values is at least q.
        low = high = next(i for i in range(n) if Fraction(i + 1, n) >= share)
    elif rule in ("lower", "higher"):
        low = high = low if rule == "lower" else high
    elif rule == "nearest":
        down, up = h - low, high - h
        even = low if low % 2 == 0 else high
        low = high = low if down < up else high if up < down else even
    a, b = ordered[low], ordered[high]
    if low == high or order_of_bits(a) == order_of_bits(b):
        return rounded_value(a), None
    if not (is_finite(a) and is_finite(b)):
        kinds = {v for v in (a, b) if not is_finite(v)}
        return (kinds.pop() if len(kinds) == 1 and b == b else math.nan), None
    weight = Fraction(1, 2) if rule == "midpoint" else h - low
    return rounded(Fraction(a) + (Fraction(b) - Fraction(a)) * weight), None


def rounded_value(value: Any) -> float:
    """A value as a float; of an integer the nearest."""
    return value if isinstance(value, float) else rounded(Fraction(int(value)))


def decayed_sum(
    about: Mapping[str, Any], rows: Rows, q: int, power_of_two: Callable[[float], float]
) -> tuple[Any, str | None]:
    """The sum in which an event weighs half as much after each half life."""
    half, mark = about["half_life"], about["landmark"]
    now, part = divmod(q - mark, half)
    terms, all_finite, is_lost = [], True, False
    for t, (x,) in rows:
        number = rounded_value(x)
        n, rest = divmod(t - mark, half)
        product = number * power_of_two(rest / half)
        all_finite &= is_finite(number)
        is_lost |= not is_finite(product)
        terms.append(shifted(product, n - now))
    sum_ = _sum(terms)
    value = sum_ * power_of_two(-(part / half))
    if all_finite and (is_lost or not is_finite(sum_) or not is_finite(value)):
        return None, "out_of_range"
    return math.nan if value != value else value, None


def shifted(value: float, exponent: int) -> float:
    """The value times a power of two, rounded once."""
    if not is_finite(value) or value == 0:
        return value
    tiny = rounded(Fraction(value) * Fraction(2) ** max(exponent, -5000))
    return math.copysign(tiny, value)


_BY_KIND: dict[str, Callable[[Mapping[str, Any], list[Any]], tuple[Any, str | None]]] = {
    "sum": total,
    "mean": mean,
    "var": spread,
    "std": spread,
    "min": extreme,
    "max": extreme,
    "first": place,
    "last": place,
    "lag": place,
    "first_k": some,
    "last_k": some,
    "n_unique": by_frequency,
    "top_k": by_frequency,
    "mode_ratio": by_frequency,
    "count_of": count_of,
    "quantile": quantile,
    "approx_n_unique": approx_n_unique,
    "approx_quantile": approx_quantile,
}
