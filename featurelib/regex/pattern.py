"""A pattern, from its text to what a kernel reads."""

from __future__ import annotations

from functools import lru_cache

from featurelib.errors import DefinitionError
from featurelib.regex.dfa import Dfa, search_dfa
from featurelib.regex.dialect import DIALECT
from featurelib.regex.finder import Finder, finder
from featurelib.regex.minimise import minimise
from featurelib.regex.nfa import build
from featurelib.regex.one_pass import MAX_GROUPS, OnePass, one_pass
from featurelib.regex.parser import Parsed, parse
from featurelib.regex.table import encode, encode_finder, encode_groups


def search_automaton(pattern: str) -> Dfa:
    """The smallest automaton that accepts the texts in which a pattern occurs.

    Raises:
        DefinitionError: It is no pattern of the dialect, or needs too many states.
    """
    return minimise(search_dfa(build(read_pattern(pattern).tree, pattern), pattern))


def find_automaton(pattern: str) -> Finder:
    """The smallest automaton that finds where the matches of a pattern begin and end.

    Raises:
        DefinitionError: As there.
    """
    return finder(read_pattern(pattern).tree, pattern)


def group_automaton(pattern: str, groups: tuple[int, ...]) -> OnePass:
    """The automaton that finds groups, by their numbers from 1, in a match of a pattern.

    Raises:
        DefinitionError: As there, or the pattern has no such group, or is not one-pass.
    """
    read = read_pattern(pattern)
    for group in groups:
        if isinstance(group, bool) or not isinstance(group, int) or not 0 < group <= read.n_groups:
            raise DefinitionError(
                f"the pattern {pattern!r} has no group {group!r}: it has {read.n_groups}"
            )
    if len(set(groups)) < len(groups) or len(groups) > MAX_GROUPS:
        raise DefinitionError(
            f"the pattern {pattern!r}: expected at most {MAX_GROUPS} groups, each once, "
            f"got {groups}"
        )
    return one_pass(read.tree, pattern, groups)


def read_pattern(pattern: str) -> Parsed:
    """The tree of a pattern, and its groups.

    Raises:
        DefinitionError: It is no pattern of the dialect.
    """
    if not isinstance(pattern, str):
        raise DefinitionError(f"expected a pattern as a constant text, got {pattern!r}")
    if any("\ud800" <= c <= "\udfff" for c in pattern):
        raise DefinitionError(f"the pattern {pattern!r} has half a character, which no text has")
    return parse(pattern)


@lru_cache(maxsize=256)
def search_table(pattern: str, dialect: str) -> tuple[bytes, int]:
    """The words of `search_automaton`, and their count in words of eight bytes.

    Raises:
        DefinitionError: As there, or the dialect is another one.
    """
    _check_dialect(pattern, dialect)
    return encode(search_automaton(pattern))


@lru_cache(maxsize=256)
def find_table(pattern: str, dialect: str) -> tuple[bytes, int]:
    """The words of `find_automaton`, and their count in words of eight bytes.

    Raises:
        DefinitionError: As there, or the dialect is another one.
    """
    _check_dialect(pattern, dialect)
    return encode_finder(find_automaton(pattern))


@lru_cache(maxsize=256, typed=True)  # or True would find the words of 1
def group_table(pattern: str, dialect: str, *groups: int) -> tuple[bytes, int]:
    """The words of `group_automaton`, and their count in words of eight bytes.

    Raises:
        DefinitionError: As there, or the dialect is another one.
    """
    _check_dialect(pattern, dialect)
    return encode_groups(group_automaton(pattern, groups))


def _check_dialect(pattern: str, dialect: str) -> None:
    if dialect != DIALECT:
        raise DefinitionError(
            f"the pattern {pattern!r} is of the dialect {dialect!r}, here is {DIALECT!r}",
            hint="install the featurelib that made the bundle",
        )
