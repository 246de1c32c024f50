"""Columns of NumPy and Arrow give the bits that their rows give, one by one."""

from __future__ import annotations

import gc
import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import featurelib as fl
import featurelib_online as online
from featurelib.errors import InputError, MissingFieldError, UnknownFieldError
from featurelib_offline.types import polars_type
from parity_tests.online.all_types import SCHEMA, assert_same, kernel, random_rows

POLARS = {f.name: polars_type(f.dtype) for f in SCHEMA.fields}
ROWS = random_rows(np.random.default_rng(7), 150)
FRAME = pl.DataFrame(ROWS, schema=POLARS)


def record_batch(frame: pl.DataFrame) -> pa.RecordBatch:
    table = frame.to_arrow().combine_chunks()
    return (table.to_batches() or [pa.RecordBatch.from_pylist([], schema=table.schema)])[0]


def of_arrow_arrays(frame: pl.DataFrame) -> dict[str, Any]:
    return {c.name: c.to_arrow() for c in frame}


def of_series(frame: pl.DataFrame) -> dict[str, Any]:
    return {c.name: c for c in frame}


def of_numpy(frame: pl.DataFrame) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for column in frame:
        plain = column.dtype.is_numeric() or column.dtype in (pl.Boolean, pl.Duration, pl.Date)
        if (plain and column.null_count() == 0) or (
            isinstance(column.dtype, pl.Array) and column.null_count() == 0 and len(column)
        ):
            made[column.name] = column.to_numpy()
        else:
            made[column.name] = np.array([*column.to_list(), None], object)[:-1]
    return made


MAKERS: dict[str, Callable[[pl.DataFrame], Any]] = {
    "polars": lambda f: f,
    "pyarrow table": lambda f: f.to_arrow(compat_level=pl.CompatLevel.oldest()),
    "pyarrow views": lambda f: f.to_arrow(compat_level=pl.CompatLevel.newest()),
    "record batch": record_batch,
    "arrow columns": of_arrow_arrays,
    "polars columns": of_series,
    "numpy": of_numpy,
}


@pytest.mark.parametrize("maker", MAKERS)
def test_columns_give_the_bits_of_their_rows(maker: str) -> None:
    """Every type, with nulls and edge values, from every kind of column."""
    assert_same(kernel().columns(MAKERS[maker](FRAME)), kernel().many(ROWS))


@pytest.mark.parametrize("maker", MAKERS)
@settings(max_examples=15, deadline=None)
@given(st.integers(0, 150), st.integers(0, 40))
def test_a_slice_is_its_own_rows(maker: str, start: int, length: int) -> None:
    """A slice at any offset, of any length, has the values and nulls of its rows."""
    part = MAKERS[maker](FRAME[start : start + length])
    assert_same(kernel().columns(part), kernel().many(ROWS[start : start + length]))


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_slices_that_the_producer_makes_are_read_at_their_offset(data: st.DataObject) -> None:
    """A record batch, and each of its columns alone, sliced by Arrow and not by Polars."""
    start = data.draw(st.integers(0, 150))
    length = data.draw(st.integers(0, 40))
    whole = record_batch(FRAME)
    expected = kernel().many(ROWS[start : start + length])
    assert_same(kernel().columns(whole.slice(start, length)), expected)
    as_struct = pa.StructArray.from_arrays(whole.columns, fields=list(whole.schema))
    assert_same(kernel().columns(as_struct.slice(start, length)), expected)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 150), max_size=6))
def test_chunks_are_one_column(cuts: list[int]) -> None:
    """A stream of any chunks, empty ones too, is the frame that they make together."""
    edges = [0, *sorted(cuts), len(ROWS)]
    batch = record_batch(FRAME)
    parts = [batch.slice(a, b - a) for a, b in itertools.pairwise(edges)]
    assert_same(kernel().columns(pa.Table.from_batches(parts)), kernel().many(ROWS))
    pieces = [FRAME[a:b] for a, b in itertools.pairwise(edges)]
    assert_same(kernel().columns(pl.concat(pieces, rechunk=False)), kernel().many(ROWS))


def test_no_rows_are_a_batch_of_no_rows() -> None:
    """Empty frames, and a stream without a chunk, give empty columns and tensors of no rows."""
    expected = kernel().many([])
    for make in MAKERS.values():
        assert_same(kernel().columns(make(FRAME[:0])), expected)
    table = pa.Table.from_batches([], schema=record_batch(FRAME).schema)
    assert_same(kernel().columns(table), expected)
    assert kernel().columns(table).tensors["dense"].shape == (0, 2)


