"""Regular expressions mean what Rust's mean, or are refused where they are written."""

from __future__ import annotations

import re

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import featurelib as fl
from featurelib import dtypes
from featurelib.errors import BundleFormatError, DefinitionError
from featurelib.intrinsics import View
from featurelib.node import input_node
from featurelib.node_rules import check_node
from featurelib.ops.pattern.matching import contains_regex
from featurelib.ops.pattern.tables import regex_table
from featurelib.regex.pattern import search_automaton
from featurelib.regex.samples import sample_texts
from featurelib.tables import TableData
from parity_tests.core.rows import bits, reference_rows
from parity_tests.ops.pattern_grammar import patterns, texts
from parity_tests.soak import examples

TEXT = input_node("s", dtypes.STRING, False)


def contains(pattern: str, values: list[str]) -> list[bool]:
    """What the body says of each text."""
    data, count = regex_table(pattern).encode()
    encoded = [v.encode() for v in values]
    return [contains_regex(View(b, 0, len(b)), View(data, 0, count)) for b in encoded]


@examples(80, soak=20_000)
@given(patterns, st.lists(texts, min_size=3, max_size=8))
def test_a_pattern_matches_where_it_does_in_rust(pattern: str, values: list[str]) -> None:
    """Polars, whose engine is Rust's regex crate, finds it in the same texts."""
    values = [*values, *sample_texts(pattern)]
    assert contains(pattern, values) == pl.Series(values).str.contains(pattern).to_list()


PLAIN = st.recursive(
    st.sampled_from(["a", "b", ".", "[ab]", "[^a]", "^", r"\A", "(?:)"]),
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=3).map("".join),
        st.lists(inner, min_size=2, max_size=3).map(lambda p: f"(?:{'|'.join(p)})"),
        st.tuples(inner, st.sampled_from("*+?")).map(lambda p: f"(?:{p[0]}){p[1]}"),
    ),
    max_leaves=8,
)


@examples(40, soak=5_000)
@given(PLAIN, st.lists(st.text("ab\né", max_size=8), min_size=3, max_size=8))
def test_a_plain_pattern_matches_where_it_does_in_python(pattern: str, values: list[str]) -> None:
    """On the syntax that they share, Python's `re` finds it in the same texts."""
    assert contains(pattern, values) == [re.search(pattern, v) is not None for v in values]


@examples(30, soak=2_000)
@given(patterns)
def test_equal_languages_have_equal_tables(pattern: str) -> None:
    """Patterns that match in the same texts are one automaton, byte for byte."""
    words = regex_table(pattern).encode()
    group = f"(?:{pattern})"
    for same in (f"{group}|{group}", f"(?s:.*){group}", f"({group}+)", f"{group}{{1,2}}"):
        assert regex_table(same).encode() == words


@pytest.mark.parametrize(
    ("pattern", "position", "message"),
    [
        (r"(a)\1", 3, "references to a group are not supported"),
        (r"x(?=a)", 1, "look-around is not supported"),
        (r"(?<!a)b", 0, "look-around is not supported"),
        (r"a(b", 1, "no closing parenthesis"),
        (r"ab)", 2, "without an opening one"),
        (r"a[b-", 1, "no closing bracket"),
        (r"[z-a]", 1, "the range ends before it begins"),
        (r"[\d-z]", 1, "from one character to another"),
        (r"[\b]", 1, "cannot stand in a class"),
        (r"a**b{2,1}", 4, "a repetition of 2 to 1 times"),
        (r"a{1,99999}", 1, "at most 10,000 times"),
        (r"a|*", 2, "a repetition with nothing before it"),
        (r"a{x}", 1, "expected a number of times"),
        (r"(?i)(?y)", 4, "no such flag: y"),
        (r"(?ii)a", 0, "stands there twice"),
        (r"\p{Greeek}", 0, "no such Unicode property: Greeek"),
        (r"abc\Z", 3, r"the escape \\Z is not supported"),
        (r"\x{D800}", 0, "no character has the number D800"),
        (r"(?-u)[^a]", 5, "only ASCII can be matched"),
        (r"(?-u)é", 5, "only ASCII can be matched"),
        (r"(?P<a>x)(?P<a>y)", 8, "two groups have the name a"),
        ("(?x)a\n  # \n (b\\q)", 14, r"the escape \\q is not supported"),
        ("(" * 60 + "a" + ")" * 60, 50, "more than 50 groups"),
        (r"((a{100}){100}){100}", 15, "the repetitions make more than 20,000 states"),
    ],
)
def test_what_is_no_pattern_is_refused_where_it_stands(
    pattern: str, position: int, message: str
) -> None:
    """The error has the position, the line, and a mark below the place."""
    with pytest.raises(DefinitionError, match=message) as refused:
        TEXT.str.contains(pattern)
    lines = str(refused.value).splitlines()
    assert f"position {position}:" in lines[0]
    begin = pattern.rfind("\n", 0, position) + 1
    assert lines[2].index("^") == 4 + position - begin


