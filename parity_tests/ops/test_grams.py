"""Distances between texts, n-grams, turned and repeated text: what holds, what is refused."""

from __future__ import annotations

import pytest
import xxhash
from hypothesis import given
from hypothesis import strategies as st

from featurelib import dtypes
from featurelib.errors import DefinitionError, FeatureTypeError
from featurelib.evaluate import Evaluator
from featurelib.intrinsics import Arena, View
from featurelib.node import Node, apply, input_node
from featurelib.ops.text_parts import repeat, reverse
from featurelib.ops.text_values.grams import char_ngrams, levenshtein, word_ngrams
from featurelib.ops.text_values.jaro import jaro_winkler
from featurelib.program import Program
from featurelib.state import FittedState
from parity_tests.soak import examples

TEXT, OTHER = (input_node(n, dtypes.STRING, False) for n in "sp")
CLOSE = st.text(st.sampled_from("ab日"), max_size=9)
SENTENCE = st.text(st.sampled_from("ab é\t日\n"), max_size=16)


def value(node: Node, *texts: str):
    """What the reference evaluator gives for a node on texts."""
    row = dict(zip("sp", (t.encode() for t in texts), strict=False))
    return Evaluator(Program({"made": node}), FittedState({})).row(row)["made"]


def whole_table(a: str, b: str) -> int:
    """The distance by the whole table, as it is taught."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        last, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (x != y))
    return row[-1]


@examples(100, soak=10_000)
@given(CLOSE, CLOSE, st.integers(1, 10))
def test_a_distance_is_that_of_the_whole_table(a: str, b: str, limit: int) -> None:
    """In code points, both ways alike; the limit where it is greater."""
    made = value(TEXT.str.levenshtein(OTHER, limit=limit), a, b)
    assert made == min(whole_table(a, b), limit)
    assert made == value(TEXT.str.levenshtein(OTHER, limit=limit), b, a)
    assert value(TEXT.str.levenshtein("日a", limit=limit), a) == min(whole_table(a, "日a"), limit)


@examples(60, soak=3000)
@given(SENTENCE, st.integers(1, 4), st.sampled_from([7, 2**32, 2**32 + 1]), st.integers(0, 9))
def test_runs_are_hashed_in_their_order(s: str, size: int, n: int, seed: int) -> None:
    """A run of characters as one text, a run of words as the cross of its words."""
    chars = [s[i : i + size].encode() for i in range(len(s) - size + 1)]
    wanted = tuple(xxhash.xxh64_intdigest(c, seed) % n for c in chars)
    assert value(TEXT.str.char_ngrams(size, n, seed=seed), s) == wanted
    words = s.split()
    made = value(TEXT.str.word_ngrams(size, n, seed=seed), s)
    assert len(made) == max(0, len(words) - size + 1)
    for i, bucket in enumerate(made):
        h = seed
        for word in words[i : i + size]:
            h = xxhash.xxh64_intdigest(word.encode(), h)
        assert bucket == h % n
    one = TEXT.str.word_ngrams(1, n, seed=seed), TEXT.hash_bucket(n, seed=seed)
    for word in words[:2]:
        assert value(one[0], word) == (value(one[1], word),)


@examples(60, soak=3000)
@given(SENTENCE, st.integers(0, 4))
def test_text_is_turned_and_repeated_as_by_python(s: str, n: int) -> None:
    """Code points, not bytes."""
    assert value(TEXT.str.reverse(), s).decode() == s[::-1]
    assert value(TEXT.str.repeat(n), s).decode() == s * n


@pytest.mark.parametrize("less", [0, 1])
def test_what_is_over_the_row_limit_is_null(less: int) -> None:
    """What fits exactly is there; one byte less is too little."""
    text = View(b"a bc d", 0, 6)
    grams = {"n": 9, "seed": 0}
    made = [
        char_ngrams(text, Arena(16 - less), size=3, **grams),
        word_ngrams(text, Arena(8 - less), size=2, **grams),
        reverse(text, Arena(6 - less)),
        repeat(text, Arena(12 - less), n=2),
    ]
    for view, valid in made:
        assert valid is (less == 0)
        assert valid or view.start == view.stop
    assert levenshtein(text, View(b"", 0, 0), Arena(44 - less), limit=5)[1] is (less == 0)


@pytest.mark.parametrize(
    "build, error, message",
    [
        (lambda: TEXT.str.levenshtein(OTHER, limit=0), DefinitionError, "<= limit <= 1000, got 0"),
        (lambda: TEXT.str.levenshtein(3, limit=4), FeatureTypeError, "String"),
        (lambda: TEXT.str.char_ngrams(0, 9), DefinitionError, "1 <= size <= 64, got 0"),
        (lambda: TEXT.str.word_ngrams(1, 0), DefinitionError, "got n=0"),
        (lambda: TEXT.str.word_ngrams(1, 9, seed=-1), DefinitionError, "seed"),
        (lambda: TEXT.str.repeat(-1), DefinitionError, "got -1"),
        (
            lambda: apply("str.char_ngrams", (TEXT,), {"size": 0, "n": 9, "seed": 0}),
            FeatureTypeError,
            "size=0 is not from 1 to 64",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused(build, error, message) -> None:
    """Limits, runs and counts that mean nothing are errors at definition."""
    with pytest.raises(error, match=message):
        build()


@examples(100, soak=10_000)
@given(CLOSE, CLOSE)
def test_a_similarity_is_one_of_equal_texts_alone(a: str, b: str) -> None:
    """Else it is below, and 0 where no code point is common."""
    made = value(TEXT.str.jaro_winkler(OTHER), a, b)
    assert (made == 1.0) == (a == b)
    assert 0.0 <= made <= 1.0
    assert made == 0.0 or not set(a).isdisjoint(b) or a == b


@pytest.mark.parametrize("less", [0, 1])
def test_a_similarity_needs_four_bytes_a_code_point(less: int) -> None:
    """Of the longer text: with a byte less in the row limit it is null."""
    a, b = View(b"abcde", 0, 5), View(b"abc", 0, 3)
    assert jaro_winkler(a, b, Arena(20 - less))[1] is (less == 0)
