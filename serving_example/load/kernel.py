"""The loop of the load generator in machine code: when, for whom, send, receive, count.

It shares its cores with the server that it asks, so it costs as little as it can: no interpreter,
one ``send`` and one ``recv`` a request, one look at all sockets in a tick. All of it stands in one
file, constants too, because Numba's cache looks at the file of the function that it compiles and at
no other.
"""

from __future__ import annotations

import math
from typing import Any

import numba as nb
import numpy as np

from serving_example.load.calls import (
    EVENT_FD_AT,
    EVENT_WORDS,
    clock_gettime,
    epoll_wait,
    nanosleep,
    recv,
    send,
)
from serving_example.load.state import Array, Sockets, State

__all__ = ["bucket", "parse", "render", "run", "zipf"]

SENT, EVENTS, WITHIN, WAITED, FIRST_ID, FREE_HEAD, FREE_COUNT, N_COUNTS = range(8)
NEXT_AT, END_AT, MAX_S, SUM_S, MAX_LAG_S, N_TIMES = range(6)
USER, PADDED_USER, RATING_ID, ITEM, RATING, PLACES = range(1, 7)
"""Bytes of a template that stand for a number: the user as it is, and four with blanks before them.
From `PLACES` on a byte is itself."""
WIDTH = 20
"""Characters of a number with blanks: a body's length is known before its numbers are. JSON allows
blanks before a number."""
FINE = 128
"""Buckets of a histogram for each doubling; below ``2 * FINE`` a bucket is a microsecond."""
BUCKETS = FINE * 29
"""The last ends at 2**35 microseconds, which is nine hours; what is longer is counted there."""
LOST, UNREADABLE = 0, 1
"""Statuses that no server gives: the connection ended, and an answer that cannot be read."""
_MONOTONIC = 1
MAX_EVENTS = 1024
_NO_SIGNAL = 0x4000


@nb.njit(cache=True, nogil=True)
def now_s(room: Array) -> float:
    """Monotonic seconds; `room` is int64 of 2."""
    clock_gettime(_MONOTONIC, room.ctypes.data)
    seconds: float = room[0] + room[1] * 1e-9
    return seconds


@nb.njit(cache=True, nogil=True)
def bucket(seconds: float) -> int:
    """Where a duration is counted."""
    us = max(0, int(seconds * 1e6))
    shift = 0
    while us >> shift >= 2 * FINE:
        shift += 1
    return int(min(FINE * shift + (us >> shift), BUCKETS - 1))


@nb.njit(cache=True, nogil=True)
def _area(x: float, s: float) -> float:
    """The integral of ``x**-s``."""
    return math.log(x) if s == 1.0 else (x ** (1.0 - s) - 1.0) / (1.0 - s)


@nb.njit(cache=True, nogil=True)
def zipf(rng: Any, n: int, s: float) -> int:
    """A rank from 1 to n, drawn with a weight of ``rank**-s``.

    Rejection-inversion: W. Hörmann, G. Derflinger, Rejection-inversion to generate variates from
    monotone discrete distributions, ACM TOMACS 6 (1996). It keeps no table.
    """
    low, high = _area(1.5, s) - 1.0, _area(n + 0.5, s)
    while True:
        u = high + rng.random() * (low - high)
        x = math.exp(u) if s == 1.0 else (1.0 + u * (1.0 - s)) ** (1.0 / (1.0 - s))
        k = min(max(int(x + 0.5), 1), n)
        if u >= _area(k + 0.5, s) - k**-s:
            return k


@nb.njit(cache=True, nogil=True)
def render(template: Array, numbers: Array, out: Array) -> int:
    """A request's bytes into `out`; gives how many. `numbers` are by code, none below 0."""
    at = 0
    for code in template:
        if code >= PLACES:
            out[at] = code
            at += 1
            continue
        value, digits = numbers[code], 1
        rest = value // 10
        while rest:
            digits += 1
            rest //= 10
        end = at + (digits if code == USER else WIDTH)
        for i in range(at, end - digits):
            out[i] = 32
        for i in range(end - 1, end - 1 - digits, -1):
            out[i] = 48 + value % 10
            value //= 10
        at = end
    return at


