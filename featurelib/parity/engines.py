"""The engines that must agree, behind one small interface.

    reference             the bodies as CPython runs them, row by row: the meaning
    row kernel            `kernel(row)` on Python dictionaries, one at a time
    row kernel, many      `kernel.many`, in lists of several lengths
    batch kernel          the machine code over whole columns: the baseline for many rows
    batch kernel, pieces  the same in pieces of 0, 1, 2, ... rows
    batch kernel, mixed   rows in another order, columns that start inside a buffer, four threads

`featurelib.parity.border_engines` adds the row kernel's other borders (Arrow columns, JSON),
`featurelib.parity.polars_engines` the Polars ones, and `featurelib.parity.device_engine` the device
kernel, where there is a device.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from featurelib.bundle import Bundle
from featurelib.errors import MissingExtraError, ParityError
from featurelib.evaluate import Evaluator
from featurelib.intrinsics import Arena
from featurelib.jit.kernel import Column, Kernel
from featurelib.parity.values import Array, Rows, Values

__all__ = [
    "BatchKernel",
    "Engine",
    "MixedBatchKernel",
    "Outputs",
    "PartialEngine",
    "PiecewiseBatchKernel",
    "Reference",
    "RowKernelEngine",
    "RowKernelMany",
    "all_engines",
    "pieces",
    "taken",
]

Outputs = dict[str, Values]
_PIECES = (0, 1, 2, 7, 8, 9, 255, 256, 257, 1000, 4096)
"""Lengths of pieces: none, one, around a byte of flags, around a row kernel's chunk."""


class Engine(Protocol):
    """A way to compute features; every one must give the same bits."""

    @property
    def name(self) -> str:
        """For reports."""
        ...

    def compute(self, bundle: Bundle, rows: Rows) -> Outputs:
        """The values of every feature, for every row in order."""
        ...


@runtime_checkable
class PartialEngine(Engine, Protocol):
    """An engine whose input format cannot hold every row; it is compared on those that it can."""

    @property
    def lacks(self) -> str:
        """What rows hold that are left out: "NaN or an infinity, which JSON has not"."""
        ...

    def takes(self, rows: Rows) -> Array:
        """True in each row that can be given."""
        ...


def taken(engine: Engine, rows: Rows) -> Array:
    """Which rows an engine can be given: all, but for a `PartialEngine`."""
    return engine.takes(rows) if isinstance(engine, PartialEngine) else np.ones(len(rows), bool)


@dataclass(frozen=True)
class Reference:
    """The reference evaluator."""

    name: str = "reference"

    def compute(self, bundle: Bundle, rows: Rows) -> Outputs:
        """See `Engine.compute`."""
        evaluator = Evaluator(bundle.program, bundle.state, Arena())
        made = [evaluator.row(rows.canonical(i)) for i in range(len(rows))]
        return _columns(bundle, made)


@dataclass(frozen=True)
class RowKernelEngine:
    """One call for each row, from a dictionary of Python objects."""

    name: str = "row kernel"

    def compute(self, bundle: Bundle, rows: Rows) -> Outputs:
        """See `Engine.compute`."""
        from featurelib_online import compile

        kernel = compile(bundle)
        names = list(bundle.program.outputs)
        made = []
        for given in rows.all_python:
            row = kernel(given)
            made.append({name: row.canonical(name) for name in names})
        return _columns(bundle, made)


@dataclass(frozen=True)
class RowKernelMany:
    """Lists of dictionaries through one row kernel."""

    name: str = "row kernel, many"

    def compute(self, bundle: Bundle, rows: Rows) -> Outputs:
        """See `Engine.compute`."""
        from featurelib_online import compile

        kernel = compile(bundle)
        made: dict[str, list[object]] = {name: [] for name in bundle.program.outputs}
        for start, stop in pieces(len(rows)):
            batch = kernel.many(rows.all_python[start:stop])
            for name, values in made.items():
                values += batch.canonical(name)
        outputs = bundle.program.outputs
        return {n: Values.of(v, outputs[n].dtype) for n, v in made.items()}


@dataclass(frozen=True)
class BatchKernel:
    """The machine code over whole columns, one thread."""

    name: str = "batch kernel"

    def compute(self, bundle: Bundle, rows: Rows) -> Outputs:
        """See `Engine.compute`."""
        kernel = Kernel(bundle.program, bundle.state)
        return _run(kernel, _inputs(kernel, rows), len(rows))


