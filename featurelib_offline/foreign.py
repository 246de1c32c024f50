"""Frames of other libraries, to Polars and back, without changing a value on the way."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow as pa

from featurelib.border_errors import message
from featurelib.errors import FieldValueError, InputError
from featurelib.fields import InputSchema

if TYPE_CHECKING:
    from featurelib_offline.frames import Kind

_MASKED = {
    pa.int8(): "Int8", pa.int16(): "Int16", pa.int32(): "Int32", pa.int64(): "Int64",
    pa.uint8(): "UInt8", pa.uint16(): "UInt16", pa.uint32(): "UInt32", pa.uint64(): "UInt64",
    pa.bool_(): "boolean", pa.float32(): "Float32", pa.float64(): "Float64",
}  # fmt: skip


def _is_pandas(data: Any) -> bool:
    """By name: pandas is imported only by those who use it."""
    kind = type(data)
    return kind.__name__ == "DataFrame" and kind.__module__.startswith("pandas")


def column_names(data: Any) -> list[Any] | None:
    """The columns of a frame of any known library; None for anything else.

    Raises:
        InputError: A name stands twice.
    """
    if isinstance(data, pl.LazyFrame):
        names: list[Any] = data.collect_schema().names()
    elif isinstance(data, pl.DataFrame):
        names = data.columns
    elif isinstance(data, (pa.Table, pa.RecordBatch)):
        names = data.schema.names
    elif _is_pandas(data):
        names = list(data.columns)
    else:
        return None
    twice = next((n for n in names if names.count(n) > 1), None)
    if twice is not None:
        raise InputError(f"column `{twice}` stands twice in the frame", field=str(twice))
    return names


def to_polars(
    data: Any, names: list[str], schema: InputSchema, where: str
) -> tuple[pl.LazyFrame, Kind]:
    """The named columns as a lazy Polars frame, and what kind of frame they came from."""
    if isinstance(data, pl.LazyFrame):
        return data.select(names), "polars_lazy"
    if isinstance(data, pl.DataFrame):
        return data.select(names).lazy(), "polars"
    if isinstance(data, pa.Table):
        series = [_from_arrow(n, data.column(n), schema, where) for n in names]
        return pl.DataFrame(series).lazy(), "pyarrow"
    if isinstance(data, pa.RecordBatch):
        series = [_from_arrow(n, data.column(n), schema, where) for n in names]
        return pl.DataFrame(series).lazy(), "record_batch"
    series = [_from_pandas(n, data[n], schema, where) for n in names]
    return pl.DataFrame(series).lazy(), "pandas"


def _from_arrow(name: str, column: Any, schema: InputSchema, where: str) -> pl.Series:
    kind = column.type
    try:
        if pa.types.is_timestamp(kind) and kind.tz is not None:
            # Polars knows no fixed offsets and no seconds; the instant is the same in UTC.
            column = column.cast(pa.timestamp("us" if kind.unit == "s" else kind.unit, "UTC"))
        elif pa.types.is_duration(kind) and kind.unit == "s":
            column = column.cast(pa.duration("us"))
        elif pa.types.is_date64(kind):
            column = column.cast(pa.date32())
        return pl.Series(name, pl.from_arrow(column))
    except (pa.ArrowException, pl.exceptions.PolarsError) as error:
        raise _unreadable(name, f"an Arrow column of {kind}", error, schema, where) from error


def _from_pandas(name: str, column: Any, schema: InputSchema, where: str) -> pl.Series:
    field = schema.by_name.get(name)
    kind = column.dtype
    try:
        if getattr(kind, "kind", "") == "f" and type(kind).__module__.startswith("numpy"):
            series = pl.Series(name, column.to_numpy())
            # pandas has no other way to say null in such a column; elsewhere a NaN is a number.
            return series.fill_nan(None) if field is not None and field.nullable else series
        return _from_arrow(name, pa.array(column, from_pandas=True), schema, where)
    except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
        raise _unreadable(name, f"a pandas column of {kind}", error, schema, where) from error


def _unreadable(
    name: str, what: str, error: Exception, schema: InputSchema, where: str
) -> InputError:
    field = schema.by_name.get(name)
    reason = str(error).splitlines()[0] if str(error) else type(error).__name__
    if field is None:
        return InputError(f"{where}: column `{name}`, {what}: {reason}", field=name)
    return FieldValueError(message(field, what, where, None, reason=reason), field=name)


def to_record_batch(table: pa.Table) -> pa.RecordBatch:
    """A table as one batch."""
    batches = table.combine_chunks().to_batches()
    return batches[0] if batches else pa.RecordBatch.from_pylist([], schema=table.schema)


def to_pandas(result: pl.DataFrame, nullable: Collection[str], index: Any) -> Any:
    """A pandas frame; nullable numbers and truth values as masked arrays."""
    import pandas as pd

    columns = {}
    for series in result:
        array = series.to_arrow()
        masked = _MASKED.get(array.type)
        is_null = array.null_count > 0
        if masked is not None and (series.name in nullable or is_null):
            # Through the Arrow border of the masked type, which keeps NaN and null apart.
            columns[series.name] = pd.Series(
                pd.api.types.pandas_dtype(masked).__from_arrow__(array)
            )
        else:
            columns[series.name] = array.to_pandas()
    frame = pd.DataFrame(columns)
    if index is not None and len(index) == len(frame):
        frame.index = index
    return frame
