"""Materialize: from offline frames to the store, beside a tailer, ended anywhere and run again."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from featurelib.dtypes import INT64, STRING
from featurelib.errors import FieldValueError, InputError
from featurelib.fields import Field
from parity_tests.soak import examples
from serving_example.store import (
    Batch,
    FieldsCodec,
    LmdbLog,
    LmdbStore,
    OnlineStore,
    StoreConflictError,
    Tailer,
    View,
)
from serving_example.store.materialize import materialize_rows, materialize_states
from serving_example.tests.store import ratings

VIEWS = ratings.views(ratings.definition())
STAGE = ratings.FilmStage(VIEWS)
CODEC = FieldsCodec([Field("gender", STRING, True), Field("age", INT64, True)])
PROFILE = View("profile", CODEC.schema)
PEOPLE = {
    key: {"gender": "F" if key % 2 else None, "age": key % 90} for key in range(-3, 700)
}  # fmt: skip


def frame(rows: list[dict[str, Any]]) -> pl.DataFrame:
    """Events as a batch job has them, not in order."""
    schema: dict[str, Any] = {
        "rating_id": pl.Int64, "user_id": pl.Int64, "item_id": pl.Int64, "rating": pl.Float64,
        "genres": pl.String, "rated_at": pl.Datetime("us", "UTC"),
        "received_at": pl.Datetime("us", "UTC"),
    }  # fmt: skip
    return pl.DataFrame(rows, schema=schema, orient="row").sample(fraction=1, shuffle=True, seed=1)


def answers(store: OnlineStore) -> dict[tuple[str, int], Mapping[str, Any]]:
    """Every aggregate of every entity in the store, a day after the last event."""
    made: dict[tuple[str, int], Mapping[str, Any]] = {}
    for source, view in VIEWS.items():
        for key, vector in store.scan(view.view):
            now = ratings.START + dt.timedelta(days=30)
            answered = view.stream.query(view.load(vector), now)
            made[source, key] = {**answered, "reasons": dict(answered.reasons)}
    return made


def straight(rows: list[dict[str, Any]]) -> dict[tuple[str, int], Mapping[str, Any]]:
    """The same from one application in the order of arrival, without a store."""
    made: dict[tuple[str, int], Mapping[str, Any]] = {}
    for source, view in VIEWS.items():
        states: dict[int, Any] = {}
        for row in rows:
            view.stream.apply(states.setdefault(row[view.key], view.stream.new()), row)
        for key, state in states.items():
            answered = view.stream.query(state, ratings.START + dt.timedelta(days=30))
            made[source, key] = {**answered, "reasons": dict(answered.reasons)}
    return made


@pytest.fixture
def store(tmp_path: Path) -> Iterator[LmdbStore]:
    made = LmdbStore(tmp_path / "store")
    yield made
    made.close()


def materialize(store: OnlineStore, rows: list[dict[str, Any]], run: str) -> list[Any]:
    """Both kinds of states."""
    return [
        materialize_states(store, view, frame(rows), run=run, on_state=STAGE)
        for view in VIEWS.values()
    ]


def test_materialized_states_are_those_of_the_stream(make_store: Callable[..., Any]) -> None:
    """Whatever the order of the frame, and on either store; films get what is derived of them."""
    store, rows = make_store(), ratings.some_events(3, 120)
    done = materialize(store, rows, "first")
    assert answers(store) == straight(rows)
    assert [made.entities for made in done] == [3, 4]
    assert [made.written for made in done] == [3, 8]
    films = {key: vector.stamp for key, vector in store.scan(VIEWS["by_film"].view)}
    assert {key: vector.stamp for key, vector in store.scan(STAGE.view)} == films


@given(
    cut=st.integers(0, 40), overlap=st.integers(0, 5), tailed_first=st.integers(0, 40),
    limit=st.integers(1, 9),
)  # fmt: skip
@examples(15, soak=500)
def test_a_snapshot_and_the_tail_of_the_log_overlap(
    tmp_path_factory: pytest.TempPathFactory, cut: int, overlap: int, tailed_first: int, limit: int
) -> None:
    """Before, amid or after the tailer's work: every event counts once. (No totals in the tail.)"""
    rows = [
        ratings.event(i, 1 + i % 7, 1 + i % 6, 1 + i % 5, ratings.START + i * dt.timedelta(hours=1))
        for i in range(40)
    ]
    folder = tmp_path_factory.mktemp("overlap")
    log, store = LmdbLog(folder / "log"), LmdbStore(folder / "store")
    log.append([ratings.as_json(row) for row in rows[max(cut - overlap, 0) :]])
    tailer = Tailer(log, store, VIEWS, STAGE)
    for _ in range(tailed_first // limit):
        tailer.step(limit)
    materialize(store, rows[:cut], "snapshot")
    while tailer.step(limit):
        pass
    found, expected = answers(store), straight(rows)
    assert found == expected
    log.close()
    store.close()


class Racing:
    """A store whose writes are preceded by a step of a tailer, now and then."""

    def __init__(self, store: LmdbStore, step: Callable[[], int], races: int) -> None:
        self._store, self._step, self.races = store, step, races

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def write(self, batch: Batch) -> Any:
        if self.races:
            self.races -= 1
            self._step()
        return self._store.write(batch)


def test_a_tailer_that_is_first_loses_nothing(store: LmdbStore, tmp_path: Path) -> None:
    """A batch that was computed from older states is refused, and computed again."""
    rows = [
        ratings.event(i, 1 + i % 3, 1, 4.0, ratings.START + i * dt.timedelta(hours=1))
        for i in range(10)
    ]
    log = LmdbLog(tmp_path / "log")
    log.append([ratings.as_json(row) for row in rows[6:]])
    tailer = Tailer(log, store, VIEWS, STAGE)
    racing: Any = Racing(store, lambda: tailer.step(1), races=3)
    done = materialize(racing, rows[:6], "first")
    assert done[0].conflicts == 3
    while tailer.step():
        pass
    assert answers(store) == straight(rows)
    log.close()


def test_a_snapshot_between_reading_and_writing_is_not_lost(
    store: LmdbStore, tmp_path: Path
) -> None:
    """A tailer whose states have changed under it is refused, and applies its events again."""
    rows = [
        ratings.event(i, 1 + i % 3, 1, 4.0, ratings.START + i * dt.timedelta(hours=1))
        for i in range(6)
    ]
    log = LmdbLog(tmp_path / "log")
    log.append([ratings.as_json(row) for row in rows[4:]])
    racing: Any = Racing(store, lambda: len(materialize(store, rows[:4], "first")), races=1)
    tailer = Tailer(log, racing, VIEWS, STAGE)
    with pytest.raises(StoreConflictError, match="another writer was first"):
        tailer.step()
    while tailer.step():
        pass
    assert answers(store) == straight(rows)
    log.close()


def test_a_tailer_that_is_always_first_is_told(store: LmdbStore, tmp_path: Path) -> None:
    """The job gives up in the end, and says so."""
    hours = [ratings.START + i * dt.timedelta(hours=1) for i in range(80)]
    rows = [ratings.event(i, 1, 1, 4.0, at) for i, at in enumerate(hours)]
    log = LmdbLog(tmp_path / "log")
    log.append([ratings.as_json(row) for row in rows[:-1]])
    tailer = Tailer(log, store, VIEWS)
    racing: Any = Racing(store, lambda: tailer.step(1), races=10_000)
    with pytest.raises(StoreConflictError):
        materialize(racing, rows[-1:], "first")
    log.close()


class EndsError(Exception):
    """The process is ended."""


def test_a_job_that_was_ended_goes_on(store: LmdbStore) -> None:
    """What was written is not computed again, and the result is that of one run."""
    rows = [ratings.event(i, i - 300, 1, 4.0, ratings.START) for i in range(700)]
    advanced: list[int] = []

    def advance(entities: int) -> None:
        advanced.append(entities)
        if len(advanced) == 2:
            raise EndsError

    with pytest.raises(EndsError):
        materialize_states(store, VIEWS["by_user"], frame(rows), run="a", advance=advance)
    done = materialize_states(store, VIEWS["by_user"], frame(rows), run="a", advance=advance)
    assert (done.entities, done.written) == (700, 300)
    assert advanced == [200, 200, 200, 200, 200, 100]
    assert len(list(store.scan(VIEWS["by_user"].view))) == 700
    again = materialize_states(store, VIEWS["by_user"], frame(rows), run="a")
    assert (again.written, again.kept) == (0, 0)
    other = materialize_states(store, VIEWS["by_user"], frame(rows), run="b")
    assert (other.written, other.kept) == (0, 700)


def test_totals_of_both_cannot_be_merged_and_the_newer_stays(store: LmdbStore) -> None:
    """Nothing says which events both have counted: the job counts such entities."""
    hours = [ratings.START + i * dt.timedelta(hours=1) for i in range(40)]
    rows = [ratings.event(i, 1, 2, 4.0, at) for i, at in enumerate(hours)]
    view = VIEWS["by_user"]
    first = materialize_states(store, view, frame(rows[:20]), run="first")
    second = materialize_states(store, view, frame(rows), run="second")
    third = materialize_states(store, view, frame(rows[:20]), run="third")
    fourth = materialize_states(store, view, frame(rows[:2]), run="fourth")
    told = [(made.written, made.kept, made.unmerged) for made in (first, second, third, fourth)]
    assert told == [(1, 0, 0), (1, 0, 1), (0, 1, 1), (0, 1, 1)]
    assert answers(store)["by_user", 1] == straight(rows)["by_user", 1]


def test_bad_columns_are_refused_and_rows_without_an_entity_are_counted(store: LmdbStore) -> None:
    """A frame of another schema is an error; a null key is a refused record, as in the stream."""
    rows = ratings.some_events(1, 20)
    with pytest.raises(InputError, match="genres"):
        materialize_states(store, VIEWS["by_user"], frame(rows).drop("genres"), run="a")


def rows_of(people: dict[int, dict[str, Any]]) -> list[tuple[int, dict[str, Any]]]:
    return list(people.items())


def test_static_fields_are_written_and_replaced(make_store: Callable[..., Any]) -> None:
    """One vector an entity; of two snapshots the newer wins, in whatever order they come."""
    store = make_store()
    advanced: list[int] = []
    done = materialize_rows(
        store, PROFILE, CODEC, rows_of(PEOPLE), run="a", event_time=5, advance=advanced.append
    )
    assert (done.entities, done.written, sum(advanced)) == (703, 703, 703)
    read = {key: CODEC.decode(vector.payload) for key, vector in store.scan(PROFILE)}
    assert read == PEOPLE
    newer = {key: {"gender": "M", "age": 1} for key in PEOPLE}
    for run, people, event_time in (("b", newer, 6), ("c", PEOPLE, 4)):
        materialize_rows(store, PROFILE, CODEC, rows_of(people), run=run, event_time=event_time)
    read = {key: CODEC.decode(vector.payload) for key, vector in store.scan(PROFILE)}
    assert read == newer


def test_who_is_not_there_any_more_is_deleted(store: LmdbStore) -> None:
    """With `prune`, and an older snapshot does not bring them back."""
    materialize_rows(store, PROFILE, CODEC, rows_of(PEOPLE), run="a", event_time=5)
    few = {1: PEOPLE[1], 2: PEOPLE[2]}
    done = materialize_rows(store, PROFILE, CODEC, rows_of(few), run="b", event_time=6, prune=True)
    assert done.deleted == 701
    materialize_rows(store, PROFILE, CODEC, rows_of(PEOPLE), run="c", event_time=5)
    assert {key for key, _ in store.scan(PROFILE)} == {1, 2}


def test_a_value_that_does_not_fit_is_refused(store: LmdbStore) -> None:
    """By the name of its field, and the batch is not written."""
    rows = [(1, {"gender": "F", "age": "old"})]
    with pytest.raises(FieldValueError, match="age"):
        materialize_rows(store, PROFILE, CODEC, rows, run="a", event_time=1)
    assert store.get(PROFILE, 1) is None
