"""Work of a background thread that lets the others go first.

A thread that computes in Python keeps the interpreter lock for five milliseconds at a time, whoever
waits for it: that is a request's pause. Here it gives the lock back after a millisecond, so a
release is taken more slowly, and no request waits for more than one step of it.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["gently"]

SLICE_S = 0.001
REST_S = 0.0002
"""A rest has to be longer than a waiting thread needs to wake up."""


@contextmanager
def gently(*, slice_s: float = SLICE_S, rest_s: float = REST_S) -> Iterator[None]:
    """Makes this thread rest often; where it is looked at by a profiler, it does not.

    The interpreter calls a thread's profile function at each call and return, so there a thread can
    rest in the midst of code that knows nothing of it. One call into C is one step all the same.

    Args:
        slice_s: Seconds of work between two rests.
        rest_s: Seconds of a rest.
    """
    if sys.getprofile() is not None:
        yield
        return
    clock, sleep = time.perf_counter, time.sleep
    rested = clock()

    def rest(frame: Any, event: str, argument: Any) -> None:
        nonlocal rested
        if clock() - rested > slice_s:
            sleep(rest_s)
            rested = clock()

    sys.setprofile(rest)
    try:
        yield
    finally:
        sys.setprofile(None)
