"""Layouts of Arrow: each is read as the values that it holds, and given back once."""

from __future__ import annotations

import ctypes
import datetime as dt
import gc
from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

import featurelib as fl
from featurelib import borders
from featurelib.annotations import read_field
from featurelib.errors import FieldValueError, InputError
from featurelib.fields import Field, InputSchema
from featurelib.parity.golden_values import same_bits
from featurelib_online import arrow_c
from featurelib_online.columns import read_columns
from parity_tests.borders.border_table import TABLE, names
from parity_tests.online.all_types import stored

NAMES = names()
TAKEN = [(r.dtype, source) for r in TABLE for source in r.polars]
REFUSED = [(r.dtype, source) for r in TABLE for source in r.polars_refused]
LONG = "more than twelve bytes, é included"


def field_of(annotation: str, nullable: bool = True) -> Field:
    field = read_field("x", eval(annotation, NAMES), "S")
    return Field("x", field.dtype, nullable, constraints=field.constraints)


def read(data: Any, field: Field) -> list[Any]:
    """The canonical values that a kernel would see."""
    bundle: Any = SimpleNamespace(name="flights", schema=InputSchema("S", (field,)))
    columns, rows = read_columns({"x": data}, bundle)
    return [stored(columns["x"], field.dtype, row) for row in range(rows)]


def assert_values(data: Any, field: Field, values: list[Any]) -> None:
    expected = [borders.canonical(v, field) for v in values]
    got = read(data, field)
    assert len(got) == len(expected)
    for a, b in zip(got, expected, strict=True):
        assert same_bits(a, b, field.dtype), (a, b)


@pytest.mark.parametrize("dtype, source", TAKEN)
def test_the_border_table_holds_for_arrow(dtype: str, source: str) -> None:
    """A column that the table takes gives what the border gives for its values."""
    series: pl.Series = eval(source, NAMES)
    assert_values(series, field_of(dtype), series.to_list())


@pytest.mark.parametrize("dtype, source", REFUSED)
def test_what_the_border_table_refuses_is_refused(dtype: str, source: str) -> None:
    """With feature set, field and type."""
    field = field_of(dtype, nullable=False)
    with pytest.raises(FieldValueError, match="flights: field `x") as caught:
        read(eval(source, NAMES), field)
    assert caught.value.field == "x" and str(field.dtype) in str(caught.value)


TEXT = ["é", None, LONG, "", "exactly12345", "exactly123456", None]
LISTS = [[1, 2], None, [], [3], [4, 5, 6]]
UTC = dt.datetime(2013, 1, 1, 5, tzinfo=dt.UTC)
LAYOUTS = [
    (pa.array(TEXT, pa.string()), "fl.String"),
    (pa.array(TEXT, pa.large_string()), "fl.String"),
    (pa.array(TEXT, pa.string_view()), "fl.String"),
    (pa.array(TEXT).dictionary_encode(), "fl.String"),
    (pa.array(TEXT, pa.dictionary(pa.int8(), pa.large_string())), "fl.String"),
    (pa.DictionaryArray.from_arrays(pa.array([1, 0, None, 1]), pa.array(["a", None])), "fl.String"),
    (pa.array([None, None], pa.dictionary(pa.int32(), pa.string())), "fl.String"),
    (pa.array([5, None, 5]).dictionary_encode(), "fl.Int8"),
    (pa.array(LISTS, pa.list_(pa.int8())), "list[fl.Int16]"),
    (pa.array(LISTS, pa.large_list(pa.int16())), "list[fl.Int16]"),
    (pa.array(LISTS, pa.list_view(pa.int64())), "list[fl.Int16]"),
    (pa.array(LISTS, pa.large_list_view(pa.uint64())), "list[fl.Float64]"),
    (pa.array([[1, 2], None, [3, 4]], pa.list_(pa.int32(), 2)), "list[fl.Int32]"),
    (
        pa.array([[1.5, 2], None, [3, 4]], pa.list_(pa.float32(), 2)),
        "Annotated[list[fl.Float32], fl.Size(2)]",
    ),
    (pa.array([[True, False], None, [], [True]], pa.list_(pa.bool_())), "list[fl.Bool]"),
    (pa.array([True, None, False] * 7), "fl.Bool"),
    (pa.array([1.5, None, -0.0, float("nan")], pa.float16()), "fl.Float32"),
    (pa.array([UTC, None], pa.timestamp("s", "+05:30")), "fl.Datetime"),
    (pa.array([UTC, None], pa.timestamp("ns", "Asia/Tokyo")), "fl.Datetime"),
    (pa.array([dt.timedelta(1), None], pa.duration("s")), "fl.Duration"),
    (pa.array([dt.timedelta(-1), None], pa.duration("ns")), "fl.Duration"),
    (pa.array([UTC.date(), None], pa.date64()), "fl.Date"),
    (pa.array([UTC.date(), None, dt.date.min], pa.date32()), "fl.Date"),
    (pa.nulls(3), "fl.Float64"),
    (pa.nulls(3), "list[fl.Int16]"),
]


