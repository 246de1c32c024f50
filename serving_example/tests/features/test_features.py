"""Features of requests, by store, tailer and stages, are the offline pipeline's, bit for bit."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import featurelib as fl
from featurelib.errors import DefinitionError, InputError
from featurelib.windows import last
from featurelib_offline import transform
from featurelib_online.staged import Staged
from parity_tests.soak import amount, examples
from serving_example.caches import FeatureCache, FeaturePolicy
from serving_example.definition import BY_FILM, BY_USER
from serving_example.features import Features, FilmTable, FilmVectors, User, Views, compile_stages
from serving_example.instants import microseconds
from serving_example.store import Batch, LmdbLog, LmdbStore, Put, Tailer
from serving_example.tests.features.worlds import (
    FILMS,
    HOUR,
    SOURCES,
    START,
    USERS,
    as_json,
    bundle,
    catalogue,
    frame,
    pairs,
    profiles,
    ratings,
)


@functools.cache
def staged() -> Staged:
    return compile_stages(bundle())


class Served:
    """A store with catalogue and profiles, a log, a tailer, and what requests are answered from."""

    def __init__(self, folder: Path) -> None:
        self.now = START - HOUR
        self.views = Views.of(staged())
        self.store = LmdbStore(folder / "store", clock=self.clock)
        self.log = LmdbLog(folder / "log", clock=self.clock)
        vectors = FilmVectors(staged(), self.views, catalogue(), self.clock)
        v, puts = self.views, []
        for film, known in catalogue().items():
            puts.append(
                Put(v.catalogue, film, v.catalogue.vector(v.catalogue_fields.encode(known), 0, 1))
            )
            payload = vectors.payload(film, None, self.now)
            puts.append(Put(v.film, film, v.film.vector(payload, 0, 0)))
        for user, told in profiles().items():
            puts.append(Put(v.profile, user, v.profile.vector(v.profile_fields.encode(told), 0, 1)))
        self.store.write(Batch(puts))
        self.films = FilmTable(staged(), self.views, self.store, self.clock)
        self.films.load()
        self.tailer = Tailer(self.log, self.store, v.states, vectors, clock=self.clock)
        reads = FeatureCache(self.store, (), policy=FeaturePolicy(max_bytes=0), clock=self.clock)
        self.features = Features(staged(), self.views, reads, self.films, self.clock)

    def clock(self) -> int:
        return self.now

    def close(self) -> None:
        self.store.close()
        self.log.close()


@pytest.mark.filterwarnings("ignore:event source:featurelib_offline.RefusedRecordsWarning")
@examples(8, 100)
@given(
    st.integers(1, 2**32),
    st.lists(st.integers(1, 60), min_size=1, max_size=amount(5, 30)),
    st.integers(0, 3 * HOUR),
)
def test_a_request_has_the_features_of_the_offline_pipeline(
    tmp_path_factory: pytest.TempPathFactory, seed: int, steps: list[int], after: int
) -> None:
    """Wherever the stream stands, a request's tensors are those of `transform` at its moment.

    Ratings come late, tie and arrive in batches; users are known, new, or have told nothing.
    """
    served = Served(tmp_path_factory.mktemp("served"))
    try:
        rng = np.random.default_rng(seed)
        events, done = ratings(seed, sum(steps)), 0
        for count in steps:
            part = events[done : done + count]
            done += count
            served.log.append([as_json(event) for event in part])
            served.now = max(served.now, microseconds(part[-1]["received_at"])) + after
            while served.tailer.step(7):
                pass
            served.films.refresh()
        read = served.features.users(rng.integers(1, 1 + USERS, 3).tolist())
        users = [user for user in read if isinstance(user, User)]
        assert len(users) == len(read)
        for user in users:
            assert user == served.features.user(user.user_id, user.as_of)
        films = [served.films.rows([int(f) for f in rng.integers(100, 100 + FILMS, n)])
                 for n in (9, 0, 4)]  # fmt: skip
        tensors, users = served.features.fill(users, films)
        ids = served.films.ids
        asked = [(u.user_id, int(ids[row]), u.as_of)
                 for u, rows in zip(users, films, strict=True) for row in rows]  # fmt: skip
        expected = transform(bundle(), pairs(asked), events=dict.fromkeys(SOURCES, frame(events)))
        for user in users:
            seen = [e["item_id"] for e in events if _counts(e, user)]
            rated, ends = served.features.rated([user])
            assert ends.tolist() == [len(rated)]
            assert sorted(rated.tolist()) == sorted(seen)
            rows = served.films.known(np.append(rated, 7))  # there is no film 7
            assert rows.tolist() == [*served.films.rows(rated.tolist()).tolist(), -1]
        for tensor in bundle().layout.tensors:
            columns = [expected[m].to_numpy() for m in tensor.members]
            assert tensors[tensor.name].tobytes() == np.stack(columns, 1).tobytes(), tensor.name
    finally:
        served.close()


def _counts(event: dict[str, Any], user: User) -> bool:
    """Whether a rating is one that the user had made by then, and not refused as late."""
    at, arrived = microseconds(event["rated_at"]), microseconds(event["received_at"])
    return event["user_id"] == user.user_id and at < user.as_of and arrived - at <= 24 * HOUR


def test_a_film_that_is_rated_meanwhile_is_seen_by_all_of_the_request(tmp_path: Path) -> None:
    """A user who was read before a film's last rating is read again, for a moment after it."""
    served = Served(tmp_path)
    (event,) = ratings(3, 1)
    served.now = microseconds(event["received_at"])
    user = served.features.user(event["user_id"])
    served.log.append([as_json(event)])
    served.now += 5
    served.tailer.step()
    rows = [served.films.rows([event["item_id"]])]
    before, shown = served.features.fill([user], rows)
    assert shown == [user]
    assert served.films.refresh() == rows[0].tolist()
    after, shown = served.features.fill([user], rows)
    assert before["film"].tobytes() != after["film"].tobytes()
    assert shown[0].as_of > served.films.as_ofs[rows[0]][0] > user.as_of
    asked = [(event["user_id"], event["item_id"], shown[0].as_of)]
    expected = transform(bundle(), pairs(asked), events=dict.fromkeys(SOURCES, frame([event])))
    assert after["user"][0, 0] == expected["u_ratings"][0] > 0
    served.close()


def test_what_is_not_known_is_told(tmp_path: Path) -> None:
    """A newcomer has a newcomer's features and says so; a film that is not there is refused."""
    served = Served(tmp_path)
    assert served.features.user(2).flags == ("no_ratings",)
    newcomer = served.features.user(999)
    assert newcomer.flags == ("no_profile", "no_ratings")
    assert newcomer.rated_at is None
    with pytest.raises(InputError, match="no film 7"):
        served.films.rows([100, 7])
    served.close()


def test_a_film_may_not_change_with_time() -> None:
    """A set whose films have a window of time is refused: kept vectors would grow stale."""
    counts = {f"of_{s.key}": s.over(last(days=1)).count() for s in (BY_USER, BY_FILM)}
    made = fl.FeatureSet(
        "films", version="1.0.0", inputs=bundle().request, aggregates=counts,
        features=[fl.Feature("x", version=1, expr=fl.col("of_item_id").fill_null(0))],
        layout={"x": ["x"]}, as_of="requested_at",
    )  # fmt: skip
    with pytest.raises(DefinitionError, match="`of_item_id` of a film changes as time passes"):
        compile_stages(made.bind())
