"""The pinned Unicode tables as kernels read them: case mappings and classes of code points.

A newer Unicode is a new version of the ops that read them. Both kinds of table are four-byte words
(the count is in words of eight) that begin ``[limit, blocks[ceil(limit / 128)], ...]``: a block
stands for 128 code points, equal blocks are one, and its number is the word where it begins.

`unicode_case`, content ``(direction, unicode version)``; direction is lower, upper or fold. A block
is 128 entries. Code points from `limit` on map to themselves. Of an entry bit 0 says cased, bit 1
case-ignorable (in the table of lower case alone), and the rest is what to add to the code point,
or, from `SPECIAL` on, SPECIAL plus the word where its mapping stands as [n, c1, .., cn].

`unicode_class`, content ``(class, unicode version)``; class is letter or decimal_number. A block is
128 bits in four words, the lowest first. Code points from `limit` on are outside.
"""

import struct
from collections.abc import Callable
from functools import cache

from featurelib.errors import DefinitionError
from featurelib.ops import unicode_tables
from featurelib.tables import TableData, encoder
from featurelib.unicode_runs import read_class, read_mapping

SPECIAL = 0x200000
CASED, IGNORABLE = 1, 2
_DIRECTIONS = ("lower", "upper", "fold")
_CLASSES = ("letter", "decimal_number")


def case_table(direction: str) -> TableData:
    """The mapping to lower or upper case, or the full folding, as the argument of the ops."""
    content = (direction, unicode_tables.VERSION)
    return TableData("unicode_case", content, f"Unicode {unicode_tables.VERSION} {direction} case")


def class_table(name: str) -> TableData:
    """The set of letters or of decimal numbers, as the argument of the ops."""
    content = (name, unicode_tables.VERSION)
    return TableData("unicode_class", content, f"Unicode {unicode_tables.VERSION} {name}")


def _checked(content: tuple[str, str], known: tuple[str, ...], what: str) -> str:
    name, version = content
    if name not in known or version != unicode_tables.VERSION:
        raise DefinitionError(
            f"no {what} {name} of Unicode {version}; here is {unicode_tables.VERSION}"
        )
    return name


def _class(runs: str) -> set[int]:
    return {code for first, last in read_class(runs) for code in range(first, last + 1)}


@encoder("unicode_case")
@cache
def _encode_case(content: tuple[str, str]) -> tuple[bytes, int]:
    direction = _checked(content, _DIRECTIONS, "case table")
    name = f"{direction}case".upper()
    changes = read_mapping(getattr(unicode_tables, name))
    texts = dict(t.split(">") for t in getattr(unicode_tables, f"SPECIAL_{name}").split())
    special = {int(c, 16): [int(t, 16) for t in to.split(".")] for c, to in texts.items()}
    flags: dict[int, int] = {}
    if direction == "lower":
        flags = dict.fromkeys(_class(unicode_tables.CASED), CASED)
        for char in _class(unicode_tables.CASE_IGNORABLE):
            flags[char] = flags.get(char, 0) | IGNORABLE
    marked = {*changes, *special, *flags}
    n_blocks = _n_blocks(marked)
    tail: list[int] = []
    places = {}
    for char, to in special.items():
        places[char] = 1 + n_blocks + len(tail)
        tail += [len(to), *to]

    def entries(first: int) -> tuple[int, ...]:
        return tuple(
            (SPECIAL + places[c] if c in places else changes.get(c, 0)) << 2 | flags.get(c, 0)
            for c in range(first, first + 128)
        )

    return _packed(marked, entries, tail)


@encoder("unicode_class")
@cache
def _encode_class(content: tuple[str, str]) -> tuple[bytes, int]:
    name = _checked(content, _CLASSES, "class")
    inside = _class(getattr(unicode_tables, name.upper()))

    def bits(first: int) -> tuple[int, ...]:
        block = sum(1 << i for i in range(128) if first + i in inside)
        return struct.unpack("<4i", block.to_bytes(16, "little"))

    return _packed(inside, bits, [])


def _n_blocks(marked: set[int]) -> int:
    return max(marked) // 128 + 1


def _packed(
    marked: set[int], block_at: Callable[[int], tuple[int, ...]], tail: list[int]
) -> tuple[bytes, int]:
    """A table of blocks after `tail`; a block without marked code points is not asked for."""
    n_blocks = _n_blocks(marked)
    used = {char >> 7 for char in marked}
    empty = (0,) * len(block_at(0))
    blocks: list[int] = []
    known: dict[tuple[int, ...], int] = {}
    for b in range(n_blocks):
        block = block_at(128 * b) if b in used else empty
        if block not in known:
            known[block] = 1 + n_blocks + len(tail)
            tail += block
        blocks.append(known[block])
    words = [max(marked) + 1, *blocks, *tail]
    words += [0] * (len(words) % 2)
    return struct.pack(f"<{len(words)}i", *words), len(words) // 2
