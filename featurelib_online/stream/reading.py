"""Records as machine code takes them: a row or columns of a source through its event program."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from featurelib.border_values import is_null, mapping_of
from featurelib.bundle import Bundle
from featurelib.dtypes import DType
from featurelib.fields import InputSchema
from featurelib.jit.windows.plan import Plan, width_of
from featurelib.layout import Layout
from featurelib.program import Program
from featurelib.state import FittedState
from featurelib.windows import EventPlan
from featurelib_online.row import RowKernel
from featurelib_online.stream.machine import bind_apply, bind_query
from featurelib_online.workspace import RowWorkspace

Array = np.ndarray[Any, Any]


def event_kernel(events: EventPlan, program: Program) -> RowKernel:
    """The row kernel of an event program: from a record's fields to times, id and arguments."""
    source = events.source
    meta = {
        name: {"version": 1, "description": "", "owner": "", "tags": ()} for name in program.outputs
    }
    state, layout = FittedState({}), Layout(())
    return RowKernel(Bundle(source.name, "1", "", events.schema, program, state, layout, meta))


def is_missing(record: Mapping[str, Any], schema: InputSchema, column: str) -> bool:
    """Whether a record has no value in a column, as the border sees it.

    A null of pandas or NumPy is none, a member is looked for in its Struct, and what is left out
    has the value of its default. A value that the border refuses is one.

    Args:
        record: The record.
        schema: What it is read by.
        column: The column, of a Struct's member ``place.lat``.
    """
    if column in record:
        return is_null(record[column])
    for struct in schema.structs:
        if column.startswith(f"{struct.name}."):
            given = record.get(struct.name, struct.default if struct.has_default else None)
            return is_null(_member(given, struct.dtype, column.removeprefix(f"{struct.name}.")))
    field = schema[column]
    return not field.has_default or is_null(field.default)


def _member(value: Any, dtype: DType, path: str) -> Any:
    """A member of a Struct's value, None where it has none; what is no Struct as it is."""
    held = None if is_null(value) else mapping_of(value)
    if held is None:
        return value
    for name, inner, _ in dtype.fields:
        if name == path:
            return held.get(name)
        if path.startswith(f"{name}."):
            return _member(held.get(name), inner, path.removeprefix(f"{name}."))
    return None


class RecordReader:
    """Reads one record at a time into memory that stays where it is. One call at a time.

    Args:
        kernel: What `event_kernel` made.
        plan: The plan of the source.

    Attributes:
        apply: Applies the record that was read to the state at an address; gives the outcome.
        record: The address of the record, as it was read last.
        query: Answers a query; see `featurelib_online.stream.machine.bind_query`.
        words: The workspace, with the answers at its front.
    """

    __slots__ = ("_arena", "_keep", "_plan", "_serve_quick", "apply", "query", "record", "words")

    def __init__(self, kernel: RowKernel, plan: Plan) -> None:
        layout = kernel.layout
        made = RowWorkspace(kernel.bundle, kernel.kernel, layout)
        base = int(made.block.ctypes.data)
        described = []
        for name, node in kernel.bundle.program.outputs.items():
            valid = base + layout.valid[name] if node.nullable else 0
            described += [base + layout.offsets[name], valid, width_of(node.dtype)]
        columns: Array = np.array(described, np.int64)
        record: Array = np.zeros(plan.slot_words, np.int64)
        self.words: Array = np.zeros(plan.work_words, np.int64)
        self._keep = (made, columns, record, plan)
        self.record = int(record.ctypes.data)
        self.apply = bind_apply(plan.address, int(columns.ctypes.data), self.record)
        self.query = bind_query(plan.address, int(self.words.ctypes.data))
        self._plan, self._arena = made.plan, made.arena
        self._serve_quick = made.plan.serve_quick

    def read(self, event: Any) -> None:
        """Reads a record and runs the event program on it.

        Raises:
            InputError: A field is not of the schema's type, or breaks its constraints.
        """
        if self._serve_quick(event):
            self._plan.serve(event)
        self._arena.reset()
