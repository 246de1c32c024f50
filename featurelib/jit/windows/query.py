"""A query: every window of a plan, what it sums up to, and every aggregate of it."""

from __future__ import annotations

from featurelib.jit.windows.answers import answer
from featurelib.jit.windows.cells import sum_up
from featurelib.jit.windows.layout import (
    ANSWER,
    CLASS,
    P_ANSWERS,
    P_AT_ANSWERS,
    P_AT_CELLS,
    P_AT_SPANS,
    P_CELLS,
    P_KEYS,
    P_LISTS,
    P_SCRATCH,
    P_SPANS,
    PL_CLASS,
    PL_SPAN,
    PLAN_ANSWER,
    PLAN_CELL,
    PLAN_SPAN,
    R_REASON,
    SPAN_RESULT,
    VALUE,
)
from featurelib.jit.windows.memory import helper, put, word
from featurelib.jit.windows.moments import AT_OWNER
from featurelib.jit.windows.spans import find_span


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
        cell = plan + 8 * (word(plan, P_AT_CELLS) + PLAN_CELL * k)
        span = spans + 8 * SPAN_RESULT * word(cell, PL_SPAN)
        if word(span, 2) == VALUE:
            acc = cells + 8 * CLASS * k
            sum_up(acc, state, plan, word(cell, PL_CLASS), word(span, 0), word(span, 1), q)
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
