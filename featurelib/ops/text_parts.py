"""Text in parts: occurrences counted and replaced, the n-th part, padding, turned and repeated.

Occurrences are those of plain text, from left to right, and do not overlap. The empty text occurs
before each code point and at the end, as in Polars.
"""

from featurelib.dtypes import Int64, String, UInt32
from featurelib.errors import DefinitionError
from featurelib.intrinsics import (
    View,
    arena_limit,
    arena_reserve,
    i64_add,
    i64_mul,
    i64_sub,
    load_u8,
    store_u8,
    u64_from_i64,
)
from featurelib.node import Node, apply
from featurelib.op import Arena, Nulls, kernel_function, method, op
from featurelib.ops.text import _copy, find_bytes
from featurelib.ops.text_methods import _integer
from featurelib.ops.utf8 import (
    MAX_COUNT,
    char_before,
    char_width,
    count_chars,
    encoded_width,
    store_char,
)

MINUS, PLUS, ZERO = 45, 43, 48


@kernel_function
def _occurrences(s: View, part: View, most: Int64) -> Int64:
    """How often a text occurs, at most so often."""
    size = i64_sub(part.stop, part.start)
    if size == 0:
        n = i64_add(count_chars(s), 1)
        return n if n < most else most
    n, at = 0, s.start
    while n < most and at < s.stop:
        found = find_bytes(View(s.buf, at, s.stop), part)
        if found >= 0:
            n = i64_add(n, 1)
            at = i64_add(i64_add(at, found), size)
        else:
            at = s.stop
    return n


@op("str.count_literal", version=1, public=False)
def count_literal(s: String, part: String) -> UInt32:
    """How often another text occurs, without overlap; the empty one once more than code points."""
    return u64_from_i64(_occurrences(s, part, MAX_COUNT))


@op("str.split_part", version=1, nulls=Nulls.MAYBE, public=False)
def split_part(s: String, by: String, *, index: Int64) -> String:
    """The part of this index, from 0, of the text cut at a separator; null where it has fewer.

    A text without the separator is one part; an empty separator cuts nowhere.
    """
    size = i64_sub(by.stop, by.start)
    start, k, valid = s.start, 0, size > 0 or index <= 0
    stop = s.stop
    searching = size > 0
    while searching:
        found = find_bytes(View(s.buf, start, s.stop), by)
        if k >= index:
            stop = i64_add(start, found) if found >= 0 else s.stop
            searching = False
        elif found < 0:
            valid = False
            searching = False
        else:
            start = i64_add(i64_add(start, found), size)
            k = i64_add(k, 1)
    return View(s.buf, start, stop if valid else start), valid


@op("str.replace_literal", version=1, nulls=Nulls.MAYBE, public=False,
    device_reason="text that makes text")  # fmt: skip
def replace_literal(s: String, part: String, value: String, arena: Arena, *, n: Int64) -> String:
    """The text with its first n occurrences of a part replaced; null over the row limit."""
    size = i64_sub(part.stop, part.start)
    left = _occurrences(s, part, n) if n > 0 else 0
    grows = i64_sub(i64_sub(value.stop, value.start), size)
    total = i64_add(i64_sub(s.stop, s.start), i64_mul(left, grows))
    if total > arena_limit(arena):
        return View(s.buf, s.start, s.start), False
    buf = arena_reserve(arena, total)
    at, out = s.start, 0
    while left > 0:
        found = find_bytes(View(s.buf, at, s.stop), part)
        out = _copy(value, buf, _copy(View(s.buf, at, i64_add(at, found)), buf, out))
        at = i64_add(i64_add(at, found), size)
        left = i64_sub(left, 1)
        if size == 0 and at < s.stop:
            after = i64_add(at, char_width(load_u8(s.buf, at)))
            out = _copy(View(s.buf, at, after), buf, out)
            at = after
    _copy(View(s.buf, at, s.stop), buf, out)
    return View(buf, 0, total), True


@kernel_function
def _filler(char: Int64) -> Int64:
    """The code point; U+FFFD for a number that is none, which only a made-up bundle can hold."""
    is_char = (char >= 0 and char < 0xD800) or (char >= 0xE000 and char < 0x110000)
    return char if is_char else 0xFFFD


@kernel_function
def _fill(buf: View, at: Int64, char: Int64, n: Int64) -> Int64:
    """Writes a code point n times from byte `at`; gives the place after."""
    for _ in range(n):
        at = store_char(buf, at, char)
    return at


@kernel_function
def _missing(s: View, length: Int64) -> Int64:
    """How many code points a text lacks to a length; 0 where it has as many."""
    n = i64_sub(length, count_chars(s)) if length > 0 else 0
    return n if n > 0 else 0


@op("str.pad_start", version=1, nulls=Nulls.MAYBE, public=False,
    device_reason="text that makes text")  # fmt: skip
