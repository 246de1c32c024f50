"""UTF-8 in kernel Python: code points read, written, counted and skipped.

Text that reaches a body is valid UTF-8 (the borders see to it), so nothing here checks it again.
"""

from typing import Any

from featurelib.dtypes import Bool, Int64
from featurelib.intrinsics import (
    View,
    i64_add,
    i64_and,
    i64_from_bool,
    i64_or,
    i64_shl,
    i64_shr,
    i64_sub,
    load_u8,
    load_u64_le,
    store_u8,
    u64_and,
    u64_from_i64,
)
from featurelib.op import kernel_function

_HIGH_BITS = 0x8080808080808080
MAX_COUNT = 1 << 62
"""More code points than any text has."""


@kernel_function
def char_width(lead: Int64) -> Int64:
    """Bytes of the code point that begins with this byte."""
    if lead < 0x80:
        return 1
    if lead < 0xE0:
        return 2
    if lead < 0xF0:
        return 3
    return 4


@kernel_function
def _continued(buf: Any, i: Int64) -> Int64:
    return i64_and(load_u8(buf, i), 0x3F)


@kernel_function
def char_at(buf: Any, i: Int64) -> Int64:
    """The code point that begins at byte i."""
    lead = load_u8(buf, i)
    if lead < 0x80:
        return lead
    low = _continued(buf, i64_add(i, 1))
    if lead < 0xE0:
        return i64_or(i64_shl(i64_and(lead, 0x1F), 6), low)
    low = i64_or(i64_shl(low, 6), _continued(buf, i64_add(i, 2)))
    if lead < 0xF0:
        return i64_or(i64_shl(i64_and(lead, 0x0F), 12), low)
    low = i64_or(i64_shl(low, 6), _continued(buf, i64_add(i, 3)))
    return i64_or(i64_shl(i64_and(lead, 0x07), 18), low)


@kernel_function
def encoded_width(char: Int64) -> Int64:
    """Bytes that a code point takes."""
    if char < 0x80:
        return 1
    if char < 0x800:
        return 2
    if char < 0x10000:
        return 3
    return 4


@kernel_function
def store_char(buf: Any, i: Int64, char: Int64) -> Int64:
    """Writes a code point from byte i; gives the place after it."""
    if char < 0x80:
        return store_u8(buf, i, char)
    if char < 0x800:
        i = store_u8(buf, i, i64_or(0xC0, i64_shr(char, 6)))
    else:
        if char < 0x10000:
            i = store_u8(buf, i, i64_or(0xE0, i64_shr(char, 12)))
        else:
            i = store_u8(buf, i, i64_or(0xF0, i64_shr(char, 18)))
            i = store_u8(buf, i, i64_or(0x80, i64_and(i64_shr(char, 12), 0x3F)))
        i = store_u8(buf, i, i64_or(0x80, i64_and(i64_shr(char, 6), 0x3F)))
    return store_u8(buf, i, i64_or(0x80, i64_and(char, 0x3F)))


@kernel_function
def is_ascii(s: View) -> Bool:
    """Whether every byte is below 128."""
    at = s.start
    ascii = True
    while ascii and i64_add(at, 8) <= s.stop:
        ascii = u64_and(load_u64_le(s.buf, at), _HIGH_BITS) == u64_from_i64(0)
        at = i64_add(at, 8)
    while ascii and at < s.stop:
        ascii = load_u8(s.buf, at) < 0x80
        at = i64_add(at, 1)
    return ascii


@kernel_function
def count_chars(s: View) -> Int64:
    """Number of code points: bytes that do not continue one."""
    n = 0
    for i in range(s.start, s.stop):
        n = i64_add(n, i64_from_bool(i64_and(load_u8(s.buf, i), 0xC0) != 0x80))
    return n


@kernel_function
def char_before(s: View, at: Int64) -> Int64:
    """Where the code point that ends at byte `at` begins; `at` is after the start."""
    at = i64_sub(at, 1)
    while at > s.start and i64_and(load_u8(s.buf, at), 0xC0) == 0x80:
        at = i64_sub(at, 1)
    return at


@kernel_function
def skip_chars(s: View, at: Int64, n: Int64) -> Int64:
    """The byte after n code points from byte `at`, or the end."""
    while n > 0 and at < s.stop:
        at = i64_add(at, char_width(load_u8(s.buf, at)))
        n = i64_sub(n, 1)
    return at


@kernel_function
def skip_chars_back(s: View, n: Int64) -> tuple[Int64, Int64]:
    """Where the last n code points begin, and how many of them the text does not have."""
    at = s.stop
    while n > 0 and at > s.start:
        at = char_before(s, at)
        n = i64_sub(n, 1)
    return at, n
