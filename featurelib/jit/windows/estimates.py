"""Estimates of a window: from the kept events, and from the totals of those that are not kept."""

from __future__ import annotations

from featurelib.intrinsics import i64_from_u64, u64_from_i64
from featurelib.jit.windows.bucket_tables import merge_tables, quantile_in, table_of
from featurelib.jit.windows.buckets import bucket_of, quantile_of
from featurelib.jit.windows.cells import find_forward
from featurelib.jit.windows.chunks import class_at
from featurelib.jit.windows.events import slot_at
from featurelib.jit.windows.keys import sort_keys
from featurelib.jit.windows.layout import (
    APPROX_N_UNIQUE,
    PC_ARG,
    PC_KIND,
    PL_TOTAL,
    PT_MORE,
    PW_CLASS,
    PW_COUNT,
    PW_MOST,
    PW_OP,
    PW_PART,
    PW_WHOLE,
    V_AT,
    VALUE,
    X_NODE,
    X_NODES,
    X_START,
    X_STOP,
)
from featurelib.jit.windows.memory import clear, helper, uput, uword, word
from featurelib.jit.windows.partials import value_of
from featurelib.jit.windows.registers import (
    estimate_of,
    estimate_registers,
    merge_registers,
    raise_register,
    register_key,
)
from featurelib.jit.windows.rounding import float_of
from featurelib.jit.windows.totals import head_at, payload_at, total_asked, values_at


@helper
def _collect(keys, state, plan, ask, span, q):
    """Writes the register and rank, or the bucket, of each value in the window; their number."""
    g, precision, n = word(ask, PW_CLASS), word(ask, PW_COUNT), 0
    cls, stop = class_at(plan, g), word(span, X_STOP)
    arg, kind = word(cls, PC_ARG), word(cls, PC_KIND)
    i = find_forward(state, plan, g, word(span, X_START), stop, q)
    while i < stop:
        x = value_of(slot_at(state, plan, i), plan, arg)
        if word(ask, PW_OP) == APPROX_N_UNIQUE:
            uput(keys, n, register_key(x, kind, precision))
        else:
            uput(keys, n, bucket_of(x, kind, precision))
        n += 1
        i = find_forward(state, plan, g, i + 1, stop, q)
    return n


@helper
def _node(state, plan, cell, span, k):
    """The address of the registers, or of the table, in a node that a window covers."""
    values = values_at(head_at(state, plan), plan, word(cell, PL_TOTAL))
    return payload_at(word(span, X_NODE + k) + 8 * word(values, V_AT))


@helper
def estimated(keys, state, plan, ask, cell, span, q):
    """The word of an estimate, and the reason if it has none.

    Args:
        keys: Memory of sorted keys; before it lies the memory of registers and tables.
        state: The state.
        plan: The plan.
        ask: The aggregate in the plan.
        cell: Its cell.
        span: What was found of the window.
        q: The query time.
    """
    precision, most = word(ask, PW_COUNT), word(ask, PW_MOST)
    part, whole = u64_from_i64(word(ask, PW_PART)), u64_from_i64(word(ask, PW_WHOLE))
    n, nodes = _collect(keys, state, plan, ask, span, q), 0
    is_count = word(ask, PW_OP) == APPROX_N_UNIQUE
    if word(cell, PL_TOTAL) >= 0:
        nodes = word(span, X_NODES)
    if nodes == 0:
        sort_keys(keys, n)
        if is_count:
            return estimate_of(keys, n, precision, float_of(part)), VALUE
        bits, reason = quantile_of(keys, n, part, whole, precision, most)
        return i64_from_u64(bits), reason
    words = word(total_asked(plan, word(cell, PL_TOTAL)), PT_MORE)
    room = keys - 8 * words
    if is_count:
        clear(room, words)
        for i in range(n):
            raise_register(room, uword(keys, i))
        for k in range(nodes):
            merge_registers(room, _node(state, plan, cell, span, k), precision)
        return estimate_registers(room, precision, float_of(part)), VALUE
    sort_keys(keys, n)
    table_of(room, keys, n, most)
    for k in range(nodes):
        merge_tables(room, _node(state, plan, cell, span, k), most)
    bits, reason = quantile_in(room, part, whole, precision, most)
    return i64_from_u64(bits), reason
