"""Elements, sums, order and vectors of Lists beside Python and Polars; what is refused."""

from __future__ import annotations

import math
import struct
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from featurelib.dtypes import BOOL, DATE, FLOAT32, FLOAT64, INT16, INT64, array_type, list_type
from featurelib.errors import DefinitionError, FeatureTypeError
from featurelib.evaluate import Evaluator
from featurelib.intrinsics import Arena, View
from featurelib.node import Node, input_node
from featurelib.ops.sequence.ordering import list_pad_to, list_sort
from featurelib.ops.sequence.vectors import list_arithmetic, multi_hot
from featurelib.program import Program
from featurelib.state import FittedState
from parity_tests.soak import examples

ITEMS = input_node("x", list_type(FLOAT64), False)
SINGLE, OTHER = (input_node(n, list_type(FLOAT32), False) for n in "xy")
SMALL = input_node("x", list_type(INT16), False)
TRUTHS = input_node("x", list_type(BOOL), False)
PAIR = input_node("x", array_type(FLOAT32, 2), False)
AT = input_node("n", INT64, False)
FLOATS = st.lists(st.one_of(st.floats(), st.sampled_from([0.0, -0.0, math.nan, 1.0])), max_size=9)
SHORTS = st.lists(st.integers(-(2**15), 2**15 - 1), max_size=12)
NUMBERS = st.floats(-100, 100, width=32)
VECTORS = st.lists(st.tuples(NUMBERS, NUMBERS), max_size=8)


def value(node: Node, **row: Any) -> Any:
    """What the reference evaluator gives for a node on a row."""
    return Evaluator(Program({"made": node}), FittedState({})).row(row)["made"]


def bits(x: float) -> bytes:
    """A float with its sign, every NaN alike."""
    return b"nan" if x != x else struct.pack("<d", x)


@examples(60, soak=3000)
@given(SHORTS, st.integers(-14, 14))
def test_elements_and_ends_are_those_of_polars(values: list[int], at: int) -> None:
    """By an index, the first, the last, the least, the greatest; null where there is none."""
    column = pl.Series([values], dtype=pl.List(pl.Int16)).list
    row = {"x": tuple(values), "n": at}
    assert value(SMALL.list.get(AT), **row) == column.get(at, null_on_oob=True)[0]
    for name in ("first", "last", "min", "max", "sum", "mean"):
        assert value(getattr(SMALL.list, name)(), **row) == getattr(column, name)()[0], name
    truths = [v > 0 for v in values]
    truth_column = pl.Series([truths], dtype=pl.List(pl.Boolean)).list
    for name in ("sum", "mean"):
        made = value(getattr(TRUTHS.list, name)(), **{TRUTHS.param["name"]: tuple(truths)})
        assert made == getattr(truth_column, name)()[0], name
    assert value(SMALL.list.sort(), **row) == tuple(column.sort()[0])
    assert value(SMALL.list.sort(descending=True), **row) == tuple(sorted(values)[::-1])
    assert value(SMALL.list.unique(), **row) == tuple(sorted(set(values)))


@examples(60, soak=3000)
@given(FLOATS)
def test_sorting_keeps_every_float_and_their_order(values: list[float]) -> None:
    """NaN is the greatest, -0.0 is before 0.0; each value once if it is to be unique."""

    def place(x: float) -> tuple[bool, float, float]:
        return (True, 0.0, 0.0) if x != x else (False, x, math.copysign(1.0, x))

    made = value(ITEMS.list.sort(), x=tuple(values))
    assert list(map(bits, made)) == [bits(v) for v in sorted(values, key=place)]
    once = value(ITEMS.list.unique(), x=tuple(values))
    wanted = sorted({bits(v + 0.0): v + 0.0 for v in values}.values(), key=place)
    assert list(map(bits, once)) == list(map(bits, wanted))


@examples(60, soak=3000)
@given(SHORTS, st.integers(1, 9))
def test_a_list_of_any_length_becomes_one_of_n(values: list[int], n: int) -> None:
    """What is too much is left out, what is missing is filled, at the end or at the start."""
    row = {"x": tuple(values)}
    assert value(SMALL.list.pad_to(n, 7), **row) == tuple((values + [7] * n)[:n])
    left = value(SMALL.list.pad_to(n, 7, at_start=True), **row)
    assert left == tuple(([7] * n + values)[len(values) :])
    assert SMALL.list.pad_to(n).dtype == array_type(INT16, n)


@examples(40, soak=2000)
@given(st.lists(st.booleans(), max_size=5))
def test_any_and_all_are_those_of_python(values: list[bool]) -> None:
    """Of the empty list no element is true, and all are."""
    assert value(TRUTHS.list.any(), x=tuple(values)) is any(values)
    assert value(TRUTHS.list.all(), x=tuple(values)) is all(values)


