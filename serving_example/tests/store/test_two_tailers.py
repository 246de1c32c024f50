"""Others at the same log and store: who appends meanwhile, and tailers of other releases."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from serving_example.store import (
    Batch,
    Move,
    Put,
    StoreConflictError,
    StoreError,
    Tailer,
    Updated,
)
from serving_example.store.tailer import owner_mark
from serving_example.tests.store import ratings
from serving_example.tests.store.place import EVENTS, VIEWS, Place


def test_two_releases_that_count_otherwise_do_not_share_an_offset(place: Place) -> None:
    """Of two tailers each would apply some of the events: the second one is refused, by name."""
    other = ratings.other_views()
    first, second = place.tailer(), Tailer(place.log, place.store, other)
    place.send(EVENTS[0])
    assert first.step() == 1
    place.send(EVENTS[1])
    with pytest.raises(StoreError, match=r"(?s)of a tailer that fills film_state@.*take over"):
        second.step()
    assert (first.step(), place.count("by_film", 7)) == (1, 2)
    # Someone has filled the other states up to there, and says so.
    place.store.write(Batch(move=Move(2, 2), marks=owner_mark(v.view for v in other.values())))
    place.send(*EVENTS[2:])
    assert second.step() == 2
    with pytest.raises(StoreError, match="of a tailer that fills"):
        first.step()
    place.send(EVENTS[0])
    assert second.step() == 1


def test_two_tailers_that_start_at_once_on_an_empty_store_are_told_apart(place: Place) -> None:
    """Both have seen no mark; the one whose batch comes second looks again, and is refused."""
    place.send(*EVENTS)
    first = place.tailer()
    wrote: list[int] = []

    def derive(_: Updated) -> list[Put]:
        if not wrote:
            wrote.append(first.step())
        return []

    second = Tailer(place.log, place.store, ratings.other_views(), derive)
    with pytest.raises(StoreConflictError):
        second.step()
    with pytest.raises(StoreError, match="of a tailer that fills"):
        second.step()
    assert wrote == [4] and place.count("by_film", 7) == 4


class Busy:
    """A log to which another process appends as soon as one sort of call was answered."""

    def __init__(self, place: Place, answered: str) -> None:
        self._place, self._answered = place, answered

    def __getattr__(self, name: str) -> Any:
        called: Callable[..., Any] = getattr(self._place.log, name)

        def call(*args: Any) -> Any:
            answer = called(*args)
            if name == self._answered and self._place.log.last() < len(EVENTS):
                self._place.send(EVENTS[self._place.log.last()])
            return answer

        return call


@pytest.mark.parametrize("answered", ["read", "last"])
def test_an_event_between_two_looks_at_the_log_is_no_gap(place: Place, answered: str) -> None:
    """Whichever answer was given just before an event came, the next step applies it."""
    log: Any = Busy(place, answered)
    tailer = Tailer(log, place.store, VIEWS)
    for _ in range(3 * len(EVENTS)):
        tailer.step()
    assert place.store.offset() == len(EVENTS)
    assert (place.count("by_user", 1), place.count("by_film", 7)) == (2, 4)
