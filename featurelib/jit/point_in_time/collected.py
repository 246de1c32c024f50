"""Aggregates that look at the events of a window themselves: lists, multisets of values, decay."""

from __future__ import annotations

from featurelib.intrinsics import i64_from_u64, load_u8, u64_from_i64
from featurelib.jit.point_in_time.context import (
    COLLECTED,
    COUNT,
    HAS_VALUE,
    KIND,
    MEMBER,
    SPARE_AT,
    TIMES,
    WORDS,
)
from featurelib.jit.windows.decay import add_decayed, decayed_value, half_lives
from featurelib.jit.windows.events import is_pause
from featurelib.jit.windows.keys import count_runs, sort_keys, to_key
from featurelib.jit.windows.layout import (
    COUNT_OF,
    DECAYED_SUM,
    FIRST_K,
    LAST_K,
    LONG_SUM,
    MODE_RATIO,
    N_SESSIONS,
    N_UNIQUE,
    NO_EVENTS,
    PW_COUNT,
    PW_FLAG,
    PW_MOST,
    PW_OP,
    PW_PART,
    PW_WHOLE,
    QUANTILE,
    TOO_MANY,
    TOP_K,
    VALUE,
)
from featurelib.jit.windows.memory import clear, helper, put, uput, uword, word
from featurelib.jit.windows.multisets import most_frequent, share
from featurelib.jit.windows.picks import is_among
from featurelib.jit.windows.quantiles import quantile
from featurelib.jit.windows.rounding import ZERO


@helper
def _first_few(values, k, distinct, kind, low, high, words, member):
    n, i = 0, low
    while n < k and i < high:
        x = uword(words, i)
        if load_u8(member, i) == HAS_VALUE and not (distinct and is_among(values, n, x, kind)):
            uput(values, n, x)
            n += 1
        i += 1
    return n


@helper
def _last_few(values, k, distinct, kind, low, high, words, member):
    n, i = 0, high - 1
    while n < k and i >= low:
        x = uword(words, i)
        if load_u8(member, i) == HAS_VALUE and not (distinct and is_among(values, n, x, kind)):
            uput(values, n, x)
            n += 1
        i -= 1
    for j in range(n // 2):
        x = uword(values, j)
        uput(values, j, uword(values, n - 1 - j))
        uput(values, n - 1 - j, x)
    return n


@helper
def _count_places(counts, size, low, high, words, member):
    clear(counts, size)
    for i in range(low, high):
        place = i64_from_u64(uword(words, i))
        if load_u8(member, i) == HAS_VALUE and 0 <= place < size:
            put(counts, place, word(counts, place) + 1)
    return size


@helper
def _decayed(spare, ask, q, kind, low, high, times, words, member):
    clear(spare, LONG_SUM)
    half_life, landmark = word(ask, PW_PART), word(ask, PW_WHOLE)
    now, now_part = half_lives(q, landmark, half_life)
    met = 0
    for i in range(low, high):
        if load_u8(member, i) == HAS_VALUE:
            x, t = uword(words, i), word(times, i)
            met |= add_decayed(spare, x, kind, t, now, half_life, landmark)
    return decayed_value(spare, met, now_part)


@helper
def _count_sessions(gap, low, high, times, member):
    n, before = 0, 0
    for i in range(low, high):
        if load_u8(member, i) == HAS_VALUE:
            t = word(times, i)
            if n == 0 or is_pause(before, t, gap):
                n += 1
            before = t
    return n


@helper
def collected(c, ask, q, low, high, room):
    """The word and the reason of an aggregate; of a list the word is its length.

    Args:
        c: The words of the pass.
        ask: What is asked, as `featurelib.jit.windows.plan` writes it.
        q: The query time.
        low: No member stands before this place, counted from the entity's first event.
        high: No member stands at this place or later.
        room: Where a list goes.
    """
    kind, spare, keys = word(c, KIND), word(c, SPARE_AT), word(c, COLLECTED)
    times, words, member = word(c, TIMES), word(c, WORDS), word(c, MEMBER)
    high = min(high, word(c, COUNT))
    op = word(ask, PW_OP)
    k, flag = word(ask, PW_COUNT), word(ask, PW_FLAG)
    if op == DECAYED_SUM:
        return _decayed(spare, ask, q, kind, low, high, times, words, member)
    if op == N_SESSIONS:
        return u64_from_i64(_count_sessions(word(ask, PW_PART), low, high, times, member)), VALUE
    if op == FIRST_K:
        n = _first_few(room, k, flag != 0, kind, low, high, words, member)
        return u64_from_i64(n), VALUE
    if op == LAST_K:
        n = _last_few(room, k, flag != 0, kind, low, high, words, member)
        return u64_from_i64(n), VALUE
    if op == COUNT_OF:
        return u64_from_i64(_count_places(room, k, low, high, words, member)), VALUE
    n = 0
    for i in range(low, high):
        if load_u8(member, i) == HAS_VALUE:
            uput(keys, n, to_key(uword(words, i), kind, op != QUANTILE))
            n += 1
    sort_keys(keys, n)
    distinct, longest = count_runs(keys, n)
    most = word(ask, PW_MOST)
    if most >= 0 and (n if op == QUANTILE else distinct) > most:
        return ZERO, TOO_MANY
    if op == N_UNIQUE:
        return u64_from_i64(distinct), VALUE
    if op == TOP_K:
        return u64_from_i64(most_frequent(room, keys, n, k, kind)), VALUE
    if n == 0:
        return ZERO, NO_EVENTS
    if op == MODE_RATIO:
        return share(longest, n), VALUE
    part, whole = u64_from_i64(word(ask, PW_PART)), u64_from_i64(word(ask, PW_WHOLE))
    return quantile(spare, keys, n, kind, part, whole, flag), VALUE
