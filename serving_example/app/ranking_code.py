"""Machine code of a micro-batch: what is done for many users at once, without the interpreter.

Candidates, the terms of pairs, and the best of each request. The order of all operations is fixed,
so what a user gets does not depend on who else is in the batch. It stands in one file, because the
cache of machine code looks at the file of the function that it compiles and at no other of this
package. Arguments are numbers and addresses; `nearest.py`, `pair_terms.py` and `best.py` call it.
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
    whole = len(user) - len(user) % 4
    for d in range(0, whole, 4):  # four at once: sums are read and written a fourth as often
        a, b, c, e = user[d], user[d + 1], user[d + 2], user[d + 3]
        one, two, three, four = columns[d], columns[d + 1], columns[d + 2], columns[d + 3]
        for f in range(len(sums)):
            sums[f] = (((sums[f] + a * one[f]) + b * two[f]) + c * three[f]) + e * four[f]
    for d in range(whole, len(user)):
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


@Plain
def join(
    n, owners, rows, n_users, users, n_films, films, columns, pairs, n_pairs, hidden, sums, mixed
):  # pragma: no cover - machine code
    """Writes what `Ranker.join` gives for n rows, each of one user and one film.

    Addresses of: int64 (n), which user; int64 (n), which film; the terms of users and of films,
    float32 (n_users, columns) and (n_films, columns); float32 (n, n_pairs); float32 (n, hidden);
    float32 (n, n_pairs + columns - hidden).

    Gives -1, or the first row with a user or a film that is not there.
    """
    products = columns - hidden
    owner, row = nb.carray(_words(owners), (n,)), nb.carray(_words(rows), (n,))
    pair = nb.carray(_floats(pairs), (n, n_pairs))
    added = nb.carray(_floats(sums), (n, hidden))
    joined = nb.carray(_floats(mixed), (n, n_pairs + products))
    for i in range(n):
        if not (0 <= owner[i] < n_users and 0 <= row[i] < n_films):
            return i
        user = nb.carray(_floats(users + 4 * columns * owner[i]), (columns,))
        film = nb.carray(_floats(films + 4 * columns * row[i]), (columns,))
        _add(user[:hidden], film[:hidden], added[i])
        for j in range(n_pairs):
            joined[i, j] = pair[i, j]
        _multiply_each(user[hidden:], film[hidden:], joined[i, n_pairs:])
    return -1


@helper
def _add(one, other, out):
    for j in range(len(out)):
        out[j] = one[j] + other[j]


@helper
def _multiply_each(one, other, out):
    for j in range(len(out)):
        out[j] = one[j] * other[j]


@helper
def _is_before(score, item, other_score, other, ids, rows):
    """Whether an item stands before another: a larger score, or as large a one and a lower id."""
    if score != other_score:
        return score > other_score
    return ids[rows[item]] < ids[rows[other]]


@helper
def _is_finite(scores):
    """Whether all of them are finite numbers."""
    count = 0
    for i in range(len(scores)):
        count += np.float32(-np.inf) < scores[i] < np.float32(np.inf)
    return count == len(scores)


@helper
def _oldest(times, rows):
    """The lowest time above 0 of some rows; 0 if there is none."""
    never = np.uint64(1 << 63)
    least = never
    for i in range(len(rows)):
        # As a number without a sign one less than 0 is above all, and so is what is below it.
        least = min(least, np.uint64(times[rows[i]]) - np.uint64(1))
    return np.int64(least + np.uint64(1)) if least < never - np.uint64(1) else np.int64(0)


@Plain
def best(
    n_runs, n_rows, scores, rows, ids, times, ends, wanted, picked, shown, oldest
):  # pragma: no cover - machine code
    """Writes of each run of scores the ids and scores of so many best, the best first.

    Addresses of: float32, a score for each item; int64, its row of the next two tables: int64
    (n_rows) ids, int64 (n_rows) times; int64 (n_runs), where each run ends; int64 (n_runs), how
    many are wanted, not more than there are, which becomes -1 where a score is no finite number;
    int64 and float32 (sum of them), what is found; int64 (n_runs), the lowest time above 0 of each
    run, 0 if there is none.

    Gives -1, or the first item whose row is not there.
    """
    end, count = nb.carray(_words(ends), (n_runs,)), nb.carray(_words(wanted), (n_runs,))
    total = end[n_runs - 1] if n_runs else 0
    score, row = nb.carray(_floats(scores), (total,)), nb.carray(_words(rows), (total,))
    name, time = nb.carray(_words(ids), (n_rows,)), nb.carray(_words(times), (n_rows,))
    least = nb.carray(_words(oldest), (n_runs,))
    for i in range(total):
        if not 0 <= row[i] < n_rows:
            return i
    start, place = 0, 0
    for run in range(n_runs):
        k, n = count[run], 0
        found = nb.carray(_words(picked + 8 * place), (k,))
        told = nb.carray(_floats(shown + 4 * place), (k,))
        for i in range(start, end[run]):
            value = score[i]
            if n < k:
                n += 1
            elif k == 0 or not _is_before(value, i, told[k - 1], found[k - 1], name, row):
                continue
            at = n - 1
            while at > 0 and _is_before(value, i, told[at - 1], found[at - 1], name, row):
                found[at], told[at] = found[at - 1], told[at - 1]
                at -= 1
            found[at], told[at] = i, value
        for i in range(n):
            found[i] = name[row[found[i]]]
        if not _is_finite(score[start : end[run]]):
            count[run] = -1
        least[run] = _oldest(time, row[start : end[run]])
        place += k
        start = end[run]
    return -1
