"""What the tailer has made of a log is what a batch job computes from the same events."""

from __future__ import annotations

import datetime as dt
import math
import shutil
import struct
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import hypothesis.strategies as st
import polars as pl
import pytest
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from featurelib_offline import point_in_time
from parity_tests.soak import examples
from serving_example.store import (
    EventLog,
    LmdbLog,
    LmdbStore,
    OnlineStore,
    StateView,
    StoreConflictError,
    Tailer,
)
from serving_example.store.redis_log import RedisLog
from serving_example.store.redis_store import RedisStore
from serving_example.tests.store import ratings
from serving_example.tests.store.servers import RedisServer

MADE = ratings.definition()
VIEWS = ratings.views(MADE)
KEYS = {"by_user": [1, 2, 3, 4], "by_film": [1, 2, 3, 4, 5]}
MINUTES = st.sampled_from([0, 0, 1, 5, 20, 45])
LATE = st.sampled_from([0, 0, 0, 0, 2, 29, 31, 40])


def bits(value: Any) -> Any:
    """A value so that equal means equal bits."""
    if isinstance(value, (list, tuple)):
        return [bits(v) for v in value]
    if isinstance(value, float):
        return "nan" if math.isnan(value) else struct.pack("<d", value)
    return value


def check_against_batch(
    rows: list[dict[str, Any]], store: OnlineStore, views: Mapping[str, StateView], now: dt.datetime
) -> int:
    """Every aggregate of every entity, value and reason; how many had a value."""
    schema: dict[str, Any] = {
        "rating_id": pl.Int64, "user_id": pl.Int64, "item_id": pl.Int64, "rating": pl.Float64,
        "genres": pl.String, "rated_at": pl.Datetime("us", "UTC"),
        "received_at": pl.Datetime("us", "UTC"),
    }  # fmt: skip
    events = pl.DataFrame(rows, schema=schema, orient="row")
    times = [now, now + dt.timedelta(minutes=7), now + dt.timedelta(hours=2)]
    asked: list[dict[str, Any]] = [
        {"user_id": user, "item_id": film, "as_of": at}
        for user, film in zip(KEYS["by_user"] + [1], KEYS["by_film"], strict=True)
        for at in times
    ]
    queries = pl.DataFrame(asked, schema_overrides={"as_of": pl.Datetime("us", "UTC")})
    joined = point_in_time(
        queries, dict.fromkeys(views, events), MADE, reasons=True, refused="collect"
    ).result
    compared = 0
    for row, question in zip(joined.iter_rows(named=True), asked, strict=True):
        for view in views.values():
            answers = view.stream.query(view.read(store, question[view.key]), question["as_of"])
            for name, value in answers.items():
                told = (name, question, value, row[name])
                assert bits(value) == bits(row[name]), told
                assert answers.reasons.get(name) == row[f"{name}.reason"], told
                compared += value is not None
    return compared


