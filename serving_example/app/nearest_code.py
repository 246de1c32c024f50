"""The films with the largest products, in machine code: for all users of a micro-batch in one call.

The order of all operations is fixed. A product is a sum over the vector's places from the first to
the last, in float32, of products that are rounded by themselves; so a user's candidates have the
same bits whoever else is in the batch, and on every machine. All of it stands in this one file,
because the cache of machine code looks at the file of the function that it compiles.
"""

from __future__ import annotations

# mypy: ignore-errors
import numba as nb
import numpy as np
from numba.core import types
from numba.extending import intrinsic

from featurelib.jit.windows.memory import helper
from featurelib.jit.windows.plain import Plain

NEVER = -(1 << 31)
"""The key of a product that is no number, and of a film that is left out."""
LOWEST = -0x7F7FFFFF
"""The key of the lowest finite product; that of minus infinity is below it."""


def _array_of(numba_type):
    @intrinsic
    def pointer(typingctx, address):
        def build(context, builder, sig, args):
            return builder.inttoptr(args[0], context.get_value_type(sig.return_type))

        return types.CPointer(numba_type)(types.int64), build

    return pointer


_floats = _array_of(types.float32)
_shorts = _array_of(types.int32)
_words = _array_of(types.int64)


@helper
def _multiply(user, columns, sums):
    """``sums[f] = user[0] * columns[0, f] + user[1] * columns[1, f] + ...``, from left to right."""
    for f in range(len(sums)):
        sums[f] = np.float32(0.0)
    for d in range(len(user)):
        of_user, of_films = user[d], columns[d]
        for f in range(len(sums)):
            sums[f] += of_user * of_films[f]


@helper
def _rank(keys):
    """Bits of floats to integers of the same order, in place. There is no -0.0 among sums."""
    for f in range(len(keys)):
        bits = keys[f]
        size = bits & np.int32(0x7FFFFFFF)
        key = size if bits >= 0 else -size
        keys[f] = key if size <= np.int32(0x7F800000) else np.int32(NEVER)


@helper
def _at_least(keys, border):
    """How many keys are not below a border."""
    count = np.int32(0)
    for f in range(len(keys)):
        count = np.int32(count + np.int32(keys[f] >= border))
    return count


@helper
def _border(keys, count):
    """The largest border that at least `count` keys reach; the lowest if there are not so many."""
    low, high = np.int64(LOWEST), np.int64(LOWEST)
    for f in range(len(keys)):
        high = max(high, np.int64(keys[f]))
    # At least `count` reach `low`, or it is the lowest; fewer reach what is above `high`.
    while low < high:
        middle = low + (high - low + 1) // 2
        reached = _at_least(keys, np.int32(middle))
        if reached == count:
            return middle
        if reached > count:
            low = middle
        else:
            high = middle - 1
    return low


@helper
def _last_id(keys, ids, border, count):
    """The id up to which those on the border are taken, so that they are `count`."""
    low, high = np.int64(np.iinfo(np.int64).max), np.int64(np.iinfo(np.int64).min)
    for f in range(len(keys)):
        if keys[f] == border:
            low, high = min(low, ids[f]), max(high, ids[f])
    while low < high:
        middle = (low >> 1) + (high >> 1) + (low & high & 1)
        found = 0
        for f in range(len(keys)):
            found += keys[f] == border and ids[f] <= middle
        if found >= count:
            high = middle
        else:
            low = middle + 1
    return low


@Plain
def nearest(
    n_users, n_films, dim, count, users, columns, ids, without, ends, sums, found, counts
):  # pragma: no cover - machine code
    """Writes for each user the rows of the best films in rising order, and how many there are.

    Addresses of: float32 (n_users, dim); float32 (dim, n_films); int64 (n_films); rows that are
    left out, int64, those of a user up to his end, int64 (n_users); float32 (n_films) to work in;
    int64 (n_users, count) and (n_users).
    """
    user = nb.carray(_floats(users), (n_users, dim))
    column = nb.carray(_floats(columns), (dim, n_films))
    film, end = nb.carray(_words(ids), (n_films,)), nb.carray(_words(ends), (n_users,))
    product = nb.carray(_floats(sums), (n_films,))
    key = nb.carray(_shorts(sums), (n_films,))
    rows = nb.carray(_words(found), (n_users, count))
    rows_of = nb.carray(_words(counts), (n_users,))
    at = 0
    for u in range(n_users):
        _multiply(user[u], column, product)
        _rank(key)
        left_out = nb.carray(_words(without), (end[u],))
        while at < end[u]:
            row = left_out[at]
            if 0 <= row < n_films:
                key[row] = np.int32(NEVER)
            at += 1
        border = _border(key, count)
        above, reached = _at_least(key, np.int32(border + 1)), _at_least(key, np.int32(border))
        last = np.int64(np.iinfo(np.int64).max)
        if reached > count:
            last = _last_id(key, film, border, count - above)
        n = 0
        for f in range(n_films):
            if key[f] > border or (key[f] == border and film[f] <= last):
                rows[u, n] = f
                n += 1
        rows_of[u] = n
    return 0
