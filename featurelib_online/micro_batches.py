"""Micro-batches: many rows, or columns, through the same machine code as one row.

The program writes each value where it belongs: into the caller's buffers, or new tensors.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from featurelib import borders
from featurelib.errors import InputError
from featurelib.jit import kernel as machine
from featurelib.jit.arena import ScratchArena
from featurelib.jit.kernel import Array
from featurelib.jit.memory import OutputRoom, RaggedTensor
from featurelib_online import buffers
from featurelib_online.batch import Batch, RowError
from featurelib_online.json_reader import JsonReader, NotPlainError
from featurelib_online.objects import fill_objects
from featurelib_online.read_plan import ReadPlan

if TYPE_CHECKING:
    from featurelib_online.row import RowKernel

CHUNK = 256
"""Rows that are read before the program runs on them: their columns stay in the first caches."""


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
    return _batch(kernel, room, objects, tensors, done)


def compute_columns(
    kernel: RowKernel, data: Any, *, out: Mapping[str, Any] | None, threads: int
) -> Batch:
    """The features of Arrow or NumPy columns (see `RowKernel.columns`)."""
    bundle, code = kernel.bundle, kernel.wide_kernel
    entered = kernel.entry.read(data)
    rows = entered.rows
    views = buffers.of(out, bundle, rows)
    if views:
        buffers.refuse_inputs(views, entered, bundle)
    try:
        room, tensors, keep = code.fill(entered.words, rows, out=views, threads=threads)
    except BaseException:
        buffers.void(views)
        raise
    objects = {n: np.empty(rows, object) for n, t in kernel.types.items() if t.kind == "v"}
    for name, made in objects.items():
        fill_objects(made, room.columns[name].values, kernel.types[name])
    del keep  # what the addresses point into
    entered.free()
    return _batch(kernel, room, objects, tensors, rows)


def _batch(
    kernel: RowKernel,
    room: OutputRoom,
    objects: Mapping[str, Array],
    tensors: Mapping[str, Array],
    rows: int,
) -> Batch:
    """A batch of what was computed: the first rows of each column."""
    own = dict(room.columns)
    for name, values in objects.items():
        own[name] = machine.Column(values, own[name].valid)
    ordered = {n: tensors[n] for n in buffers.array_names(kernel.bundle.layout)}
    return Batch(ordered, dict(kernel.types), rows, [], own, kernel.outputs.shown)


def _good(kernel: RowKernel, chunk: Sequence[Any], start: int, errors: list[RowError]) -> list[Any]:
    good = []
    for i, row in enumerate(chunk):
        try:
            borders.canonical_row(row, kernel.bundle.schema, where=kernel.bundle.name)
            good.append(row)
        except InputError as error:
            errors.append(RowError(start + i, str(error)))
    return good
