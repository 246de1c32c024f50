"""Case mapping of text by Unicode 17.0.0: full mappings, special casing and final sigma.

The rules are the Unicode standard's default ones (section 3.13), without those for languages: "İ"
becomes "i̇", "ß" becomes "SS", a sigma that ends a word "ς". A newer Unicode is a new op version.

The table kind `unicode_case` has content ``(direction, unicode version)`` and this layout, in
four-byte words (the count is in words of eight):

    [limit, blocks[ceil(limit / 128)], entries...]

Code points from `limit` on map to themselves. The entry of another is at word
``blocks[c >> 7] + (c & 127)``: bit 0 says cased, bit 1 case-ignorable, and the rest is what to add
to c, or, from `_SPECIAL` on, _SPECIAL plus the word where its mapping stands as [n, c1, .., cn].
"""

import struct
from typing import Any

from featurelib.dtypes import Bool, Int64, String
from featurelib.errors import DefinitionError
from featurelib.intrinsics import (
    View,
    arena_limit,
    arena_reserve,
    i64_add,
    i64_and,
    i64_shr,
    i64_sub,
    load_i32,
    load_u8,
    store_u8,
)
from featurelib.node import Node, apply, table
from featurelib.op import Arena, CaseTable, Nulls, kernel_function, method, op
from featurelib.ops import unicode_tables
from featurelib.ops.utf8 import (
    char_at,
    char_before,
    char_width,
    encoded_width,
    is_ascii,
    store_char,
)
from featurelib.tables import TableData, encoder

_SPECIAL = 0x200000
_SIGMA = 0x3A3
_FINAL_SIGMA = 0x3C2
_CASED, _IGNORABLE = 1, 2


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


def case_table(direction: str) -> TableData:
    """The mapping to lower or upper case, as the argument of the two ops."""
    content = (direction, unicode_tables.VERSION)
    return TableData("unicode_case", content, f"Unicode {unicode_tables.VERSION} {direction} case")


@method("str.to_lowercase")
def _to_lowercase(s: Node) -> Node:
    """Lower case by Unicode 17.0.0, final sigma included."""
    return apply("str.to_lowercase", (s, table(case_table("lower"))), {})


@method("str.to_uppercase")
def _to_uppercase(s: Node) -> Node:
    """Upper case by Unicode 17.0.0; one character may become two or three."""
    return apply("str.to_uppercase", (s, table(case_table("upper"))), {})


def _class(runs: str) -> set[int]:
    codes: set[int] = set()
    for run in runs.split():
        first, _, last = run.partition("-")
        codes.update(range(int(first, 16), int(last or first, 16) + 1))
    return codes


def _mapping(runs: str) -> dict[int, int]:
    """What is added to each code point that changes."""
    changes: dict[int, int] = {}
    for run in runs.split():
        codes, slash, change = run.partition("/")
        if slash:
            first, last = (int(c, 16) for c in codes.split("-"))
            step, delta = int(change[0]), int(change[1:], 16)
        else:
            cut = max(codes.find("+"), codes.find("-"))
            first = last = int(codes[:cut], 16)
            step, delta = 1, int(codes[cut:], 16)
        changes.update(dict.fromkeys(range(first, last + 1, step), delta))
    return changes


@encoder("unicode_case")
def _encode_case(content: tuple[str, str]) -> tuple[bytes, int]:
    direction, version = content
    if direction not in ("lower", "upper") or version != unicode_tables.VERSION:
        raise DefinitionError(
            f"no case table {direction} of Unicode {version}; here is {unicode_tables.VERSION}"
        )
    name = f"{direction}case".upper()
    changes = _mapping(getattr(unicode_tables, name))
    texts = dict(t.split(">") for t in getattr(unicode_tables, f"SPECIAL_{name}").split())
    special = {int(c, 16): [int(t, 16) for t in to.split(".")] for c, to in texts.items()}
    flags: dict[int, int] = {}
    if direction == "lower":
        flags = dict.fromkeys(_class(unicode_tables.CASED), _CASED)
        for char in _class(unicode_tables.CASE_IGNORABLE):
            flags[char] = flags.get(char, 0) | _IGNORABLE
    limit = max([*changes, *special, *flags]) + 1
    n_blocks = (limit + 127) // 128
    tail: list[int] = []
    places = {}
    for char, to in special.items():
        places[char] = 1 + n_blocks + len(tail)
        tail += [len(to), *to]
    blocks: list[int] = []
    known: dict[tuple[int, ...], int] = {}
    used = {char >> 7 for char in (*changes, *special, *flags)}
    for b in range(n_blocks):
        block = (0,) * 128
        if b in used:
            block = tuple(
                (_SPECIAL + places[c] if c in places else changes.get(c, 0)) << 2 | flags.get(c, 0)
                for c in range(128 * b, 128 * b + 128)
            )
        if block not in known:
            known[block] = 1 + n_blocks + len(tail)
            tail += block
        blocks.append(known[block])
    words = [limit, *blocks, *tail]
    words += [0] * (len(words) % 2)
    return struct.pack(f"<{len(words)}i", *words), len(words) // 2