@nb.njit(cache=True, nogil=True)
def _is(data: Array, at: int, name: bytes) -> bool:
    """Whether a header's name, in lower case, stands there."""
    for i in range(len(name)):  # noqa: SIM110 - Numba has no generators here
        if (data[at + i] | 0x20) != (name[i] | 0x20):
            return False
    return True


@nb.njit(cache=True, nogil=True)
def parse(data: Array, filled: int) -> tuple[int, int, int, bool]:
    """The head of an answer: its status, its bytes, its body's bytes, whether it is the last.

    The status is `LOST` where the head is not whole, `UNREADABLE` where it is no head that says
    how long its body is.
    """
    line, length, is_last = 0, -1, False
    for at in range(filled - 1):
        if data[at] != 13 or data[at + 1] != 10:
            continue
        if at == line:
            status = 0
            for i in range(9, 12):
                status = 10 * status + data[i] - 48
            if data[0] != 72 or status < 100 or status > 599:
                return UNREADABLE, 0, 0, True
            if length < 0 and status not in (204, 304):
                return UNREADABLE, 0, 0, True
            return status, at + 2, max(0, length), is_last
        if at - line > 15 and data[line + 14] == 58 and _is(data, line, b"content-length"):
            length = 0
            for i in range(line + 15, at):
                if 48 <= data[i] <= 57:
                    length = 10 * length + data[i] - 48
        elif at - line >= 17 and _is(data, line, b"connection: close"):
            is_last = True
        line = at + 2
    return (LOST if filled < len(data) else UNREADABLE), 0, 0, False


@nb.njit(cache=True, nogil=True)
def _ask(
    c: int, intended: float, now: float, sockets: Sockets, state: State, rng: Any, request: Array,
    templates: tuple[Array, Array], zipf_s: float, event_share: float, items: int,
) -> None:  # fmt: skip
    """Draws a request and sends it on a connection that may be asked."""
    numbers = np.zeros(PLACES, np.int64)
    user = state.users[zipf(rng, len(state.users), zipf_s) - 1]
    numbers[USER], numbers[PADDED_USER] = user, user
    is_event = rng.random() < event_share
    if is_event:
        state.counts[EVENTS] += 1
        numbers[RATING_ID] = state.counts[FIRST_ID] + state.counts[EVENTS]
        numbers[ITEM] = 1 + int(rng.random() * items)
        numbers[RATING] = 1 + int(rng.random() * 5)
    length = render(templates[1] if is_event else templates[0], numbers, request)
    state.counts[SENT] += 1
    depth = sockets.asked.shape[1]
    sockets.asked[c, (sockets.first[c] + sockets.waiting[c]) % depth] = intended
    sockets.waiting[c] += 1
    if send(sockets.fds[c], request.ctypes.data, length, _NO_SIGNAL) != length:
        _break(c, sockets, state)


@nb.njit(cache=True, nogil=True)
def _break(c: int, sockets: Sockets, state: State) -> None:
    """A connection ended: what was under way on it has no answer."""
    state.statuses[LOST] += sockets.waiting[c]
    sockets.waiting[c] = sockets.filled[c] = sockets.skip[c] = 0
    sockets.fds[c] = -1


