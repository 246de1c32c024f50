"""Comparing off the path of requests: what a shadow answers is nobody's to wait for."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Mapping
from typing import Any

from featurelib_online.live.gentle import at_rest, gently
from featurelib_online.live.status import Current
from featurelib_online.live.trial import Trial
from featurelib_online.outputs import Row

__all__ = ["ShadowQueue"]

WAITING = 1_000
"""Requests that wait to be compared, at most; beyond them they are dropped and counted."""


class ShadowQueue:
    """Requests with their answers, and the thread that has the candidate answer them too.

    Args:
        trial: The trial that compares.
        waiting: Requests that may wait.
    """

    def __init__(self, trial: Trial, waiting: int = WAITING) -> None:
        self._trial = trial
        self._queue: queue.Queue[tuple[dict[str, Any], Row, Current] | None] = queue.Queue(waiting)
        self._thread = threading.Thread(target=self._run, name="featurelib shadow", daemon=True)
        self._thread.start()

    def offer(self, request: Mapping[str, Any], answer: Row, by: Current) -> None:
        """Has a request compared some time later, unless too many wait."""
        try:
            self._queue.put_nowait((dict(request), answer, by))
        except queue.Full:
            self._trial.dropped += 1

    def close(self) -> None:
        """Ends the thread; what waits is not compared."""
        while self._thread.is_alive():
            try:
                self._queue.put_nowait(None)
                break
            except queue.Full:
                with contextlib.suppress(queue.Empty):  # the thread may have emptied it since
                    self._queue.get_nowait()
        self._thread.join()

    def _run(self) -> None:
        with gently():
            while (item := self._next()) is not None:
                self._trial.candidate_answer(*item)

    def _next(self) -> tuple[dict[str, Any], Row, Current] | None:
        try:
            return self._queue.get_nowait()
        except queue.Empty:
            with at_rest():
                return self._queue.get()
