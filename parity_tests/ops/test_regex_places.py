"""Where regular expressions match is where Rust's do: leftmost, and of those the preferred one."""

from __future__ import annotations

import re
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from featurelib import dtypes
from featurelib.errors import DefinitionError
from featurelib.intrinsics import Arena, View
from featurelib.node import input_node
from featurelib.ops.pattern.matching import count_regex, extract_regex, find_regex
from featurelib.ops.pattern.replacing import replace_regex
from featurelib.ops.pattern.tables import finder_table
from featurelib.ops.utf8 import MAX_COUNT
from featurelib.regex.pattern import find_automaton
from featurelib.regex.samples import sample_texts
from parity_tests.ops.pattern_grammar import patterns, texts
from parity_tests.ops.test_regex import PLAIN
from parity_tests.soak import examples

TEXT = input_node("s", dtypes.STRING, False)
Found = tuple[int | None, int, str | None, str, str]
"""Offset in bytes, number of matches, the first; the text with all and with the first replaced."""


def text_of(view: View) -> str:
    """The text that a view shows."""
    return bytes(view.buf[view.start : view.stop]).decode()


def found(pattern: str, values: list[str]) -> list[Found]:
    """What the bodies say of each text, which stands inside of a larger buffer."""
    data, count = finder_table(pattern).encode()
    finder, mark = View(data, 0, count), View(b"<>", 0, 2)
    made: list[Found] = []
    for encoded in (v.encode() for v in values):
        s = View(b"a" + encoded + b"a", 1, 1 + len(encoded))
        at, is_found = find_regex(s, finder)
        first, _ = extract_regex(s, finder)
        replaced = [replace_regex(s, finder, mark, Arena(), n=n)[0] for n in (MAX_COUNT, 1)]
        all_replaced, first_replaced = map(text_of, replaced)
        made.append(
            (
                at if is_found else None,
                count_regex(s, finder),
                text_of(first) if is_found else None,
                all_replaced,
                first_replaced,
            )
        )
    return made


@examples(120, soak=40_000)
@given(patterns, st.lists(texts, min_size=3, max_size=8))
def test_a_pattern_matches_at_the_places_of_rust(pattern: str, values: list[str]) -> None:
    """Polars, whose engine is Rust's regex crate, finds, counts, takes and replaces the same."""
    values = [*values, *sample_texts(pattern)]
    s = pl.Series(values).str
    columns: tuple[Any, ...] = (
        s.find(pattern),
        s.count_matches(pattern),
        s.extract(pattern, 0),
        s.replace_all(pattern, "<>"),
        s.replace(pattern, "<>"),
    )
    assert found(pattern, values) == [*zip(*columns, strict=True)]


@examples(60, soak=10_000)
@given(PLAIN, st.lists(st.text("ab\né", max_size=8), min_size=3, max_size=8))
def test_a_plain_pattern_matches_at_the_places_of_python(pattern: str, values: list[str]) -> None:
    """On the syntax that they share, Python's backtracking takes the same first match."""
    wanted = [re.search(pattern, v) for v in values]
    starts = [m and len(v[: m.start()].encode()) for v, m in zip(values, wanted, strict=True)]
    made = found(pattern, values)
    assert [f[0] for f in made] == starts
    assert [f[2] for f in made] == [m and m[0] for m in wanted]


@pytest.mark.parametrize("pattern", [r"[ab]*a[ab]{13}c", r"(?:.?){1000}x", r"(.{0,1000}){5}b"])
def test_a_finder_that_grows_too_large_is_refused(pattern: str) -> None:
    """The bound is a count of states and steps, so it is the same on every machine."""
    with pytest.raises(DefinitionError, match=r"is too large: its automaton has more than 10,000"):
        TEXT.str.find(pattern)


@pytest.mark.parametrize(
    ("pattern", "n_states"),
    [(r"a|ab", 5), (r"(x+x+)+y", 9), (r"((a*)*)*b", 5), (r"^\w{50}$", 52)],
)
def test_a_finder_is_as_small_as_can_be(pattern: str, n_states: int) -> None:
    """Both directions together, however the pattern is written."""
    assert len(find_automaton(pattern).rows) == n_states
    assert find_automaton(f"(?:{pattern})") == find_automaton(pattern)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: TEXT.str.find(TEXT), "str.find: a regular expression is a constant, got a column"),
        (lambda: TEXT.str.count_matches("(a"), "position 0: the group has no closing"),
        (lambda: TEXT.str.extract("a", -1), "expected an integer >= 0, got -1"),
        (lambda: TEXT.str.replace("a.", TEXT), "is a constant text, got a column"),
        (lambda: TEXT.str.replace("a.", 1), "is a constant text, got 1"),
        (lambda: TEXT.str.replace("a.", "b", n=-1), "expected an integer >= 0, got -1"),
    ],
)
def test_what_is_no_constant_is_refused(build: Any, message: str) -> None:
    """The error names the method, what it expected and what it got."""
    with pytest.raises(DefinitionError, match=message):
        build()
