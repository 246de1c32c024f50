"""How alike two names are, after Jaro and Winkler."""

from typing import Any

from featurelib.dtypes import Bool, Float64, Int64, String
from featurelib.intrinsics import (
    View,
    arena_limit,
    arena_reserve,
    f64_div,
    f64_from_i64,
    i64_add,
    i64_and,
    i64_floordiv,
    i64_from_u64,
    i64_mul,
    i64_or,
    i64_sub,
    load_u8,
    load_u32_le,
)
from featurelib.op import Arena, Nulls, kernel_function, op
from featurelib.ops.sequence.elements import store_u32
from featurelib.ops.utf8 import char_at, char_width, count_chars

LONGEST = 1000
"""Code points of a text that is compared: the work grows with the product of both lengths."""
PREFIX, SCALE, ALIKE = 4, 0.1, 0.7
"""Winkler's: code points of a common beginning that count, by how much, and from which value on."""
COMMON = 1 << 31
"""Marks a code point that is common to both texts."""


@kernel_function
def _chars(s: View, n: Int64, arena: Any) -> View:
    """The code points of a text as words."""
    made = View(arena_reserve(arena, i64_mul(n, 4)), 0, n)
    at = s.start
    for i in range(n):
        store_u32(made.buf, i, char_at(s.buf, at))
        at = i64_add(at, char_width(load_u8(s.buf, at)))
    return made


@kernel_function
def _char(chars: View, i: Int64) -> Int64:
    return i64_from_u64(load_u32_le(chars.buf, i64_mul(i, 4)))


@kernel_function
def _is_common(chars: View, i: Int64) -> Bool:
    return i64_and(_char(chars, i), COMMON) != 0


@kernel_function
def _mark_common(a: View, b: View) -> Int64:
    """Marks code points that stand in both texts at places near enough; gives their number."""
    longer = a.stop if a.stop > b.stop else b.stop
    reach = i64_sub(i64_floordiv(longer, 2), 1)
    reach = reach if reach > 0 else 0
    common = 0
    for i in range(a.stop):
        char = _char(a, i)
        j = i64_sub(i, reach) if i > reach else 0
        stop = i64_add(i64_add(i, reach), 1)
        stop = stop if stop < b.stop else b.stop
        while j < stop:
            # A marked one differs from every code point.
            if _char(b, j) == char:
                store_u32(a.buf, i, i64_or(char, COMMON))
                store_u32(b.buf, j, i64_or(char, COMMON))
                common = i64_add(common, 1)
                j = stop
            j = i64_add(j, 1)
    return common


@kernel_function
def _out_of_order(a: View, b: View) -> Int64:
    """How many places of the common code points of one text hold others than in the other text."""
    differ, j = 0, 0
    for i in range(a.stop):
        if _is_common(a, i):
            while j < b.stop and not _is_common(b, j):
                j = i64_add(j, 1)
            if j < b.stop and _char(a, i) != _char(b, j):
                differ = i64_add(differ, 1)
            j = i64_add(j, 1)
    return differ


@op(
    "str.jaro_winkler",
    version=1,
    nulls=Nulls.MAYBE,
    device_reason="memory that grows with the texts",
)
def jaro_winkler(a: String, b: String, arena: Arena) -> Float64:
    """The Jaro-Winkler similarity of two texts in code points: 1.0 of equal ones, 0.0 of unlike.

    Of m common code points, none farther from its place in the other text than half of the longer
    text less one, t of them in another order (halves dropped), Jaro's value is
    ``((m / len(a) + m / len(b)) + (m - t) / m) / 3``. Where it is over 0.7, Winkler adds ``(p *
    0.1) * (1 - value)`` for a common beginning of p code points, at most 4. Of common ones the
    first that is free counts, from the left of `a`: to turn the arguments round may give another
    value. Two empty texts are equal; one is unlike every other.

    M. A. Jaro, JASA 84 (1989); W. E. Winkler, "String Comparator Metrics" (1990), with the bound of
    his program strcmp95. Null where a text has more than 1,000 code points or 4 bytes each are over
    the row limit.
    """
    m, n = count_chars(a), count_chars(b)
    longer = m if m > n else n
    if longer > LONGEST or i64_mul(longer, 4) > arena_limit(arena):
        return 0.0, False
    if m == 0 or n == 0:
        return 1.0 if m == n else 0.0, True
    x, y = _chars(a, m, arena), _chars(b, n, arena)
    prefix = 0
    while prefix < PREFIX and prefix < m and prefix < n and _char(x, prefix) == _char(y, prefix):
        prefix = i64_add(prefix, 1)
    common = _mark_common(x, y)
    if common == 0:
        return 0.0, True
    ordered = i64_sub(common, i64_floordiv(_out_of_order(x, y), 2))
    count = f64_from_i64(common)
    value = f64_div(count, f64_from_i64(m)) + f64_div(count, f64_from_i64(n))
    value = f64_div(value + f64_div(f64_from_i64(ordered), count), 3.0)
    if value > ALIKE:
        value = value + f64_from_i64(prefix) * SCALE * (1.0 - value)
    return value, True
