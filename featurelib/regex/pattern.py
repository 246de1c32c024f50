"""A pattern, from its text to what a kernel reads."""

from __future__ import annotations

from functools import lru_cache

from featurelib.errors import DefinitionError
from featurelib.regex.dfa import Dfa, search_dfa
from featurelib.regex.dialect import DIALECT
from featurelib.regex.minimise import minimise
from featurelib.regex.nfa import build
from featurelib.regex.parser import parse
from featurelib.regex.table import encode


def search_automaton(pattern: str) -> Dfa:
    """The smallest automaton that accepts the texts in which a pattern occurs.

    Raises:
        DefinitionError: It is no pattern of the dialect, or needs too many states.
    """
    if not isinstance(pattern, str):
        raise DefinitionError(f"expected a pattern as a constant text, got {pattern!r}")
    if any("\ud800" <= c <= "\udfff" for c in pattern):
        raise DefinitionError(f"the pattern {pattern!r} has half a character, which no text has")
    return minimise(search_dfa(build(parse(pattern), pattern), pattern))


@lru_cache(maxsize=256)
def search_table(pattern: str, dialect: str) -> tuple[bytes, int]:
    """The words of `search_automaton`, and their count in words of eight bytes.

    Raises:
        DefinitionError: As there, or the dialect is another one.
    """
    if dialect != DIALECT:
        raise DefinitionError(
            f"the pattern {pattern!r} is of the dialect {dialect!r}, here is {DIALECT!r}",
            hint="install the featurelib that made the bundle",
        )
    return encode(search_automaton(pattern))
