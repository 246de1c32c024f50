"""Aggregates of a window: from partial results and events to a value, or a reason for a null."""

from __future__ import annotations

from featurelib.intrinsics import i64_from_u64, u64_from_i64
from featurelib.jit.windows.cells import cell_at, find_forward, reason_of
from featurelib.jit.windows.chunks import class_at
from featurelib.jit.windows.decay import decayed_sum
from featurelib.jit.windows.estimates import estimated
from featurelib.jit.windows.events import slot_at
from featurelib.jit.windows.keys import count_runs
from featurelib.jit.windows.layout import (
    APPROX_N_UNIQUE,
    APPROX_QUANTILE,
    ARG_MAX,
    ARG_MIN,
    BEYOND_KEPT,
    CLASS,
    COUNT,
    COUNT_OF,
    DECAYED_SUM,
    E_T,
    FIRST_K,
    FIRST_VALUE,
    G_MAX,
    G_MIN,
    G_SUM,
    LAG,
    LAST_K,
    MAX,
    MEAN,
    MIN,
    MODE_RATIO,
    N_SESSIONS,
    N_UNIQUE,
    NO_EVENTS,
    PC_ARG,
    PC_KIND,
    PW_BY,
    PW_BY_KIND,
    PW_CELL,
    PW_CLASS,
    PW_COUNT,
    PW_FLAG,
    PW_LIST,
    PW_MOST,
    PW_OP,
    PW_PART,
    PW_SPAN,
    PW_WHOLE,
    QUANTILE,
    R_LENGTH,
    R_REASON,
    R_VALUE,
    SPAN_RESULT,
    STD,
    SUM_FLOAT,
    SUM_INT,
    TIME_SINCE_LAST,
    TOO_MANY,
    TOP_K,
    VALUE,
    X_REASON,
    X_START,
    X_STOP,
)
from featurelib.jit.windows.memory import helper, put, word
from featurelib.jit.windows.moments import mean_of, spread_of
from featurelib.jit.windows.multisets import (
    collect,
    count_places,
    most_frequent,
    share,
)
from featurelib.jit.windows.partials import total, value_of
from featurelib.jit.windows.picks import first_few, last_few, nth_back, slot_of_extreme
from featurelib.jit.windows.quantiles import quantile
from featurelib.jit.windows.sessions import count_sessions


@helper
def _give(out, value, reason):
    put(out, R_VALUE, value if reason == VALUE else 0)
    put(out, R_LENGTH, 0)
    put(out, R_REASON, reason)


@helper
def _give_list(out, values, length):
    put(out, R_VALUE, values)
    put(out, R_LENGTH, length)
    put(out, R_REASON, VALUE)


@helper
def _of_sums(out, op, acc, scratch, state, plan, ask, cell, span, q):
    """count, sum, mean, var, std, min, max."""
    n = total(acc)
    if op == COUNT:
        _give(out, n, VALUE)
    elif op == SUM_INT:
        _give(out, word(acc, G_SUM), VALUE)
    elif op == SUM_FLOAT:
        bits = mean_of(scratch, acc, state, plan, cell, span, q, 1)
        _give(out, i64_from_u64(bits), VALUE)
    elif n == 0:
        _give(out, 0, NO_EVENTS)
    elif op == MEAN:
        bits = mean_of(scratch, acc, state, plan, cell, span, q, n)
        _give(out, i64_from_u64(bits), VALUE)
    elif op == MIN:
        _give(out, word(acc, G_MIN), VALUE)
    elif op == MAX:
        _give(out, word(acc, G_MAX), VALUE)
    elif n <= word(ask, PW_COUNT):
        _give(out, 0, NO_EVENTS)
    else:
        ddof = word(ask, PW_COUNT)
        bits = spread_of(scratch, acc, state, plan, cell, span, q, ddof, op == STD)
        _give(out, i64_from_u64(bits), VALUE)


@helper
def _of_one(out, op, state, plan, ask, start, stop, q):
    """first, last, lag, time since last, arg-min, arg-max: what one event decides."""
    g = word(ask, PW_CLASS)
    if op == FIRST_VALUE:
        i = find_forward(state, plan, g, start, stop, q)
        i = -1 if i == stop else i
    elif op in (LAG, TIME_SINCE_LAST):
        i = nth_back(state, plan, g, start, stop, q, word(ask, PW_COUNT))
    else:
        by, kind = word(ask, PW_BY), word(ask, PW_BY_KIND)
        i = slot_of_extreme(state, plan, g, start, stop, q, by, kind, op == ARG_MAX)
    if i < 0:
        _give(out, 0, NO_EVENTS)
        return
    at = slot_at(state, plan, i)
    if op == TIME_SINCE_LAST:
        _give(out, q - word(at, E_T), VALUE)
    else:
        _give(out, i64_from_u64(value_of(at, plan, word(class_at(plan, g), PC_ARG))), VALUE)