def pad_start(s: String, arena: Arena, *, length: Int64, char: Int64) -> String:
    """The text behind as many of a code point as it lacks to a length; null over the row limit."""
    n, size, char = _missing(s, length), i64_sub(s.stop, s.start), _filler(char)
    limit = arena_limit(arena)
    if n > limit or i64_add(size, i64_mul(n, encoded_width(char))) > limit:
        return View(s.buf, s.start, s.start), False
    buf = arena_reserve(arena, i64_add(size, i64_mul(n, encoded_width(char))))
    stop = _copy(s, buf, _fill(buf, 0, char, n))
    return View(buf, 0, stop), True


@op("str.pad_end", version=1, nulls=Nulls.MAYBE, public=False,
    device_reason="text that makes text")  # fmt: skip
def pad_end(s: String, arena: Arena, *, length: Int64, char: Int64) -> String:
    """The text before as many of a code point as it lacks to a length; null over the row limit."""
    n, size, char = _missing(s, length), i64_sub(s.stop, s.start), _filler(char)
    limit = arena_limit(arena)
    if n > limit or i64_add(size, i64_mul(n, encoded_width(char))) > limit:
        return View(s.buf, s.start, s.start), False
    buf = arena_reserve(arena, i64_add(size, i64_mul(n, encoded_width(char))))
    stop = _fill(buf, _copy(s, buf, 0), char, n)
    return View(buf, 0, stop), True


@op("str.zfill", version=1, nulls=Nulls.MAYBE, public=False,
    device_reason="text that makes text")  # fmt: skip
def zfill(s: String, arena: Arena, *, length: Int64) -> String:
    """Zeros before the text, behind its sign, to a length; null over the row limit."""
    n, size = _missing(s, length), i64_sub(s.stop, s.start)
    if n > arena_limit(arena) or i64_add(size, n) > arena_limit(arena):
        return View(s.buf, s.start, s.start), False
    buf = arena_reserve(arena, i64_add(size, n))
    at, start = 0, s.start
    lead = load_u8(s.buf, start) if size > 0 else ZERO
    if lead == MINUS or lead == PLUS:
        at = store_u8(buf, 0, lead)
        start = i64_add(start, 1)
    stop = _copy(View(s.buf, start, s.stop), buf, _fill(buf, at, ZERO, n))
    return View(buf, 0, stop), True


@op("str.reverse", version=1, nulls=Nulls.MAYBE, device_reason="text that makes text")
def reverse(s: String, arena: Arena) -> String:
    """The code points from the last to the first; null over the row limit.

    A letter and an accent that follows it change places: nothing keeps them together.
    """
    size = i64_sub(s.stop, s.start)
    if size > arena_limit(arena):
        return View(s.buf, s.start, s.start), False
    buf = arena_reserve(arena, size)
    out, stop = 0, s.stop
    while stop > s.start:
        start = char_before(s, stop)
        out = _copy(View(s.buf, start, stop), buf, out)
        stop = start
    return View(buf, 0, size), True


@op("str.repeat", version=1, nulls=Nulls.MAYBE, public=False,
    device_reason="text that makes text")  # fmt: skip
def repeat(s: String, arena: Arena, *, n: Int64) -> String:
    """The text n times; null over the row limit."""
    size = i64_sub(s.stop, s.start)
    most = arena_limit(arena)
    # The number first: a product of both could wrap.
    if n > most or i64_mul(size, n) > most:
        empty = size == 0
        return View(s.buf, s.start, s.start), empty
    total = i64_mul(size, n) if n > 0 else 0
    buf = arena_reserve(arena, total)
    out = 0
    while out < total:
        out = _copy(s, buf, out)
    return View(buf, 0, total), True


@method("str.repeat")
def _repeat(s: Node, n: int) -> Node:
    """The text n times, one after the other; null over the row limit."""
    return apply("str.repeat", (s,), {"n": _integer(n, "str.repeat, n", 0)})


@method("str.split_part")
def _split_part(s: Node, by: str | Node, index: int) -> Node:
    """The part of an index, from 0, of a text cut at `by`; null where there are fewer parts."""
    if isinstance(by, str) and not by:
        raise DefinitionError("str.split_part: expected a separator, got ''")
    return apply("str.split_part", (s, by), {"index": _integer(index, "str.split_part, index", 0)})


@method("str.pad_start")
def _pad_start(s: Node, length: int, fill_char: str = " ") -> Node:
    """At least `length` code points, with a character in front; a longer text stays whole."""
    return apply("str.pad_start", (s,), _padding("str.pad_start", length, fill_char))


@method("str.pad_end")
def _pad_end(s: Node, length: int, fill_char: str = " ") -> Node:
    """At least `length` code points, with a character behind; a longer text stays whole."""
    return apply("str.pad_end", (s,), _padding("str.pad_end", length, fill_char))


@method("str.zfill")
def _zfill(s: Node, length: int) -> Node:
    """At least `length` code points, with zeros in front, or behind a sign."""
    return apply("str.zfill", (s,), {"length": _integer(length, "str.zfill, length", 0)})


def _padding(what: str, length: int, fill_char: str) -> dict[str, int]:
    if not isinstance(fill_char, str) or len(fill_char) != 1 or "\ud800" <= fill_char <= "\udfff":
        raise DefinitionError(f"{what}: expected one character as fill_char, got {fill_char!r}")
    return {"length": _integer(length, f"{what}, length", 0), "char": ord(fill_char)}
