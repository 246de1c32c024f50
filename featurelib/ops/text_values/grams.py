"""Numbers out of texts: how far two are apart, and hashed runs of characters or of words."""

from featurelib.dtypes import UINT32, UINT64, Int64, String, UInt32, UInt64, list_type
from featurelib.errors import DefinitionError, FeatureTypeError
from featurelib.intrinsics import (
    View,
    arena_limit,
    arena_reserve,
    i64_add,
    i64_from_u64,
    i64_mul,
    i64_sub,
    load_u8,
    load_u32_le,
    u64_add,
    u64_from_i64,
    u64_mod,
)
from featurelib.node import Node, apply
from featurelib.op import Arena, Nulls, kernel_function, method, op
from featurelib.ops.hashing import checked_buckets, checked_seed, xxh64_bytes
from featurelib.ops.sequence.elements import store_u32, store_u64
from featurelib.ops.utf8 import char_at, char_width, count_chars, skip_chars

FURTHEST = 1000
"""The greatest `limit` of a distance: its work grows with it."""
LONGEST_RUN = 64
_NARROW_BUCKETS = 1 << 32  # up to so many, a bucket is a UInt32


@kernel_function
def _common_start(a: View, b: View) -> Int64:
    """How many bytes of whole code points two texts begin with alike."""
    same, alike = 0, True
    while alike and i64_add(a.start, same) < a.stop and i64_add(b.start, same) < b.stop:
        char = char_at(a.buf, i64_add(a.start, same))
        alike = char == char_at(b.buf, i64_add(b.start, same))
        if alike:
            same = i64_add(same, char_width(load_u8(a.buf, i64_add(a.start, same))))
    return same


@kernel_function
def _cell(row: View, k: Int64, far: Int64) -> Int64:
    """A cell of the band, one over the limit outside it."""
    if k < 0 or k >= row.stop:
        return far
    return i64_from_u64(load_u32_le(row.buf, i64_mul(k, 4)))


@op(
    "str.levenshtein",
    version=1,
    nulls=Nulls.MAYBE,
    device_reason="memory that grows with the limit",
    public=False,
)
def levenshtein(a: String, b: String, arena: Arena, *, limit: Int64) -> UInt32:
    """The fewest code points to insert, delete or replace to make one text of the other.

    `limit` where it is greater. Null where 8 times `limit` and 4 is over the row limit.
    """
    width = i64_add(i64_mul(2, limit), 1)
    if limit < 1 or limit > FURTHEST or i64_mul(width, 4) > arena_limit(arena):
        return u64_from_i64(0), False
    same = _common_start(a, b)
    x = View(a.buf, i64_add(a.start, same), a.stop)
    y = View(b.buf, i64_add(b.start, same), b.stop)
    m, n, far = count_chars(x), count_chars(y), i64_add(limit, 1)
    apart = i64_sub(n, m)
    if apart > limit or i64_sub(0, apart) > limit:
        return u64_from_i64(limit), True
    # Of the table of distances between beginnings only cells beside the diagonal can be within the
    # limit: cell k of a row i is column i + k - limit.
    row = View(arena_reserve(arena, i64_mul(width, 4)), 0, width)
    for k in range(width):
        j = i64_sub(k, limit)
        store_u32(row.buf, k, j if j >= 0 and j <= n else far)
    at, first = x.start, y.start
    least = 0
    i = 0
    while i < m and least <= limit:
        i = i64_add(i, 1)
        char = char_at(x.buf, at)
        at = i64_add(at, char_width(load_u8(x.buf, at)))
        if i64_sub(i, limit) > 1:
            first = i64_add(first, char_width(load_u8(y.buf, first)))
        there, least = first, far
        for k in range(width):
            j = i64_sub(i64_add(i, k), limit)
            best = far
            if j == 0:
                best = i if i < far else far
            elif j > 0 and j <= n:
                best = _cell(row, k, far)
                if char != char_at(y.buf, there):
                    best = i64_add(best, 1)
                there = i64_add(there, char_width(load_u8(y.buf, there)))
                beside = i64_add(_cell(row, i64_sub(k, 1), far), 1)
                above = i64_add(_cell(row, i64_add(k, 1), far), 1)
                beside = beside if beside < above else above
                best = beside if beside < best else best
                best = best if best < far else far
            store_u32(row.buf, k, best)
            least = best if best < least else least
    found = _cell(row, i64_add(apart, limit), far)
    return u64_from_i64(limit if found > limit or least > limit else found), True


@kernel_function
def store_bucket(buf: View, i: Int64, h: UInt64, n: UInt64) -> Int64:
    """Writes a hash modulo n as element i: a UInt32 where n is at most 2**32, else a UInt64."""
    bucket = i64_from_u64(u64_mod(h, n))
    if n <= u64_from_i64(_NARROW_BUCKETS):
        return store_u32(buf.buf, i, bucket)
    return store_u64(buf.buf, i, bucket)


@kernel_function
def bytes_of_buckets(count: Int64, n: UInt64) -> Int64:
    """What so many buckets take."""
    return i64_mul(count, 4 if n <= u64_from_i64(_NARROW_BUCKETS) else 8)


