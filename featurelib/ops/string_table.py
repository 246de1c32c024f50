"""Constant sets of values that a kernel searches: the table kinds `strings` and `integers`.

Content is a tuple of distinct values; a value's rank is its place in it. Both kinds are hash
tables with open addressing and linear probing, as eight-byte little-endian words:

    strings     [n, n_slots, slots[n_slots], offsets[n + 1]] then the UTF-8 bytes, end to end;
                the view's `stop` counts the words, so the bytes begin at 8 * stop
    integers    [n, n_slots, slots[n_slots], values[n]]; `stop` counts the words

`n_slots` is a power of two and at least 2 n, so a search always ends at an empty slot. A slot is 0
if empty, else the high half of the value's XXH64 (seed 0) in bits 32 to 63 and its rank + 1 below.
The search begins at slot ``hash & (n_slots - 1)``. `offsets` count from the first byte.
"""

from array import array
from collections.abc import Sequence
from typing import Any

import numpy as np

from featurelib.dtypes import Bool, Int64
from featurelib.errors import DefinitionError
from featurelib.intrinsics import (
    View,
    i64_add,
    i64_and,
    i64_from_u64,
    i64_shl,
    i64_sub,
    load_i64,
    load_u8,
    load_u64_le,
    u64_and,
    u64_from_i64,
    u64_shr,
    u64_xor,
)
from featurelib.op import kernel_function
from featurelib.ops.hashing import P1, P2, P3, P4, P5, xxh64_bytes, xxh64_u64
from featurelib.tables import encoder

_LOW = 0xFFFFFFFF
_ALL = 0xFFFFFFFFFFFFFFFF
_STEP = 4096
"""Values that one call into C takes: it holds the interpreter lock, and a request may wait."""


@kernel_function
def equal_bytes(a: Any, i: Int64, b: Any, j: Int64, n: Int64) -> Bool:
    """Whether n bytes of buffer `a` from i are those of buffer `b` from j."""
    done = 0
    same = True
    while same and i64_add(done, 8) <= n:
        same = load_u64_le(a, i64_add(i, done)) == load_u64_le(b, i64_add(j, done))
        done = i64_add(done, 8)
    while same and done < n:
        same = load_u8(a, i64_add(i, done)) == load_u8(b, i64_add(j, done))
        done = i64_add(done, 1)
    return same


@kernel_function
def table_find(table: View, s: View) -> Int64:
    """Rank of a text in a `strings` table, -1 if it is not there."""
    n_slots = load_i64(table.buf, 1)
    mask = i64_sub(n_slots, 1)
    h = xxh64_bytes(s, u64_from_i64(0))
    slot = i64_and(i64_from_u64(h), mask)
    length = i64_sub(s.stop, s.start)
    rank = -1
    probing = True
    while probing:
        word = load_u64_le(table.buf, i64_shl(i64_add(slot, 2), 3))
        if word == u64_from_i64(0):
            probing = False
        elif u64_shr(u64_xor(word, h), 32) == u64_from_i64(0):
            found = i64_sub(i64_from_u64(u64_and(word, _LOW)), 1)
            at = i64_add(i64_add(n_slots, 2), found)
            first = load_i64(table.buf, at)
            if i64_sub(load_i64(table.buf, i64_add(at, 1)), first) == length and equal_bytes(
                table.buf, i64_add(i64_shl(table.stop, 3), first), s.buf, s.start, length
            ):
                rank = found
                probing = False
        slot = i64_and(i64_add(slot, 1), mask)
    return rank


@kernel_function
def table_find_integer(table: View, x: Int64) -> Int64:
    """Rank of a number in an `integers` table, -1 if it is not there."""
    n_slots = load_i64(table.buf, 1)
    mask = i64_sub(n_slots, 1)
    h = xxh64_u64(u64_from_i64(x), u64_from_i64(0))
    slot = i64_and(i64_from_u64(h), mask)
    rank = -1
    probing = True
    while probing:
        word = load_u64_le(table.buf, i64_shl(i64_add(slot, 2), 3))
        if word == u64_from_i64(0):
            probing = False
        elif u64_shr(u64_xor(word, h), 32) == u64_from_i64(0):
            found = i64_sub(i64_from_u64(u64_and(word, _LOW)), 1)
            if load_i64(table.buf, i64_add(i64_add(n_slots, 2), found)) == x:
                rank = found
                probing = False
        slot = i64_and(i64_add(slot, 1), mask)
    return rank


