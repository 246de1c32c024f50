"""The methods of `str` that take a pattern: plain text, or a regular expression (docs/regex.md).

A pattern without any sign that has a meaning is plain text, whatever `literal` says.
"""

import re

from featurelib.errors import DefinitionError
from featurelib.node import Node, apply, table
from featurelib.op import method
from featurelib.ops.pattern.tables import finder_table, group_table, regex_table
from featurelib.ops.text_methods import _integer
from featurelib.ops.utf8 import MAX_COUNT

_META = re.compile(r"[.^$*+?{}\[\]\\|()]")


def _is_plain(pattern: object, literal: bool, what: str) -> bool:
    """Whether a pattern is plain text."""
    if not literal and isinstance(pattern, Node):
        raise DefinitionError(
            f"{what}: a regular expression is a constant, got a column",
            hint="write literal=True to search for its plain text",
        )
    return literal or (isinstance(pattern, str) and not _META.search(pattern))


@method("str.contains")
def _contains(s: Node, pattern: str | Node, *, literal: bool = False) -> Node:
    """Whether a regular expression matches somewhere in the text, or plain text occurs in it.

    The expression is a constant in the syntax of Rust's regex crate (docs/regex.md); with `literal`
    the text to look for may be a column.
    """
    if _is_plain(pattern, literal, "str.contains"):
        return apply("str.contains_literal", (s, pattern), {})
    return apply("str.contains_regex", (s, table(regex_table(pattern))), {})


@method("str.find")
def _find(s: Node, pattern: str | Node, *, literal: bool = False) -> Node:
    """Offset in bytes, as UInt32, of the first match of a regular expression or of plain text.

    Null if there is none. With `literal` the text to look for may be a column.
    """
    if _is_plain(pattern, literal, "str.find"):
        return apply("str.find_literal", (s, pattern), {})
    return apply("str.find_regex", (s, table(finder_table(pattern))), {})


@method("str.count_matches")
def _count_matches(s: Node, pattern: str | Node, *, literal: bool = False) -> Node:
    """How often a regular expression matches or plain text occurs, without overlap, as UInt32.

    With `literal` the text to look for may be a column.
    """
    if _is_plain(pattern, literal, "str.count_matches"):
        return apply("str.count_literal", (s, pattern), {})
    return apply("str.count_regex", (s, table(finder_table(pattern))), {})


@method("str.extract")
def _extract(s: Node, pattern: str, group_index: int = 1) -> Node:
    """A group of the first match of a regular expression; group 0 is the whole match.

    Null if there is no match, or the group took no part in it. A pattern from whose characters it
    cannot be seen at once which group they belong to is refused (docs/regex.md).
    """
    group = _integer(group_index, "str.extract, group_index", 0)
    finder = table(finder_table(pattern))
    if group == 0:
        return apply("str.extract_regex", (s, finder), {})
    return apply("str.extract_regex", (s, finder, table(group_table(pattern, (group,)))), {})


@method("str.replace")
def _replace(
    s: Node, pattern: str | Node, value: str | Node, *, literal: bool = False, n: int = 1
) -> Node:
    """The text with the first n matches of a regular expression replaced, or plain text in it.

    In the replacement `$1`, `$name` and `${name}` are groups of the match (docs/regex.md), and `$$`
    is a dollar. With `literal` a dollar is itself, and the text to look for and the replacement may
    be columns. Null where the result is over the row limit.
    """
    n = _integer(n, "str.replace, n", 0)
    return _replaced(s, pattern, value, literal, n, "str.replace")


@method("str.replace_all")
def _replace_all(s: Node, pattern: str | Node, value: str | Node, *, literal: bool = False) -> Node:
    """The text with every match of a regular expression replaced, or plain text in it.

    As `str.replace` otherwise.
    """
    return _replaced(s, pattern, value, literal, MAX_COUNT, "str.replace_all")


def _replaced(
    s: Node, pattern: str | Node, value: str | Node, literal: bool, n: int, what: str
) -> Node:
    refers = not literal and isinstance(value, str) and "$" in value
    if _is_plain(pattern, literal, what) and not refers:
        return apply("str.replace_literal", (s, pattern, value), {"n": n})
    if not isinstance(value, str):
        raise DefinitionError(
            f"{what}: the replacement of a regular expression is a constant text, got "
            f"{'a column' if isinstance(value, Node) else repr(value)}",
            hint="write literal=True to search for plain text",
        )
    from featurelib.regex.template import read_template  # loads the tables of Unicode

    finder = table(finder_table(pattern))
    template, groups = read_template(value, pattern)
    if groups is None:
        return apply("str.replace_regex", (s, finder, template), {"n": n})
    places = table(group_table(pattern, groups))
    return apply("str.replace_regex", (s, finder, places, template), {"n": n})