@pytest.mark.parametrize("array, dtype", LAYOUTS, ids=[str(a.type) for a, _ in LAYOUTS])
def test_each_layout_is_read_at_every_offset(array: pa.Array, dtype: str) -> None:
    """Bits, offsets, views, dictionaries and lists, in every slice."""
    field = field_of(dtype)
    for start in range(len(array) + 1):
        for stop in range(start, len(array) + 1):
            part = array.slice(start, stop - start)
            assert_values(part, field, part.to_pylist())


def test_what_stands_outside_a_slice_or_under_a_null_is_not_looked_at() -> None:
    """Only the values of the column can be refused."""
    hidden = pa.array([300, 1, 2, 300])
    assert read(hidden.slice(1, 2), field_of("fl.Int8")) == [1, 2]
    lists = pa.array([[300], [1], [], [300]])
    assert read(lists.slice(1, 2), field_of("list[fl.Int8]")) == [(1,), ()]
    bits = pa.py_buffer(bytes([0b01]))
    under = pa.Array.from_buffers(pa.int64(), 2, [bits, pa.py_buffer(np.array([1, 999]))])
    assert read(under, field_of("fl.Int8")) == [1, None]


REFUSALS = [
    (pa.array([1.5]).cast(pa.decimal128(5, 2)), "fl.Float64", "decimal"),
    (pa.array([b"a"]), "fl.String", "binary"),
    (pa.array([UTC.replace(tzinfo=None)]), "fl.Datetime", "no time zone"),
    (pa.array([2**60], pa.timestamp("s", "UTC")), "fl.Datetime", "the year in UTC"),
    (pa.array([2**60], pa.timestamp("us", "UTC")), "fl.Datetime", "the year in UTC"),
    (pa.array([1], pa.timestamp("ns", "UTC")), "fl.Datetime", "nanoseconds"),
    (pa.array([2**60], pa.duration("s")), "fl.Duration", "64 bits"),
    (pa.array([[1, None]]), "list[fl.Int8]", "field `x[1]`"),
    (pa.array([[[1]]]), "list[fl.Int8]", "a column of"),
    (pa.array([{"a": 1}]), "fl.Int8", "struct"),
    (pa.array([2**62 + 1]), "fl.Float64", "not exact"),
    (pa.array([1e39]), "fl.Float32", "outside Float32"),
    (pa.array([10**7], pa.date32()), "fl.Date", "the year"),
    (pa.array([1], pa.time32("s")), "fl.Int8", "tts"),
    (pa.RunEndEncodedArray.from_arrays([2], [1]), "fl.Int8", "run_end_encoded"),
    (pa.array([1]).dictionary_encode(), "fl.String", "dictionary of int64"),
]


@pytest.mark.parametrize("array, dtype, text", REFUSALS, ids=[str(a.type) for a, *_ in REFUSALS])
def test_what_would_change_is_refused(array: pa.Array, dtype: str, text: str) -> None:
    """Types that no field takes by their name, values by their row."""
    with pytest.raises(FieldValueError, match="flights: field `x") as caught:
        read(array, field_of(dtype))
    assert text in str(caught.value)