@dataclass(frozen=True)
class PiecewiseBatchKernel:
    """The machine code in pieces of many lengths, each starting inside the columns' buffers."""

    name: str = "batch kernel, pieces"

    def compute(self, bundle: Bundle, rows: Rows) -> Outputs:
        """See `Engine.compute`."""
        kernel = Kernel(bundle.program, bundle.state)
        columns = _inputs(kernel, rows)
        parts = [
            _run(kernel, [_sliced(c, start, stop) for c in columns], stop - start)
            for start, stop in pieces(len(rows))
        ]
        return {
            name: Values(
                node.dtype,
                np.concatenate([p[name].data for p in parts]),
                np.concatenate([p[name].valid for p in parts]),
            )
            for name, node in bundle.program.outputs.items()
        }


@dataclass(frozen=True)
class MixedBatchKernel:
    """The machine code on rows in another order, by several threads.

    Attributes:
        threads: How many.
        name: For reports.
    """

    threads: int = 4
    name: str = "batch kernel, mixed"

    def compute(self, bundle: Bundle, rows: Rows) -> Outputs:
        """See `Engine.compute`."""
        kernel = Kernel(bundle.program, bundle.state)
        order = np.random.default_rng(len(rows)).permutation(len(rows))
        # Three rows more in front, so that no column begins where its buffer does.
        shifted = rows.take(np.concatenate([order[:3], order]))
        skip = len(shifted) - len(rows)
        columns = [_sliced(c, skip, len(shifted)) for c in _inputs(kernel, shifted)]
        mixed = _run(kernel, columns, len(rows), self.threads)
        back = np.empty(len(rows), np.int64)
        back[order] = np.arange(len(rows))
        return {name: values.take(back) for name, values in mixed.items()}


def pieces(rows: int) -> Iterator[tuple[int, int]]:
    """Start and stop of pieces that cover the rows, in many lengths, nothing included."""
    start = turn = 0
    while start < rows or turn == 0:
        stop = min(rows, start + _PIECES[turn % len(_PIECES)])
        yield start, stop
        start, turn = stop, turn + 1


def all_engines(names: Sequence[str] | None = None) -> list[Engine]:
    """Every engine, the reference first; or those of these names.

    Raises:
        ParityError: No engine of that name.
        MissingExtraError: An engine needs a package that is not installed.
        NoDeviceError: The device kernel is asked for by name, and there is no device.
    """
    try:
        from featurelib.parity import device_engine
        from featurelib.parity.border_engines import BORDER_ENGINES
        from featurelib.parity.polars_engines import POLARS_ENGINES
    except ImportError as error:
        raise MissingExtraError(
            f"parity needs {error.name}", hint='pip install "featurelib[parity]"'
        ) from error
    engines: list[Engine] = [
        Reference(), BatchKernel(), RowKernelEngine(), RowKernelMany(), *BORDER_ENGINES,
        PiecewiseBatchKernel(), MixedBatchKernel(), *POLARS_ENGINES,
        *device_engine.device_engines(required=names is not None and device_engine.NAME in names),
    ]  # fmt: skip
    if names is None:
        return engines
    known = {e.name: e for e in engines}
    for name in names:
        if name not in known:
            raise ParityError(f"no engine `{name}`", hint=f"there are {', '.join(known)}")
    return [known[name] for name in names]


def _columns(bundle: Bundle, made: list[dict[str, object]]) -> Outputs:
    return {
        name: Values.of([row[name] for row in made], node.dtype)
        for name, node in bundle.program.outputs.items()
    }


def _inputs(kernel: Kernel, rows: Rows) -> list[Column]:
    return [rows.columns[name].column() for name in kernel.inputs]


def _sliced(column: Column, start: int, stop: int) -> Column:
    valid = None if column.valid is None else column.valid[start:stop]
    return Column(column.values[start:stop], valid, column)


def _run(kernel: Kernel, columns: list[Column], rows: int, threads: int = 1) -> Outputs:
    outputs = kernel.run(columns, rows, threads=threads)
    nodes = zip(kernel.program.outputs.items(), outputs, strict=True)
    return {name: Values.of_column(column, node.dtype) for (name, node), column in nodes}