@nb.njit(cache=True, nogil=True)
def _answered(
    c: int, status: int, now: float, sockets: Sockets, state: State, within_s: float
) -> None:
    """The oldest request of a connection has its answer."""
    depth = sockets.asked.shape[1]
    seconds = now - sockets.asked[c, sockets.first[c]]
    sockets.first[c] = (sockets.first[c] + 1) % depth
    sockets.waiting[c] -= 1
    state.statuses[status] += 1
    if 200 <= status < 300:
        state.good[bucket(seconds)] += 1
        state.times[SUM_S] += seconds
        state.times[MAX_S] = max(state.times[MAX_S], seconds)
        state.counts[WITHIN] += seconds <= within_s
    else:
        state.bad[bucket(seconds)] += 1
    place = (state.counts[FREE_HEAD] + state.counts[FREE_COUNT]) % len(sockets.free)
    sockets.free[place], sockets.freed_at[place] = c, now
    state.counts[FREE_COUNT] += 1


@nb.njit(cache=True, nogil=True)
def _read(c: int, room: Array, sockets: Sockets, state: State, within_s: float) -> None:
    """Takes what came on a connection."""
    data, had = sockets.buffers[c], sockets.filled[c]
    got = recv(sockets.fds[c], data.ctypes.data + np.uintp(had), len(data) - had, 0)
    if got <= 0:
        _break(c, sockets, state)
        return
    now, filled, at = now_s(room), had + got, 0
    while at < filled:
        if sockets.skip[c]:
            some = min(sockets.skip[c], filled - at)
            sockets.skip[c] -= some
            at += some
        else:
            status, head, body, is_last = parse(data[at:], filled - at)
            if status == LOST and (at or filled < len(data)):
                break  # the rest of the head is on its way
            if status <= UNREADABLE or not sockets.waiting[c]:
                state.statuses[UNREADABLE] += 1
                sockets.waiting[c] = max(0, sockets.waiting[c] - 1)
                _break(c, sockets, state)
                return
            sockets.status[c], sockets.is_last[c] = status, is_last
            sockets.skip[c] = body
            at += head
        if not sockets.skip[c]:
            _answered(c, sockets.status[c], now, sockets, state, within_s)
            if sockets.is_last[c]:
                _break(c, sockets, state)
                return
    for i in range(filled - at):
        data[i] = data[at + i]
    sockets.filled[c] = filled - at


@nb.njit(cache=True, nogil=True)
def run(
    sockets: Sockets, state: State, rng: Any, templates: tuple[Array, Array], rate: float,
    zipf_s: float, event_share: float, items: int, within_s: float, tick_s: float, until: float,
) -> float:  # fmt: skip
    """Runs the loop until a time of the monotonic clock; gives the time at its end."""
    room, request = np.zeros(2, np.int64), np.empty(4096, np.uint8)
    counts, times = state.counts, state.times
    while True:
        now = now_s(room)
        if now >= until:
            return now
        while times[NEXT_AT] <= min(now, times[END_AT]) and counts[FREE_COUNT]:
            place, intended = counts[FREE_HEAD], times[NEXT_AT]
            c = sockets.free[place]
            counts[FREE_HEAD] = (place + 1) % len(sockets.free)
            counts[FREE_COUNT] -= 1
            if sockets.fds[c] < 0:
                continue
            late = now - max(intended, sockets.freed_at[place])
            state.lag[bucket(late)] += 1
            counts[WAITED] += sockets.freed_at[place] > intended
            times[MAX_LAG_S] = max(times[MAX_LAG_S], late)
            _ask(c, intended, now, sockets, state, rng, request, templates, zipf_s, event_share,
                 items)  # fmt: skip
            times[NEXT_AT] = intended - math.log(1.0 - rng.random()) / rate
            now = now_s(room)
        room[0], room[1] = 0, int(min(tick_s, max(0.0, until - now)) * 1e9)
        nanosleep(room.ctypes.data, 0)
        found = epoll_wait(sockets.epoll, sockets.ready.ctypes.data, MAX_EVENTS, 0)
        for i in range(found):
            c = sockets.of_fd[sockets.ready[EVENT_WORDS * i + EVENT_FD_AT]]
            if sockets.fds[c] >= 0:
                _read(c, room, sockets, state, within_s)
