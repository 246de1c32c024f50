"""Groups of regular expressions are where Rust's are, or the pattern is refused at its place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from featurelib import dtypes
from featurelib.errors import DefinitionError
from featurelib.intrinsics import Arena, View
from featurelib.node import Node, input_node
from featurelib.ops.pattern.matching import extract_group
from featurelib.ops.pattern.replacing import replace_groups
from featurelib.ops.pattern.tables import finder_table, group_table
from featurelib.ops.utf8 import MAX_COUNT
from featurelib.regex.pattern import group_automaton, read_pattern
from featurelib.regex.samples import sample_texts
from featurelib.regex.template import read_template
from featurelib.tables import TableData
from parity_tests.ops.pattern_grammar import patterns, texts
from parity_tests.ops.test_regex_places import text_of
from parity_tests.soak import examples

TEXT = input_node("s", dtypes.STRING, False)


def view_of(given: str | TableData) -> View:
    """A text, or the words of a table, as bodies take them."""
    if isinstance(given, str):
        data = given.encode()
        return View(data, 0, len(data))
    words, count = given.encode()
    return View(words, 0, count)


def is_one_pass(pattern: str, groups: tuple[int, ...]) -> bool:
    """Whether the groups can be found; any other reason to refuse a pattern is an error."""
    try:
        group_automaton(pattern, groups)
    except DefinitionError as refused:
        if "which group a character belongs to is not known" not in str(refused):
            raise
        return False
    return True


grouped = patterns.filter(lambda p: "(" in p).filter(lambda p: read_pattern(p).n_groups > 0)


@examples(80, soak=20_000)
@given(grouped, st.lists(texts, min_size=3, max_size=8), st.data())
def test_a_group_is_what_it_is_in_rust(pattern: str, values: list[str], data: Any) -> None:
    """Polars, whose engine is Rust's regex crate, extracts the same from one-pass patterns."""
    group = data.draw(st.integers(1, read_pattern(pattern).n_groups))
    assume(is_one_pass(pattern, (group,)))
    values = [*values, *sample_texts(pattern)]
    tables = view_of(finder_table(pattern)), view_of(group_table(pattern, (group,)))
    made = [extract_group(view_of(v), *tables) for v in values]
    found = [text_of(text) if is_found else None for text, is_found in made]
    assert found == pl.Series(values).str.extract(pattern, group).to_list()


@examples(40, soak=10_000)
@given(grouped, st.lists(texts, min_size=3, max_size=8), st.data())
def test_a_replacement_refers_to_groups_as_in_rust(
    pattern: str, values: list[str], data: Any
) -> None:
    """References, dollars and what only looks like one give the text that Polars gives."""
    number = st.integers(0, read_pattern(pattern).n_groups)
    plain = st.sampled_from(["a", "é", "$$", "$-"])
    part = st.one_of(number.map("${{{}}}".format), number.map("${} ".format), plain)
    end = st.sampled_from(["", "$", "${"])
    template = "".join(data.draw(st.lists(part, max_size=4))) + data.draw(end)
    text, groups = read_template(template, pattern)
    assume(groups is not None and is_one_pass(pattern, groups))
    values = [*values, *sample_texts(pattern)]
    tables = view_of(finder_table(pattern)), view_of(group_table(pattern, groups or ()))
    for n, wanted in (
        (MAX_COUNT, pl.Series(values).str.replace_all(pattern, template)),
        (1, pl.Series(values).str.replace(pattern, template)),
    ):
        made = [replace_groups(view_of(v), *tables, view_of(text), Arena(), n=n) for v in values]
        assert [text_of(replaced) for replaced, _ in made] == wanted.to_list()


def test_a_table_of_another_pattern_gives_no_group() -> None:
    """A made-up bundle may name two patterns; nothing outside of the text is read."""
    tables = view_of(finder_table("a+")), view_of(group_table("(a(b|c))d", (1,)))
    for text in ("", "a", "ab", "aac"):
        found, _ = extract_group(view_of(text), *tables)
        assert 0 <= found.start <= found.stop <= len(text)


@pytest.mark.parametrize(
    ("pattern", "position", "message"),
    [
        (r"(.*)@(.*)", 4, r"\. \(position 1\) may read it as well"),
        (r'"(.*?)"', 2, r"which group a character belongs to is not known"),
        (r"x(a*)(ab)?", 6, r"a \(position 2\) may read it as well"),
        (r"(\w+)(\d+)", 6, r"\\w \(position 1\) may read it as well"),
    ],
)
def test_a_pattern_that_is_not_one_pass_is_refused(
    pattern: str, position: int, message: str
) -> None:
    """The error marks the place, names the other one, and shows the way out."""
    with pytest.raises(DefinitionError, match=message) as refused:
        TEXT.str.extract(pattern, 1)
    assert f"position {position}:" in str(refused.value)
    assert "let what repeats leave out what follows it" in str(refused.value)
    TEXT.str.extract(pattern, 0)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda s: s.str.extract("(a)", 2), r"'\(a\)' has no group 2: it has 1"),
        (lambda s: s.str.extract("a+"), r"has no group 1: it has 0"),
        (lambda s: s.str.replace("(a)", "$2"), r"position 0: \$2 refers to a group.*has 0 to 1\n"),
        (lambda s: s.str.replace("(?<n>a)", "x$1a"), r"position 1: \$1a refers.*has 0 to 1, n\n"),
        (lambda s: s.str.replace_all("a", "${" + "9" * 30 + "}"), r"refers to a group.*has 0 to 0"),
        (
            lambda s: s.str.replace("(a)" * 20, "".join(f"${k}." for k in range(1, 18))),
            "refers to 17 groups, at most 15 can be",
        ),
    ],
)
def test_a_group_that_is_not_there_is_refused(build: Callable[[Node], Node], message: str) -> None:
    """Rust takes it for empty text; here it is an error with the groups that there are."""
    with pytest.raises(DefinitionError, match=message):
        build(TEXT)


@pytest.mark.parametrize("groups", [(0,), (2,), (1, 1), (True,), (1.0,), ("1",)])
def test_groups_that_no_definition_names_are_refused(groups: tuple[Any, ...]) -> None:
    """What a made-up bundle holds never reaches a kernel, whatever was looked up before."""
    group_table("(a)", (1,))
    with pytest.raises(DefinitionError):
        group_table("(a)", groups)
