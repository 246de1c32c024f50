"""Case mapping and folding of text by Unicode 17.0.0: full mappings, special casing, final sigma.

The rules are the Unicode standard's default ones (section 3.13), without those for languages: "İ"
becomes "i̇", "ß" becomes "SS", a sigma that ends a word "ς". A newer Unicode is a new op version.
In title case a word is what Polars takes for one: a run of letters, whatever their language.
`featurelib/ops/unicode_encoding.py` has the layout of the tables.
"""

from typing import Any

from featurelib.dtypes import Bool, Int64, String
from featurelib.intrinsics import (
    View,
    arena_limit,
    arena_reserve,
    i64_add,
    i64_and,
    i64_mul,
    i64_shr,
    i64_sub,
    load_i32,
    load_u8,
    store_u8,
)
from featurelib.node import Node, apply, table
from featurelib.op import Arena, CaseTable, ClassTable, Nulls, kernel_function, method, op
from featurelib.ops.char_classes import _is_inside
from featurelib.ops.unicode_encoding import CASED as _CASED
from featurelib.ops.unicode_encoding import IGNORABLE as _IGNORABLE
from featurelib.ops.unicode_encoding import SPECIAL as _SPECIAL
from featurelib.ops.unicode_encoding import case_table, class_table
from featurelib.ops.utf8 import (
    char_at,
    char_before,
    char_width,
    encoded_width,
    is_ascii,
    store_char,
)

_SIGMA = 0x3A3
_FINAL_SIGMA = 0x3C2


@kernel_function
def _entry(mapping: View, char: Int64) -> Int64:
    if char >= load_i32(mapping.buf, 0):
        return 0
    block = load_i32(mapping.buf, i64_add(1, i64_shr(char, 7)))
    return load_i32(mapping.buf, i64_add(block, i64_and(char, 127)))


@kernel_function
def _mapped_length(s: View, mapping: View) -> Int64:
    """Bytes of the mapped text."""
    length = 0
    at = s.start
    while at < s.stop:
        char = char_at(s.buf, at)
        change = i64_shr(_entry(mapping, char), 2)
        if change >= _SPECIAL:
            word = i64_sub(change, _SPECIAL)
            for k in range(load_i32(mapping.buf, word)):
                part = load_i32(mapping.buf, i64_add(word, i64_add(k, 1)))
                length = i64_add(length, encoded_width(part))
        else:
            length = i64_add(length, encoded_width(i64_add(char, change)))
        at = i64_add(at, char_width(load_u8(s.buf, at)))
    return length


@kernel_function
def _ends_word(s: View, at: Int64, mapping: View) -> Bool:
    """Whether a cased letter stands before the sigma at byte `at` and none after it.

    Case-ignorable characters between are skipped.
    """
    before = at
    looking = True
    cased = False
    while looking and before > s.start:
        before = char_before(s, before)
        entry = _entry(mapping, char_at(s.buf, before))
        looking = i64_and(entry, _IGNORABLE) != 0
        cased = not looking and i64_and(entry, _CASED) != 0
    if not cased:
        return False
    after = i64_add(at, 2)
    looking = True
    while looking and after < s.stop:
        entry = _entry(mapping, char_at(s.buf, after))
        looking = i64_and(entry, _IGNORABLE) != 0
        cased = looking or i64_and(entry, _CASED) == 0
        after = i64_add(after, char_width(load_u8(s.buf, after)))
    return cased


@kernel_function
def _write_mapped(s: View, mapping: View, buf: Any) -> Int64:
    """Writes the mapped text; gives its length."""
    out = 0
    at = s.start
    while at < s.stop:
        char = char_at(s.buf, at)
        entry = _entry(mapping, char)
        change = i64_shr(entry, 2)
        if change >= _SPECIAL:
            word = i64_sub(change, _SPECIAL)
            for k in range(load_i32(mapping.buf, word)):
                out = store_char(buf, out, load_i32(mapping.buf, i64_add(word, i64_add(k, 1))))
        # Only the table of lower case holds flags: upper case leaves sigma alone.
        elif char == _SIGMA and i64_and(entry, _CASED) != 0 and _ends_word(s, at, mapping):
            out = store_char(buf, out, _FINAL_SIGMA)
        else:
            out = store_char(buf, out, i64_add(char, change))
        at = i64_add(at, char_width(load_u8(s.buf, at)))
    return out


@kernel_function
def _put_char(out: View, at: Int64, char: Int64) -> Int64:
    """Writes a code point if there is room; gives the place after it all the same."""
    after = i64_add(at, encoded_width(char))
    if after <= out.stop:
        store_char(out.buf, at, char)
    return after


@kernel_function
def _put_mapped(out: View, at: Int64, char: Int64, entry: Int64, mapping: View) -> Int64:
    change = i64_shr(entry, 2)
    if change < _SPECIAL:
        return _put_char(out, at, i64_add(char, change))
    word = i64_sub(change, _SPECIAL)
    for k in range(load_i32(mapping.buf, word)):
        at = _put_char(out, at, load_i32(mapping.buf, i64_add(word, i64_add(k, 1))))
    return at


