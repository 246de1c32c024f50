"""Text: lengths, search, slices, trimming, joining. Counts are code points or bytes, as named.

Slices and trimmed text are views into the text that they come from and copy nothing.
"""

from typing import Any

from featurelib.dtypes import Bool, Int64, String, UInt32
from featurelib.intrinsics import (
    View,
    arena_limit,
    arena_reserve,
    i64_add,
    i64_sub,
    load_u8,
    store_u8,
    u64_from_i64,
)
from featurelib.op import Arena, Nulls, kernel_function, op
from featurelib.ops.string_table import equal_bytes
from featurelib.ops.utf8 import (
    MAX_COUNT,
    char_at,
    char_before,
    char_width,
    count_chars,
    is_ascii,
    skip_chars,
    skip_chars_back,
)


@op("str.len_bytes", version=1)
def len_bytes(s: String) -> UInt32:
    """Number of bytes in UTF-8."""
    return u64_from_i64(i64_sub(s.stop, s.start))


@op("str.len_chars", version=1)
def len_chars(s: String) -> UInt32:
    """Number of code points."""
    return u64_from_i64(count_chars(s))


@op("str.is_ascii", version=1)
def str_is_ascii(s: String) -> Bool:
    """Whether all code points are below 128; empty text is."""
    return is_ascii(s)


@op("str.starts_with", version=1)
def starts_with(s: String, prefix: String) -> Bool:
    """Whether the text begins with another; every text begins with the empty one."""
    n = i64_sub(prefix.stop, prefix.start)
    return n <= i64_sub(s.stop, s.start) and equal_bytes(
        s.buf, s.start, prefix.buf, prefix.start, n
    )


@op("str.ends_with", version=1)
def ends_with(s: String, suffix: String) -> Bool:
    """Whether the text ends with another; every text ends with the empty one."""
    n = i64_sub(suffix.stop, suffix.start)
    return n <= i64_sub(s.stop, s.start) and equal_bytes(
        s.buf, i64_sub(s.stop, n), suffix.buf, suffix.start, n
    )


@kernel_function
def find_bytes(s: View, part: View) -> Int64:
    """Offset in bytes of the first occurrence, -1 if there is none; 0 for an empty part."""
    n = i64_sub(part.stop, part.start)
    if n == 0:
        return 0
    first = load_u8(part.buf, part.start)
    for at in range(s.start, i64_add(i64_sub(s.stop, n), 1)):
        if load_u8(s.buf, at) == first and equal_bytes(s.buf, at, part.buf, part.start, n):
            return i64_sub(at, s.start)
    return -1


@op("str.contains_literal", version=1, public=False)
def contains_literal(s: String, part: String) -> Bool:
    """Whether another text occurs in the text; the empty one does."""
    return find_bytes(s, part) >= 0


@op("str.find_literal", version=1, nulls=Nulls.MAYBE, public=False)
def find_literal(s: String, part: String) -> UInt32:
    """Offset in bytes of the first occurrence, as in Polars; null if there is none."""
    at = find_bytes(s, part)
    return u64_from_i64(at), at >= 0


@op("str.slice", version=1, public=False)
def str_slice(s: String, *, offset: Int64, length: Int64) -> String:
    """At most `length` code points from the one at `offset`; a negative one counts from the end.

    As in Polars, an offset before the start still counts: of "abc", -4 and length 2 give "a".
    """
    if offset >= 0:
        start = skip_chars(s, s.start, offset)
        return View(s.buf, start, skip_chars(s, start, length))
    wanted = i64_sub(0, offset) if offset > -MAX_COUNT else MAX_COUNT
    start, missing = skip_chars_back(s, wanted)
    return View(s.buf, start, skip_chars(s, start, i64_sub(length, missing)))


@op("str.head", version=1, public=False)
def head(s: String, *, n: Int64) -> String:
    """The first n code points; if n is negative, all but the last -n."""
    if n >= 0:
        return View(s.buf, s.start, skip_chars(s, s.start, n))
    wanted = i64_sub(0, n) if n > -MAX_COUNT else MAX_COUNT
    stop, _missing = skip_chars_back(s, wanted)
    return View(s.buf, s.start, stop)


@op("str.tail", version=1, public=False)
def tail(s: String, *, n: Int64) -> String:
    """The last n code points; if n is negative, all but the first -n."""
    if n >= 0:
        start, _missing = skip_chars_back(s, n)
        return View(s.buf, start, s.stop)
    wanted = i64_sub(0, n) if n > -MAX_COUNT else MAX_COUNT
    return View(s.buf, skip_chars(s, s.start, wanted), s.stop)


