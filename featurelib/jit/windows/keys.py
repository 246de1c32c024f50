"""Keys: values as unsigned words of the same order, sorted and counted."""

from __future__ import annotations

from featurelib.jit.windows.layout import KIND_FLOAT, KIND_INT
from featurelib.jit.windows.memory import helper, uput, uword
from featurelib.jit.windows.rounding import ONE, TOP, ZERO


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