@op(
    "str.to_titlecase",
    version=1,
    nulls=Nulls.MAYBE,
    public=False,
    device_reason="text that makes text",
)
def to_titlecase(
    s: String, title: CaseTable, lower: CaseTable, words: ClassTable, arena: Arena
) -> String:
    """The first code point of each word in title case, the others in lower case.

    By Unicode 17.0.0, final sigma included; null over the row limit.
    """
    limit, n = arena_limit(arena), i64_sub(s.stop, s.start)
    # No mapping takes more than three times the bytes of its code point.
    most = n if is_ascii(s) else i64_mul(n, 3)
    most = most if most < limit else limit
    out = View(arena_reserve(arena, most), 0, most)
    at, stop, starts = s.start, 0, True
    while at < s.stop:
        char = char_at(s.buf, at)
        if starts:
            stop = _put_mapped(out, stop, char, _entry(title, char), title)
        else:
            entry = _entry(lower, char)
            if char == _SIGMA and _ends_word(s, at, lower):
                stop = _put_char(out, stop, _FINAL_SIGMA)
            else:
                stop = _put_mapped(out, stop, char, entry, lower)
        starts = not _is_inside(words, char)
        at = i64_add(at, char_width(load_u8(s.buf, at)))
    fits = stop <= limit
    return View(out.buf, 0, stop if fits else 0), fits


@op(
    "str.to_lowercase",
    version=1,
    nulls=Nulls.MAYBE,
    public=False,
    device_reason="text that makes text",
)
def to_lowercase(s: String, mapping: CaseTable, arena: Arena) -> String:
    """Lower case by Unicode 17.0.0, final sigma included."""
    ascii = is_ascii(s)
    n = i64_sub(s.stop, s.start) if ascii else _mapped_length(s, mapping)
    if n > arena_limit(arena):
        return View(s.buf, s.start, s.start), False
    buf = arena_reserve(arena, n)
    if ascii:
        for i in range(n):
            byte = load_u8(s.buf, i64_add(s.start, i))
            store_u8(buf, i, i64_add(byte, 32) if byte >= 65 and byte <= 90 else byte)
    else:
        _write_mapped(s, mapping, buf)
    return View(buf, 0, n), True


@op(
    "str.to_uppercase",
    version=1,
    nulls=Nulls.MAYBE,
    public=False,
    device_reason="text that makes text",
)
def to_uppercase(s: String, mapping: CaseTable, arena: Arena) -> String:
    """Upper case by Unicode 17.0.0; one character may become two or three."""
    ascii = is_ascii(s)
    n = i64_sub(s.stop, s.start) if ascii else _mapped_length(s, mapping)
    if n > arena_limit(arena):
        return View(s.buf, s.start, s.start), False
    buf = arena_reserve(arena, n)
    if ascii:
        for i in range(n):
            byte = load_u8(s.buf, i64_add(s.start, i))
            store_u8(buf, i, i64_sub(byte, 32) if byte >= 97 and byte <= 122 else byte)
    else:
        _write_mapped(s, mapping, buf)
    return View(buf, 0, n), True


@op(
    "str.casefold", version=1, nulls=Nulls.MAYBE, public=False, device_reason="text that makes text"
)
def casefold(s: String, mapping: CaseTable, arena: Arena) -> String:
    """The full case folding of Unicode 17.0.0, in which texts compare equal whatever their case."""
    return to_lowercase(s, mapping, arena)


@method("str.to_lowercase")
def _to_lowercase(s: Node) -> Node:
    """Lower case by Unicode 17.0.0, final sigma included."""
    return apply("str.to_lowercase", (s, table(case_table("lower"))), {})


@method("str.to_uppercase")
def _to_uppercase(s: Node) -> Node:
    """Upper case by Unicode 17.0.0; one character may become two or three."""
    return apply("str.to_uppercase", (s, table(case_table("upper"))), {})


@method("str.to_titlecase")
def _to_titlecase(s: Node) -> Node:
    """The first code point of each word in title case, the others in lower case.

    As in Polars a word ends at every code point that is not Alphabetic, numbers and accents that
    stand alone among them: "they're 2nd" becomes "They'Re 2Nd". Title case is Unicode 17.0.0's: "ß"
    becomes "Ss" and "ǆ" becomes "ǅ". Null over the row limit.
    """
    tables = (case_table("title"), case_table("lower"), class_table("alphabetic"))
    return apply("str.to_titlecase", (s, *map(table, tables)), {})


@method("str.casefold")
def _casefold(s: Node) -> Node:
    """Folded for comparison without case, by Unicode 17.0.0; one character may become two or three.

    Named as in Python, which has the same full folding: "ß", "ẞ" and "SS" all become "ss", both
    small sigmas one. Lower case for reading is `str.to_lowercase`.
    """
    return apply("str.casefold", (s, table(case_table("fold"))), {})
