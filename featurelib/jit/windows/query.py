"""A query: every window of a plan, what it sums up to, and every aggregate of it."""

from __future__ import annotations

from featurelib.jit.windows.answers import answer
from featurelib.jit.windows.cells import cell_at, reason_of, sum_up
from featurelib.jit.windows.layout import (
    ANSWER,
    CLASS,
    P_ANSWERS,
    P_AT_ANSWERS,
    P_AT_SPANS,
    P_CELLS,
    P_KEYS,
    P_LISTS,
    P_SCRATCH,
    P_SPANS,
    PL_CLASS,
    PL_SPAN,
    PL_TOTAL,
    PLAN_ANSWER,
    PLAN_SPAN,
    R_REASON,
    SPAN_RESULT,
    VALUE,
    X_NODES,
    X_START,
    X_STOP,
)
from featurelib.jit.windows.memory import helper, put, word
from featurelib.jit.windows.moments import AT_OWNER
from featurelib.jit.windows.spans import find_span
from featurelib.jit.windows.totals_asked import add_totals


@helper
def ask(state, plan, work, q, starts):
    """Writes the answers at the front of a workspace; gives the number of nulls.

    Args:
        state: The state.
        plan: The plan.
        work: The workspace; its parts lie where the plan says.
        q: The query time.
        starts: For each span the first instant of its calendar window; others are not read.
    """
    spans = work + 8 * ANSWER * word(plan, P_ANSWERS)
    cells = spans + 8 * SPAN_RESULT * word(plan, P_SPANS)
    for k in range(word(plan, P_SPANS)):
        span = plan + 8 * (word(plan, P_AT_SPANS) + PLAN_SPAN * k)
        find_span(spans + 8 * SPAN_RESULT * k, state, plan, span, q, word(starts, k))
    for k in range(word(plan, P_CELLS)):
        cell = cell_at(plan, k)
        span = spans + 8 * SPAN_RESULT * word(cell, PL_SPAN)
        if reason_of(cell, span) == VALUE:
            acc, g = cells + 8 * CLASS * k, word(cell, PL_CLASS)
            sum_up(acc, state, plan, g, word(span, X_START), word(span, X_STOP), q)
            if word(cell, PL_TOTAL) >= 0 and word(span, X_NODES) > 0:
                add_totals(acc, state, plan, cell, span)
    scratch, lists = work + 8 * word(plan, P_SCRATCH), work + 8 * word(plan, P_LISTS)
    keys = work + 8 * word(plan, P_KEYS)
    put(scratch, AT_OWNER, 0)
    nulls = 0
    for k in range(word(plan, P_ANSWERS)):
        asked = plan + 8 * (word(plan, P_AT_ANSWERS) + PLAN_ANSWER * k)
        out = work + 8 * ANSWER * k
        answer(out, spans, cells, scratch, lists, keys, state, plan, asked, q)
        nulls += 1 if word(out, R_REASON) != VALUE else 0
    return nulls
