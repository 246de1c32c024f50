"""Nodes of totals: what events that are not kept any more sum up to, class by class.

A class stands in a node as counts (of values that are finite, and of floats also NaN and the
infinities), the sum, the sum of squares, the least and the greatest value: those that are needed.
An estimate has a total for itself, with its count and then its registers, a byte each, or a table.
All of it is exact and without order, so nodes merge, whichever events came first.
"""

from __future__ import annotations

from featurelib.intrinsics import u64_mulhi
from featurelib.jit.windows.bucket_tables import add_bucket, is_table, merge_tables
from featurelib.jit.windows.buckets import bucket_of
from featurelib.jit.windows.chunks import class_at
from featurelib.jit.windows.layout import (
    APPROX_N_UNIQUE,
    APPROX_QUANTILE,
    F_AT,
    F_SIZE,
    FAMILY,
    G_COUNT,
    G_MINUS,
    G_NAN,
    G_PLUS,
    KIND_FLOAT,
    N_EVENTS,
    NEEDS_ENDS,
    NEEDS_SQUARES,
    NEEDS_SUM,
    P_AT_FAMILIES,
    P_AT_HEAD,
    P_AT_TOTALS,
    P_FAMILIES,
    PC_ARG,
    PC_KIND,
    PF_FIRST,
    PF_TOTALS,
    PLAN_FAMILY,
    PLAN_TOTAL,
    PT_CLASS,
    PT_MORE,
    PT_MOST,
    PT_NEEDS,
    PT_OP,
    PT_PRECISION,
    S_WORDS,
    T_WORDS,
    TOTALS_HEAD,
    V_AT,
    V_HIGH,
    V_LOW,
    VALUES,
)
from featurelib.jit.windows.longs import add_shifted, add_words
from featurelib.jit.windows.memory import helper, put, uput, uword, word
from featurelib.jit.windows.partials import is_less, passes, value_of
from featurelib.jit.windows.registers import (
    are_registers,
    merge_registers,
    raise_register,
    register_key,
)
from featurelib.jit.windows.rounding import TOP, ZERO
from featurelib.jit.windows.values import in_units, is_finite, is_nan, mantissa


@helper
def head_at(state, plan):
    """The address of the head of the totals in a state; the plan has totals."""
    return state + 8 * word(plan, P_AT_HEAD)


@helper
def family_at(head, f):
    """The address of a family in the head."""
    return head + 8 * (TOTALS_HEAD + FAMILY * f)


@helper
def values_at(head, plan, c):
    """The address of a total's record in the head: where it lies in a node, and its words."""
    return head + 8 * (TOTALS_HEAD + FAMILY * word(plan, P_FAMILIES) + VALUES * c)


@helper
def family_asked(plan, f):
    """The address of a family in the plan."""
    return plan + 8 * (word(plan, P_AT_FAMILIES) + PLAN_FAMILY * f)


@helper
def total_asked(plan, c):
    """The address of a total in the plan."""
    return plan + 8 * (word(plan, P_AT_TOTALS) + PLAN_TOTAL * c)


@helper
def node_at(state, head, family, node):
    """The address of a node of a family; the root is node 1."""
    totals = state + 8 * (word(state, S_WORDS) - word(head, T_WORDS))
    return totals + 8 * (word(family, F_AT) + word(family, F_SIZE) * (node - 1))


@helper
def count_words(kind, needs):
    """Words of the counts: one, or of floats four."""
    return 4 if kind == KIND_FLOAT and needs != 0 else 1


@helper
def sum_words(values):
    """Words of a sum of values; none, if no value but zeros has been met."""
    low, high = word(values, V_LOW), word(values, V_HIGH)
    return high - low + 1 if high > low else 0


@helper
def square_words(values):
    """Words of a sum of squares."""
    low, high = word(values, V_LOW), word(values, V_HIGH)
    return 2 * (high - low) + 1 if high > low else 0


@helper
def parts_of(plan, asked, values):
    """Where sum, squares and ends stand behind the begin of a total, and what comes after them."""
    needs = word(asked, PT_NEEDS)
    kind = word(class_at(plan, word(asked, PT_CLASS)), PC_KIND)
    sums = count_words(kind, needs)
    squares = sums + (sum_words(values) if needs & NEEDS_SUM else 0)
    ends = squares + (square_words(values) if needs & NEEDS_SQUARES else 0)
    return sums, squares, ends, ends + (2 if needs & NEEDS_ENDS else 0)


@helper
def total_words(plan, asked, values):
    """Words of a total in a node."""
    _, _, _, end = parts_of(plan, asked, values)
    return end + word(asked, PT_MORE)


@helper
def n_values(at, n_counts):
    """How many events a total is of."""
    n = word(at, 0)
    for k in range(1, n_counts):
        n += word(at, k)
    return n


@helper
def magnitude(x, kind):
    """A finite value as an integer, the weight of its last bit, and whether it is negative."""
    if kind == KIND_FLOAT:
        m, weight = mantissa(x)
        return m, weight, x >= TOP
    m, _, negative = in_units(x, kind, 0)
    return m, 0, negative


@helper
def word_range(x, kind):
    """Which words a finite value needs: the first, and the one after the last."""
    if kind != KIND_FLOAT:
        return 0, 1
    _, weight = mantissa(x)
    return weight >> 6, (weight + 116) >> 6  # 53 bits, rounded up to words


@helper
def payload_at(at):
    """The address of registers or buckets in a total, behind its one count."""
    return at + 8


