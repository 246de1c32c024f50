"""Small batches: many rows, or columns, through the same machine code as one row."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from featurelib import borders
from featurelib.borders import from_canonical
from featurelib.dtypes import DType
from featurelib.errors import InputError
from featurelib.jit import kernel as machine
from featurelib.jit.arena import ScratchArena
from featurelib_online.read_plan import ReadPlan

if TYPE_CHECKING:
    from featurelib_online.row import RowKernel

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
            arrays of bytes and tuples.
        valid: One byte a row where a feature may be null, else None.
        types: Type of each feature.
        tensors: The tensors of the layout, shape (rows, width).
        errors: Rows that were left out, with their reasons.
    """

    columns: dict[str, np.ndarray[Any, Any]]
    valid: dict[str, np.ndarray[Any, Any] | None]
    types: dict[str, DType]
    tensors: dict[str, np.ndarray[Any, Any]]
    errors: list[RowError] = field(default_factory=list)

    def __len__(self) -> int:
        # A set without features may still put inputs into tensors.
        return len(next(iter((self.columns or self.tensors).values()), ()))

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
    """Columns for a chunk of rows, with the plan that fills them and the slots of the program."""

    def __init__(self, kernel: RowKernel) -> None:
        bundle, code = kernel.bundle, kernel.kernel
        self.arena = ScratchArena(code.limit)
        views = any(node.dtype.kind == "v" for node in bundle.program.outputs.values())
        self.plan = ReadPlan(bundle.schema, capacity=CHUNK, where=bundle.name, holds_text=views)
        by_name = dict(zip(bundle.schema.names, self.plan.columns, strict=True))
        self.inputs = by_name
        columns = [machine.Column(by_name[n].values, by_name[n].valid) for n in code.inputs]
        self.outputs = [
            machine.empty_column(n.dtype, n.nullable, CHUNK) for n in code.slots.outputs
        ]
        self.slots = code.fill_slots(columns, self.outputs, self.arena.address)
        self.plan.set_program(code.machine.address, int(self.slots.ctypes.data))


def compute_rows(kernel: RowKernel, rows: Sequence[Any], *, collect: bool) -> Batch:
    """The features of rows given as mappings."""
    parts: list[list[machine.Column]] = []
    used: list[dict[str, np.ndarray[Any, Any]]] = []
    errors: list[RowError] = []
    nodes = kernel.kernel.slots.outputs
    try:
        work = kernel.batches.pop()
    except IndexError:
        work = BatchWorkspace(kernel)
    try:
        for start in range(0, len(rows), CHUNK):
            chunk = list(rows[start : start + CHUNK])
            try:
                n = work.plan.serve_rows(chunk, start)
            except InputError:
                if not collect:
                    raise
                chunk = _good(kernel, chunk, start, errors)
                n = work.plan.serve_rows(chunk)
            parts.append([_copied(c, o.dtype, n) for c, o in zip(work.outputs, nodes, strict=True)])
            used.append({m: work.inputs[m].values[:n].copy() for m in kernel.inputs_in_layout})
            work.arena.reset()
    finally:
        kernel.batches.append(work)
    columns = [
        machine.Column(
            _end_to_end([p[i].values for p in parts]) if parts else _nothing(node.dtype),
            _joined([p[i].valid for p in parts], node.nullable),
        )
        for i, node in enumerate(nodes)
    ]
    inputs = {
        m: _end_to_end([u[m] for u in used]) if used else np.empty(0)
        for m in kernel.inputs_in_layout
    }
    return _batch(kernel, columns, inputs, errors)


def compute_columns(kernel: RowKernel, data: Any) -> Batch:
    """The features of Arrow or NumPy columns."""
    from featurelib_online.columns import read_columns

    columns, rows = read_columns(data, kernel.bundle)
    code = kernel.wide_kernel
    outputs = code.run([columns[n] for n in code.inputs], rows)
    made = [
        machine.Column(_objects(c.values, node.dtype), c.valid) if node.dtype.kind == "v" else c
        for c, node in zip(outputs, code.slots.outputs, strict=True)
    ]
    inputs = {m: columns[m].values for m in kernel.inputs_in_layout}
    return _batch(kernel, made, inputs, [])


def _batch(
    kernel: RowKernel,
    columns: list[machine.Column],
    inputs: Mapping[str, np.ndarray[Any, Any]],
    errors: list[RowError],
) -> Batch:
    names = list(kernel.types)
    by_name = {n: c.values for n, c in zip(names, columns, strict=True)}
    first = columns[0].values if columns else next(iter(inputs.values()), ())
    rows = len(first)
    tensors = {}
    for tensor in kernel.bundle.layout.tensors:
        made = np.empty((rows, tensor.width), tensor.dtype.storage)
        at = 0
        for member, width in zip(tensor.members, tensor.widths, strict=True):
            values = by_name[member] if member in by_name else inputs[member]
            if width == 1 and values.dtype != object:
                made[:, at] = values
            elif rows:
                made[:, at : at + width] = np.array([list(v) for v in values])
            at += width
        tensors[tensor.name] = made
    valid = {n: c.valid for n, c in zip(names, columns, strict=True)}
    return Batch(by_name, valid, dict(kernel.types), tensors, errors)


def _copied(column: machine.Column, dtype: DType, rows: int) -> machine.Column:
    """The first rows, out of memory that will be used again; text as objects."""
    valid = None if column.valid is None else column.valid[:rows].copy()
    if dtype.kind != "v":
        return machine.Column(column.values[:rows].copy(), valid)
    return machine.Column(_objects(column.values[:rows], dtype), valid)


def _objects(pairs: np.ndarray[Any, Any], dtype: DType) -> np.ndarray[Any, Any]:
    """Text as bytes, lists as tuples, from their addresses and lengths."""
    objects = np.empty(len(pairs), object)
    size = 1 if dtype.name == "String" else dtype.bits // 8
    for i, (address, length) in enumerate(pairs.tolist()):
        data = ctypes.string_at(address, length * size) if length else b""
        objects[i] = data if dtype.name == "String" else _elements(data, dtype)
    return objects


def _elements(data: bytes, dtype: DType) -> tuple[Any, ...]:
    values = np.frombuffer(data, dtype.storage).tolist()
    is_bool = dtype.inner is not None and dtype.inner.name == "Bool"
    return tuple(map(bool, values)) if is_bool else tuple(values)


def _good(kernel: RowKernel, chunk: list[Any], start: int, errors: list[RowError]) -> list[Any]:
    good = []
    for i, row in enumerate(chunk):
        try:
            borders.canonical_row(row, kernel.bundle.schema, where=kernel.bundle.name)
            good.append(row)
        except InputError as error:
            errors.append(RowError(start + i, str(error)))
    return good


def _joined(parts: list[Any], nullable: bool) -> np.ndarray[Any, Any] | None:
    if not nullable:
        return None
    return _end_to_end(parts) if parts else np.empty(0, np.uint8)


def _end_to_end(parts: list[np.ndarray[Any, Any]]) -> np.ndarray[Any, Any]:
    """The parts as one array; most batches have one part, which is a copy already."""
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _nothing(dtype: DType) -> np.ndarray[Any, Any]:
    return np.empty(0, object if dtype.kind == "v" else dtype.storage)
