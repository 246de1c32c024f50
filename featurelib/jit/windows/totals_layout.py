"""How the totals of a state lie in memory: what they need, and the way into a larger state."""

from __future__ import annotations

from featurelib.jit.windows.chunks import class_at
from featurelib.jit.windows.events import is_equal
from featurelib.jit.windows.layout import (
    ALL_WORDS,
    E_T,
    F_AT,
    F_LEAVES,
    F_NEWEST,
    F_SIZE,
    KIND_FLOAT,
    MOST_LEAVES,
    N_EVENTS,
    NODE_HEAD,
    P_FAMILIES,
    P_TOTALS_HEAD,
    PC_KIND,
    PF_FIRST,
    PF_RESOLUTION,
    PF_TOTALS,
    PT_CLASS,
    T_CHECK,
    T_WORDS,
    V_AT,
    V_HIGH,
    V_LOW,
)
from featurelib.jit.windows.longs import add_signed
from featurelib.jit.windows.memory import clear, helper, move, put, uput, uword, word
from featurelib.jit.windows.rounding import ZERO
from featurelib.jit.windows.tiles import (
    leaf_hash,
    leaves_for,
    sum_up_node,
    sum_up_tree,
    tile_of,
    words_for,
)
from featurelib.jit.windows.totals import (
    family_asked,
    family_at,
    has_estimates,
    head_at,
    node_at,
    parts_of,
    total_asked,
    total_words,
    values_at,
)


@helper
def lay_out(head, plan):
    """Writes where families and totals lie, from how many leaves and words they have."""
    n = 0
    for f in range(word(plan, P_FAMILIES)):
        family, asked = family_at(head, f), family_asked(plan, f)
        size, first = NODE_HEAD, word(asked, PF_FIRST)
        for c in range(first, first + word(asked, PF_TOTALS)):
            values = values_at(head, plan, c)
            put(values, V_AT, size)
            size += total_words(plan, total_asked(plan, c), values)
        put(family, F_AT, n)
        put(family, F_SIZE, size)
        m = word(family, F_LEAVES)
        n += size * (2 * m - 1) if m > 0 else 0
    put(head, T_WORDS, n)


@helper
def widen(head, state, plan, at):
    """Lays a copy of a state's head out anew, so that an event has room in every family."""
    own = head_at(state, plan)
    for f in range(word(plan, P_FAMILIES)):
        family, asked = family_at(head, f), family_asked(plan, f)
        tile = tile_of(plan, f, word(at, E_T))
        if word(family, F_LEAVES) == 0:
            put(family, F_NEWEST, tile)
        put(family, F_LEAVES, leaves_for(state, plan, f, own, tile))
        first = word(asked, PF_FIRST)
        for c in range(first, first + word(asked, PF_TOTALS)):
            values = values_at(head, plan, c)
            low, high = words_for(at, plan, total_asked(plan, c), values)
            put(values, V_LOW, low)
            put(values, V_HIGH, high)
    lay_out(head, plan)


@helper
def _copy_node(node, head, other, other_head, plan, f):
    """Writes a node in the layout of another head that has as many words or more."""
    put(node, N_EVENTS, word(other, N_EVENTS))
    asked = family_asked(plan, f)
    first = word(asked, PF_FIRST)
    for c in range(first, first + word(asked, PF_TOTALS)):
        total = total_asked(plan, c)
        values, old = values_at(head, plan, c), values_at(other_head, plan, c)
        at, source = node + 8 * word(values, V_AT), other + 8 * word(old, V_AT)
        sums, squares, ends, _ = parts_of(plan, total, values)
        old_sums, old_squares, old_ends, _ = parts_of(plan, total, old)
        shift = word(old, V_LOW) - word(values, V_LOW)
        move(at, source, sums)
        add_signed(
            at + 8 * sums, squares - sums, source + 8 * old_sums, old_squares - old_sums, shift
        )
        add_signed(
            at + 8 * squares, ends - squares, source + 8 * old_squares, old_ends - old_squares,
            2 * shift,
        )  # fmt: skip
        end = total_words(plan, total, values)
        move(at + 8 * ends, source + 8 * old_ends, end - ends)


@helper
def copy_totals(state, other, plan):
    """Fills the totals of an empty state with those of another; its head says how they lie."""
    head, other_head = head_at(state, plan), head_at(other, plan)
    check = ZERO
    for f in range(word(plan, P_FAMILIES)):
        family, old = family_at(head, f), family_at(other_head, f)
        m, old_m, newest = word(family, F_LEAVES), word(old, F_LEAVES), word(old, F_NEWEST)
        size = word(family, F_SIZE)
        for k in range(old_m):
            tile = newest - ((newest - k) & (old_m - 1))
            source = node_at(other, other_head, old, old_m + k)
            if word(source, N_EVENTS) == 0:
                continue
            node = m + (tile & (m - 1))
            leaf = node_at(state, head, family, node)
            _copy_node(leaf, head, source, other_head, plan, f)
            check += leaf_hash(leaf, size, f, node)
        sum_up_tree(state, plan, f, head)
    uput(head, T_CHECK, check)


@helper
def _is_layout(head, plan):
    """Whether leaves and words of a head are such as `widen` makes."""
    for f in range(word(plan, P_FAMILIES)):
        family, asked = family_at(head, f), family_asked(plan, f)
        m = word(family, F_LEAVES)
        if not 0 <= m <= MOST_LEAVES or m & (m - 1) != 0:
            return False
        if word(asked, PF_RESOLUTION) == 0 and m > 1:
            return False
        first = word(asked, PF_FIRST)
        for c in range(first, first + word(asked, PF_TOTALS)):
            values = values_at(head, plan, c)
            low, high = word(values, V_LOW), word(values, V_HIGH)
            if not 0 <= low <= high <= ALL_WORDS:
                return False
            if word(class_at(plan, word(total_asked(plan, c), PT_CLASS)), PC_KIND) == KIND_FLOAT:
                continue
            if low != 0 or high > 1:
                return False
    return True


@helper
def is_laid_out(state, plan, scratch):
    """Whether the head of the totals says truly where they lie; nothing else is read."""
    head = head_at(state, plan)
    if not _is_layout(head, plan):
        return False
    n_words = word(plan, P_TOTALS_HEAD)
    move(scratch, head, n_words)
    lay_out(scratch, plan)
    return is_equal(scratch, head, n_words)


@helper
def are_whole(state, plan, scratch):
    """Whether leaves have their checksum, the others are zeros, and nodes are what is below.

    A checksum can be made by anybody, so what a later step finds its way by is looked at as well.
    """
    head = head_at(state, plan)
    check = ZERO
    for f in range(word(plan, P_FAMILIES)):
        family = family_at(head, f)
        m, size = word(family, F_LEAVES), word(family, F_SIZE)
        for node in range(m, 2 * m):
            leaf = node_at(state, head, family, node)
            check += leaf_hash(leaf, size, f, node)
            if word(leaf, N_EVENTS) == 0:
                clear(scratch, size)
                if not is_equal(leaf, scratch, size):
                    return False
            elif not has_estimates(leaf, plan, f, head):
                return False
        for node in range(m - 1, 0, -1):
            sum_up_node(scratch, state, plan, f, head, node)
            if not is_equal(node_at(state, head, family, node), scratch, size):
                return False
    return check == uword(head, T_CHECK)
