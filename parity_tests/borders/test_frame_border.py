"""The border for frames: the same table as for Python values, on columns."""

import datetime as dt
from collections.abc import Callable
from typing import Annotated, Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import featurelib as fl
from featurelib import borders
from featurelib.annotations import read_field
from featurelib.errors import FieldValueError, InputError, MissingFieldError, UnknownFieldError
from featurelib.fields import Field, InputSchema
from featurelib_offline.frames import read_frame
from featurelib_offline.types import polars_type
from parity_tests.borders.border_table import TABLE, names
from parity_tests.cases import check_each

NAMES = names()
ENGINES = ("in-memory", "streaming")
TAKEN = [(r.dtype, source) for r in TABLE for source in r.polars]
REFUSED = [(r.dtype, source) for r in TABLE for source in r.polars_refused]
GIVEN: dict[str, Callable[[pl.DataFrame], Any]] = {
    "polars": lambda df: df,
    "lazy": lambda df: df.lazy(),
    "pyarrow": lambda df: df.to_arrow(compat_level=pl.CompatLevel.oldest()),
    "pyarrow views": lambda df: df.to_arrow(compat_level=pl.CompatLevel.newest()),
    "record batch": lambda df: df.to_arrow().to_batches()[0],
}


def schema_of(annotation: Any, nullable: bool = False) -> InputSchema:
    if isinstance(annotation, str):
        annotation = eval(annotation, NAMES)
    field = read_field("x", annotation, "S")
    return InputSchema(
        "S", (Field("x", field.dtype, nullable or field.nullable, constraints=field.constraints),)
    )


def frame_of(source: str) -> pl.DataFrame:
    series: pl.Series = eval(source, NAMES)
    return series.alias("x").to_frame()


def run(data: Any, schema: InputSchema) -> pl.DataFrame:
    """Reads a frame and runs its plan, whichever of the two refuses it."""
    frame = read_frame(data, schema, where="flights")
    with frame.naming_faults():
        return frame.checked().collect(engine="streaming")


@pytest.mark.parametrize("kind", GIVEN)
def test_taken_columns_mean_what_their_values_mean(kind: str) -> None:
    """A column that is taken gives, row by row, what the border for values gives."""
    check_each(_means_what_its_values_mean, ((dtype, source, kind) for dtype, source in TAKEN))


def _means_what_its_values_mean(dtype: str, source: str, kind: str) -> None:
    schema, data = schema_of(dtype), frame_of(source)
    field = schema["x"]
    result = read_frame(GIVEN[kind](data), schema).checked().collect(engine="in-memory")
    assert result.schema == {"x": polars_type(field.dtype)}
    got = [borders.canonical(v, field) for v in result["x"].to_list()]
    assert got == [borders.canonical(v, field) for v in data["x"].to_list()]


@pytest.mark.parametrize("kind", GIVEN)
def test_refused_columns_name_field_and_type(kind: str) -> None:
    """A column that is refused names feature set, field and type, in memory and in a plan."""
    check_each(_refusal_names_field_and_type, ((dtype, source, kind) for dtype, source in REFUSED))


def _refusal_names_field_and_type(dtype: str, source: str, kind: str) -> None:
    schema = schema_of(dtype)
    with pytest.raises(FieldValueError, match="flights: field `x") as caught:
        run(GIVEN[kind](frame_of(source)), schema)
    assert caught.value.field == "x"
    assert str(schema["x"].dtype) in str(caught.value)


CONSTRAINED = {
    "finite": (Annotated[float, fl.Constraints(finite=True)], [1.0, float("nan"), float("inf")]),
    "bounds": (Annotated[float, fl.Constraints(ge=0, lt=2)], [-0.0, -1.0, 2.0, float("nan"), 1.5]),
    "upper": (Annotated[float, fl.Constraints(gt=0, le=2)], [0.0, 2.0, 2.5, float("nan")]),
    "float32": (Annotated[fl.Float32, fl.Constraints(le=0.1)], [0.1, 0.1000000001, 0.11]),
    "integer": (Annotated[fl.Int8, fl.Constraints(ge=-3)], [-4, -3, 300]),
    "instant": (
        Annotated[fl.Datetime, fl.Constraints(ge=dt.datetime(2013, 1, 1, tzinfo=dt.UTC))],
        [dt.datetime(y, 1, 1, tzinfo=dt.UTC) for y in (2012, 2013)],
    ),
    "choice": (Annotated[str, fl.Constraints(one_of=("a", "é"))], ["a", "é", "e"]),
    "length": (Annotated[str, fl.Constraints(max_length=2)], ["éé", "abc", ""]),
    "items": (Annotated[list[int], fl.Constraints(max_length=1)], [[], [1], [1, 2]]),
    "finite items": (Annotated[list[float], fl.Constraints(finite=True)], [[1.0], [float("inf")]]),
}