def _buckets(_types, params):
    if not 1 <= params.get("size", 0) <= LONGEST_RUN:
        raise FeatureTypeError(f"size={params.get('size')!r} is not from 1 to {LONGEST_RUN}")
    return list_type(UINT32 if params["n"] <= _NARROW_BUCKETS else UINT64)


@op(
    "str.char_ngrams",
    version=1,
    nulls=Nulls.MAYBE,
    result=_buckets,
    device_reason="text that makes a List",
    public=False,
)
def char_ngrams(s: String, arena: Arena, *, size: Int64, n: UInt64, seed: UInt64) -> list_type(
    UINT32
):
    """XXH64 modulo n of each run of `size` code points; of a shorter text there is none.

    Null over the row limit.
    """
    count = i64_add(i64_sub(count_chars(s), size), 1)
    count = count if count > 0 else 0
    total = bytes_of_buckets(count, n)
    if total > arena_limit(arena):
        return View(s.buf, s.start, s.start), False
    made = View(arena_reserve(arena, total), 0, count)
    start = s.start
    stop = skip_chars(s, start, size)
    for i in range(count):
        store_bucket(made, i, xxh64_bytes(View(s.buf, start, stop), seed), n)
        start = i64_add(start, char_width(load_u8(s.buf, start)))
        stop = skip_chars(s, stop, 1)
    return made, True


@kernel_function
def word_start(s: View, at: Int64) -> Int64:
    """Where the next word begins, or the end: a word has no ASCII white space."""
    while at < s.stop and _is_space(load_u8(s.buf, at)):
        at = i64_add(at, 1)
    return at


@kernel_function
def word_stop(s: View, at: Int64) -> Int64:
    """Where the word ends that is at a place."""
    while at < s.stop and not _is_space(load_u8(s.buf, at)):
        at = i64_add(at, 1)
    return at


@kernel_function
def _is_space(byte: Int64):
    return byte == 32 or (byte >= 9 and byte <= 13)


@op(
    "str.word_ngrams",
    version=1,
    nulls=Nulls.MAYBE,
    result=_buckets,
    device_reason="text that makes a List",
    public=False,
)
def word_ngrams(s: String, arena: Arena, *, size: Int64, n: UInt64, seed: UInt64) -> list_type(
    UINT32
):
    """The `cross_hash` of each run of `size` words, modulo n; a word has no ASCII white space.

    Null over the row limit.
    """
    words, at = 0, word_start(s, s.start)
    while at < s.stop:
        words = i64_add(words, 1)
        at = word_start(s, word_stop(s, at))
    count = i64_add(i64_sub(words, size), 1)
    count = count if count > 0 else 0
    total = bytes_of_buckets(count, n)
    if total > arena_limit(arena):
        return View(s.buf, s.start, s.start), False
    made = View(arena_reserve(arena, total), 0, count)
    at = word_start(s, s.start)
    for i in range(count):
        h, start = u64_add(seed, 0), at
        for _ in range(size):
            stop = word_stop(s, start)
            h = xxh64_bytes(View(s.buf, start, stop), h)
            start = word_start(s, stop)
        store_bucket(made, i, h, n)
        at = word_start(s, word_stop(s, at))
    return made, True


@method("str.levenshtein")
def _levenshtein(s: Node, other: Node | str, *, limit: int) -> Node:
    """The edit distance of two texts in code points, as UInt32: inserted, deleted or replaced.

    Args:
        s: A text.
        other: Another, or a constant.
        limit: What a greater distance counts as, 1 to 1,000; the work grows with it.
    """
    if isinstance(limit, bool) or not isinstance(limit, int) or not 1 <= limit <= FURTHEST:
        raise DefinitionError(
            f"`str.levenshtein`: expected an integer limit, 1 <= limit <= {FURTHEST}, got {limit!r}"
        )
    return apply(levenshtein, (s, other), {"limit": limit})


@method("str.char_ngrams")
def _char_ngrams(s: Node, size: int, n: int, *, seed: int = 0) -> Node:
    """Buckets of each run of `size` code points, a List in the order of the text.

    A bucket is the XXH64 of the run's bytes modulo n: a UInt32 where n is at most 2**32. The List
    is empty where the text is shorter than a run, and null over the row limit, 64 KiB unless the
    kernel is compiled with another. ``s.str.char_ngrams(3, 1000).list.multi_hot(1000)`` is a bag.
    """
    return apply(char_ngrams, (s,), _run("str.char_ngrams", size, n, seed))


@method("str.word_ngrams")
def _word_ngrams(s: Node, size: int, n: int, *, seed: int = 0) -> Node:
    """Buckets of each run of `size` words, a List in the order of the text.

    Words are what ASCII white space parts. A bucket is the `cross_hash` of the words modulo n, so
    of a run of one word its `hash_bucket`. As `str.char_ngrams` else.
    """
    return apply(word_ngrams, (s,), _run("str.word_ngrams", size, n, seed))


def _run(what: str, size: int, n: int, seed: int) -> dict[str, int]:
    if isinstance(size, bool) or not isinstance(size, int) or not 1 <= size <= LONGEST_RUN:
        raise DefinitionError(
            f"{what}: expected an integer size, 1 <= size <= {LONGEST_RUN}, got {size!r}"
        )
    return {"size": size, "n": checked_buckets(n, what), "seed": checked_seed(seed)}