class Interleavings(RuleBasedStateMachine):
    """Events, duplicates, poison, steps, restarts and a second tailer, in any order."""

    server: ClassVar[RedisServer | None] = None

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        if self.server is not None:
            self.server.empty()
        self.now, self.sent, self.poison = ratings.START, 0, 0
        self.rows: list[dict[str, Any]] = []
        self.unsent: list[bytes] = []
        self.open()

    def open(self) -> None:
        if self.server is None:
            self.log: EventLog = LmdbLog(self.folder / "log")
            self.store: OnlineStore = LmdbStore(self.folder / "store")
        else:
            self.log = RedisLog(self.server.url, deadline_s=30)
            self.store = RedisStore(self.server.url, deadline_s=30)
        self.tailer = self.another()

    def another(self) -> Tailer:
        return Tailer(self.log, self.store, VIEWS, ratings.FilmStage(VIEWS))

    def close(self) -> None:
        self.log.close()
        self.store.close()

    @rule(
        user=st.integers(1, 3), film=st.integers(1, 4), stars=st.integers(1, 5), after=MINUTES,
        late=LATE,
    )  # fmt: skip
    def rate(self, user: int, film: int, stars: int, after: int, late: int) -> None:
        """A rating arrives, which may be late, or too late."""
        self.now += dt.timedelta(minutes=after)
        row = ratings.event(len(self.rows), user, film, stars, self.now)
        self.rows.append(row | {"rated_at": self.now - dt.timedelta(minutes=late)})
        self.unsent.append(ratings.as_json(self.rows[-1]))

    @precondition(lambda self: self.rows)
    @rule(back=st.integers(1, 5), is_new_arrival=st.booleans())
    def repeat(self, back: int, is_new_arrival: bool) -> None:
        """A client sends a rating again, as it was or stamped with another arrival."""
        row = dict(self.rows[max(-back, -len(self.rows))])
        if is_new_arrival:
            row["received_at"] = self.now
        self.rows.append(row)
        self.unsent.append(ratings.as_json(row))

    @rule(which=st.integers(0, len(ratings.POISON) - 1))
    def poison_it(self, which: int) -> None:
        """Something comes that is no rating."""
        self.unsent.append(ratings.POISON[which])
        self.poison += 1

    @precondition(lambda self: self.unsent)
    @rule(n=st.integers(1, 6))
    def append(self, n: int) -> None:
        """Some of them reach the log."""
        sent, self.unsent = self.unsent[:n], self.unsent[n:]
        offsets = self.log.append(sent)
        assert offsets == list(range(self.sent + 1, self.sent + 1 + len(sent)))
        self.sent += len(sent)

    @rule(limit=st.integers(1, 5))
    def step(self, limit: int) -> None:
        """The tailer applies some."""
        behind = self.tailer.lag().behind
        assert self.tailer.step(limit) == min(limit, behind)

    @rule(limit=st.integers(1, 5), other=st.integers(1, 5))
    def race(self, limit: int, other: int) -> None:
        """Another tailer writes between this one's reading and its writing: it is refused."""
        write, log_is_ahead = self.store.write, self.tailer.lag().behind > 0

        def overtaken(batch: Any) -> Any:
            self.store.write = write  # type: ignore[method-assign]
            assert self.another().step(other) > 0
            return write(batch)

        self.store.write = overtaken  # type: ignore[method-assign]
        if log_is_ahead:
            with pytest.raises(StoreConflictError):
                self.tailer.step(limit)
        self.store.write = write  # type: ignore[method-assign]

    @rule()
    def restart(self) -> None:
        """The process goes, and another one comes."""
        self.close()
        self.open()

    def teardown(self) -> None:
        if not hasattr(self, "store"):
            return
        while self.unsent:
            self.append(6)
        while self.tailer.step():
            pass
        assert self.tailer.lag() == (0, 0.0)
        check_against_batch(self.rows, self.store, VIEWS, self.now + dt.timedelta(seconds=1))
        self.check_states()
        self.close()
        shutil.rmtree(self.folder)

    def check_states(self) -> None:
        """The states are those of one straight application; what is derived stands beside them."""
        for view in VIEWS.values():
            states: dict[int, Any] = {}
            for row in self.rows:
                view.stream.apply(states.setdefault(row[view.key], view.stream.new()), row)
            stored = {key: vector.payload for key, vector in self.store.scan(view.view)}
            straight = {key: bytes(state) for key, state in states.items()}
            empty = bytes(view.stream.new())
            assert stored == {k: v for k, v in straight.items() if v != empty}
        stage = ratings.FilmStage(VIEWS)
        films = {key: vector.stamp for key, vector in self.store.scan(VIEWS["by_film"].view)}
        assert {key: vector.stamp for key, vector in self.store.scan(stage.view)} == films
        assert self.poison <= len(self.store.letters(0, 999))


def test_any_interleaving_equals_the_batch_job_lmdb() -> None:
    """LMDB: values, reasons and states are the same bits."""
    run_state_machine_as_test(type("OnLmdb", (Interleavings,), {}), settings=examples(12, soak=300))


def test_any_interleaving_equals_the_batch_job_redis(redis_server: RedisServer) -> None:
    """Redis: the same."""
    run_state_machine_as_test(
        type("OnRedis", (Interleavings,), {"server": redis_server}), settings=examples(12, soak=300)
    )


def test_a_long_log_equals_the_batch_job(tmp_path: Path) -> None:
    """A few hundred ratings, so that most have left for the totals: equal bits, in any steps."""
    for seed, limit in ((1, 7), (2, 64)):
        rows = ratings.some_events(seed, 300)
        log, store = LmdbLog(tmp_path / f"log{seed}"), LmdbStore(tmp_path / f"store{seed}")
        log.append([ratings.as_json(row) for row in rows])
        tailer = Tailer(log, store, VIEWS)
        while tailer.step(limit):
            pass
        now = max(row["received_at"] for row in rows)
        assert check_against_batch(rows, store, VIEWS, now) > 50
        log.close()
        store.close()
