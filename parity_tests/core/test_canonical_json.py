"""Canonical JSON of long lists is written and read in short steps: the same text, the same data."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from featurelib import canonical_json
from parity_tests.soak import examples

ENCODERS = {
    "canonical": json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False),
    "as Python writes it": json.JSONEncoder(sort_keys=True),
    "unsorted": json.JSONEncoder(),
}
LEAVES = st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=3)


@st.composite
def data(draw: st.DrawFn) -> Any:
    """Nested data, with lists and dictionaries around the lengths where steps begin."""
    made: Any = draw(st.lists(LEAVES, max_size=4) | st.dictionaries(st.text(max_size=3), LEAVES))
    for _ in range(draw(st.integers(1, 3))):
        times = draw(st.sampled_from([1, 2, 199, 200, 201, 999, 1000, 2001]))
        some = [made] * min(times, 3) + [draw(LEAVES)] * max(0, times - 3)
        if draw(st.booleans()):
            made = {str(i): v for i, v in enumerate(some)} | {"é": draw(LEAVES)}
        else:
            made = draw(st.sampled_from([list, tuple]))(some)
    return made


@pytest.mark.parametrize("encoder", ENCODERS.values(), ids=ENCODERS)
@given(data())
@examples(15, soak=500)
def test_text_in_steps_is_the_same_text(encoder: json.JSONEncoder, made: Any) -> None:
    """As one call of the encoder writes it, whatever is long, deep, empty or a tuple."""
    assert canonical_json.text_of(made, encoder) == encoder.encode(made)


@given(data())
@examples(15, soak=500)
def test_what_is_read_in_steps_is_the_same_data(made: Any) -> None:
    """As one call of json reads it; a text that is cut off is refused as it refuses it."""
    text = canonical_json.dumps(made)
    assert canonical_json.loads(text.encode()) == json.loads(text)
    assert canonical_json.dumps(canonical_json.loads(text.encode())) == text


@pytest.mark.parametrize("damage", [b"", b"}", b'"', b"[1,", b"\xff", b"nul"])
def test_a_long_text_that_is_no_json_is_refused(damage: bytes) -> None:
    """With the error that a short one has."""
    for text in (b'["a"', b'["a"' + b',"b"' * 20_000):
        with pytest.raises(ValueError, match=r"delimiter|decode|Expecting|Unterminated|Extra"):
            canonical_json.loads(text + damage)
