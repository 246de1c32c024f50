"""The tailer: poison, damage, gaps, other writers, and who waits for an event."""

from __future__ import annotations

import datetime as dt
import threading
from pathlib import Path
from typing import Any

import lmdb
import pytest

from serving_example.store import (
    Batch,
    LmdbLog,
    LmdbStore,
    LogGapError,
    Move,
    Put,
    Tailer,
    Updated,
    VectorError,
)
from serving_example.tests.store import ratings
from serving_example.tests.store.place import EVENTS, STAGE, VIEWS, Away, Place


def test_a_step_writes_states_and_what_is_derived(place: Place) -> None:
    """A rating counts for its user and its film; a film's vector has its state's stamp."""
    place.send(*EVENTS)
    tailer = place.tailer()
    assert (tailer.step(), tailer.step(), place.store.offset()) == (4, 0, 4)
    assert [place.count("by_user", key) for key in (1, 2, 3)] == [2, 2, 0]
    assert place.count("by_film", 7) == 4
    film = place.store.get(STAGE.view, 7)
    assert film is not None and film.payload is not None
    assert STAGE.codec.decode(film.payload)["film_ratings"] == 4
    assert film.version == 4
    assert tailer.outcomes["taken"] == 8
    views = [(change.view, change.key) for change in place.store.changes(0, 9).changes]
    ids = [VIEWS["by_user"].view.id] * 2 + [VIEWS["by_film"].view.id, STAGE.view.id]
    assert views == list(zip(ids, [1, 2, 7, 7], strict=True))


@pytest.mark.parametrize("poison", ratings.POISON, ids=range(len(ratings.POISON)))
def test_poison_is_kept_aside_with_its_reason(place: Place, poison: bytes) -> None:
    """The events before and after it are applied; it is counted, and can be read later."""
    place.send(EVENTS[0])
    place.log.append([poison])
    place.send(EVENTS[2])
    tailer = place.tailer()
    assert tailer.step() == 3
    assert place.count("by_user", 1) == 2
    (letter,) = place.store.letters(0, 9)
    assert (letter.offset, letter.data) == (2, poison)
    assert any(reason in letter.reason for reason in ("bad_value", "null_key"))
    assert tailer.outcomes["bad_value"] + tailer.outcomes["null_key"] >= 1


def test_late_events_are_refused_as_offline(place: Place) -> None:
    """What is later than the source allows is not counted, and is kept aside with the reason."""
    row = EVENTS[0] | {"rated_at": ratings.START - dt.timedelta(hours=2)}
    place.send(row)
    tailer = place.tailer()
    assert tailer.step() == 1
    assert place.store.letters(0, 9)[0].reason == "by_user: late; by_film: late"
    assert tailer.outcomes["late"] == 2 and place.count("by_user", 1) == 0


def test_an_event_that_comes_twice_counts_once(place: Place) -> None:
    """In one step and in another one; its entities' vectors are not written again."""
    place.send(EVENTS[0], EVENTS[0])
    tailer = place.tailer()
    tailer.step()
    stamp = VIEWS["by_user"].read(place.store, 1), place.store.changes(0, 9).head
    place.send(EVENTS[0])
    tailer.step()
    assert (VIEWS["by_user"].read(place.store, 1), place.store.changes(0, 9).head) == stamp
    assert tailer.outcomes["known"] == 4 and place.store.offset() == 3


def test_a_damaged_state_costs_its_entity_only(place: Place) -> None:
    """Events of this entity are kept aside; the other ones, and its films, go on."""
    place.send(EVENTS[0])
    tailer = place.tailer()
    tailer.step()
    damage(place, VIEWS["by_user"].view.prefix)
    with pytest.raises(VectorError, match=r"user_state, entity 1: .* damaged"):
        place.store.get(VIEWS["by_user"].view, 1)
    place.send(*EVENTS[1:])
    assert tailer.step() == 3
    assert [letter.reason for letter in place.store.letters(0, 9)] == ["by_user: unreadable_state"]
    assert (place.count("by_user", 2), place.count("by_film", 7)) == (2, 4)


def damage(place: Place, prefix: bytes) -> None:
    """Flips a bit in each vector of a view, as a failing disk might."""
    place.store.close()
    with lmdb.open(str(place.folder / "store"), max_dbs=8) as env:
        table = env.open_db(b"vectors")
        with env.begin(table, write=True) as txn:
            for key, value in list(txn.cursor()):
                if key.startswith(prefix):
                    txn.put(key, value[:60] + bytes([value[60] ^ 1]) + value[61:])
    place.store.__init__(place.folder / "store")  # type: ignore[misc]


def test_a_failing_stage_costs_its_vector_only(place: Place) -> None:
    """The state is right, the failure is counted, and the next event may derive it."""

    def stage(updated: Updated) -> list[Put]:
        if updated.source == "by_film" and updated.stamp.version == 1:
            raise ZeroDivisionError
        return STAGE(updated)

    tailer = place.tailer(on_state=stage)
    place.send(EVENTS[0])
    tailer.step()
    assert place.count("by_film", 7) == 1 and place.store.get(STAGE.view, 7) is None
    assert tailer.outcomes["derived"] == 1
    place.send(EVENTS[1])
    tailer.step()
    assert place.store.get(STAGE.view, 7) is not None


