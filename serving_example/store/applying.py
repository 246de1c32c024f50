"""One step of the tailer as a pure piece: events and the states they meet, to a batch."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from featurelib.errors import InputError, StateError
from featurelib_online.stream import State
from serving_example.store.errors import StoreUnavailable, VectorError
from serving_example.store.interface import Batch, Entry, Letter, Move, OnlineStore, Put
from serving_example.store.states import EventReader, StateView
from serving_example.store.vector import Stamp, View

__all__ = ["Applying", "OnState", "Updated", "derived_of"]

_LOGGER = logging.getLogger("serving_example.tailer")
_FINE = ("taken", "known", "beyond_kept")
"""Outcomes of a record that a stream does not refuse."""


class Updated(NamedTuple):
    """A state that has changed.

    Attributes:
        source: The event source.
        key: The entity.
        state: Its state as it is written; to be read only.
        stamp: The stamp that it is written with: what is derived of it takes the same.
        event: The last event that changed it; None where a snapshot did.
    """

    source: str
    key: int
    state: State
    stamp: Stamp
    event: Mapping[str, Any] | None


OnState = Callable[[Updated], Iterable[Put]]
"""Gives the vectors that are derived of a changed state."""


def derived_of(on_state: OnState, updated: Updated) -> list[Put] | None:
    """What is derived of a state; None, and a word in the log, where that failed.

    Raises:
        StoreUnavailable: It reads from a store that does not answer.
    """
    try:
        return list(on_state(updated))
    except StoreUnavailable:
        raise
    except Exception:
        _LOGGER.exception("nothing is derived of %s, entity %d", updated.source, updated.key)
        return None


@dataclass(slots=True)
class _Open:
    """A state of this step."""

    view: StateView
    state: State
    stamp: Stamp | None
    event: Mapping[str, Any] | None = None
    changed: int = 0


_Opened = dict[tuple[View, int], _Open | None]
"""The states that a step needs; None of one that cannot be read."""


class Applying:
    """Turns events into the batch that applies them.

    Args:
        store: Where the states are read.
        views: For each event source its view.
        on_state: See `OnState`. An exception in it costs these vectors only.
    """

    def __init__(
        self, store: OnlineStore, views: Mapping[str, StateView], on_state: OnState
    ) -> None:
        self._store, self._on_state, self._views = store, on_state, dict(views)
        self._reader = EventReader(next(iter(self._views.values())))

    def batch(self, before: int, entries: Sequence[Entry]) -> tuple[Batch, Counter[str]]:
        """The batch of some events, and what became of each record (see `Tailer.outcomes`).

        Args:
            before: The offset that the store has reached.
            entries: The events behind it.
        """
        found: Counter[str] = Counter()
        letters: list[Letter] = []
        events = []
        for entry in entries:
            try:
                events.append((entry, self._reader.read(entry.data)))
            except InputError as error:
                letters.append(Letter(entry.offset, f"bad_value: {error}", entry.data))
                found["bad_value"] += 1
        opened = self._opened([event for _, event in events])
        for entry, event in events:
            refused = self._apply(event, opened, found)
            if refused:
                letters.append(Letter(entry.offset, "; ".join(refused), entry.data))
        changed = {place: one for place, one in opened.items() if one is not None and one.changed}
        puts: list[Put] = []
        for (_, key), one in changed.items():
            puts += self._puts(key, one, found)
        expects = {place: one.stamp for place, one in changed.items()}
        move = Move(before, entries[-1].offset)
        return Batch(puts, expects, move, sorted(letters)), found

    def _opened(self, events: Sequence[Mapping[str, Any]]) -> _Opened:
        """The states of all entities that events name, read with one call a view."""
        made: _Opened = {}
        for view in self._views.values():
            keys = sorted({e[view.key] for e in events if _is_key(e.get(view.key))})
            try:
                made |= self._read(view, keys)
            except (VectorError, StateError):
                for key in keys:
                    try:
                        made |= self._read(view, [key])
                    except (VectorError, StateError) as error:
                        _LOGGER.error("events of this entity are refused: %s", error)
                        made[view.view, key] = None
        return made

    def _read(self, view: StateView, keys: Sequence[int]) -> _Opened:
        found = self._store.get_many(view.view, keys)
        return {
            (view.view, key): _Open(view, view.load(vector), vector and vector.stamp)
            for key, vector in zip(keys, found, strict=True)
        }

    def _apply(self, event: Mapping[str, Any], opened: _Opened, found: Counter[str]) -> list[str]:
        """Applies an event to its entities' states; gives who refused it, and why."""
        refused = []
        for source, view in self._views.items():
            key: Any = event.get(view.key)
            if not _is_key(key):
                outcome = "null_key" if key is None else "bad_value"
            elif (one := opened[view.view, key]) is None:
                outcome = "unreadable_state"
            else:
                was = bytes(one.state)
                outcome = view.stream.apply(one.state, event)
                if bytes(one.state) != was:
                    one.changed += 1
                    one.event = event
            found[outcome] += 1
            if outcome not in _FINE:
                refused.append(f"{source}: {outcome}")
        return refused

    def _puts(self, key: int, one: _Open, found: Counter[str]) -> list[Put]:
        """A changed state, and what is derived of it."""
        put = one.view.put(key, one.state, one.stamp, one.changed)
        source = one.view.stream.name
        derived = derived_of(
            self._on_state, Updated(source, key, one.state, put.vector.stamp, one.event)
        )
        found["derived"] += derived is None
        return [put, *(derived or ())]


def _is_key(value: Any) -> bool:
    """Whether a value names an entity; all others are refused by the stream as well."""
    return type(value) is int and -(1 << 63) <= value < 1 << 63