@helper
def _of_values(out, op, scratch, lists, keys, state, plan, ask, start, stop, q):
    """Distinct values, the most frequent ones, quantiles: of the window's values, sorted."""
    g = word(ask, PW_CLASS)
    kind = word(class_at(plan, g), PC_KIND)
    n = collect(keys, state, plan, g, start, stop, q, op != QUANTILE)
    distinct, longest = count_runs(keys, n)
    most = word(ask, PW_MOST)
    if most >= 0 and (n if op == QUANTILE else distinct) > most:
        _give(out, 0, TOO_MANY)
    elif op == N_UNIQUE:
        _give(out, distinct, VALUE)
    elif op == TOP_K:
        values = lists + 8 * word(ask, PW_LIST)
        _give_list(out, values, most_frequent(values, keys, n, word(ask, PW_COUNT), kind))
    elif n == 0:
        _give(out, 0, NO_EVENTS)
    elif op == MODE_RATIO:
        _give(out, i64_from_u64(share(longest, n)), VALUE)
    else:
        part, whole = u64_from_i64(word(ask, PW_PART)), u64_from_i64(word(ask, PW_WHOLE))
        bits = quantile(scratch, keys, n, kind, part, whole, word(ask, PW_FLAG))
        _give(out, i64_from_u64(bits), VALUE)


@helper
def answer(out, spans, cells, scratch, lists, keys, state, plan, ask, q):
    """Writes the answer of one aggregate.

    Args:
        out: Where it goes.
        spans: What `find_span` wrote of each span.
        cells: The partial result of each cell.
        scratch: Memory of long numbers.
        lists: Memory of the answers that are lists.
        keys: Memory of sorted keys.
        state: The state.
        plan: The plan.
        ask: The aggregate in the plan.
        q: The query time.
    """
    span = spans + 8 * SPAN_RESULT * word(ask, PW_SPAN)
    start, stop = word(span, X_START), word(span, X_STOP)
    op, g = word(ask, PW_OP), word(ask, PW_CLASS)
    if op <= MAX or op in (APPROX_N_UNIQUE, APPROX_QUANTILE):
        cell = cell_at(plan, word(ask, PW_CELL))
        if reason_of(cell, span) != VALUE:
            _give(out, 0, BEYOND_KEPT)
            return
        if op > MAX:
            value, reason = estimated(keys, state, plan, ask, cell, span, q)
            _give(out, value, reason)
            return
        acc = cells + 8 * CLASS * word(ask, PW_CELL)
        _of_sums(out, op, acc, scratch, state, plan, ask, cell, span, q)
    elif word(span, X_REASON) != VALUE:
        _give(out, 0, BEYOND_KEPT)
    elif op <= TIME_SINCE_LAST or op in (ARG_MIN, ARG_MAX):
        _of_one(out, op, state, plan, ask, start, stop, q)
    elif op == DECAYED_SUM:
        half_life, landmark = word(ask, PW_PART), word(ask, PW_WHOLE)
        bits, reason = decayed_sum(scratch, state, plan, g, start, stop, q, half_life, landmark)
        _give(out, i64_from_u64(bits), reason)
    elif op == N_SESSIONS:
        _give(out, count_sessions(state, plan, g, start, stop, q, word(ask, PW_PART)), VALUE)
    elif op in (FIRST_K, LAST_K, COUNT_OF):
        values = lists + 8 * word(ask, PW_LIST)
        k, distinct = word(ask, PW_COUNT), word(ask, PW_FLAG) != 0
        if op == COUNT_OF:
            count_places(values, k, state, plan, g, start, stop, q)
            n = k
        elif op == FIRST_K:
            n = first_few(values, state, plan, g, start, stop, q, k, distinct)
        else:
            n = last_few(values, state, plan, g, start, stop, q, k, distinct)
        _give_list(out, values, n)
    else:
        _of_values(out, op, scratch, lists, keys, state, plan, ask, start, stop, q)