def test_a_deleted_entity_stays_deleted(place: Place) -> None:
    """Ratings from before the deletion do not bring a user back; one from after it does."""
    place.send(EVENTS[0])
    tailer = place.tailer()
    tailer.step()
    view = VIEWS["by_user"].view
    vector = place.store.get(view, 1)
    assert vector is not None
    gone = view.tombstone(vector.event_time + 1_000_000, 0)
    assert place.store.write(Batch([Put(view, 1, gone)])).taken == 1
    place.send(EVENTS[2])
    tailer.step()
    assert place.store.get(view, 1) is None and tailer.outcomes["older"] == 1
    later = ratings.START + dt.timedelta(seconds=2)
    place.send(ratings.event(99, 1, 7, 5.0, later))
    tailer.step()
    assert place.count("by_user", 1) == 1


def test_another_log_is_refused(place: Place, tmp_path: Path) -> None:
    """A log that is shorter than what the store has, or that has lost its beginning."""
    place.send(*EVENTS)
    place.tailer().step()
    empty = LmdbLog(tmp_path / "empty")
    with pytest.raises(LogGapError, match="up to 4, the log ends at 0"):
        Tailer(empty, place.store, VIEWS).step()
    empty.close()
    fresh = LmdbStore(tmp_path / "fresh")
    place.log.trim(2)
    with pytest.raises(LogGapError, match="up to 0, the log goes on at 3"):
        Tailer(place.log, fresh, VIEWS).step()
    place.log.trim(4)
    with pytest.raises(LogGapError, match="up to 0, the log ends at 4"):
        Tailer(place.log, fresh, VIEWS).step()
    fresh.write(Batch(move=Move(0, 4)))
    assert Tailer(place.log, fresh, VIEWS).step() == 0
    fresh.close()


def test_lag_is_the_age_of_the_oldest_event_that_waits(place: Place) -> None:
    """Events behind, and since when; nothing behind is no lag."""
    tailer = place.tailer()
    assert tailer.lag() == (0, 0.0)
    place.send(*EVENTS[:2])
    place.now += 2_500_000
    place.send(*EVENTS[2:])
    assert tailer.lag() == (4, 2.5)
    tailer.step(2)
    assert tailer.lag() == (2, 0.0)
    place.now -= 10_000_000
    assert tailer.lag() == (2, 0.0)


def test_who_sent_an_event_can_wait_for_it(place: Place) -> None:
    """A running tailer is woken by an event; it ends when it is told to."""
    tailer, stop = place.tailer(), threading.Event()
    thread = threading.Thread(target=tailer.run, args=(stop,))
    thread.start()
    try:
        for row in EVENTS:
            (offset,) = place.send(row)
            assert tailer.wait_for(offset, 30)
            assert place.store.offset() >= offset
        assert not tailer.wait_for(offset + 1, 0.01)
    finally:
        stop.set()
        thread.join()
    assert tailer.error is None


def test_events_that_come_soon_one_after_another_are_one_step(place: Place) -> None:
    """The first is applied at once; it ends within the pause if it is told to."""
    tailer, stop = place.tailer(), threading.Event()
    thread = threading.Thread(target=tailer.run, args=(stop,), kwargs={"gather_s": 60.0})
    thread.start()
    try:
        (first,) = place.send(EVENTS[0])
        assert tailer.wait_for(first, 30)
        place.send(*EVENTS[1:])
    finally:
        stop.set()
        thread.join()
    assert (tailer.steps, place.store.offset()) == (1, first)
    assert tailer.step() == len(EVENTS) - 1 and tailer.steps == 2


def test_events_that_are_waited_for_do_not_gather(place: Place) -> None:
    """Whoever waits for one has it applied at once; the next ones gather again."""
    tailer, stop = place.tailer(), threading.Event()
    thread = threading.Thread(target=tailer.run, args=(stop,), kwargs={"gather_s": 60.0})
    thread.start()
    try:
        for row in EVENTS[:3]:
            (offset,) = place.send(row)
            tailer.hurry()
            assert tailer.wait_for(offset, 30)
    finally:
        stop.set()
        thread.join()
    assert place.store.offset() == offset


def test_a_running_tailer_waits_for_its_store(place: Place) -> None:
    """No answer, or none about a write that was done: it steps again, and nothing counts twice."""
    script = iter(["lost", "answers", "lost", "answers", "answers", "answers", "done", "lost"])
    store: Any = Away(place.store, script)
    tailer, stop = Tailer(place.log, store, VIEWS, STAGE), threading.Event()
    place.send(*EVENTS)
    thread = threading.Thread(target=tailer.run, args=(stop,), kwargs={"idle_s": 0.01})
    thread.start()
    assert tailer.wait_for(4, 30)
    stop.set()
    thread.join()
    assert tailer.failures >= 3
    assert (place.count("by_user", 1), place.count("by_film", 7)) == (2, 4)


def test_what_waiting_does_not_heal_ends_a_run(place: Place, tmp_path: Path) -> None:
    """A gap in the log ends the thread, and the tailer says why: the service is not ready then."""
    place.send(*EVENTS)
    place.log.trim(2)
    tailer = place.tailer()
    with pytest.raises(LogGapError):
        tailer.run(threading.Event())
    assert isinstance(tailer.error, LogGapError)
