"""Small batches: many rows, or columns, through the same machine code as one row."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from featurelib import borders
from featurelib.borders import from_canonical
from featurelib.dtypes import DType
from featurelib.errors import InputError
from featurelib.jit import kernel as machine
from featurelib.jit.arena import ScratchArena
from featurelib.jit.memory import RaggedTensor
from featurelib_online import buffers
from featurelib_online.json_reader import JsonReader, NotPlainError
from featurelib_online.objects import fill_objects
from featurelib_online.read_plan import ReadPlan

__all__ = ["Batch", "BatchWorkspace", "NotPlainError", "RowError", "compute_parts"]

if TYPE_CHECKING:
    from featurelib_online.row import RowKernel

Array = np.ndarray[Any, Any]
CHUNK = 256
"""Rows that are read before the program runs on them: their columns stay in the first caches."""


@dataclass(frozen=True)
class RowError:
    """A row that was left out.

    Attributes:
        row: Its index in what was given.
        reason: What is wrong with it.
    """

    row: int
    reason: str


@dataclass(frozen=True)
class Batch:
    """The features of several rows, column by column.

    Attributes:
        columns: Values by feature: NumPy arrays, zero under a null; text and lists as object
            arrays of bytes and tuples. A number that stands in a tensor is a view of it.
        valid: One byte a row where a feature may be null, else None.
        types: Type of each feature.
        tensors: The tensors of the layout, shape (rows, width); a ragged one as its values and its
            offsets. They are the caller's buffers where such were given.
        errors: Rows that were left out, with their reasons.
    """

    columns: dict[str, Array]
    valid: dict[str, Array | None]
    types: dict[str, DType]
    tensors: dict[str, Array]
    errors: list[RowError] = field(default_factory=list)

    def __len__(self) -> int:
        if self.columns:
            return len(next(iter(self.columns.values())))
        # A set without features may still put inputs into tensors.
        for name, tensor in self.tensors.items():
            if tensor.ndim == 2 or name.endswith(".offsets"):
                return len(tensor) - (tensor.ndim == 1)
        return 0

    def canonical(self, name: str) -> list[Any]:
        """Values of a feature as kernels hold them; None for null."""
        values, valid, dtype = self.columns[name].tolist(), self.valid[name], self.types[name]
        if dtype.name == "Bool":
            values = [bool(v) for v in values]
        if valid is None:
            return list(values)
        return [v if ok else None for v, ok in zip(values, valid.tolist(), strict=True)]

    def __getitem__(self, row: int) -> dict[str, Any]:
        """One row as Python values."""
        if not isinstance(row, (int, np.integer)):
            raise InputError(
                f"a batch is indexed by the number of a row, got {row!r}",
                hint=f'batch.columns["{row}"] has a feature, batch.valid where it is not null',
            )
        if not -len(self) <= row < len(self):
            raise IndexError(f"row {row} of a batch of {len(self)}")
        made = {}
        for name, dtype in self.types.items():
            flags, value = self.valid[name], self.columns[name][row]
            present = flags is None or bool(flags[row])
            plain = value.item() if isinstance(value, np.generic) else value
            if dtype.name == "Bool":
                plain = bool(plain)
            made[name] = from_canonical(plain if present else None, dtype)
        return made


class BatchWorkspace:
    """Columns for a chunk of rows, with the plan that fills them and the slots of the program.

    Attributes:
        plan: Reads rows into the columns.
        outputs: The words of the program's outputs, which move with the chunk.
    """

    def __init__(self, kernel: RowKernel) -> None:
        bundle, code = kernel.bundle, kernel.kernel
        self.arena = ScratchArena(code.limit)
        views = bool(kernel.layout.views)
        self.plan = ReadPlan(bundle.schema, capacity=CHUNK, where=bundle.name, holds_text=views)
        by_name = dict(zip(bundle.schema.names, self.plan.columns, strict=True))
        columns = [machine.Column(by_name[n].values, by_name[n].valid) for n in code.inputs]
        inputs, outputs = machine.words_of(columns), np.zeros(2 * len(code.slots.outputs), np.int64)
        self.slots = code.slots_of(inputs, outputs, self.arena.address)
        self.outputs = self.slots[len(inputs) : len(inputs) + len(outputs)]
        self.plan.set_program(code.machine.address, int(self.slots.ctypes.data))

    @cached_property
    def json(self) -> JsonReader:
        """Reads JSON into the columns."""
        return JsonReader(self.plan)


def compute_rows(
    kernel: RowKernel, rows: Sequence[Any], *, collect: bool, out: Mapping[str, Any] | None
) -> Batch:
    """The features of rows given as mappings (see `RowKernel.many`)."""
    count, errors = len(rows), list[RowError]()
    starts = iter(range(0, count, CHUNK))

    def serve(work: BatchWorkspace) -> int | None:
        start = next(starts, None)
        if start is None:
            return None
        chunk = rows if count <= CHUNK else rows[start : start + CHUNK]
        try:
            return work.plan.serve_rows(chunk, start)
        except InputError:
            if not collect:
                raise
            return work.plan.serve_rows(_good(kernel, chunk, start, errors))

    views = buffers.of(out, kernel.bundle, count)
    batch = compute_parts(kernel, count, views, serve)
    batch.errors.extend(errors)
    return batch


def compute_parts(
    kernel: RowKernel,
    most: int,
    views: Mapping[str, Array],
    serve: Callable[[BatchWorkspace], int | None],
) -> Batch:
    """Rows that come part by part, each to its place; void buffers where an error leaves.

    Args:
        kernel: What is computed.
        most: Rows that will come at most.
        views: The caller's buffers.
        serve: Reads the next rows into the columns of a workspace and runs its program; gives their
            number, None if there are no more.

    Raises:
        NotPlainError: Raised by `serve`; rows before may be written.
    """
    try:
        work = kernel.batches.pop()
    except IndexError:
        work = BatchWorkspace(kernel)
    try:
        return _compute_parts(kernel, work, most, views, serve)
    except NotPlainError:
        raise
    except BaseException:
        buffers.void(views)
        raise
    finally:
        work.arena.reset()
        kernel.batches.append(work)


def _compute_parts(
    kernel: RowKernel,
    work: BatchWorkspace,
    most: int,
    views: Mapping[str, Array],
    serve: Callable[[BatchWorkspace], int | None],
) -> Batch:
    plan = kernel.outputs
    room = plan.room(most, views, view_rows=min(most, CHUNK))
    objects = {n: np.empty(most, object) for n, t in kernel.types.items() if t.kind == "v"}
    ragged = [
        (n, RaggedTensor(t, most, views.get(t.name), views.get(t.offsets_name)))
        for t, n in plan.ragged
    ]
    done = 0
    while True:
        work.outputs[:] = room.words_at(done)
        n = serve(work)
        if n is None:
            break
        for name, made in objects.items():
            fill_objects(made[done : done + n], room.columns[name].values, kernel.types[name])
        for name, tensor in ragged:
            tensor.append(room.columns[name].values[:n], done)
        work.arena.reset()
        done += n
    tensors = {name: tensor[:done] for name, tensor in room.tensors.items()}
    for (kind, _), (_, tensor) in zip(plan.ragged, ragged, strict=True):
        both = tensor.done(done, kernel.bundle.name)
        tensors[kind.name], tensors[kind.offsets_name] = both
    return _batch(kernel, room.shown(), objects, tensors, done)


def compute_columns(
    kernel: RowKernel, data: Any, *, out: Mapping[str, Any] | None, threads: int
) -> Batch:
    """The features of Arrow or NumPy columns (see `RowKernel.columns`)."""
    from featurelib_online.columns import read_columns

    bundle, code = kernel.bundle, kernel.wide_kernel
    columns, rows = read_columns(data, bundle, kernel.plain_types)
    views = buffers.of(out, bundle, rows)
    if views:
        buffers.refuse_inputs(views, columns, bundle.name)
    try:
        given = [columns[n] for n in code.inputs]
        shown, tensors = code.run(given, rows, out=views, threads=threads)
    except BaseException:
        buffers.void(views)
        raise
    objects = {n: np.empty(rows, object) for n, t in kernel.types.items() if t.kind == "v"}
    for name, made in objects.items():
        fill_objects(made, shown[name].values, kernel.types[name])
    return _batch(kernel, shown, objects, tensors, rows)


def _batch(
    kernel: RowKernel,
    shown: Mapping[str, machine.Column],
    objects: Mapping[str, Array],
    tensors: Mapping[str, Array],
    rows: int,
) -> Batch:
    """A batch of what was computed: the first rows of each column."""
    columns, valid = {}, {}
    for name in kernel.types:
        values, flags, _ = shown[name]
        columns[name] = objects.get(name, values)[:rows]
        valid[name] = None if flags is None else flags[:rows]
    order = buffers.array_names(kernel.bundle.layout)
    return Batch(columns, valid, dict(kernel.types), {n: tensors[n] for n in order})


def _good(kernel: RowKernel, chunk: Sequence[Any], start: int, errors: list[RowError]) -> list[Any]:
    good = []
    for i, row in enumerate(chunk):
        try:
            borders.canonical_row(row, kernel.bundle.schema, where=kernel.bundle.name)
            good.append(row)
        except InputError as error:
            errors.append(RowError(start + i, str(error)))
    return good