@encoder("strings")
def _encode_strings(content: tuple[str, ...]) -> tuple[bytes, int]:
    texts = [v.encode() if isinstance(v, str) else v for v in content]
    hashes = xxh64_many(texts, 0)
    _check_distinct(texts, hashes)
    offsets = np.zeros(len(texts) + 1, np.int64)
    np.cumsum(np.fromiter((len(t) for t in texts), np.int64, len(texts)), out=offsets[1:])
    slots = _slots(hashes)
    words = np.concatenate([[len(texts), len(slots)], slots.view(np.int64), offsets])
    joined = (b"".join(texts[at : at + _STEP]) for at in range(0, len(texts), _STEP))
    return b"".join((words.astype("<i8").tobytes(), *joined)), len(words)


@encoder("integers")
def _encode_integers(content: tuple[int, ...]) -> tuple[bytes, int]:
    signed = (v if v < 1 << 63 else v - (1 << 64) for v in content)
    values = np.fromiter(signed, np.int64, len(content))
    _check_distinct(content, values)
    slots = _slots(_xxh64_lanes(values.astype("<i8").view(np.uint8).reshape(-1, 8), 0))
    words = np.concatenate([[len(values), len(slots)], slots.view(np.int64), values])
    return words.astype("<i8").tobytes(), len(words)


def _check_distinct(content: Sequence[Any], digests: np.ndarray) -> None:
    """Refuses a value that is there twice; equal values have equal digests."""
    ordered = np.sort(digests)
    if not (ordered[1:] == ordered[:-1]).any():
        return
    seen: set[Any] = set()
    twice = [v for v in content if v in seen or seen.add(v)]
    if twice:
        raise DefinitionError(f"a set of values has {twice[0]!r} twice")


def _slots(hashes: np.ndarray) -> np.ndarray:
    """The slots of values with these hashes, in the order of their ranks."""
    n_slots = 1 << max(1, (2 * len(hashes) - 1).bit_length())
    slots = array("Q", bytes(8 * n_slots))
    mask = n_slots - 1
    for first in range(0, len(hashes), _STEP):
        for rank, h in enumerate(hashes[first : first + _STEP].tolist(), first):
            slot = h & mask
            while slots[slot]:
                slot = (slot + 1) & mask
            slots[slot] = (h & ~_LOW) | (rank + 1)
    return np.frombuffer(slots, np.uint64)


def xxh64_many(texts: Sequence[bytes], seed: int) -> np.ndarray:
    """XXH64 of many texts at once, for building tables; `xxh64_bytes` is the definition."""
    hashes = np.empty(len(texts), np.uint64)
    by_length: dict[int, list[int]] = {}
    for i, text in enumerate(texts):
        by_length.setdefault(len(text), []).append(i)
    some = ((n, p[at : at + _STEP]) for n, p in by_length.items() for at in range(0, len(p), _STEP))
    for length, places in some:
        joined = np.frombuffer(b"".join(texts[i] for i in places), np.uint8)
        hashes[places] = _xxh64_lanes(joined.reshape(len(places), length), seed)
    return hashes


def _xxh64_lanes(data: np.ndarray, seed: int) -> np.ndarray:
    """XXH64 of each row of a matrix of bytes; unsigned NumPy arrays wrap as the hash needs."""
    rows, n = data.shape
    u, p1, p2, p3, p4, p5 = np.uint64, *map(np.uint64, (P1, P2, P3, P4, P5))

    def rotl(x: np.ndarray, r: int) -> np.ndarray:
        return (x << u(r)) | (x >> u(64 - r))

    def words(at: int, size: int) -> np.ndarray:
        piece = np.ascontiguousarray(data[:, at : at + size])
        return piece.view(f"<u{size}").reshape(rows).astype(u)

    at = 0
    if n < 32:
        h = np.full(rows, (seed + P5) & _ALL, u)
    else:
        acc = [np.full(rows, s & _ALL, u) for s in (seed + P1 + P2, seed + P2, seed, seed - P1)]
        for at in range(0, n - 31, 32):
            acc = [rotl(a + words(at + 8 * k, 8) * p2, 31) * p1 for k, a in enumerate(acc)]
        at += 32
        h = rotl(acc[0], 1) + rotl(acc[1], 7) + rotl(acc[2], 12) + rotl(acc[3], 18)
        for a in acc:
            h = (h ^ (rotl(a * p2, 31) * p1)) * p1 + p4
    h = h + u(n)
    while at + 8 <= n:
        h = rotl(h ^ (rotl(words(at, 8) * p2, 31) * p1), 27) * p1 + p4
        at += 8
    if at + 4 <= n:
        h = rotl(h ^ (words(at, 4) * p1), 23) * p2 + p3
        at += 4
    for last in range(at, n):
        h = rotl(h ^ (data[:, last].astype(u) * p5), 11) * p1
    h = (h ^ (h >> u(33))) * p2
    h = (h ^ (h >> u(29))) * p3
    return h ^ (h >> u(32))
