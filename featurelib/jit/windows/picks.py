"""Values that are picked by order or by another value: first, last, lag, the first few, arg-min."""

from __future__ import annotations

from featurelib.jit.windows.cells import find_back, find_forward
from featurelib.jit.windows.chunks import class_at
from featurelib.jit.windows.events import slot_at
from featurelib.jit.windows.layout import E_FLAGS, KIND_FLOAT, PC_ARG, PC_KIND
from featurelib.jit.windows.memory import helper, uput, uword, word
from featurelib.jit.windows.partials import value_of
from featurelib.jit.windows.rounding import ONE, ZERO
from featurelib.jit.windows.values import is_below


@helper
def nth_back(state, plan, g, start, stop, q, n):
    """The slot of the n-th event of a class from the end, or -1."""
    i = stop
    for _ in range(n):
        i = find_back(state, plan, g, start, i, q)
        if i < 0:
            return -1
    return i


@helper
def is_same(x, y, kind):
    """Whether two values are equal; the zeros are."""
    return x == y or (kind == KIND_FLOAT and (x << ONE) == ZERO and (y << ONE) == ZERO)


@helper
def is_among(values, n, x, kind):
    """Whether a value is among the first n."""
    k = 0
    while k < n and not is_same(uword(values, k), x, kind):
        k += 1
    return k < n


@helper
def first_few(values, state, plan, g, start, stop, q, k, distinct):
    """Writes the first k values in order; gives their number."""
    cls = class_at(plan, g)
    arg, kind = word(cls, PC_ARG), word(cls, PC_KIND)
    n, i = 0, start
    while n < k:
        i = find_forward(state, plan, g, i, stop, q)
        if i == stop:
            break
        x = value_of(slot_at(state, plan, i), plan, arg)
        if not (distinct and is_among(values, n, x, kind)):
            uput(values, n, x)
            n += 1
        i += 1
    return n


@helper
def last_few(values, state, plan, g, start, stop, q, k, distinct):
    """Writes the last k values in order; gives their number."""
    cls = class_at(plan, g)
    arg, kind = word(cls, PC_ARG), word(cls, PC_KIND)
    n, i = 0, stop
    while n < k:
        i = find_back(state, plan, g, start, i, q)
        if i < 0:
            break
        x = value_of(slot_at(state, plan, i), plan, arg)
        if not (distinct and is_among(values, n, x, kind)):
            uput(values, n, x)
            n += 1
    for j in range(n // 2):
        x = uword(values, j)
        uput(values, j, uword(values, n - 1 - j))
        uput(values, n - 1 - j, x)
    return n


@helper
def slot_of_extreme(state, plan, g, start, stop, q, by, kind, greatest):
    """The first slot at which another argument is smallest (or greatest), or -1."""
    best, found = ZERO, -1
    i = find_forward(state, plan, g, start, stop, q)
    while i < stop:
        at = slot_at(state, plan, i)
        if (word(at, E_FLAGS + (by >> 6)) >> (by & 63)) & 1 != 0:
            y = value_of(at, plan, by)
            is_better = is_below(best, y, kind) if greatest else is_below(y, best, kind)
            if found < 0 or is_better:
                best, found = y, i
        i = find_forward(state, plan, g, i + 1, stop, q)
    return found
