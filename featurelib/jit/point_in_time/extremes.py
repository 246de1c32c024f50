"""Least and greatest of the values that are in a window, as they come and go.

Every 64 events form a chunk, which remembers where its least and greatest member is. Only a member
that leaves from such a place makes a chunk look at its members again.
"""

from __future__ import annotations

import numpy as np

from featurelib.intrinsics import load_u8
from featurelib.jit.point_in_time.context import COUNT, GREATEST, HAS_VALUE, KEYS, LEAST, MEMBER
from featurelib.jit.windows.layout import CHUNK, CHUNK_BITS, KIND_FLOAT, KIND_INT
from featurelib.jit.windows.memory import helper, put, uword, word

_NONE, _STALE = -1, -2
_TOP = np.uint64(1 << 63)
_INFINITY = np.uint64(0x7FF0000000000000)
_NAN_KEY = np.uint64(0xFFFFFFFFFFFFFFFF)


@helper
def order_key(x, kind, zeros_equal):
    """A word that compares as the value: NaN above all, -0.0 below 0.0 or as 0.0."""
    if kind == KIND_INT:
        return x ^ _TOP
    if kind != KIND_FLOAT:
        return x
    if (x & ~_TOP) > _INFINITY:
        return _NAN_KEY
    if x == _TOP and zeros_equal:
        return _TOP
    return ~x if x >= _TOP else x | _TOP


@helper
def forget(c, count):
    """Empties the chunks of so many events."""
    least, greatest = word(c, LEAST), word(c, GREATEST)
    for k in range((count >> CHUNK_BITS) + 1):
        put(least, k, _NONE)
        put(greatest, k, _NONE)


@helper
def _is_ahead(x, y, is_least):
    """Whether an event with key x stands before one with key y."""
    return x < y if is_least else x > y


@helper
def _joins(c, i, held, is_least):
    k, keys = i >> CHUNK_BITS, word(c, KEYS)
    best = word(held, k)
    if best == _STALE:
        return
    if best == _NONE:
        put(held, k, i)
        return
    x, y = uword(keys, i), uword(keys, best)
    if _is_ahead(x, y, is_least) or (x == y and i < best):
        put(held, k, i)


@helper
def joins(c, i):
    """Event i is in the window from now on."""
    _joins(c, i, word(c, LEAST), True)
    _joins(c, i, word(c, GREATEST), False)


@helper
def leaves(c, i):
    """Event i is no longer in the window."""
    k, least, greatest = i >> CHUNK_BITS, word(c, LEAST), word(c, GREATEST)
    if word(least, k) == i:
        put(least, k, _STALE)
    if word(greatest, k) == i:
        put(greatest, k, _STALE)


@helper
def _look(c, k, held, is_least):
    """Looks at the members of a chunk again."""
    keys, member = word(c, KEYS), word(c, MEMBER)
    best = _NONE
    for i in range(k * CHUNK, min((k + 1) * CHUNK, word(c, COUNT))):
        if load_u8(member, i) != HAS_VALUE:
            continue
        if best == _NONE or _is_ahead(uword(keys, i), uword(keys, best), is_least):
            best = i
    put(held, k, best)
    return best


@helper
def extreme(c, low, high, is_least):
    """The event with the least (greatest) value, of equals the first; -1 if there is none.

    Args:
        c: The words of the pass.
        low: No member stands before this place.
        high: No member stands at this place or later.
        is_least: Which of them.
    """
    held, keys = word(c, LEAST if is_least else GREATEST), word(c, KEYS)
    best = _NONE
    for k in range(low >> CHUNK_BITS, (high + CHUNK - 1) >> CHUNK_BITS):
        i = word(held, k)
        if i == _STALE:
            i = _look(c, k, held, is_least)
        if i == _NONE:
            continue
        if best == _NONE or _is_ahead(uword(keys, i), uword(keys, best), is_least):
            best = i
    return best