@pytest.mark.parametrize("name", CONSTRAINED)
def test_constraints_hold_for_columns_as_for_values(name: str) -> None:
    """A frame refuses exactly the rows that the border for values refuses, with its words."""
    annotation, values = CONSTRAINED[name]
    schema = schema_of(annotation)
    expected = {}
    for row, value in enumerate(values):
        try:
            borders.canonical(value, schema["x"])
        except FieldValueError as error:
            expected[row] = (
                str(error).partition("\n")[0].rpartition("): ")[2].partition(", got ")[0]
            )
    data = pl.DataFrame({"x": pl.Series(values)})
    good, bad = read_frame(data, schema, check=False).split()
    refused = bad.collect(engine="in-memory")
    assert refused["row"].to_list() == list(expected)
    assert good.collect(engine="in-memory").height == len(values) - len(expected)
    for row, reasons in refused.select("row", "reasons").rows():
        assert expected[row] in reasons[0]


@given(st.lists(st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1)), max_size=8))
@settings(max_examples=30, deadline=None)
def test_integer_columns_lose_nothing(values: list[int | None]) -> None:
    """An Int64 column becomes Float64 or Int32 row by row as its values do, else is refused."""
    data = pl.DataFrame({"x": pl.Series(values, dtype=pl.Int64)})
    for dtype in ("fl.Float64", "fl.Int32", "fl.UInt64"):
        schema = schema_of(dtype, nullable=True)
        good, bad = read_frame(data, schema, check=False).split()
        taken = []
        for value in values:
            try:
                taken.append(borders.canonical(value, schema["x"]))
            except FieldValueError:
                continue
        assert good.collect(engine="in-memory")["x"].to_list() == taken
        assert bad.collect(engine="in-memory").height == len(values) - len(taken)


