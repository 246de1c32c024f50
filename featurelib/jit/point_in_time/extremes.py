"""Least and greatest of the values that are in a window, as they come and go.

Every 64 events form a chunk, which remembers where its least and greatest member is. Only a member
that leaves from such a place makes a chunk look at its members again.
"""

from __future__ import annotations

import numpy as np

from featurelib.jit.windows.layout import CHUNK, CHUNK_BITS, KIND_FLOAT, KIND_INT
from featurelib.jit.windows.memory import helper

_NONE, _STALE = np.int64(-1), np.int64(-2)
_TOP = np.uint64(1 << 63)
_INFINITY = np.uint64(0x7FF0000000000000)
_NAN_KEY = np.uint64(0xFFFFFFFFFFFFFFFF)


@helper
def order_key(word, kind):
    """A word that compares as the value: -0.0 as 0.0, NaN above all."""
    if kind == KIND_INT:
        return word ^ _TOP
    if kind != KIND_FLOAT:
        return word
    if (word & ~_TOP) > _INFINITY:
        return _NAN_KEY
    if word == _TOP:
        return _TOP
    return ~word if word >= _TOP else word | _TOP


@helper
def forget(least, greatest, count):
    """Empties the chunks of so many events."""
    for c in range((count >> CHUNK_BITS) + 1):
        least[c] = _NONE
        greatest[c] = _NONE


@helper
def _is_ahead(x, y, is_least):
    """Whether an event with key x stands before one with key y."""
    return x < y if is_least else x > y


@helper
def _joins(i, keys, held, is_least):
    c = i >> CHUNK_BITS
    best = held[c]
    if best == _STALE:
        return
    if (
        best == _NONE
        or _is_ahead(keys[i], keys[best], is_least)
        or (keys[i] == keys[best] and i < best)
    ):
        held[c] = i


@helper
def joins(i, keys, least, greatest):
    """Event i is in the window from now on."""
    _joins(i, keys, least, True)
    _joins(i, keys, greatest, False)


@helper
def leaves(i, least, greatest):
    """Event i is no longer in the window."""
    c = i >> CHUNK_BITS
    if least[c] == i:
        least[c] = _STALE
    if greatest[c] == i:
        greatest[c] = _STALE


@helper
def _look(c, count, keys, member, held, is_least):
    """Looks at the members of a chunk again."""
    best = _NONE
    for i in range(c * CHUNK, min((c + 1) * CHUNK, count)):
        is_better = best == _NONE or _is_ahead(keys[i], keys[best], is_least)
        if member[i] > 1 and is_better:
            best = np.int64(i)
    held[c] = best


@helper
def extreme(low, high, count, keys, member, held, is_least):
    """The event with the least (greatest) value, of equals the first; -1 if there is none.

    Args:
        low: No member stands before this place.
        high: No member stands at this place or later.
        count: Events of the entity.
        keys: Their order keys.
        member: Above 1 where an event is in the window and has a value.
        held: The chunks' places, of `least` or `greatest`.
        is_least: Which of them.
    """
    best = _NONE
    for c in range(low >> CHUNK_BITS, (high + CHUNK - 1) >> CHUNK_BITS):
        if held[c] == _STALE:
            _look(c, count, keys, member, held, is_least)
        i = held[c]
        if i == _NONE:
            continue
        if best == _NONE or _is_ahead(keys[i], keys[best], is_least):
            best = i
    return best
