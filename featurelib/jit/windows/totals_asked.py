"""Totals in a query: which nodes a window covers, and what they add to what is kept."""

from __future__ import annotations

from featurelib.intrinsics import i64_floordiv
from featurelib.jit.windows.chunks import class_at
from featurelib.jit.windows.layout import (
    BEYOND_KEPT,
    F_EXPIRED,
    F_LEAVES,
    F_NEWEST,
    G_COUNT,
    G_MIN,
    KIND_FLOAT,
    LONG_AGO,
    LONG_SQUARES,
    LONG_SUM,
    NEEDS_ENDS,
    P_LATENESS,
    PC_KIND,
    PF_RESOLUTION,
    PL_TOTAL,
    PS_FAMILY,
    PT_CLASS,
    PT_NEEDS,
    T_COUNT,
    T_FINAL,
    T_LOST,
    V_AT,
    V_LOW,
    VALUE,
    X_NODE,
    X_NODES,
    X_TOTALS_REASON,
)
from featurelib.jit.windows.longs import add_signed
from featurelib.jit.windows.memory import helper, put, uword, word
from featurelib.jit.windows.partials import add_four, add_sum, total
from featurelib.jit.windows.rounding import ZERO
from featurelib.jit.windows.totals import (
    family_asked,
    family_at,
    head_at,
    merge_ends,
    n_values,
    node_at,
    parts_of,
    total_asked,
    values_at,
)


@helper
def _add_nodes(result, state, head, family, low, high):
    """Adds the nodes that cover the leaves from `low` to `high`."""
    m, n = word(family, F_LEAVES), word(result, X_NODES)
    low, high = low + m, high + m + 1
    while low < high:
        if low & 1:
            put(result, X_NODE + n, node_at(state, head, family, low))
            low, n = low + 1, n + 1
        if high & 1:
            high -= 1
            put(result, X_NODE + n, node_at(state, head, family, high))
            n += 1
        low, high = low >> 1, high >> 1
    put(result, X_NODES, n)


@helper
def find_totals(result, state, plan, span, begin, q):
    """Writes the nodes of totals that a window covers, or the reason why they do not answer it."""
    put(result, X_NODES, 0)
    put(result, X_TOTALS_REASON, VALUE)
    head, f = head_at(state, plan), word(span, PS_FAMILY)
    lost, final = word(head, T_LOST), word(head, T_FINAL)
    if lost > LONG_AGO and lost >= begin:
        put(result, X_TOTALS_REASON, BEYOND_KEPT)
        return
    if word(head, T_COUNT) == 0 or final < begin:
        return
    family = family_at(head, f)
    m, newest = word(family, F_LEAVES), word(family, F_NEWEST)
    resolution = word(family_asked(plan, f), PF_RESOLUTION)
    first = i64_floordiv(begin, resolution) if resolution > 0 else 0
    # Before that moment an event in the totals might not have been there, or was not withdrawn.
    is_early = q <= final + word(plan, P_LATENESS)
    if is_early or (m > 0 and word(family, F_EXPIRED) >= first):
        put(result, X_TOTALS_REASON, BEYOND_KEPT)
        return
    if m == 0 or first > newest:
        return
    first = max(first, newest - m + 1)
    low, high = first & (m - 1), newest & (m - 1)
    if low <= high:
        _add_nodes(result, state, head, family, low, high)
    else:
        _add_nodes(result, state, head, family, low, m - 1)
        _add_nodes(result, state, head, family, 0, high)


@helper
def add_totals(acc, state, plan, cell, result):
    """Adds the nodes of a window to a partial result: all but sums of floats."""
    head, c = head_at(state, plan), word(cell, PL_TOTAL)
    asked, values = total_asked(plan, c), values_at(head, plan, c)
    sums, squares, ends, _ = parts_of(plan, asked, values)
    needs, kind = word(asked, PT_NEEDS), word(class_at(plan, word(asked, PT_CLASS)), PC_KIND)
    for k in range(word(result, X_NODES)):
        at = word(result, X_NODE + k) + 8 * word(values, V_AT)
        if n_values(at, sums) == 0:
            continue
        if needs & NEEDS_ENDS:
            merge_ends(acc + 8 * G_MIN, at + 8 * ends, total(acc) == 0, kind)
        for i in range(sums):
            put(acc, G_COUNT + i, word(acc, G_COUNT + i) + word(at, i))
        if kind == KIND_FLOAT:
            continue
        if squares > sums:
            add_sum(acc, uword(at, sums), uword(at, sums + 1))
        if ends > squares:
            add_four(acc, uword(at, squares), uword(at, squares + 1), uword(at, squares + 2), ZERO)


@helper
def add_long_sums(scratch, state, plan, cell, result):
    """Adds the sums of floats in the nodes of a window to numbers that span all floats."""
    head, c = head_at(state, plan), word(cell, PL_TOTAL)
    asked, values = total_asked(plan, c), values_at(head, plan, c)
    sums, squares, ends, _ = parts_of(plan, asked, values)
    low = word(values, V_LOW)
    for k in range(word(result, X_NODES)):
        at = word(result, X_NODE + k) + 8 * word(values, V_AT)
        add_signed(scratch, LONG_SUM, at + 8 * sums, squares - sums, low)
        long_squares = scratch + 8 * LONG_SUM
        add_signed(long_squares, LONG_SQUARES, at + 8 * squares, ends - squares, 2 * low)
