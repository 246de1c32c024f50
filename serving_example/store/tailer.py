"""The tailer: applies the events of a log to the states in an online store.

States, what is derived of them, and the log's offset are written as one batch, which says what it
was computed from. So a tailer that is killed anywhere goes on where the store is: nothing is lost
or counted twice; of two tailers at once one is refused, and reads again.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import NamedTuple

from serving_example.store.applying import Applying, OnState
from serving_example.store.errors import (
    LogGapError,
    StoreConflictError,
    StoreError,
    StoreFullError,
    StoreUnavailable,
)
from serving_example.store.interface import Clock, Entry, EventLog, OnlineStore, wall_clock
from serving_example.store.states import StateView
from serving_example.store.vector import View

__all__ = ["Lag", "Tailer", "owner_mark"]

_LOGGER = logging.getLogger("serving_example.tailer")
_LOOK_S = 0.05
"""So often one that lets events gather looks whether it is to end."""
_OWNER = "tailer"
"""The mark that says to which views the events up to the offset were applied."""


def owner_mark(views: Iterable[View]) -> dict[str, bytes]:
    """The mark of a batch that makes the offset that of a tailer which fills these states."""
    return {_OWNER: ", ".join(sorted(view.id for view in views)).encode()}


class Lag(NamedTuple):
    """How far the store is behind the log.

    Attributes:
        behind: Events that are not applied.
        seconds: How long ago the oldest of them was appended; 0 if there is none.
    """

    behind: int
    seconds: float


class Tailer:
    """Applies a log to a store. One thread runs it; `lag` and the counters may be read by any.

    Args:
        log: Where the events are.
        store: Where the states are.
        views: For each event source its view.
        on_state: Gives the vectors that are derived of a changed state, such as a film's features.
        clock: Tells how long events have waited.

    Attributes:
        outcomes: Records by what became of them: ``taken``, ``known`` (it came before),
            ``beyond_kept``, or why one was refused (``unreadable_state``: what the store has of its
            entity is damaged). ``derived`` counts failures of `on_state`, ``older`` vectors that
            were not written, because the entity was deleted later than its events happened.
        steps: Batches that were written.
        conflicts: Batches that another writer was before.
        failures: Times that the log or the store did not answer.
        error: What ended `run`, if something did.
    """

    def __init__(
        self,
        log: EventLog,
        store: OnlineStore,
        views: Mapping[str, StateView],
        on_state: OnState = lambda updated: (),
        *,
        clock: Clock = wall_clock,
    ) -> None:
        self._log, self._store, self._clock = log, store, clock
        self._applying = Applying(store, views, on_state)
        self._views = tuple(view.view for view in views.values())
        self._applied, self._hurried = threading.Condition(), threading.Event()
        self._offset = 0
        self._left = -1
        self.outcomes: Counter[str] = Counter()
        self.steps = self.conflicts = self.failures = 0
        self.error: BaseException | None = None

    def step(self, limit: int = 256) -> int:
        """Applies the next events.

        Args:
            limit: So many at most.

        Returns:
            How many were applied or refused; 0: the store is up to date.

        Raises:
            LogGapError: The log does not hold the event after those that the store has.
            StoreError: The offset is that of a tailer which fills other states: of two such tailers
                each would apply some of the events only.
            StoreConflictError: Another writer was first; nothing was applied, step again.
            StoreUnavailable: No answer; of the step nobody knows, step again.
        """
        before = self._store.offset()
        if before != self._left:  # the first step, or another tailer was here
            self._check_owner()
        entries = self._entries(before, limit)
        if not entries:
            self._reached(before)
            return 0
        batch, found = self._applying.batch(before, entries)
        batch = replace(batch, marks=owner_mark(self._views))
        found["older"] = len(self._store.write(batch).older)
        self._left = entries[-1].offset
        self.steps += 1
        self.outcomes.update(found)
        self._reached(entries[-1].offset)
        return len(entries)

    def run(
        self,
        stop: threading.Event,
        *,
        limit: int = 256,
        idle_s: float = 0.5,
        gather_s: float = 0.0,
    ) -> None:
        """Steps until it is told to stop; waits for events, and out what does not answer.

        Args:
            stop: Ends it within `idle_s`.
            limit: Of each step.
            idle_s: How long it waits for an event, or for a store that is away, before it looks.
            gather_s: After a step that left nothing, the events of so long are taken together: a
                step of one event takes 0.85 ms of CPU, one of 64 0.24 ms for each. `hurry` ends it.

        Raises:
            StoreError: What waiting does not heal: a gap in the log, a log that is damaged.
        """
        self.error = None
        while not stop.is_set():
            try:
                count = self.step(limit)
                if count == 0:
                    self._log.wait(self._offset, idle_s)
                elif count < limit:
                    self._gather(stop, gather_s)
            except StoreConflictError:
                self.conflicts += 1
            except (StoreUnavailable, StoreFullError) as error:
                self.failures += 1
                _LOGGER.warning("the tailer waits: %s", error)
                stop.wait(idle_s)
            except BaseException as error:
                self.error = error
                raise

    def hurry(self) -> None:
        """Somebody waits for an event of the log: what gathers is applied now. From any thread."""
        self._hurried.set()

    def _gather(self, stop: threading.Event, seconds: float) -> None:
        """Lets events gather, unless one is waited for or the end has come."""
        while seconds > 0.0 and not stop.is_set():
            if self._hurried.wait(min(seconds, _LOOK_S)):
                break
            seconds -= _LOOK_S
        self._hurried.clear()

    def wait_for(self, offset: int, timeout_s: float) -> bool:
        """Waits until an event is applied, so that who sent it reads what it changed.

        Args:
            offset: What `EventLog.append` gave.
            timeout_s: How long.

        Returns:
            Whether this tailer knows that it is applied.
        """
        with self._applied:
            return self._applied.wait_for(lambda: self._offset >= offset, timeout_s)

    def lag(self) -> Lag:
        """The watermark lag, from log and store.

        Raises:
            StoreUnavailable: No answer.
        """
        offset = self._store.offset()
        behind = self._log.last() - offset
        oldest = self._log.read(offset, 1) if behind > 0 else []
        waited = (self._clock() - oldest[0].appended_at) / 1e6 if oldest else 0.0
        return Lag(max(behind, 0), max(waited, 0.0))

    def _check_owner(self) -> None:
        """Refuses a store whose offset says what was applied to other states."""
        found, ours = self._store.mark(_OWNER), owner_mark(self._views)[_OWNER]
        if found is not None and found != ours:
            raise StoreError(
                f"the store's offset is of a tailer that fills {found.decode()}, this one fills "
                f"{ours.decode()}",
                hint="give this release a store of its own, or end the other tailer and let this "
                "one take over: python -m serving_example.store materialize --offset N",
            )

    def _entries(self, before: int, limit: int) -> list[Entry]:
        """The next events; refuses a log that does not go on where the store is.

        The end of the log is asked once: events that are appended meanwhile are no gap.
        """
        entries = self._log.read(before, limit)
        last = before if entries else self._log.last()
        if last > before:  # they came between the two calls, or are not there
            entries = self._log.read(before, limit)
        if entries and entries[0].offset != before + 1:
            raise LogGapError(
                f"the store has the events up to {before}, the log goes on at {entries[0].offset}",
                hint="materialize from all events up to there, with --offset",
            )
        if not entries and last != before:
            raise LogGapError(
                f"the store has the events up to {before}, the log ends at {last}",
                hint="it is another log, or an old copy: give the tailer the one that the store "
                "was filled from",
            )
        return entries

    def _reached(self, offset: int) -> None:
        with self._applied:
            self._offset = offset
            self._applied.notify_all()
