"""What the loop of the generator works on, as arrays that machine code and Python share."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

__all__ = ["Array", "Sockets", "State"]

Array = np.ndarray[Any, Any]


class Sockets(NamedTuple):
    """The connections, and what is under way on each.

    Attributes:
        epoll: The descriptor that waits for all.
        fds: int32 of each connection; -1 for one that is broken.
        of_fd: int32: the connection of a descriptor.
        ready: uint32, where the events of a wait are written.
        buffers: uint8 of (connections, bytes): what came and is not a whole head yet.
        filled: int64: bytes of it.
        skip: int64: bytes of a body that are still to come.
        status: int64: of the answer whose body that is.
        is_last: bool: whether the connection ends with it.
        asked: float64 of (connections, depth): intended times, a ring.
        first: int64: the oldest place of it.
        waiting: int64: how many are under way.
        free: int32, a ring of connections that may be asked.
        freed_at: float64: since when.
    """

    epoll: int
    fds: Array
    of_fd: Array
    ready: Array
    buffers: Array
    filled: Array
    skip: Array
    status: Array
    is_last: Array
    asked: Array
    first: Array
    waiting: Array
    free: Array
    freed_at: Array


class State(NamedTuple):
    """What was counted, and when what comes.

    Attributes:
        counts: int64, by `SENT` to `FREE_COUNT`.
        times: float64 seconds, by `NEXT_AT` to `MAX_LAG_S`.
        statuses: int64 of 1,000: answers by status.
        good: The histogram of answers 2xx.
        bad: The histogram of the others.
        lag: The histogram of how late the generator itself was.
        users: int32: the user of each rank.
    """

    counts: Array
    times: Array
    statuses: Array
    good: Array
    bad: Array
    lag: Array
    users: Array