@helper
def _add_estimate(payload, x, kind, asked):
    """Adds a value to registers or buckets, if a total has them."""
    precision = word(asked, PT_PRECISION)
    if word(asked, PT_OP) == APPROX_N_UNIQUE:
        raise_register(payload, register_key(x, kind, precision))
    elif word(asked, PT_OP) == APPROX_QUANTILE:
        add_bucket(payload, bucket_of(x, kind, precision), word(asked, PT_MOST))


@helper
def _add_value(at, x, kind, plan, asked, values):
    """Adds a value to a total."""
    needs = word(asked, PT_NEEDS)
    if needs == 0:
        put(at, G_COUNT, word(at, G_COUNT) + 1)
        _add_estimate(payload_at(at), x, kind, asked)
        return
    sums, squares, ends, _ = parts_of(plan, asked, values)
    if needs & NEEDS_ENDS:
        least = at + 8 * ends
        is_first = n_values(at, sums) == 0
        if is_first or is_less(x, uword(least, 0), kind):
            uput(least, 0, x)
        if is_first or is_less(uword(least, 1), x, kind):
            uput(least, 1, x)
    if not is_finite(x, kind):
        which = G_NAN if is_nan(x) else (G_MINUS if x >= TOP else G_PLUS)
        put(at, which, word(at, which) + 1)
        return
    put(at, G_COUNT, word(at, G_COUNT) + 1)
    m, weight, negative = magnitude(x, kind)
    if needs & NEEDS_SUM == 0 or m == ZERO:
        return
    weight -= 64 * word(values, V_LOW)
    add_shifted(at + 8 * sums, squares - sums, m, weight, negative)
    if needs & NEEDS_SQUARES:
        add_shifted(at + 8 * squares, ends - squares, m * m, 2 * weight, False)
        high = u64_mulhi(m, m)
        add_shifted(at + 8 * squares, ends - squares, high, 2 * weight + 64, False)


@helper
def add_to_node(node, at, plan, f, head):
    """Adds an event to a node of a family."""
    put(node, N_EVENTS, word(node, N_EVENTS) + 1)
    family = family_asked(plan, f)
    first = word(family, PF_FIRST)
    for c in range(first, first + word(family, PF_TOTALS)):
        asked, values = total_asked(plan, c), values_at(head, plan, c)
        cls = class_at(plan, word(asked, PT_CLASS))
        if not passes(at, plan, cls):
            continue
        total = node + 8 * word(values, V_AT)
        if word(cls, PC_ARG) < 0:
            put(total, G_COUNT, word(total, G_COUNT) + 1)
        else:
            x = value_of(at, plan, word(cls, PC_ARG))
            _add_value(total, x, word(cls, PC_KIND), plan, asked, values)


@helper
def has_estimates(node, plan, f, head):
    """Whether registers and tables in a node are such as these modules write."""
    family = family_asked(plan, f)
    first = word(family, PF_FIRST)
    for c in range(first, first + word(family, PF_TOTALS)):
        asked, at = total_asked(plan, c), node + 8 * word(values_at(head, plan, c), V_AT)
        payload, is_good = payload_at(at), True
        if word(asked, PT_OP) == APPROX_N_UNIQUE:
            is_good = are_registers(payload, word(asked, PT_PRECISION))
        elif word(asked, PT_OP) == APPROX_QUANTILE:
            is_good = is_table(payload, word(asked, PT_MOST), word(at, G_COUNT))
        if not is_good:
            return False
    return True


@helper
def merge_nodes(node, other, plan, f, head):
    """Adds another node of the family to a node."""
    if word(other, N_EVENTS) == 0:
        return
    put(node, N_EVENTS, word(node, N_EVENTS) + word(other, N_EVENTS))
    family = family_asked(plan, f)
    first = word(family, PF_FIRST)
    for c in range(first, first + word(family, PF_TOTALS)):
        asked, values = total_asked(plan, c), values_at(head, plan, c)
        begin = 8 * word(values, V_AT)
        _merge_totals(node + begin, other + begin, plan, asked, values)


@helper
def _merge_totals(at, other, plan, asked, values):
    """Adds another total of the same class to a total."""
    sums, squares, ends, _ = parts_of(plan, asked, values)
    if n_values(other, sums) == 0:
        return
    if word(asked, PT_NEEDS) & NEEDS_ENDS:
        kind = word(class_at(plan, word(asked, PT_CLASS)), PC_KIND)
        merge_ends(at + 8 * ends, other + 8 * ends, n_values(at, sums) == 0, kind)
    for k in range(sums):
        put(at, k, word(at, k) + word(other, k))
    add_words(at + 8 * sums, other + 8 * sums, squares - sums)
    add_words(at + 8 * squares, other + 8 * squares, ends - squares)
    if word(asked, PT_OP) == APPROX_N_UNIQUE:
        merge_registers(payload_at(at), payload_at(other), word(asked, PT_PRECISION))
    elif word(asked, PT_OP) == APPROX_QUANTILE:
        merge_tables(payload_at(at), payload_at(other), word(asked, PT_MOST))


@helper
def merge_ends(at, other, is_first, kind):
    """Widens a least and a greatest value by others; at first they are these."""
    if is_first or is_less(uword(other, 0), uword(at, 0), kind):
        uput(at, 0, uword(other, 0))
    if is_first or is_less(uword(at, 1), uword(other, 1), kind):
        uput(at, 1, uword(other, 1))
