"""The thread that does what time alone makes due."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from serving_example.pool.windows import NEVER
from serving_example.scheduler import Clock

__all__ = ["Keeper"]

log = logging.getLogger("serving_example")

LEAST_S = 0.0002
"""The shortest sleep: what is due again at once must not take a core from the devices' threads."""


class Keeper:
    """Calls a function when it says that it is due, and at least once a period.

    A thread hand-off costs more than a job: who brings the time nearer pokes only if it comes
    before `until`.

    Args:
        look: Does what is due, and says when it is to be called again; None for some time.
        clock: The seconds that it speaks of.
        period_s: The longest sleep: what is found only by looking is found so late.

    Attributes:
        until: Until when it sleeps; for ever while it looks, for then it may have looked past
            what comes now.
    """

    def __init__(self, look: Callable[[], float | None], clock: Clock, period_s: float) -> None:
        self._look, self._clock, self._period_s = look, clock, period_s
        self.until = NEVER
        self._poked = threading.Event()
        self._is_ending = False
        self._thread = threading.Thread(target=self._keep, name="pool keeper", daemon=True)

    def start(self) -> None:
        """Starts the thread."""
        self._thread.start()

    def poke(self) -> None:
        """Something is due before `until`."""
        self._poked.set()

    def stop(self) -> None:
        """Ends the thread; harmless where none runs."""
        self._is_ending = True
        self._poked.set()
        if self._thread.is_alive():
            self._thread.join()

    def _keep(self) -> None:
        while True:
            self._poked.clear()
            if self._is_ending:
                return
            self.until = NEVER
            due = None
            try:
                due = self._look()
            except Exception:  # a policy that fails: the next look may go better
                log.exception("the pool could not do what is due")
            now = self._clock()
            sleep_s = self._period_s
            if due is not None:
                sleep_s = min(sleep_s, max(LEAST_S, due - now))
            self.until = now + sleep_s
            self._poked.wait(sleep_s)