@kernel_function
def is_white_space(char: Int64) -> Bool:
    """The Unicode property White_Space (25 code points, the same ones since Unicode 6.3)."""
    if char < 0x80:
        return char == 0x20 or (char >= 0x09 and char <= 0x0D)
    if char < 0x2000:
        return char == 0x85 or char == 0xA0 or char == 0x1680
    if char <= 0x200A:
        return True
    if char < 0x2030:
        return char == 0x2028 or char == 0x2029 or char == 0x202F
    return char == 0x205F or char == 0x3000


@kernel_function
def _contains_char(chars: View, char: Int64) -> Bool:
    at = chars.start
    found = False
    while not found and at < chars.stop:
        found = char_at(chars.buf, at) == char
        at = i64_add(at, char_width(load_u8(chars.buf, at)))
    return found


@kernel_function
def _first_kept(s: View, chars: View, white: Bool) -> Int64:
    """The byte after the leading characters that are white space or in the set."""
    at = s.start
    dropping = True
    while dropping and at < s.stop:
        char = char_at(s.buf, at)
        dropping = is_white_space(char) if white else _contains_char(chars, char)
        if dropping:
            at = i64_add(at, char_width(load_u8(s.buf, at)))
    return at


@kernel_function
def _last_kept(s: View, start: Int64, chars: View, white: Bool) -> Int64:
    """The byte where the trailing characters begin that are white space or in the set."""
    at = s.stop
    dropping = True
    while dropping and at > start:
        before = char_before(s, at)
        char = char_at(s.buf, before)
        dropping = is_white_space(char) if white else _contains_char(chars, char)
        if dropping:
            at = before
    return at


@op("str.strip_chars", version=1, public=False)
def strip_chars(s: String) -> String:
    """The text without white space at both ends, or without the characters of a second text."""
    start = _first_kept(s, s, True)
    return View(s.buf, start, _last_kept(s, start, s, True))


@strip_chars.body
def strip_given_chars(s: String, chars: String) -> String:
    start = _first_kept(s, chars, False)
    return View(s.buf, start, _last_kept(s, start, chars, False))


@op("str.strip_chars_start", version=1, public=False)
def strip_chars_start(s: String) -> String:
    """The text without leading white space, or without leading characters of a second text."""
    return View(s.buf, _first_kept(s, s, True), s.stop)


@strip_chars_start.body
def strip_given_chars_start(s: String, chars: String) -> String:
    return View(s.buf, _first_kept(s, chars, False), s.stop)


@op("str.strip_chars_end", version=1, public=False)
def strip_chars_end(s: String) -> String:
    """The text without trailing white space, or without trailing characters of a second text."""
    return View(s.buf, s.start, _last_kept(s, s.start, s, True))


@strip_chars_end.body
def strip_given_chars_end(s: String, chars: String) -> String:
    return View(s.buf, s.start, _last_kept(s, s.start, chars, False))


@op("str.strip_prefix", version=1)
def strip_prefix(s: String, prefix: String) -> String:
    """The text without another at its beginning, once, if it is there."""
    n = i64_sub(prefix.stop, prefix.start) if starts_with(s, prefix) else 0
    return View(s.buf, i64_add(s.start, n), s.stop)


@op("str.strip_suffix", version=1)
def strip_suffix(s: String, suffix: String) -> String:
    """The text without another at its end, once, if it is there."""
    n = i64_sub(suffix.stop, suffix.start) if ends_with(s, suffix) else 0
    return View(s.buf, s.start, i64_sub(s.stop, n))


@kernel_function
def _copy(s: View, buf: Any, at: Int64) -> Int64:
    """Copies a text to byte `at` of a buffer; gives the place after it."""
    n = i64_sub(s.stop, s.start)
    for i in range(n):
        store_u8(buf, i64_add(at, i), load_u8(s.buf, i64_add(s.start, i)))
    return i64_add(at, n)


@op("concat", version=1, nulls=Nulls.MAYBE, public=False, device_reason="text that makes text")
def concat(a: String, b: String, arena: Arena) -> String:
    """Two texts joined, or three; null over the row limit."""
    n = i64_add(i64_sub(a.stop, a.start), i64_sub(b.stop, b.start))
    if n > arena_limit(arena):
        return View(a.buf, a.start, a.start), False
    buf = arena_reserve(arena, n)
    _copy(b, buf, _copy(a, buf, 0))
    return View(buf, 0, n), True


@concat.body
def concat3(a: String, b: String, c: String, arena: Arena) -> String:
    n = i64_add(i64_sub(a.stop, a.start), i64_sub(b.stop, b.start))
    n = i64_add(n, i64_sub(c.stop, c.start))
    if n > arena_limit(arena):
        return View(a.buf, a.start, a.start), False
    buf = arena_reserve(arena, n)
    _copy(c, buf, _copy(b, buf, _copy(a, buf, 0)))
    return View(buf, 0, n), True
