"""The pinned Unicode tables as kernels read them: case mappings, classes, normal forms.

A newer Unicode is a new version of the ops that read them. Each kind of table is four-byte words
(the count is in words of eight) that begin ``[limit, blocks[ceil(limit / 128)], ...]``: a block
stands for 128 code points, equal blocks are one, and its number is the word where it begins.

`unicode_case`, content ``(direction, unicode version)``; direction is lower, upper, title or fold.
A block is 128 entries. Code points from `limit` on map to themselves. Of an entry bit 0 says cased,
bit 1 case-ignorable (in the table of lower case alone), and the rest is what to add to the code
point, or, from `SPECIAL` on, SPECIAL plus the word where its mapping stands as [n, c1, .., cn].

`unicode_class`, content ``(class, unicode version)``; class is letter, decimal_number or
alphabetic. A block is 128 bits in four words, the lowest first. Code points from `limit` on are
outside.

`unicode_normal`, content ``(form, unicode version)``; form is NFC, NFKC, NFD or NFKD. After the
blocks' numbers stands n, the number of pairs that are put together (0 in NFD and NFKD), and the
pairs in their order, each as [first, second, whole]. A block is 128 entries. Code points from
`limit` on have the entry 0: they stay, and so does what is around them. Else bits 0 to 7 are the
canonical combining class, bit 8 says `UNSETTLED`, and the rest is the word where the full
decomposition stands as [n, c1, .., cn], or 0.
"""

import struct
from collections.abc import Callable, Collection
from functools import cache

from featurelib.errors import DefinitionError
from featurelib.ops import unicode_tables
from featurelib.tables import TableData, encoder
from featurelib.unicode_runs import read_class, read_mapping, read_special

SPECIAL = 0x200000
CASED, IGNORABLE = 1, 2
UNSETTLED = 0x100
"""The code point may change in its form: alone, or beside others."""
_DIRECTIONS = ("lower", "upper", "title", "fold")
_LETTERS = "Uppercase_Letter Lowercase_Letter Titlecase_Letter Modifier_Letter Other_Letter"
_CLASSES = {
    "letter": _LETTERS,
    "decimal_number": "Decimal_Number",
    "alphabetic": "Alphabetic",
}
FORMS = ("NFC", "NFKC", "NFD", "NFKD")


def case_table(direction: str) -> TableData:
    """The mapping to lower or upper case, or the full folding, as the argument of the ops."""
    content = (direction, unicode_tables.VERSION)
    return TableData("unicode_case", content, f"Unicode {unicode_tables.VERSION} {direction} case")


def class_table(name: str) -> TableData:
    """A set of code points, as the argument of the ops."""
    content = (name, unicode_tables.VERSION)
    return TableData("unicode_class", content, f"Unicode {unicode_tables.VERSION} {name}")


def normal_table(form: str) -> TableData:
    """What a normal form needs, as the argument of the op."""
    content = (form, unicode_tables.VERSION)
    return TableData("unicode_normal", content, f"Unicode {unicode_tables.VERSION} {form}")


def _checked(content: tuple[str, str], known: Collection[str], what: str) -> str:
    name, version = content
    if name not in known or version != unicode_tables.VERSION:
        raise DefinitionError(
            f"no {what} {name} of Unicode {version}; here is {unicode_tables.VERSION}"
        )
    return name


def _class(runs: str) -> set[int]:
    return {code for first, last in read_class(runs) for code in range(first, last + 1)}


def _property(name: str) -> set[int]:
    """The code points of a general category or a property of two values."""
    # Not at the top: who reads no class does not load the tables of all scripts.
    from featurelib.regex.unicode_data import BINARY, GENERAL_CATEGORY

    return _class((BINARY if name in BINARY else GENERAL_CATEGORY)[name])


@encoder("unicode_case")
@cache
def _encode_case(content: tuple[str, str]) -> tuple[bytes, int]:
    direction = _checked(content, _DIRECTIONS, "case table")
    name = f"{direction}case".upper()
    changes = read_mapping(getattr(unicode_tables, name))
    special = read_special(getattr(unicode_tables, f"SPECIAL_{name}"))
    flags: dict[int, int] = {}
    if direction == "lower":
        flags = dict.fromkeys(_property("Cased"), CASED)
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
    inside = set().union(*map(_property, _CLASSES[name].split()))

    def bits(first: int) -> tuple[int, ...]:
        block = sum(1 << i for i in range(128) if first + i in inside)
        return struct.unpack("<4i", block.to_bytes(16, "little"))

    return _packed(inside, bits, [])


@encoder("unicode_normal")
@cache
def _encode_normal(content: tuple[str, str]) -> tuple[bytes, int]:
    from featurelib.ops import normal_data

    form = _checked(content, FORMS, "normal form")
    steps = _steps("CANONICAL")
    kinds = normal_data.COMBINING.items()
    classes = {code: number for number, runs in kinds for code in _class(runs)}
    excluded = _class(normal_data.EXCLUDED)
    pairs: list[tuple[int, ...]] = []
    if form in ("NFC", "NFKC"):
        parts = ((c, to) for c, to in steps.items() if len(to) == 2 and c not in excluded)
        pairs = sorted((*to, c) for c, to in parts)
    wholes = {whole for _, _, whole in pairs}
    canonical = {code: _decomposed(code, steps) for code in steps}
    unsettled = {second for _, second, _ in pairs} | classes.keys()
    unsettled |= _HANGUL_ENDS if pairs else _SYLLABLES
    if form.startswith("NFK"):
        steps |= _steps("COMPATIBLE")
    full = {code: _decomposed(code, steps) for code in steps}
    # A whole comes back, unless a part of it is only compatible: U+1E9B in NFKC.
    unsettled |= {c for c, to in full.items() if c not in wholes or to != canonical[c]}
    marked = {*unsettled, *full}
    n_blocks = _n_blocks(marked)
    tail = [len(pairs), *(code for pair in pairs for code in pair)]
    places = {}
    for char, to in full.items():
        places[char] = 1 + n_blocks + len(tail)
        tail += [len(to), *to]

    def entries(first: int) -> tuple[int, ...]:
        return tuple(
            places.get(c, 0) << 9 | (UNSETTLED if c in unsettled else 0) | classes.get(c, 0)
            for c in range(first, first + 128)
        )

    return _packed(marked, entries, tail)


_SYLLABLES = frozenset(range(0xAC00, 0xD7A4))
_HANGUL_ENDS = frozenset((*range(0x1161, 0x1176), *range(0x11A8, 0x11C3)))
"""Vowels and last consonants, which join what stands before them."""


def _steps(name: str) -> dict[int, list[int]]:
    """The decompositions of a kind, one step each."""
    from featurelib.ops import normal_data

    single = read_mapping(getattr(normal_data, f"{name}_SINGLE"))
    return read_special(getattr(normal_data, name)) | {c: [c + d] for c, d in single.items()}


def _decomposed(code: int, steps: dict[int, list[int]]) -> list[int]:
    if code not in steps:
        return [code]
    return [c for part in steps[code] for c in _decomposed(part, steps)]


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
