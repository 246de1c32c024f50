"""Tables of buckets: how many values fell into each, for a bounded number of buckets.

A table is the number of its buckets, then `most` words for the buckets, ascending, and as many for
their counts. Where there are more than `most` the number is -1, for good, and all else is 0: so
tables merge, and none shows in which order values came.
"""

from __future__ import annotations

from featurelib.intrinsics import u64_from_i64
from featurelib.jit.windows.buckets import middle_of
from featurelib.jit.windows.layout import NO_EVENTS, TOO_MANY, VALUE
from featurelib.jit.windows.memory import clear, helper, put, uput, uword, word
from featurelib.jit.windows.rounding import ZERO, split


@helper
def _overflow(table, most):
    clear(table, 1 + 2 * most)
    put(table, 0, -1)


@helper
def _write(table, most, k, bucket, count):
    uput(table, 1 + k, bucket)
    put(table, 1 + most + k, count)


@helper
def add_bucket(table, bucket, most):
    """Adds a value to a table."""
    n = word(table, 0)
    low, high = 0, n
    while low < high:
        middle = (low + high) >> 1
        if uword(table, 1 + middle) < bucket:
            low = middle + 1
        else:
            high = middle
    if low < n and uword(table, 1 + low) == bucket:
        put(table, 1 + most + low, word(table, 1 + most + low) + 1)
    elif n == most:
        _overflow(table, most)
    elif n >= 0:
        for k in range(n, low, -1):
            _write(table, most, k, uword(table, k), word(table, most + k))
        _write(table, most, low, bucket, 1)
        put(table, 0, n + 1)


@helper
def is_table(table, most, count):
    """Whether a table is of so many values, and looks as this module writes it."""
    size, n = word(table, 0), 0
    if not -1 <= size <= most:
        return False
    for k in range(most):
        bucket, here = uword(table, 1 + k), word(table, 1 + most + k)
        if k >= size:
            if bucket != ZERO or here != 0:
                return False
        elif not 0 < here <= count or (k > 0 and bucket <= uword(table, k)):
            return False
        else:
            n += here
    return size < 0 or n == count


@helper
def _size_of_both(table, other):
    """How many buckets two tables have together."""
    n, m = word(table, 0), word(other, 0)
    i = j = size = 0
    while i < n or j < m:
        is_first = j == m or (i < n and uword(table, 1 + i) <= uword(other, 1 + j))
        is_second = i == n or (j < m and uword(other, 1 + j) <= uword(table, 1 + i))
        i += 1 if is_first else 0
        j += 1 if is_second else 0
        size += 1
    return size


@helper
def merge_tables(table, other, most):
    """Adds another table to a table."""
    if word(table, 0) < 0 or word(other, 0) < 0:
        _overflow(table, most)
        return
    size = _size_of_both(table, other)
    if size > most:
        _overflow(table, most)
        return
    i, j = word(table, 0) - 1, word(other, 0) - 1
    put(table, 0, size)
    # From the end, so that nothing is overwritten before it is read.
    for k in range(size - 1, -1, -1):
        if j < 0:
            break  # the others stand where they belong
        bucket, count = uword(other, 1 + j), word(other, 1 + most + j)
        if i >= 0 and uword(table, 1 + i) >= bucket:
            mine, more = uword(table, 1 + i), word(table, 1 + most + i)
            j -= 1 if mine == bucket else 0
            count = more + (count if mine == bucket else 0)
            bucket = mine
            i -= 1
        else:
            j -= 1
        _write(table, most, k, bucket, count)


@helper
def table_of(table, keys, n, most):
    """Writes the table of n sorted buckets."""
    put(table, 0, 0)
    size, i = 0, 0
    while i < n:
        j = i + 1
        while j < n and uword(keys, j) == uword(keys, i):
            j += 1
        if size == most:
            _overflow(table, most)
            return
        _write(table, most, size, uword(keys, i), j - i)
        size += 1
        i = j
    put(table, 0, size)


@helper
def quantile_in(table, part, whole, precision, most):
    """The bits of the middle of the bucket at part / whole of a table, and the reason."""
    size = word(table, 0)
    if size <= 0:
        return ZERO, (TOO_MANY if size < 0 else NO_EVENTS)
    n = 0
    for k in range(size):
        n += word(table, 1 + most + k)
    rank, _ = split(u64_from_i64(n - 1), part, whole)
    k = 0
    while rank >= word(table, 1 + most + k):
        rank -= word(table, 1 + most + k)
        k += 1
    return middle_of(uword(table, 1 + k), precision), VALUE