@examples(60, soak=3000)
@given(VECTORS)
def test_vectors_are_what_a_loop_in_float64_makes_of_them(pairs: list[tuple[float, float]]) -> None:
    """Products and lengths are summed from left to right in Float64, and rounded once."""
    row = {"x": tuple(a for a, _ in pairs), "y": tuple(b for _, b in pairs)}
    dot = across = length = 0.0
    for a, b in pairs:
        dot, across, length = dot + a * b, across + (a - b) * (a - b), length + a * a
    other = sum((b * b for b in row["y"]), 0.0)
    bottom = math.sqrt(length) * math.sqrt(other)
    wanted = {
        "dot": dot, "distance": math.sqrt(across), "cosine": dot / bottom if bottom else math.nan
    }  # fmt: skip
    for name, expected in wanted.items():
        made = value(getattr(SINGLE.list, name)(OTHER), **row)
        assert bits(made) == bits(single(expected)), name
    assert bits(value(SINGLE.list.norm(), **row)) == bits(single(math.sqrt(length)))
    by = math.sqrt(length) or 1.0
    unit = value(SINGLE.list.normalize(), **row)
    assert list(map(bits, unit)) == [bits(single(a / by)) for a in row["x"]]
    assert value(SINGLE.list.dot(OTHER), x=(1.0,), y=()) is None
    for made, each in (
        (SINGLE + OTHER, [a + b for a, b in pairs]), (SINGLE - 1, [a - 1 for a, _ in pairs]),
        (1 - SINGLE, [1 - a for a, _ in pairs]), (SINGLE * OTHER, [a * b for a, b in pairs]),
        (SINGLE / 3, [a / 3 for a, _ in pairs]),
    ):  # fmt: skip
        assert list(map(bits, value(made, **row))) == [bits(single(v)) for v in each]


def single(x: float) -> float:
    """Rounded to Float32."""
    return float(struct.unpack("<f", struct.pack("<f", x))[0])


@examples(40, soak=2000)
@given(SHORTS)
def test_places_of_a_list_are_hot(values: list[int]) -> None:
    """A 1 at each index that is there, whatever else stands in the list."""
    wanted = tuple(float(place in values) for place in range(5))
    assert value(SMALL.list.multi_hot(5), x=tuple(values)) == wanted


def test_arrays_have_the_methods_of_lists() -> None:
    """An Array stays one, and its sums need no length at run time."""
    assert value(PAIR.arr.normalize(), x=(3.0, 4.0)) == (single(0.6), single(0.8))
    assert PAIR.arr.normalize().dtype == array_type(FLOAT32, 2)
    assert value(PAIR.arr.get(-1), x=(3.0, 4.0)) == 4.0
    assert value(PAIR.arr.sort(descending=True), x=(3.0, 4.0)) == (4.0, 3.0)
    assert value((PAIR * 2).arr.sum(), x=(3.0, 4.0)) == 14.0


@pytest.mark.parametrize("limit", [11, 12])
def test_a_list_over_the_row_limit_is_null(limit: int) -> None:
    """Three elements of four bytes take 12; one byte less is too little."""
    items, fits = View(bytes(12), 0, 3), limit == 12
    made = [
        list_sort(items, Arena(limit), element=-4, descending=False, distinct=False),
        list_arithmetic(items, items, Arena(limit), element=32, how=0),
        list_pad_to((items, True), Arena(limit), n=3, size=4, fill=0, at_start=False),
        multi_hot((items, True), Arena(limit), n=3, element=4),
    ]
    for view, valid in made:
        assert valid is fits
        assert (view.stop - view.start == 3) is fits


@pytest.mark.parametrize(
    "build, error, message",
    [
        (lambda: AT.list.sum(), FeatureTypeError, "`sum` takes a List or Array .* got Int64"),
        (lambda: TRUTHS.list.norm(), FeatureTypeError, "got List.Bool"),
        (lambda: SMALL.list.any(), FeatureTypeError, "of truth values, got List.Int16"),
        (lambda: SMALL.list.get(1.5), FeatureTypeError, "does not fit Int64"),
        (lambda: SMALL.list.pad_to(0), DefinitionError, "1 <= n <= 32768 of Int16, got n=0"),
        (lambda: SMALL.list.pad_to(3, 40_000), FeatureTypeError, "does not fit Int16"),
        (lambda: SMALL.list.pad_to(3, None), DefinitionError, "got None"),
        (lambda: SMALL.list.multi_hot(0), DefinitionError, "1 <= n <= 16384, got n=0"),
        (lambda: ITEMS.list.multi_hot(3), FeatureTypeError, "of integers, got List.Float64"),
        (lambda: SINGLE.list.dot(ITEMS), FeatureTypeError, "two of one type"),
        (lambda: SINGLE.list.cosine(1.0), FeatureTypeError, "two of one type"),
        (lambda: SMALL + 1, FeatureTypeError, "of floats, got List.Int16"),
        (lambda: SMALL.list.normalize(), FeatureTypeError, "of floats, got List.Int16"),
        (lambda: PAIR.list.unique(), FeatureTypeError, "takes a List, got Array"),
        (
            lambda: input_node("x", list_type(DATE), False).list.sum(),
            FeatureTypeError,
            "numbers, Durations or truth values, got List.Date",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused(build, error, message) -> None:
    """Elements of another type and lengths that are none are errors at definition."""
    with pytest.raises(error, match=message):
        build()


def test_a_file_cannot_make_a_body_read_another_width() -> None:
    """The constant that tells a body how to read is checked against the type of the elements."""
    from featurelib.node import apply

    with pytest.raises(FeatureTypeError, match="element=-8 does not read elements of List"):
        apply("list.sum", (SMALL,), {"element": -8})
    params = {"n": 4, "size": 8, "fill": 0, "at_start": False}
    with pytest.raises(FeatureTypeError, match="size=8 is not that of elements"):
        apply("list.pad_to", (SMALL,), params)
    with pytest.raises(FeatureTypeError, match="how=9"):
        apply("list.arithmetic", (SINGLE, OTHER), {"element": 32, "how": 9})