@pytest.mark.parametrize("engine", ENGINES)
def test_split_loses_no_row(engine: Any) -> None:
    """Good and refused rows together are the input; a refused one keeps its index and columns."""
    schema = InputSchema.from_fields(
        {"a": fl.Int8, "b": Annotated[str, fl.Constraints(max_length=1)]}
    )
    rows = 3_000
    data = pl.DataFrame({"a": range(rows), "b": ["x", "yy", None] * (rows // 3), "c": range(rows)})
    good, bad = read_frame(data.lazy(), schema, keep=["c"]).split()
    kept, refused = good.collect(engine=engine), bad.collect(engine=engine)
    assert kept["c"].to_list() == list(range(0, 128, 3))
    assert sorted(kept["c"].to_list() + refused["row"].to_list()) == list(range(rows))
    worst = refused.filter(pl.col("row") == 1_000)
    assert worst["input"].to_list() == [{"a": 1_000, "b": "yy", "c": 1_000}]
    assert len(worst["reasons"][0]) == 2


@pytest.mark.parametrize("engine", ENGINES)
def test_a_lazy_frame_names_the_first_bad_row(engine: Any) -> None:
    """A plan that meets a refused row stops, and the error has its row and value."""
    values = [1.0] * 5_000 + [None] + [1.0] * 5
    frame = read_frame(pl.LazyFrame({"x": values}), schema_of("fl.Float64"), where="flights")
    with (
        pytest.raises(FieldValueError, match=r"flights: .*got None .* in row 5000") as e,
        frame.naming_faults(),
    ):
        frame.checked().collect(engine=engine)
    assert e.value.row == 5_000


def test_pandas_nan_is_null_only_in_a_nullable_field_of_a_pandas_frame() -> None:
    """NaN in a pandas float column is null where the field is nullable, else stays a NaN."""
    data = pd.DataFrame({"x": [1.5, np.nan]})
    taken = read_frame(data, schema_of("fl.Float64", nullable=True)).checked().collect()
    assert taken["x"].to_list() == [1.5, None]
    taken = read_frame(data, schema_of("fl.Float64")).checked().collect()
    assert np.isnan(taken["x"][1]) and taken["x"].null_count() == 0
    taken = read_frame(pl.DataFrame({"x": [np.nan]}), schema_of("fl.Float64", nullable=True))
    assert taken.checked().collect()["x"].null_count() == 0


PANDAS = {
    "fl.Int64": pd.Series([1, None], dtype="Int64"),
    "fl.Bool": pd.Series([True, None], dtype=object),
    "fl.String": pd.Series(pd.Categorical(["a", None])),
    "fl.Datetime": pd.Series(pd.to_datetime(["2013-01-01", None])).dt.tz_localize("Asia/Tokyo"),
    "fl.Float64": pd.Series([1.5, None], dtype="Float64"),
    "fl.Date": pd.Series([dt.date(2013, 1, 1), None]),
}


@pytest.mark.parametrize("dtype", PANDAS)
def test_pandas_columns_keep_their_values(dtype: str) -> None:
    """Masked, categorical, zoned and object columns of pandas mean what their values mean."""
    schema = schema_of(dtype, nullable=True)
    column = PANDAS[dtype]
    result = read_frame(column.to_frame("x"), schema).checked().collect()["x"].to_list()
    first, missing = [borders.canonical(v, schema["x"]) for v in result]
    assert first == borders.canonical(column.to_list()[0], schema["x"]) and missing is None


@pytest.mark.parametrize(
    "array, dtype",
    [
        (pa.array(["a", None]).dictionary_encode(), "fl.String"),
        (pa.array([1, None]).dictionary_encode(), "fl.Int8"),
        (pa.array([1, None], pa.timestamp("s", "+05:30")), "fl.Datetime"),
        (pa.array([1, None], pa.duration("s")), "fl.Duration"),
        (pa.array([86_400_000, None], pa.date64()), "fl.Date"),
        (pa.nulls(2), "fl.Float64"),
    ],
)
def test_arrow_columns_keep_their_values(array: pa.Array, dtype: str) -> None:
    """Dictionaries, fixed offsets, seconds, date64 and all-null columns are read without loss."""
    schema = schema_of(dtype, nullable=True)
    result = read_frame(pa.table({"x": array}), schema).checked().collect()["x"].to_list()
    assert [borders.canonical(v, schema["x"]) for v in result] == [
        borders.canonical(v, schema["x"]) for v in array.to_pylist()
    ]


def test_days_of_pandas_are_objects() -> None:
    """Pandas has no column type for days: the hint names the way, and the way is taken."""
    days = pl.Series("x", [dt.date(2020, 2, 29), None]).to_frame().to_pandas()
    with pytest.raises(FieldValueError) as refused:
        run(days, schema_of("fl.Date", nullable=True))
    assert ".dt.date in pandas" in str(refused.value.hint)
    taken = run(days.assign(x=days["x"].dt.date), schema_of("fl.Date", nullable=True))
    assert taken["x"].to_list() == [dt.date(2020, 2, 29), None]


def test_seconds_that_do_not_fit_are_refused() -> None:
    """An Arrow instant that overflows microseconds is an error, never another instant."""
    table = pa.table({"x": pa.array([2**60], pa.timestamp("s", "UTC"))})
    with pytest.raises(FieldValueError, match="field `x` takes Datetime"):
        read_frame(table, schema_of("fl.Datetime"))


def test_columns_missing_and_unknown_are_named() -> None:
    """A frame without a column, or with one too many, is refused before data is read."""
    schema = InputSchema.from_fields({"distance": float, "seats": (int, 100)})
    with pytest.raises(MissingFieldError, match=r"`distance`.* is missing"):
        read_frame(pl.LazyFrame({"seats": [1]}), schema)
    with pytest.raises(UnknownFieldError, match="`label` is not in the input schema"):
        read_frame(pl.LazyFrame({"distance": [1.0], "label": [1]}), schema)
    frame = read_frame(pl.DataFrame({"distance": [1, 2], "label": [5, 6]}), schema, keep=["label"])
    assert frame.checked().collect().to_dict(as_series=False) == {
        "distance": [1.0, 2.0], "seats": [100, 100], "label": [5, 6],
    }  # fmt: skip
    with pytest.raises(InputError, match="keep: no column `nope`"):
        read_frame(pl.LazyFrame({"distance": [1.0]}), schema, keep=["nope"])
    with pytest.raises(InputError, match="a frame is"):
        read_frame({"distance": [1.0]}, schema)


def test_the_same_kind_of_frame_comes_out() -> None:
    """Polars gives Polars, Arrow Arrow, pandas pandas with its index and whole integers."""
    schema = schema_of("fl.Int64", nullable=True)
    data = pl.DataFrame({"x": [2**62 + 1, None]})
    for kind, make in GIVEN.items():
        given_ = make(data)
        frame = read_frame(given_, schema)
        out = frame.restore(frame.checked(), nullable={"x"})
        assert type(out) is type(given_), kind
    frame = read_frame(
        pd.DataFrame({"x": pd.array([2**62 + 1, None], "Int64")}, index=[7, 9]), schema
    )
    out = frame.restore(frame.checked(), nullable={"x"})
    assert out.index.tolist() == [7, 9] and out["x"].tolist() == [2**62 + 1, pd.NA]
    empty = pa.RecordBatch.from_pylist([], schema=pa.schema([("x", pa.int64())]))
    frame = read_frame(empty, schema)
    assert frame.restore(frame.checked()).num_rows == 0