def test_integers_are_floats_only_where_they_are_exact() -> None:
    """Over 2**53 an integer is taken if its trailing zeros leave 53 bits, as a row's is."""
    edges = [2**53, 2**53 + 1, 2**53 + 2, 2**54 + 2, 2**62 + 2**10, 2**62 + 2**9, 2**63 - 1]
    for value in (*edges, *(-v for v in edges), -(2**63), 2**63, 2**64 - 2048, 2**64 - 1024):
        kind = pa.uint64() if value > 2**62 else pa.int64()
        array, field = pa.array([0, value], kind), field_of("fl.Float64")
        try:
            borders.canonical(value, field)
        except FieldValueError:
            with pytest.raises(FieldValueError, match="not exact in Float64"):
                read(array, field)
        else:
            assert_values(array, field, [0, value])


class Counted:
    """Hands over an Arrow array, and counts how often its release callback runs."""

    def __init__(self, array: pa.Array) -> None:
        self.structs = (arrow_c._Schema(), arrow_c._Array())
        array._export_to_c(*(ctypes.addressof(s) for s in reversed(self.structs)))
        self.released = [0, 0]
        self._originals = [s.release for s in self.structs]
        self._callbacks = [self._counting(i) for i in range(2)]
        for struct, callback in zip(self.structs, self._callbacks, strict=True):
            struct.release = callback

    def _counting(self, i: int) -> Any:
        original = type(self._originals[i]).from_buffer_copy(self._originals[i])
        self._originals[i] = original

        def release(struct: Any) -> None:
            self.released[i] += 1
            original(struct)

        return type(self.structs[i].release)(release)

    def __arrow_c_array__(self, requested_schema: Any = None) -> Any:
        new = ctypes.PyDLL(None).PyCapsule_New
        new.restype = ctypes.py_object
        new.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
        self._names = (b"arrow_schema", b"arrow_array")
        return tuple(
            new(ctypes.addressof(s), n, None)
            for s, n in zip(self.structs, self._names, strict=True)
        )


@pytest.mark.parametrize("dtype, times", [("fl.Float64", 1), ("fl.String", 0)])
def test_buffers_are_released_once_and_not_before_the_last_column(dtype: str, times: int) -> None:
    """The release callback runs once, when nothing looks into the buffers any more."""
    counted = Counted(pa.array([1.5, None, 2.5]))
    field = field_of(dtype)
    bundle: Any = SimpleNamespace(name="flights", schema=InputSchema("S", (field,)))
    if times:
        columns, _ = read_columns({"x": counted}, bundle)
        gc.collect()
        assert counted.released == [1, 0]
        assert columns["x"].values.tolist()[::2] == [1.5, 2.5]
        del columns
    else:  # also where the column is refused
        with pytest.raises(FieldValueError):
            read_columns({"x": counted}, bundle)
    gc.collect()
    assert counted.released == [1, 1]


def test_an_array_that_was_read_before_is_refused() -> None:
    """A producer that hands over a released struct gives an error, not a crash."""
    counted = Counted(pa.array([1.5]))
    read(counted, field_of("fl.Float64"))
    with pytest.raises(InputError, match="released or read before"):
        read(counted, field_of("fl.Float64"))


def test_a_stream_that_fails_says_why() -> None:
    """The producer's reason is in the error."""

    def batches() -> Any:
        yield pa.record_batch({"x": pa.array([1.0])})
        raise OSError("the disk is gone")

    reader = pa.RecordBatchReader.from_batches(pa.schema([("x", pa.float64())]), batches())
    bundle: Any = SimpleNamespace(
        name="flights", schema=InputSchema("S", (Field("x", fl.dtypes.FLOAT64),))
    )
    with pytest.raises(InputError, match="the disk is gone"):
        read_columns(reader, bundle)


def test_numbers_are_not_copied() -> None:
    """A column in its own type is read where it lies, in a slice too."""
    array = pa.array(np.arange(100.0)).slice(7, 50)
    field = field_of("fl.Float64")
    bundle: Any = SimpleNamespace(name="flights", schema=InputSchema("S", (field,)))
    columns, _ = read_columns({"x": array}, bundle)
    assert columns["x"].values.ctypes.data == array.buffers()[1].address + 7 * 8
