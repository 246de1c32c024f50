"""What only the multiset of a window's values decides: distinct ones, frequent ones, quantiles.

The values are collected as unsigned words in their order and sorted.
"""

from __future__ import annotations

from featurelib.intrinsics import f64_div, f64_from_i64, i64_from_u64
from featurelib.jit.windows.cells import find_forward
from featurelib.jit.windows.chunks import class_at
from featurelib.jit.windows.events import slot_at
from featurelib.jit.windows.keys import from_key, sort_keys, to_key
from featurelib.jit.windows.layout import PC_ARG, PC_KIND
from featurelib.jit.windows.memory import clear, helper, put, uput, uword, word
from featurelib.jit.windows.partials import value_of
from featurelib.jit.windows.rounding import bits_of


@helper
def collect(keys, state, plan, g, start, stop, q, zeros_are_one):
    """Writes the keys of a class's values, sorted; gives their number.

    There is memory for twice as many keys as there are slots: the second half is scratch.
    """
    cls = class_at(plan, g)
    arg, kind = word(cls, PC_ARG), word(cls, PC_KIND)
    n = 0
    i = find_forward(state, plan, g, start, stop, q)
    while i < stop:
        x = value_of(slot_at(state, plan, i), plan, arg)
        uput(keys, n, to_key(x, kind, zeros_are_one))
        n += 1
        i = find_forward(state, plan, g, i + 1, stop, q)
    sort_keys(keys, n)
    return n


@helper
def most_frequent(values, keys, n, k, kind):
    """Writes the k most frequent values, ties by value; gives their number.

    The keys behind the n sorted ones are scratch: what was written stands there as counts.
    """
    counts = keys + 8 * n
    made, i = 0, 0
    while i < n:
        j = i + 1
        while j < n and uword(keys, j) == uword(keys, i):
            j += 1
        place = made
        # Later keys are greater, so an equal count stays behind.
        while place > 0 and word(counts, place - 1) < j - i:
            place -= 1
        if place < k:
            last = min(made, k - 1)
            for p in range(last, place, -1):
                put(counts, p, word(counts, p - 1))
                uput(values, p, uword(values, p - 1))
            put(counts, place, j - i)
            uput(values, place, from_key(uword(keys, i), kind))
            made = min(made + 1, k)
        i = j
    return made


@helper
def share(part, whole):
    """The bits of an IEEE quotient of two counts."""
    return bits_of(f64_div(f64_from_i64(part), f64_from_i64(whole)))


@helper
def count_places(counts, size, state, plan, g, start, stop, q):
    """Writes how often each of the values 0 to size - 1 occurs."""
    clear(counts, size)
    arg = word(class_at(plan, g), PC_ARG)
    i = find_forward(state, plan, g, start, stop, q)
    while i < stop:
        place = i64_from_u64(value_of(slot_at(state, plan, i), plan, arg))
        if 0 <= place < size:
            put(counts, place, word(counts, place) + 1)
        i = find_forward(state, plan, g, i + 1, stop, q)
