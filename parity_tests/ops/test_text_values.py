"""Values written as text and read from it: there and back, as Python reads, and what is refused."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from featurelib import dtypes
from featurelib.dtypes import DType
from featurelib.errors import DefinitionError, FeatureTypeError
from featurelib.evaluate import Evaluator
from featurelib.intrinsics import Arena
from featurelib.node import Node, input_node
from featurelib.op import get_op
from featurelib.program import Program
from featurelib.state import FittedState
from parity_tests.soak import examples

INTEGERS = [t for t in dtypes.SCALARS.values() if t.is_integer]
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
TEXT = input_node("s", dtypes.STRING, False)


def value(node: Node, **row):
    """What the reference evaluator gives for a node on a row."""
    return Evaluator(Program({"made": node}), FittedState({})).row(row)["made"]


@pytest.mark.parametrize("dtype", INTEGERS, ids=str)
@examples(20, soak=1000)
@given(st.data())
def test_an_integer_comes_back_from_its_text(dtype: DType, data) -> None:
    """The text is the number's digits, and reads as the number in every type that holds it."""
    number = data.draw(st.integers(*dtype.bounds))
    text = value(input_node("x", dtype, False).cast(dtypes.STRING), x=number)
    assert text == str(number).encode()
    for target in INTEGERS:
        low, high = target.bounds
        # As in Polars an unsigned type reads no minus.
        assert value(TEXT.cast(target), s=text) == (number if low <= number <= high else None)


@examples(60, soak=3000)
@given(st.text(st.sampled_from("0123456789+- _.e\u0663"), max_size=24))
def test_only_digits_with_a_sign_are_a_number(text: str) -> None:
    """Python's integers say the value; white space, underscores and other digits are null."""
    digits = text[1:] if text[:1] in ("+", "-") else text
    plain = digits.isascii() and digits.isdigit()
    expected = int(text) if plain and -(2**63) <= int(text) < 2**63 else None
    assert value(TEXT.cast(dtypes.INT64), s=text.encode()) == expected


@examples(40, soak=2000)
@given(st.datetimes(), st.sampled_from(["%Y-%m-%d %H:%M:%S.%f", "%d.%m.%Y, %H:%M:%S'%f"]))
def test_an_instant_comes_back_from_its_text(moment: dt.datetime, form: str) -> None:
    """What Python writes in a format is read as the same microsecond, and its day as a Date."""
    text = form.replace("%Y", f"{moment.year:04d}")  # strftime pads no year
    text = moment.strftime(text).encode()
    micros = (moment.replace(tzinfo=dt.UTC) - EPOCH) // dt.timedelta(microseconds=1)
    assert value(TEXT.str.to_datetime(form), s=text) == micros
    day = moment.date().isoformat().encode()
    days = moment.toordinal() - EPOCH.toordinal()
    assert value(TEXT.str.to_date(), s=day) == days
    written = value(input_node("t", dtypes.DATETIME, False).cast(dtypes.STRING), t=micros)
    assert written.decode() == moment.replace(tzinfo=dt.UTC).isoformat(" ", "microseconds")
    assert value(input_node("d", dtypes.DATE, False).cast(dtypes.STRING), d=days) == day


@pytest.mark.parametrize(
    ("place", "argument", "size"),
    [(0, -128, 4), (1, 255, 3), (2, False, 5), (3, 0, 10), (4, 0, 32)],
)
def test_a_text_over_the_row_limit_is_null(place: int, argument, size: int) -> None:
    """A text of n bytes takes a limit of n; one byte less gives null, and writes nothing."""
    fn = get_op("text_of").bodies[place].fn
    made, valid = fn(argument, Arena(size))
    assert (valid, made.stop - made.start) == (True, size)
    made, valid = fn(argument, Arena(size - 1))
    assert (valid, made.stop - made.start) == (False, 0)


@pytest.mark.parametrize(
    "build, error, message",
    [
        (lambda s, f, z: s.str.to_date("%Y-%m"), DefinitionError, "%d stands nowhere in '%Y-%m'"),
        (lambda s, f, z: s.str.to_date("%Y%m%d%d"), DefinitionError, "%d stands twice"),
        (lambda s, f, z: s.str.to_date("%Y%m%d%H"), DefinitionError, "expected %Y %m %d, got %H"),
        (lambda s, f, z: s.str.to_datetime("%Y%m%d%z"), DefinitionError, "got %z in"),
        (lambda s, f, z: s.str.to_datetime("%Y%m%d%"), DefinitionError, "got % in"),
        (lambda s, f, z: s.str.to_datetime(3), DefinitionError, "a constant text as format, got 3"),
        (lambda s, f, z: f.str.to_date(), FeatureTypeError, "takes .String, String., got"),
        (lambda s, f, z: s.cast(dtypes.DATE), FeatureTypeError, r"s\.str\.to_date"),
        (lambda s, f, z: z.cast(dtypes.STRING), FeatureTypeError, "a Datetime is written in UTC"),
    ],
)
def test_what_cannot_be_meant_is_refused(build, error, message) -> None:
    """A format without a day, and a type that has no one text, are errors at definition."""
    zoned = dtypes.datetime_type("Asia/Tokyo")
    nodes = [input_node(str(t), t, False) for t in (dtypes.STRING, dtypes.FLOAT64, zoned)]
    with pytest.raises(error, match=message):
        build(*nodes)
