"""What only the multiset of a window's values decides: distinct ones, frequent ones, quantiles.

The values are collected as unsigned words in their order and sorted.
"""

from __future__ import annotations

from featurelib.intrinsics import f64_div, f64_from_i64, i64_from_u64
from featurelib.jit.windows.cells import find_forward
from featurelib.jit.windows.chunks import class_at
from featurelib.jit.windows.events import slot_at
from featurelib.jit.windows.layout import KIND_FLOAT, KIND_INT, PC_ARG, PC_KIND
from featurelib.jit.windows.memory import clear, helper, put, uput, uword, word
from featurelib.jit.windows.partials import value_of
from featurelib.jit.windows.rounding import ONE, TOP, ZERO, bits_of


@helper
def to_key(x, kind, zeros_are_one):
    """A value as an unsigned word of the same order; -0.0 comes before 0.0, or is it."""
    if kind == KIND_INT:
        return x ^ TOP
    if kind != KIND_FLOAT:
        return x
    if zeros_are_one and (x << ONE) == ZERO:
        return TOP
    return ~x if x >= TOP else x | TOP


@helper
def from_key(key, kind):
    """The value of a key."""
    if kind == KIND_INT:
        return key ^ TOP
    if kind != KIND_FLOAT:
        return key
    return key ^ TOP if key >= TOP else ~key


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
def sort_keys(keys, n):
    """Merge sort, bottom up: its time has a bound for every input. The next n words are scratch."""
    run = 8
    for begin in range(0, n, run):
        for i in range(begin + 1, min(begin + run, n)):
            x = uword(keys, i)
            j = i - 1
            while j >= begin and uword(keys, j) > x:
                uput(keys, j + 1, uword(keys, j))
                j -= 1
            uput(keys, j + 1, x)
    source, target = keys, keys + 8 * n
    while run < n:
        for begin in range(0, n, 2 * run):
            middle, end = min(begin + run, n), min(begin + 2 * run, n)
            i, j = begin, middle
            for k in range(begin, end):
                if i < middle and (j >= end or uword(source, i) <= uword(source, j)):
                    uput(target, k, uword(source, i))
                    i += 1
                else:
                    uput(target, k, uword(source, j))
                    j += 1
        source, target = target, source
        run *= 2
    if source != keys:
        for k in range(n):
            uput(keys, k, uword(source, k))


@helper
def count_runs(keys, n):
    """Distinct keys, and the length of the longest run of equal ones."""
    distinct, longest, i = 0, 0, 0
    while i < n:
        j = i + 1
        while j < n and uword(keys, j) == uword(keys, i):
            j += 1
        distinct += 1
        longest = max(longest, j - i)
        i = j
    return distinct, longest


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
