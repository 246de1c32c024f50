"""Families of totals: a ring of tiles with a binary tree over them.

The leaf of a tile is its number modulo the number of leaves, so the leaves are those of the newest
tiles. The lifetime is a family of one tile.
"""

from __future__ import annotations

from featurelib.intrinsics import i64_floordiv, u64_from_i64
from featurelib.jit.windows.chunks import class_at
from featurelib.jit.windows.events import mixed
from featurelib.jit.windows.layout import (
    E_T,
    F_EXPIRED,
    F_LEAVES,
    F_NEWEST,
    F_SIZE,
    N_EVENTS,
    NEEDS_SUM,
    P_FAMILIES,
    PC_ARG,
    PC_KIND,
    PF_FIRST,
    PF_LEAVES,
    PF_RESOLUTION,
    PF_TOTALS,
    PT_CLASS,
    PT_NEEDS,
    T_CHECK,
    V_HIGH,
    V_LOW,
)
from featurelib.jit.windows.memory import clear, helper, put, uput, uword, word
from featurelib.jit.windows.partials import passes, value_of
from featurelib.jit.windows.rounding import ZERO
from featurelib.jit.windows.totals import (
    add_to_node,
    family_asked,
    family_at,
    head_at,
    magnitude,
    merge_nodes,
    node_at,
    total_asked,
    values_at,
    word_range,
)
from featurelib.jit.windows.values import is_finite


@helper
def tile_of(plan, f, t):
    """The tile of a family that a time falls into."""
    resolution = word(family_asked(plan, f), PF_RESOLUTION)
    return i64_floordiv(t, resolution) if resolution > 0 else 0


@helper
def next_filled(state, head, family, tile, last):
    """The first tile from `tile` to `last` with events; a later one, if there is none."""
    m = word(family, F_LEAVES)
    while tile <= last:
        node, width = m + (tile & (m - 1)), 1
        if word(node_at(state, head, family, node), N_EVENTS) != 0:
            return tile
        while node & 1 == 0 and word(node_at(state, head, family, node >> 1), N_EVENTS) == 0:
            node >>= 1
            width <<= 1
        tile += width
    return tile


@helper
def leaf_hash(leaf, size, f, node):
    """The hash of a leaf, in its place; 0 if it has no events."""
    if word(leaf, N_EVENTS) == 0:
        return ZERO
    return mixed(leaf, size, u64_from_i64((f << 20) + node))


@helper
def sum_up_node(at, state, plan, f, head, node):
    """Writes a node that is no leaf from the two below it."""
    family = family_at(head, f)
    clear(at, word(family, F_SIZE))
    merge_nodes(at, node_at(state, head, family, 2 * node), plan, f, head)
    merge_nodes(at, node_at(state, head, family, 2 * node + 1), plan, f, head)


@helper
def sum_up_tree(state, plan, f, head):
    """Writes all nodes but the leaves."""
    family = family_at(head, f)
    for node in range(word(family, F_LEAVES) - 1, 0, -1):
        sum_up_node(node_at(state, head, family, node), state, plan, f, head, node)


@helper
def _turn(state, plan, f, head, tile):
    """Makes a tile the newest one: those whose leaves are needed again are gone."""
    family = family_at(head, f)
    m, newest = word(family, F_LEAVES), word(family, F_NEWEST)
    if tile <= newest:
        return
    last = min(newest, tile - m)
    gone = next_filled(state, head, family, newest - m + 1, last)
    while gone <= last:
        node = m + (gone & (m - 1))
        leaf = node_at(state, head, family, node)
        size = word(family, F_SIZE)
        uput(head, T_CHECK, uword(head, T_CHECK) - leaf_hash(leaf, size, f, node))
        clear(leaf, size)
        node >>= 1
        while node > 0:
            sum_up_node(node_at(state, head, family, node), state, plan, f, head, node)
            node >>= 1
        put(family, F_EXPIRED, gone)
        gone = next_filled(state, head, family, gone + 1, last)
    put(family, F_NEWEST, tile)


@helper
def fold(state, plan, at):
    """Adds an event to every family; `has_room` holds."""
    head = head_at(state, plan)
    for f in range(word(plan, P_FAMILIES)):
        family, tile = family_at(head, f), tile_of(plan, f, word(at, E_T))
        _turn(state, plan, f, head, tile)
        m, size = word(family, F_LEAVES), word(family, F_SIZE)
        node = m + (tile & (m - 1))
        leaf = node_at(state, head, family, node)
        check = uword(head, T_CHECK) - leaf_hash(leaf, size, f, node)
        add_to_node(leaf, at, plan, f, head)
        uput(head, T_CHECK, check + leaf_hash(leaf, size, f, node))
        node >>= 1
        while node > 0:
            add_to_node(node_at(state, head, family, node), at, plan, f, head)
            node >>= 1


@helper
def leaves_for(state, plan, f, head, tile):
    """Leaves that a family needs when a tile is added, as few as may be."""
    family = family_at(head, f)
    m, newest = word(family, F_LEAVES), word(family, F_NEWEST)
    if m == 0:
        return 1
    if tile <= newest:
        return m
    # The oldest tile that is not gone: a window may still want it.
    wanted = max(newest - m, tile - word(family_asked(plan, f), PF_LEAVES)) + 1
    oldest = next_filled(state, head, family, wanted, newest)
    while oldest <= newest and tile - oldest >= m:
        m *= 2
    return m


@helper
def words_for(at, plan, asked, values):
    """Words that a total needs when an event is added: the first, and the one after the last."""
    low, high = word(values, V_LOW), word(values, V_HIGH)
    cls = class_at(plan, word(asked, PT_CLASS))
    if word(asked, PT_NEEDS) & NEEDS_SUM == 0 or not passes(at, plan, cls):
        return low, high
    kind, x = word(cls, PC_KIND), value_of(at, plan, word(cls, PC_ARG))
    if not is_finite(x, kind):
        return low, high
    m, _, _ = magnitude(x, kind)
    if m == ZERO:
        return low, high
    first, stop = word_range(x, kind)
    if high == low:
        return first, stop
    return min(low, first), max(high, stop)


@helper
def has_room(state, plan, at):
    """Whether an event can be added to every family as they lie now."""
    head = head_at(state, plan)
    for f in range(word(plan, P_FAMILIES)):
        family, asked = family_at(head, f), family_asked(plan, f)
        m = word(family, F_LEAVES)
        if m == 0 or leaves_for(state, plan, f, head, tile_of(plan, f, word(at, E_T))) > m:
            return False
        first = word(asked, PF_FIRST)
        for c in range(first, first + word(asked, PF_TOTALS)):
            values = values_at(head, plan, c)
            low, high = words_for(at, plan, total_asked(plan, c), values)
            if low != word(values, V_LOW) or high != word(values, V_HIGH):
                return False
    return True