def test_results_outlive_their_input() -> None:
    """A batch owns what it holds: the input may go."""
    frame = FRAME.clone()
    made = kernel().columns(frame)
    del frame
    gc.collect()
    assert_same(made, kernel().many(ROWS))


def test_a_column_that_is_absent_has_its_default() -> None:
    """As in a row; a default may be a number, a text or a list."""
    schema = fl.InputSchema.from_fields(
        {"x": float, "n": (int, 3), "s": (str, "some text"), "v": (list[float], [1.0, -0.0])}
    )
    features = [fl.Feature(f"f_{n}", version=1, expr=fl.col(n)) for n in schema.names]
    made = online.compile(fl.FeatureSet("d", version="1.0.0", inputs=schema, features=features))
    assert_same(made.columns({"x": np.array([1.0, 2.0])}), made.many([{"x": 1.0}, {"x": 2.0}]))


@pytest.mark.parametrize("rows", [0, 1, 3])
def test_a_table_without_columns_has_its_rows(rows: int) -> None:
    """Defaults fill them: a struct has a number of rows even if it has no member."""

    class Lenient(fl.Schema):
        n: fl.Int32 = 7

    made = fl.FeatureSet(
        "lenient",
        version="1.0.0",
        inputs=Lenient,
        features=[fl.Feature("m", version=1, expr=fl.col("n") + 1)],
    )
    table = pa.RecordBatch.from_struct_array(pa.array([{}] * rows, pa.struct([])))
    assert online.compile(made).columns(table).canonical("m") == [8] * rows


def test_an_input_in_a_tensor_has_the_canonical_nan() -> None:
    """A NaN of another payload is the canonical one, and the caller's array is left as it was."""
    odd = np.array([0x7FF8_0000_0000_0001, 0xFFF8_0000_0000_0000], np.uint64).view(np.float64)
    before = odd.tobytes()
    schema = fl.InputSchema.from_fields({"x": float})
    made = online.compile(
        fl.FeatureSet(
            "nan", version="1.0.0", inputs=schema, layout={"t": ["x"]},
            features=[fl.Feature("y", version=1, expr=fl.col("x") + 1.0)],
        )
    )  # fmt: skip
    assert set(made.columns({"x": odd}).tensors["t"].view(np.uint64).ravel().tolist()) == {
        0x7FF8_0000_0000_0000
    }
    assert odd.tobytes() == before


def refused(data: Any, **limits: Any) -> InputError:
    with pytest.raises(InputError, match="everything") as caught:
        kernel().columns(data, **limits)
    return caught.value


def test_columns_missing_unknown_or_twice_are_named() -> None:
    """Before any value is read, with the set, the field and the way out."""
    error = refused(FRAME.drop("int8_must"))
    assert isinstance(error, MissingFieldError) and error.field == "int8_must"
    error = refused(FRAME.with_columns(label=1))
    assert isinstance(error, UnknownFieldError) and error.field == "label"
    table = record_batch(FRAME)
    assert "stands twice" in str(refused(table.append_column("int8", table["int8"])))
    arrays = of_numpy(FRAME)
    assert "`bool` has 149" in str(refused(arrays | {"bool": arrays["bool"][1:]}))


def test_what_is_no_table_is_refused() -> None:
    """Rows, scalars, one Arrow column, lists, and objects that raise."""

    class Broken:
        def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
            raise RuntimeError("gone")

    for data in (ROWS, 1, None, FRAME["int8"], {n: [1] for n in SCHEMA.names}, Broken()):
        with pytest.raises(InputError):
            kernel().columns(data)
    assert "gone" in str(refused(of_numpy(FRAME) | {"bool": Broken()}))
    nulls = pa.array([ROWS[0], None], pa.struct(list(record_batch(FRAME).schema)))
    assert "row 1 is null" in str(refused(nulls))


@pytest.mark.parametrize("cut", [0, 2, 5])
def test_the_first_bad_row_is_refused_with_the_words_of_that_row(cut: int) -> None:
    """Null, a broken constraint, a value out of range: as `many` words it, in any chunk."""
    for name, value in (("int8_must", None), ("seats", -5)):
        for row in (0, 4, 9):
            rows = [dict(r) for r in ROWS[:10]]
            for at in range(row, 10, 3):
                rows[at][name] = value
            frame = pl.DataFrame(rows, schema=POLARS)
            with pytest.raises(InputError) as expected:
                kernel().many(rows)
            for data in (pl.concat([frame[:cut], frame[cut:]], rechunk=False), of_numpy(frame)):
                error = refused(data)
                assert (error.field, error.row) == (name, row)
                assert str(error) == str(expected.value)
