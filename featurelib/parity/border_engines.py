"""The row kernel's other borders as engines: Arrow record batches, and JSON text.

    row kernel, columns  `kernel.columns`, record batches that start inside their buffers
    row kernel, JSON     `kernel.json`, one object at a time and arrays of objects

JSON has no NaN and no infinities: rows that hold one are left out, and counted.
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from featurelib.bundle import Bundle
from featurelib.parity.engines import Engine, Outputs, pieces
from featurelib.parity.polars_engines import frame_of
from featurelib.parity.values import Array, Rows, Values

__all__ = ["BORDER_ENGINES", "RowKernelColumns", "RowKernelJson", "json_text"]

_SINGLES = 400
"""Rows at the front that are sent one by one: the edges are among them."""
_US = dt.timedelta(microseconds=1)


@dataclass(frozen=True)
class RowKernelColumns:
    """Arrow record batches through one row kernel.

    Every second piece comes as a table of two chunks, so that both Arrow interfaces are read.
    """

    name: str = "row kernel, columns"

    def compute(self, bundle: Bundle, rows: Rows) -> Outputs:
        """See `Engine.compute`."""
        from featurelib_online import compile

        kernel = compile(bundle)
        order = np.arange(len(rows))
        # Three rows more in front: a slice then begins inside its buffers, and inside a byte.
        shifted = rows.take(np.concatenate([order[:3], order]))
        skip = len(shifted) - len(rows)
        whole = _record_batch(shifted)
        made: dict[str, list[object]] = {name: [] for name in bundle.program.outputs}
        for turn, (start, stop) in enumerate(pieces(len(rows))):
            part: Any = whole.slice(skip + start, stop - start)
            if turn % 2:
                half = len(part) // 2
                part = pa.Table.from_batches([part.slice(0, half), part.slice(half)])
            batch = kernel.columns(part)
            for name, values in made.items():
                values += batch.canonical(name)
        return _outputs(bundle, made)


@dataclass(frozen=True)
class RowKernelJson:
    """JSON text through one row kernel: objects first, then arrays of objects.

    Objects are written in ASCII with escapes, arrays as UTF-8 bytes.
    """

    name: str = "row kernel, JSON"
    lacks: str = "NaN or an infinity, which JSON has not"

    def takes(self, rows: Rows) -> Array:
        """True in each row whose numbers are finite."""
        made = np.ones(len(rows), bool)
        for values in rows.columns.values():
            made &= _finite(values)
        return made

    def compute(self, bundle: Bundle, rows: Rows) -> Outputs:
        """See `Engine.compute`."""
        from featurelib_online import compile

        kernel = compile(bundle)
        made: dict[str, list[object]] = {name: [] for name in bundle.program.outputs}
        singles = min(_SINGLES, len(rows))
        for given in rows.all_python[:singles]:
            row = kernel.json(json_text(given))
            for name, values in made.items():
                values.append(row.canonical(name))
        for start, stop in pieces(len(rows) - singles):
            part = rows.all_python[singles + start : singles + stop]
            batch = kernel.json(json_text(part, ascii_only=False).encode())
            for name, values in made.items():
                values += batch.canonical(name)
        return _outputs(bundle, made)


def json_text(value: Any, *, ascii_only: bool = True) -> str:
    """Python values as a client writes them: times in ISO 8601.

    Args:
        value: A row, or a list of rows.
        ascii_only: Whether other characters are written as escapes.

    Raises:
        ValueError: A number is not finite.
    """
    return json.dumps(value, allow_nan=False, ensure_ascii=ascii_only, default=_time_text)


def _time_text(value: Any) -> str:
    if isinstance(value, dt.timedelta):
        sign, micros = "-" if value < dt.timedelta() else "", abs(value // _US)
        return f"{sign}PT{micros // 10**6}.{micros % 10**6:06d}S"
    if isinstance(value, dt.datetime):
        offset = value.utcoffset() or dt.timedelta()
        if offset % dt.timedelta(minutes=1):
            # Offsets of the time before zones have seconds, which ISO 8601 cannot write.
            value = value.astimezone(dt.UTC)
        return str(value.isoformat())
    if isinstance(value, dt.date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} is no value of a row")


def _finite(values: Values) -> Array:
    """Whether each value of a column is finite; so is null, and what is no number."""
    inner = values.dtype.inner
    if inner is None:
        is_float = values.dtype.is_float
        return np.isfinite(values.data) if is_float else np.ones(len(values), bool)
    if not inner.is_float:
        return np.ones(len(values), bool)
    wrong = ~np.isfinite(np.frombuffer(b"".join(values.data), values.dtype.storage))
    counts = np.concatenate([[0], np.cumsum(wrong)])
    sizes = np.fromiter(map(len, values.data), np.int64, len(values))
    stops = np.cumsum(sizes // (inner.bits // 8))
    made: Array = counts[stops] == counts[np.concatenate([[0], stops[:-1]])]
    return made


def _record_batch(rows: Rows) -> pa.RecordBatch:
    table = frame_of(rows).to_arrow().combine_chunks()
    batches = table.to_batches()
    return batches[0] if batches else pa.RecordBatch.from_pylist([], schema=table.schema)


def _outputs(bundle: Bundle, made: dict[str, list[object]]) -> Outputs:
    outputs = bundle.program.outputs
    return {name: Values.of(values, outputs[name].dtype) for name, values in made.items()}


BORDER_ENGINES: list[Engine] = [RowKernelColumns(), RowKernelJson()]
