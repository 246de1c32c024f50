"""JSON requests as a service meets them: no text, text that breaks off, buffers for the rows."""

from __future__ import annotations

import json
from typing import Annotated, Any

import numpy as np
import pytest

import featurelib as fl
import featurelib_online as online
from featurelib.errors import InputError
from parity_tests.online.json_texts import KERNEL, ROW, assert_equal_meaning


@pytest.mark.parametrize("given", [None, 5, [ROW], ROW, memoryview(b"[]")])
def test_what_is_no_text_is_refused(given: Any) -> None:
    """By its type, and with the way that rows go."""
    with pytest.raises(InputError, match=f"JSON is text or bytes, got {type(given).__name__}"):
        KERNEL.json(given)


def test_a_text_that_lies_is_not_read_beyond_its_end() -> None:
    """Every prefix of a text is refused, and none is taken for more than it is."""
    text = json.dumps([ROW, ROW], ensure_ascii=False).encode()
    for stop in range(len(text)):
        with pytest.raises(InputError, match="no readable JSON"):
            KERNEL.json(text[:stop])


def test_buffers_are_void_or_whole_after_a_text_that_ends_badly() -> None:
    """Rows before the break were written; nothing of them can be read as valid."""
    rows = [ROW | {"n": i % 100} for i in range(600)]
    out = {
        "wide": np.full((600, 1), 7.0), "counts": np.full((600, 1), 7, "<i2"),
        "flags": np.ones((600, 1), bool), "tags": np.full(2000, 7, "<i4"),
        "tags.offsets": np.full(601, 7),
    }  # fmt: skip
    text = json.dumps(rows, ensure_ascii=False)
    KERNEL.json(text, out=out)
    assert out["counts"][:, 0].tolist() == [i % 100 for i in range(600)]
    for broken in (text[:-1], text[:-40] + "?" + text[-39:], text.replace('"n": 99', '"n": 99e9')):
        with pytest.raises(InputError):
            KERNEL.json(broken, out=out)
        assert np.isnan(out["wide"]).all() and not out["counts"].any() and not out["flags"].any()
        assert not out["tags.offsets"].any()


def test_braces_in_texts_do_not_ask_for_a_larger_buffer() -> None:
    """A buffer of the rows' own number is enough, and what lies behind is not touched."""
    rows = [ROW | {"name": "{{{{", "tags": [i]} for i in range(3)]
    out = {
        "wide": np.zeros((3, 1)), "counts": np.zeros((3, 1), "<i2"),
        "flags": np.zeros((3, 1), "u1"),
        "tags": np.zeros(3, "<i4"), "tags.offsets": np.zeros(4, "<i8"),
    }  # fmt: skip
    for room in (3, 20):
        given_ = {
            n: np.concatenate([a, np.full((room - 3, *a.shape[1:]), 9, a.dtype)])
            for n, a in out.items()
        }
        KERNEL.json(json.dumps(rows), out=given_)
        assert given_["tags"][:3].tolist() == [0, 1, 2]
        assert all((a[len(out[n]) :] == 9).all() for n, a in given_.items())


def test_a_reader_takes_texts_again_after_one_that_it_refused() -> None:
    """Its state is that of the next text only."""
    for text in (json.dumps([ROW]), "[{", json.dumps([ROW] * 300)[:-1], json.dumps([ROW])):
        assert_equal_meaning(text)


class Place(fl.Schema):
    name: str
    at: Annotated[list[fl.Float64], fl.Size(2)]


def test_arrays_and_escapes_are_read_by_python_piece_by_piece() -> None:
    """The rest of the row is read by machine code; the values are the same."""
    made = online.compile(
        fl.FeatureSet(
            "places",
            version="1.0.0",
            inputs=Place,
            features=[fl.Feature("low", version=1, expr=fl.col("name").str.to_lowercase())],
            layout={"at": ["at"]},
        )
    )
    rows = [{"name": f'Ä"{i}\\', "at": [i, i / 3]} for i in range(300)]
    batch = made.json(json.dumps(rows))
    assert batch.canonical("low") == [row["name"].lower().encode() for row in rows]
    assert batch.tensors["at"].tolist() == [row["at"] for row in rows]
