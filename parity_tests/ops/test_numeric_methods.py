"""Numeric methods: how types meet, what may be null, what is refused."""

import itertools
import operator
from pathlib import Path

import polars as pl
import pytest

from featurelib import dtypes
from featurelib.dtypes import SCALARS, DType, supertype
from featurelib.errors import DefinitionError, FeatureTypeError
from featurelib.node import Node, input_node
from parity_tests.cases import check_each

NUMERIC = [t for t in SCALARS.values() if t.is_numeric]
DOC = Path(__file__).parents[2] / "docs" / "types.md"
SOME_OF_EACH = [
    *NUMERIC,
    SCALARS["Bool"],
    SCALARS["Date"],
    SCALARS["Datetime"],
    SCALARS["Duration"],
]


def column(dtype: DType, nullable: bool = False) -> Node:
    return input_node(dtype.name.lower(), dtype, nullable)


def documented() -> dict[tuple[str, str], str]:
    rows = [line for line in DOC.read_text().splitlines() if line.startswith(("| |", "| **"))]
    head, *body = ([c.strip(" *") for c in row.strip("|").split("|")] for row in rows)
    return {(a, b): cell for a, *cells in body for b, cell in zip(head[1:], cells, strict=True)}


def test_the_table_of_meetings_says_what_happens():
    """docs/types.md lists every pair of numeric types with the type in which they meet."""
    meets = {(a.name, b.name): str(supertype(a, b) or "error") for a in NUMERIC for b in NUMERIC}
    assert documented() == meets


def test_numbers_meet_as_in_polars():
    """A sum has the type that Polars gives it; UInt64 with a signed type is refused."""
    check_each(_meet_as_in_polars, itertools.product(NUMERIC, NUMERIC))


def _meet_as_in_polars(a, b):
    frame = pl.DataFrame(schema={"a": getattr(pl, a.name), "b": getattr(pl, b.name)})
    theirs = str(frame.select(pl.col("a") + pl.col("b")).dtypes[0])
    if theirs == "Int128":
        with pytest.raises(FeatureTypeError, match="do not meet"):
            column(a) + column(b)
    else:
        assert str((column(a) + column(b)).dtype) == theirs


def test_a_quotient_is_a_float_of_polars_width():
    """`/` gives Float32 only where Polars does."""
    check_each(_quotient_has_polars_width, itertools.product(NUMERIC, NUMERIC))


def _quotient_has_polars_width(a, b):
    frame = pl.DataFrame(schema={"a": getattr(pl, a.name), "b": getattr(pl, b.name)})
    theirs = str(frame.select(pl.col("a") / pl.col("b")).dtypes[0])
    assert str((column(a) / column(b)).dtype) == theirs


def test_a_constant_divisor_keeps_the_result_from_being_null():
    """Division of integers is nullable unless the divisor is a constant other than zero."""
    x = column(dtypes.INT64)
    assert not (x // 10).nullable
    assert not (x % 10).nullable
    assert (x // 0).nullable
    assert (x // x).nullable
    assert not (column(dtypes.FLOAT64) // 0).nullable


def test_a_cast_is_nullable_exactly_where_a_value_may_not_fit():
    """Only a type that does not hold all values of the old one makes a column nullable."""
    check_each(_is_nullable_where_it_may_not_fit, itertools.product(NUMERIC, SOME_OF_EACH))


def _is_nullable_where_it_may_not_fit(source, target):
    if target.is_integer and source.is_integer:
        low, high = target.bounds
        fits = low <= source.bounds[0] and source.bounds[1] <= high
    elif target.name == "Duration":
        fits = source.is_integer and source.name != "UInt64"
    else:
        fits = target.is_float or target.name == "Bool"
    made = column(source).cast(target)
    assert made.dtype == target
    assert made.nullable is not fits


def test_nullability_of_conditions_is_exact():
    """A filled column is not nullable, and only what can be null makes a result nullable."""
    x, y = column(dtypes.FLOAT64, True), column(dtypes.INT64)
    assert not x.fill_null(0).nullable
    assert not x.coalesce(x, y).nullable
    assert x.coalesce(x).nullable
    assert not x.max_horizontal(y).nullable
    assert x.clip(0, 1).nullable
    assert not y.clip(column(dtypes.INT64, True), None).nullable
    assert not (x > 0).if_else(1, 2).nullable
    assert (x > 0).if_else(x, 2.0).nullable
    assert not x.is_null().nullable
    assert not x.eq_missing(None).nullable


@pytest.mark.parametrize(
    "build, message",
    [
        (lambda x, i, s: x.clip(3.0, 1.0), "expected lo <= hi, got lo=3.0, hi=1.0"),
        (lambda x, i, s: x.round(-1), "got decimals=-1"),
        (lambda x, i, s: x.round(0, mode="up"), "got mode='up'"),
        (lambda x, i, s: x.truncate(23), "got decimals=23"),
        (lambda x, i, s: x.bucketize([2, 1]), "got 2 before 1"),
        (lambda x, i, s: x.bucketize([]), "expected numbers as edges"),
        (lambda x, i, s: x.is_in([1.0, None]), r"write x.is_in\(\[...\]\) \| x.is_null\(\)"),
        (lambda x, i, s: s.is_in("abc"), "takes a list of constants, got 'abc'"),
        (lambda x, i, s: x.is_between(0, 1, closed="up"), "got closed='up'"),
        (lambda x, i, s: i + 300, "300 .* does not fit Int8"),
        (lambda x, i, s: i + 0.5, "0.5 .* does not fit Int8"),
        (lambda x, i, s: s.cast(dtypes.DATE), "does not go from String to Date"),
        (lambda x, i, s: -i.cast(dtypes.UINT8), r"`neg` takes .* got \(UInt8\)"),
        (lambda x, i, s: (i > 0).if_else(x, s), "`then` is Float64 and `otherwise` is String"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_name(build, message):
    """A wrong parameter, constant or type is an error where the feature is defined."""
    args = column(dtypes.FLOAT64), column(dtypes.INT8), column(dtypes.STRING)
    with pytest.raises(DefinitionError, match=message):
        build(*args)


def test_equal_expressions_are_one_node():
    """The order of a set of constants does not show in a graph."""
    x = column(dtypes.INT64)
    assert x.is_in([3, 1, 2]).key == x.is_in({1, 2, 3}).key
    for fn in (operator.add, operator.lt, operator.truediv):
        assert fn(x, 2).key == fn(x, 2).key
