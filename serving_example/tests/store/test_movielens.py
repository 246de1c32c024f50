"""MovieLens 100k through log, store and tailer: every aggregate is the batch job's, bit for bit."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import polars as pl
import pytest

from featurelib_offline import point_in_time
from featurelib_online import stream
from parity_tests.soak import amount
from serving_example.definition import feature_set
from serving_example.store import LmdbLog, LmdbStore, StateView, Tailer
from serving_example.store.materialize import materialize_states
from serving_example.tests.store.test_streaming import bits
from serving_example.train.data import load

TAILED = amount(1500, soak=20_000)
"""The last ratings come by the log, all before them by a snapshot."""
ASKED = amount(150, soak=2000)


@pytest.fixture(scope="module")
def events() -> pl.DataFrame:
    """All ratings in the order of their time, with the films' genres."""
    return load().events.sort("rated_at", "rating_id")


def test_a_snapshot_and_a_tail_equal_the_batch_job(events: pl.DataFrame, tmp_path: Path) -> None:
    """The recommender's own aggregates of users and films, values and reasons."""
    definition = feature_set().aggregates
    assert definition is not None
    names = {"ratings_by_user": "user_state", "ratings_by_film": "film_state"}
    views = {s: StateView.of(stream.compile(definition, s), names[s]) for s in definition.sources}
    log, store = LmdbLog(tmp_path / "log"), LmdbStore(tmp_path / "store")
    head, tail = events.head(len(events) - TAILED), events.tail(TAILED)
    for view in views.values():
        materialize_states(store, view, head, run="head")
    log.append([as_json(row) for row in tail.iter_rows(named=True)])
    tailer = Tailer(log, store, views)
    while tailer.step(200):
        pass
    assert tailer.outcomes["taken"] == 2 * TAILED
    now = events["rated_at"].max()
    assert isinstance(now, dt.datetime)
    asked = events.select("user_id", "item_id").sample(ASKED, seed=7)
    queries = asked.with_columns(
        pl.lit(now + dt.timedelta(minutes=9)).cast(pl.Datetime("us", "UTC")).alias(definition.as_of)
    )
    joined = point_in_time(queries, dict.fromkeys(views, events), definition, reasons=True)
    for row in joined.iter_rows(named=True):
        for view in views.values():
            state = view.read(store, row[view.key])
            for name, value in view.stream.query(state, row[definition.as_of]).items():
                assert bits(value) == bits(row[name]), (name, row["user_id"], row["item_id"])
    log.close()
    store.close()


def as_json(row: dict[str, object]) -> bytes:
    """A rating as a client sends it."""
    return json.dumps(
        {k: v.isoformat() if isinstance(v, dt.datetime) else v for k, v in row.items()}
    ).encode()
