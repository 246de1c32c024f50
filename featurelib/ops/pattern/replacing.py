"""Text in which the matches of a regular expression are replaced."""

from typing import Any

from featurelib.dtypes import Bool, Int64, String
from featurelib.intrinsics import View, arena_limit, arena_reserve, i64_add, i64_sub, load_u8
from featurelib.op import Arena, FinderTable, GroupTable, Nulls, kernel_function, op
from featurelib.ops.pattern.matching import group_of, match_start, next_match
from featurelib.ops.text import _copy

DOLLAR, ZERO, LETTER_A = 36, 48, 97


@kernel_function
def _put(part: View, buf: Any, at: Int64, writes: Bool) -> Int64:
    """Writes a part of a result to byte `at`, or does not yet; gives the place after it."""
    if writes:
        return _copy(part, buf, at)
    return i64_add(at, i64_sub(part.stop, part.start))


@kernel_function
def _replaced(s: View, finder: View, value: View, n: Int64, buf: Any, writes: Bool) -> Int64:
    """The length of the text with n matches replaced, and the text if it is to be written."""
    at, out, end = s.start, 0, -1
    while n > 0:
        low, end = next_match(finder, s, end)
        n = i64_sub(n, 1) if end >= 0 else 0
        if end >= 0:
            before = View(s.buf, at, match_start(finder, s, low, end))
            out = _put(value, buf, _put(before, buf, out, writes), writes)
            at = end
    return _put(View(s.buf, at, s.stop), buf, out, writes)


@op("str.replace_regex", version=1, nulls=Nulls.MAYBE, public=False,
    device_reason="text that makes text")  # fmt: skip
def replace_regex(
    s: String, finder: FinderTable, value: String, arena: Arena, *, n: Int64
) -> String:
    """The text with the first n matches of a regular expression replaced; null over the limit."""
    total = _replaced(s, finder, value, n, s.buf, False)
    if total > arena_limit(arena):
        return View(s.buf, s.start, s.start), False
    buf = arena_reserve(arena, total)
    _replaced(s, finder, value, n, buf, True)
    return View(buf, 0, total), True


@kernel_function
def _next_part(
    template: View, at: Int64, groups: View, s: View, start: Int64, stop: Int64
) -> tuple[View, Int64]:
    """The next part of what a match is replaced with, and where the one after it begins.

    `$$` is a dollar, `$0` the match and `$a` the first group of the table; all else is itself.
    """
    buf = template.buf
    after = at
    while after < template.stop and load_u8(buf, after) != DOLLAR:
        after = i64_add(after, 1)
    if after > at:
        return View(buf, at, after), after
    if i64_add(at, 1) >= template.stop:
        return View(buf, at, at), template.stop
    sign = load_u8(buf, i64_add(at, 1))
    k = i64_sub(sign, LETTER_A)
    after = i64_add(at, 2)
    if sign == ZERO:
        return View(s.buf, start, stop), after
    if k < 0 or k >= 15:
        return View(buf, at, i64_add(at, 1)), after
    first, last = group_of(groups, s, start, stop, k)
    if first < 0:
        return View(s.buf, start, start), after
    return View(s.buf, first, last), after


@kernel_function
def _expanded(
    s: View, finder: View, groups: View, template: View, n: Int64, buf: Any, writes: Bool
) -> Int64:
    """As `_replaced`, each match by the groups that it has."""
    at, out, end = s.start, 0, -1
    while n > 0:
        low, end = next_match(finder, s, end)
        n = i64_sub(n, 1) if end >= 0 else 0
        if end >= 0:
            start = match_start(finder, s, low, end)
            out = _put(View(s.buf, at, start), buf, out, writes)
            k = template.start
            while k < template.stop:
                part, k = _next_part(template, k, groups, s, start, end)
                out = _put(part, buf, out, writes)
            at = end
    return _put(View(s.buf, at, s.stop), buf, out, writes)


@replace_regex.body
def replace_groups(
    s: String,
    finder: FinderTable,
    groups: GroupTable,
    template: String,
    arena: Arena,
    *,
    n: Int64,
) -> String:
    total = _expanded(s, finder, groups, template, n, s.buf, False)
    if total > arena_limit(arena):
        return View(s.buf, s.start, s.start), False
    buf = arena_reserve(arena, total)
    _expanded(s, finder, groups, template, n, buf, True)
    return View(buf, 0, total), True
