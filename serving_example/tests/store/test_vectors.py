"""Vectors and payloads: what is written is what is read, and what is damaged is refused."""

from __future__ import annotations

import datetime as dt
import math
import struct
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given

from featurelib.dtypes import DURATION, FLOAT64, INT64, STRING, UINT64
from featurelib.errors import FieldValueError
from featurelib.fields import Field
from parity_tests.soak import examples
from serving_example.store import FieldsCodec, Stamp, VectorError, View
from serving_example.store.vector import STAMP, decode, encode

VIEW = View("film", b"schema_1")
TIMES = st.integers(-(1 << 63), (1 << 63) - 1)
VERSIONS = st.integers(0, (1 << 64) - 1)


def bits(value: Any) -> Any:
    """Equal means equal bits, but for NaN, which is one."""
    if isinstance(value, float):
        return "nan" if math.isnan(value) else struct.pack("<d", value)
    return value


@given(time=TIMES, version=VERSIONS, payload=st.none() | st.binary(max_size=50))
@examples(200, soak=20_000)
def test_a_vector_is_read_as_it_was_written(time: int, version: int, payload: bytes | None) -> None:
    """Times, version and payload, and a tombstone is no empty payload."""
    vector = (
        VIEW.tombstone(time, version) if payload is None else VIEW.vector(payload, time, version)
    )
    assert decode(encode(vector), VIEW, 1) == vector


@given(one=st.tuples(TIMES, VERSIONS), other=st.tuples(TIMES, VERSIONS))
@examples(200, soak=20_000)
def test_stamps_are_in_order_as_bytes(one: tuple[int, int], other: tuple[int, int]) -> None:
    """Which of two vectors is newer is seen in 16 bytes: by event time, then by version."""
    first, second = (encode(VIEW.vector(b"", *stamp))[STAMP] for stamp in (one, other))
    assert (first < second) == (Stamp(*one) < Stamp(*other))
    assert (first == second) == (one == other)


def test_any_damage_is_refused() -> None:
    """Each byte that is changed, lost or added is found, and the error names view and entity."""
    good = encode(VIEW.vector(b"payload", 5, 6))
    wrong = [good[:n] for n in range(len(good))] + [good + b"\0"]
    for i in range(len(good)):
        for bit in range(8):
            wrong.append(good[:i] + bytes([good[i] ^ 1 << bit]) + good[i + 1 :])
    for data in wrong:
        with pytest.raises(VectorError, match="film, entity 7: the stored"):
            decode(data, VIEW, 7)


def test_another_schema_is_refused() -> None:
    """A payload of other fields is never read as if it were of these."""
    data = encode(View("film", b"schema_2").vector(b"", 1, 1))
    with pytest.raises(VectorError, match=f"of schema {b'schema_2'.hex()}, not"):
        decode(data, VIEW, 7)


def test_what_is_no_view_is_refused() -> None:
    """Names, schemas and TTLs are checked when a view is made."""
    for name, schema, ttl in (
        ("", b"12345678", None), ("a b", b"12345678", None), ("a", b"1234567", None),
        ("a", b"12345678", 0), ("a" * 65, b"12345678", 1),
    ):  # fmt: skip
        with pytest.raises(VectorError):
            View(name, schema, ttl)


def test_a_time_beyond_64_bits_is_refused() -> None:
    """It is named, and nothing is written."""
    with pytest.raises(VectorError, match=str(1 << 63)):
        encode(VIEW.vector(b"", 1 << 63, 1))


def test_fields_keep_texts_times_and_nulls() -> None:
    """Static fields come back as Python has them."""
    codec = FieldsCodec(
        [
            Field("gender", STRING, True), Field("occupation", STRING), Field("age", INT64, True),
            Field("idle", DURATION, True), Field("x", FLOAT64),
        ]
    )  # fmt: skip
    row = {
        "gender": None, "occupation": "Écrivain", "age": 33, "idle": dt.timedelta(hours=1),
        "x": -0.0,
    }  # fmt: skip
    read = codec.decode(codec.encode(row))
    assert read == row and bits(read["x"]) == bits(-0.0)
    with pytest.raises(VectorError, match="`age` is missing"):
        codec.encode({"gender": None, "occupation": ""})
    with pytest.raises(FieldValueError, match="age"):
        codec.encode({**row, "age": "33"})
    for wrong in (b"", b"\xc1", b"\x90", b"\x01"):
        with pytest.raises(VectorError):
            codec.decode(wrong)


def test_a_codec_of_other_fields_has_another_schema() -> None:
    """Name, type, nullability and order: each shows in the eight bytes."""
    n, x = Field("n", INT64), Field("x", FLOAT64)
    codecs = [
        FieldsCodec([n, x]), FieldsCodec([x, n]), FieldsCodec([n]),
        FieldsCodec([Field("n", UINT64), x]), FieldsCodec([Field("n", INT64, True), x]),
        FieldsCodec([Field("m", INT64), x]),
    ]  # fmt: skip
    assert len({codec.schema for codec in codecs}) == len(codecs)
    assert FieldsCodec([n, x]).schema == FieldsCodec([n, x]).schema
