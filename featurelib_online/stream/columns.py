"""Many records at once: columns of a source through the event program, each row to its state."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, MutableMapping
from typing import Any

import numpy as np

from featurelib.jit.windows import entries
from featurelib.jit.windows.plan import Plan, width_of
from featurelib.node import input_node
from featurelib.program import Program
from featurelib.windows import EventPlan
from featurelib_online.row import RowKernel
from featurelib_online.stream.growing import NO_ROOM, grow
from featurelib_online.stream.state import State, check_definition, only_asked

_KEY = "key"
"""The output that holds the entity, beside those of the event program; no role has that name."""


def with_key(events: EventPlan) -> Program:
    """The event program with the entity as one more output."""
    field = events.schema[events.source.key]
    key = input_node(field.name, field.dtype, field.nullable)
    return Program({**events.program.outputs, _KEY: key})


def apply_columns(
    kernel: RowKernel,
    plan: Plan,
    where: str,
    states: MutableMapping[Any, State],
    data: Any,
    new: Callable[[], State],
) -> Counter[int | None]:
    """Applies the rows of columns in their order; counts outcomes, None of rows without a key."""
    batch = kernel.columns(data)
    described = []
    for name, node in plan.events.program.outputs.items():
        flags = batch.valid[name]
        address = 0 if flags is None else int(flags.ctypes.data)
        described += [int(batch.columns[name].ctypes.data), address, width_of(node.dtype)]
    columns = np.array(described, np.int64)
    record = np.zeros(plan.slot_words, np.int64)
    addresses = plan.address, int(columns.ctypes.data)
    names = [k.decode() if isinstance(k, bytes) else k for k in batch.canonical(_KEY)]
    for name in dict.fromkeys(names):
        known = None if name is None else states.get(name)
        if known is not None:
            check_definition(known, plan, where)
            if not isinstance(known, State):
                raise only_asked(where, known)
    outcomes: Counter[int | None] = Counter()
    apply_row, scratch = entries.apply_row, int(record.ctypes.data)
    for row, name in enumerate(names):
        if name is None:
            outcomes[None] += 1
            continue
        state = states.get(name)
        if state is None:
            state = states[name] = new()
        outcome = apply_row(state.address, *addresses, row, scratch)
        while outcome in NO_ROOM:
            grow(plan, state, outcome, scratch)
            outcome = apply_row(state.address, *addresses, row, scratch)
        outcomes[outcome] += 1
    return outcomes
