"""Patterns as tables: content ``(pattern, dialect)``, and the numbers of groups in `regex_groups`.

`featurelib/regex/table.py` has the words that kernels read. They are made of the pattern where a
feature is defined or a bundle is loaded.
"""

from typing import Any

from featurelib.errors import DefinitionError
from featurelib.regex.dialect import DIALECT
from featurelib.tables import TableData, encoder


def regex_table(pattern: str) -> TableData:
    """A pattern as the argument of the op that looks whether it matches.

    Raises:
        DefinitionError: It is no pattern of the dialect, or needs too many states.
    """
    return _table("regex", pattern)


def finder_table(pattern: str) -> TableData:
    """A pattern as the argument of the ops that look where it matches.

    Raises:
        DefinitionError: As for `regex_table`.
    """
    return _table("regex_finder", pattern)


def group_table(pattern: str, groups: tuple[int, ...]) -> TableData:
    """Groups of a pattern as the argument of the ops that look where they are in a match.

    Raises:
        DefinitionError: As for `regex_table`, or the pattern has no such group or is not one-pass.
    """
    return _table("regex_groups", pattern, *groups)


def _table(kind: str, pattern: str, *groups: int) -> TableData:
    made = TableData(kind, (pattern, DIALECT, *groups), f"regex {pattern!r}")
    made.encode()
    return made


@encoder("regex")
def _encode_regex(content: tuple[Any, ...]) -> tuple[bytes, int]:
    # Not at the top: who uses no pattern does not load the tables of Unicode's properties.
    from featurelib.regex.pattern import search_table

    return search_table(*_pattern_and_dialect(content))


@encoder("regex_finder")
def _encode_finder(content: tuple[Any, ...]) -> tuple[bytes, int]:
    from featurelib.regex.pattern import find_table

    return find_table(*_pattern_and_dialect(content))


@encoder("regex_groups")
def _encode_groups(content: tuple[Any, ...]) -> tuple[bytes, int]:
    from featurelib.regex.pattern import group_table as words

    return words(*_pattern_and_dialect(content[:2]), *content[2:])


def _pattern_and_dialect(content: tuple[Any, ...]) -> tuple[Any, ...]:
    if len(content) != 2:
        raise DefinitionError(f"expected a pattern and its dialect, got {content!r}")
    return content