@pytest.mark.parametrize("pattern", [r"[ab]*a[ab]{13}c", r"[a-z]{5000}x", r"(.{0,1000}){5}b"])
def test_a_pattern_that_grows_too_large_is_refused(pattern: str) -> None:
    """The bound is a count of states and steps, so it is the same on every machine."""
    with pytest.raises(DefinitionError, match=r"is too large: its automaton has more than 10,000"):
        TEXT.str.contains(pattern)


@pytest.mark.parametrize(
    ("pattern", "n_states"),
    [
        (r"(a|aa)*$", 2),
        (r"(x+x+)+y", 5),
        (r"[a-z]{1,5000}", 3),
        (r"((a*)*)*b", 3),
        (r"^\w{50}$", 53),
        (r"^[a-z]{5000}x", 5003),
    ],
)
def test_a_hostile_pattern_is_a_small_automaton(pattern: str, n_states: int) -> None:
    """What makes a backtracking engine run for ever has few states here; two of them are ends."""
    assert len(search_automaton(pattern).rows) == n_states


def test_a_pattern_is_a_constant() -> None:
    """A column, or what is no text, is refused with the way out."""
    with pytest.raises(DefinitionError, match=r"is a constant, got a column\n.*literal=True"):
        TEXT.str.contains(TEXT)
    with pytest.raises(DefinitionError, match="expected a pattern as a constant text, got 1"):
        TEXT.str.contains(1)


@pytest.mark.parametrize("content", [("a.", "0"), ("a(", "1"), (1, "1"), ("a.",)])
def test_a_table_that_no_definition_made_is_refused(content: tuple[object, ...]) -> None:
    """Another dialect, or what is no pattern, never reaches a kernel."""
    node = TEXT.str.contains("a.").args[1]
    forged = type(node)(
        node.op, (), (("value", TableData("regex", content)),), node.dtype, False, node.source
    )
    with pytest.raises((BundleFormatError, DefinitionError)):
        check_node(forged)


class Query(fl.Schema):
    """What somebody looks for."""

    text: str | None


def bundle_of(pattern: str) -> fl.Bundle:
    """A set of one feature that asks for a pattern."""
    feature = fl.Feature("asks", version=1, expr=fl.col("text").str.contains(pattern))
    return fl.FeatureSet("queries", version="1.0.0", inputs=Query, features=[feature]).bind()


def test_a_bundle_holds_the_pattern_and_not_its_table() -> None:
    """A loaded bundle makes the table again, answers the same, and is small."""
    bundle = bundle_of(r"(?i)\b\w{20}\b|\p{Han}")
    data = bundle.to_bytes()
    assert len(data) < 4_000
    loaded = fl.Bundle.from_bytes(data)
    assert loaded.fingerprint == bundle.fingerprint
    rows = [{"text": text} for text in (b"a" * 20, "x日".encode(), b"a", None)]
    found = [row["asks"] for row in reference_rows(loaded.program, loaded.state, rows)]
    assert found == [bits(v) for v in (True, True, False, None)]


def test_another_pattern_is_another_fingerprint() -> None:
    """Also where both match in the same texts: what is compared is what was written."""
    assert bundle_of("[ab]").fingerprint != bundle_of("[ba]").fingerprint
