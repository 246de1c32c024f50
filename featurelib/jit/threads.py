"""One pool of threads for all kernels: parts of a batch run side by side."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait

_lock = threading.Lock()
_pool: ThreadPoolExecutor | None = None


def _shared() -> ThreadPoolExecutor:
    """The pool of this process: made when it is first needed, and again in a forked child."""
    global _pool
    with _lock:
        if _pool is None:
            _pool = ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="featurelib")
        return _pool


def _forget() -> None:
    """A forked child has the pool's object, but none of its threads."""
    global _lock, _pool
    _lock, _pool = threading.Lock(), None


os.register_at_fork(after_in_child=_forget)


def run_parts(part: Callable[[int], None], count: int) -> None:
    """Calls `part` with 0 to count - 1, side by side, and returns when all are done.

    The caller's thread does the first. A part starts no parts of its own: it would wait for threads
    that wait for it.

    Raises:
        Exception: What the first part that failed raised, after all have ended.
    """
    if count == 1:
        part(0)
        return
    pool = _shared()
    others = [pool.submit(part, k) for k in range(1, count)]
    try:
        part(0)
    finally:
        wait(others)
    for other in others:
        other.result()
