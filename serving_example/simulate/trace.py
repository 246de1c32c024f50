"""Requests that arrive: what every policy of a comparison is given, to the bit.

A trace is recorded or drawn; it is kept as a Parquet or CSV file of five columns: ``time``,
``model``, ``rows``, ``deadline``, ``tenant``.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from featurelib.errors import InputError

__all__ = ["COLUMNS", "Array", "Trace", "merged", "read", "write"]

Array = np.ndarray[Any, Any]
COLUMNS = ("time", "model", "rows", "deadline", "tenant")


@dataclass(frozen=True, eq=False)
class Trace:
    """Requests in the order of their arrival; arrays of equal length.

    Attributes:
        times: When each arrives, in seconds of one clock; float64.
        models: Index into `model_names`; int64.
        rows: Rows of each; int64.
        deadlines: When its answer is worth nothing any more, of the same clock; float64.
        tenants: Index into `tenant_names`; int64.
        model_names: The models.
        tenant_names: The tenants; one without a name if nobody tells them apart.

    Raises:
        InputError: Arrays of other lengths or types, a request before the one that stands before
            it, without rows, with a deadline before its arrival, or of a model that has no name.
    """

    times: Array
    models: Array
    rows: Array
    deadlines: Array
    tenants: Array
    model_names: tuple[str, ...]
    tenant_names: tuple[str, ...] = ("",)

    def __post_init__(self) -> None:
        count = len(self.times)
        for name, dtype in _DTYPES.items():
            array = getattr(self, name)
            if array.shape != (count,) or array.dtype != dtype:
                raise InputError(
                    f"trace: expected `{name}` of {count} {np.dtype(dtype)}, "
                    f"got {array.dtype} of shape {array.shape}"
                )
        for name, wrong in (
            ("times", ~np.isfinite(self.times) | (np.diff(self.times, prepend=-np.inf) < 0)),
            ("rows", self.rows < 1),
            ("deadlines", ~(self.deadlines >= self.times)),
            ("models", ~_is_index(self.models, self.model_names)),
            ("tenants", ~_is_index(self.tenants, self.tenant_names)),
        ):
            if wrong.any():
                place = int(np.flatnonzero(wrong)[0])
                raise InputError(
                    f"trace, request {place}: got {name[:-1]}={getattr(self, name)[place]}",
                    hint="requests are in order of time, have a row or more, a deadline that is "
                    "not before their time, and a model and a tenant that have names",
                )

    def __len__(self) -> int:
        return len(self.times)

    @property
    def seconds(self) -> float:
        """From the first arrival to the last deadline; 0.0 if there is no request."""
        return float(self.deadlines.max() - self.times[0]) if len(self) else 0.0

    def only(self, kept: Array) -> Trace:
        """The requests where `kept` is True."""
        return Trace(
            self.times[kept], self.models[kept], self.rows[kept], self.deadlines[kept],
            self.tenants[kept], self.model_names, self.tenant_names,
        )  # fmt: skip


_DTYPES: dict[str, Any] = {
    "times": np.float64, "models": np.int64, "rows": np.int64, "deadlines": np.float64,
    "tenants": np.int64,
}  # fmt: skip


def merged(traces: Sequence[Trace]) -> Trace:
    """All requests of several traces in order of time; names that are equal mean the same."""
    models = tuple(dict.fromkeys(n for t in traces for n in t.model_names))
    tenants = tuple(dict.fromkeys(n for t in traces for n in t.tenant_names))
    columns = [
        (
            t.times,
            np.array([models.index(n) for n in t.model_names], np.int64)[t.models],
            t.rows,
            t.deadlines,
            np.array([tenants.index(n) for n in t.tenant_names], np.int64)[t.tenants],
        )
        for t in traces
    ]
    times, *others = (np.concatenate(parts) for parts in zip(*columns, strict=True))
    return _sorted(times, others, models, tenants)


def read(path: Path) -> Trace:
    """Reads a recorded trace; the file's name ends in ``.parquet`` or ``.csv``.

    ``tenant`` may be missing. Requests may stand in any order; times keep their own clock.

    Raises:
        InputError: A column is missing, or a value is none of its type.
    """
    if path.suffix == ".parquet":
        import pyarrow.parquet as pq

        table = pq.read_table(path)
        columns = {n: table.column(n).to_pylist() for n in COLUMNS if n in table.column_names}
    else:
        with path.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            lines = list(reader)
            columns = {n: [r[n] for r in lines] for n in COLUMNS if n in (reader.fieldnames or ())}
    missing = [n for n in COLUMNS[:4] if n not in columns]
    if missing:
        raise InputError(f"{path}: no column `{missing[0]}`", hint=f"it has {', '.join(COLUMNS)}")
    count = len(columns["time"])
    models, model_names = _coded([str(v) for v in columns["model"]])
    tenants, tenant_names = _coded([str(v) for v in columns.get("tenant", [""] * count)])
    try:
        times = np.array(columns["time"], np.float64)
        deadlines = np.array(columns["deadline"], np.float64)
        rows = np.array([int(v) for v in columns["rows"]], np.int64)
    except (TypeError, ValueError) as error:
        raise InputError(f"{path}: {error}", hint="times in seconds, rows whole numbers") from error
    return _sorted(times, (models, rows, deadlines, tenants), model_names, tenant_names)


def write(trace: Trace, path: Path) -> None:
    """Writes a trace so that `read` gives the same bits."""
    models = [trace.model_names[i] for i in trace.models]
    tenants = [trace.tenant_names[i] for i in trace.tenants]
    columns: tuple[list[Any], ...] = (
        trace.times.tolist(), models, trace.rows.tolist(), trace.deadlines.tolist(), tenants,
    )  # fmt: skip
    if path.suffix == ".parquet":
        import pyarrow as pa
        import pyarrow.parquet as pq

        pq.write_table(pa.table(dict(zip(COLUMNS, columns, strict=True))), path)
        return
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(zip(*columns, strict=True))


def _sorted(
    times: Array, others: Sequence[Array], models: tuple[str, ...], tenants: tuple[str, ...]
) -> Trace:
    order = np.argsort(times, kind="stable")
    picked, rows, deadlines, of = (array[order] for array in others)
    return Trace(times[order], picked, rows, deadlines, of, models, tenants)


def _coded(values: Sequence[str]) -> tuple[Array, tuple[str, ...]]:
    names = tuple(dict.fromkeys(values)) or ("",)
    places = {name: place for place, name in enumerate(names)}
    return np.array([places[v] for v in values], np.int64), names


def _is_index(array: Array, names: Sequence[str]) -> Array:
    return (array >= 0) & (array < len(names))
