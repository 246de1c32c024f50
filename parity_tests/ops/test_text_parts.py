"""Text in parts: counted, cut, replaced and padded as Python and Polars do it; what is refused."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from featurelib import dtypes
from featurelib.errors import DefinitionError
from featurelib.evaluate import Evaluator
from featurelib.intrinsics import Arena, View
from featurelib.node import Node, input_node
from featurelib.ops.text_parts import pad_end, pad_start, replace_literal, zfill
from featurelib.program import Program
from featurelib.state import FittedState
from parity_tests.soak import examples

TEXT, PART, VALUE = (input_node(n, dtypes.STRING, False) for n in "spv")
FEW = st.text(st.sampled_from("aab,é日😀"), max_size=12)
SHORT = st.text(st.sampled_from("ab,é日"), max_size=3)


def value(node: Node, *texts: str):
    """What the reference evaluator gives for a node on texts."""
    row = dict(zip("spv", (t.encode() for t in texts), strict=False))
    return Evaluator(Program({"made": node}), FittedState({})).row(row)["made"]


@examples(60, soak=3000)
@given(FEW, SHORT, SHORT, st.integers(0, 4))
def test_occurrences_are_replaced_and_counted_as_by_python(s, part, put, n) -> None:
    """Constants and columns, all or the first n; the empty text occurs between characters too."""
    assert value(TEXT.str.count_matches(PART, literal=True), s, part) == s.count(part)
    replaced = TEXT.str.replace_all(PART, VALUE, literal=True)
    assert value(replaced, s, part, put) == s.replace(part, put).encode()
    some = TEXT.str.replace(part, put, literal=True, n=n)
    assert value(some, s) == s.replace(part, put, n).encode()


@examples(60, soak=3000)
@given(FEW, SHORT.filter(bool), st.integers(0, 6))
def test_a_part_is_that_of_python(s: str, by: str, index: int) -> None:
    """The piece between separators; null behind the last, never an error."""
    pieces = [*s.split(by), *[None] * 8]
    expected = None if pieces[index] is None else pieces[index].encode()
    assert value(TEXT.str.split_part(by, index), s) == expected
    assert value(TEXT.str.split_part(PART, index), s, by) == expected


@examples(60, soak=3000)
@given(st.text(st.sampled_from("01+-é日"), max_size=6), st.integers(0, 9), st.sampled_from(" é😀"))
def test_padding_is_that_of_polars(s: str, length: int, fill: str) -> None:
    """Code points are counted, not bytes; a sign stays in front of zeros."""
    column = pl.Series([s]).str
    assert value(TEXT.str.pad_start(length, fill), s).decode() == column.pad_start(length, fill)[0]
    assert value(TEXT.str.pad_end(length, fill), s).decode() == column.pad_end(length, fill)[0]
    assert value(TEXT.str.zfill(length), s).decode() == column.zfill(length)[0]


@pytest.mark.parametrize("size", [5, 6, 7])
def test_a_text_over_the_row_limit_is_null(size: int) -> None:
    """Six bytes take a limit of six; a smaller limit gives null and reserves nothing."""
    s, part, put = (View(t, 0, len(t)) for t in (b"abb", b"b", b"\xc3\xa9x"))
    made = [
        pad_start(s, Arena(size), length=6, char=32),
        pad_end(s, Arena(size), length=6, char=32),
        zfill(s, Arena(size), length=6),
        replace_literal(s, part, View(put.buf, 0, 2), Arena(size - 1), n=9),
    ]
    for view, valid in made:
        assert valid is (size >= 6)
        assert valid or view.start == view.stop


@pytest.mark.parametrize(
    "build, message",
    [
        (lambda s: s.str.split_part("", 0), "expected a separator, got ''"),
        (lambda s: s.str.split_part(",", -1), "expected an integer >= 0, got -1"),
        (lambda s: s.str.pad_start(3, "ab"), "expected one character as fill_char, got 'ab'"),
        (lambda s: s.str.pad_end(3, "\ud800"), "expected one character"),
        (lambda s: s.str.zfill(-1), "expected an integer >= 0, got -1"),
        (lambda s: s.str.replace("a", "b", n=-1), "expected an integer >= 0, got -1"),
    ],
)
def test_what_cannot_be_meant_is_refused(build, message) -> None:
    """A separator, length or character that means nothing is an error at definition."""
    with pytest.raises(DefinitionError, match=message):
        build(TEXT)
