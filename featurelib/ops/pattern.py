"""Text against regular expressions: docs/regex.md has the dialect.

The table kind `regex` has content ``(pattern, dialect)``; `featurelib/regex/table.py` has the words
that kernels read. They are made of the pattern where a feature is defined or a bundle is loaded.
"""

from typing import Any

from featurelib.dtypes import Bool, Int64, String
from featurelib.errors import DefinitionError
from featurelib.intrinsics import View, i64_add, i64_and, i64_mul, i64_shr, load_i32, load_u8
from featurelib.op import RegexTable, kernel_function, op
from featurelib.ops.utf8 import char_at, char_width
from featurelib.regex.dialect import DIALECT
from featurelib.tables import TableData, encoder


@kernel_function
def char_class(automaton: View, char: Int64) -> Int64:
    """The class of a code point from 128 on."""
    buf = automaton.buf
    if char >= load_i32(buf, 4):
        return load_i32(buf, 5)
    block = load_i32(buf, i64_add(133, i64_shr(char, 7)))
    return load_i32(buf, i64_add(block, i64_and(char, 127)))


@op("str.contains_regex", version=1, public=False)
def contains_regex(s: String, automaton: RegexTable) -> Bool:
    """Whether a regular expression matches somewhere in the text."""
    buf = automaton.buf
    n_classes = load_i32(buf, 2)
    rows = load_i32(buf, 3)
    state = load_i32(buf, 0)
    at = s.start
    # State 0 has no match and state 1 has one, whatever follows.
    while at < s.stop and state > 1:
        byte = load_u8(s.buf, at)
        if byte < 0x80:
            kind = load_i32(buf, i64_add(6, byte))
            at = i64_add(at, 1)
        else:
            kind = char_class(automaton, char_at(s.buf, at))
            at = i64_add(at, char_width(byte))
        state = load_i32(buf, i64_add(rows, i64_add(i64_mul(state, n_classes), kind)))
    return state > 0 and state < load_i32(buf, 1)


def regex_table(pattern: str) -> TableData:
    """A pattern as the argument of the op.

    Raises:
        DefinitionError: It is no pattern of the dialect, or needs too many states.
    """
    made = TableData("regex", (pattern, DIALECT), f"regex {pattern!r}")
    made.encode()
    return made


@encoder("regex")
def _encode_regex(content: tuple[Any, ...]) -> tuple[bytes, int]:
    # Not at the top: who uses no pattern does not load the tables of Unicode's properties.
    from featurelib.regex.pattern import search_table

    if len(content) != 2:
        raise DefinitionError(f"expected a pattern and its dialect, got {content!r}")
    return search_table(*content)
