"""Ratings for tests: few users and films, states that keep few events, so that totals matter."""

from __future__ import annotations

import datetime as dt
import json
import random
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, ClassVar

import featurelib as fl
from featurelib.windows import Definition, EventSource, define, last, lifetime, rows
from featurelib_online import stream
from serving_example.definition import Rating
from serving_example.store import FieldsCodec, Put, StateView, Updated, View

START = dt.datetime(2024, 3, 1, tzinfo=dt.UTC)
KEPT = 6
GENRES = ("Drama", "Comedy|Drama", "Action|Sci-Fi")


def _source(name: str, key: str) -> EventSource:
    return EventSource(
        name, Rating, key=key, time="rated_at", id="rating_id", arrival="received_at",
        max_lateness=dt.timedelta(minutes=30), max_ahead=dt.timedelta(minutes=5), max_events=KEPT,
    )  # fmt: skip


BY_USER, BY_FILM = _source("by_user", "user_id"), _source("by_film", "item_id")


def definition() -> Definition:
    """Aggregates with totals and without, of users and of films."""
    stars = fl.col("rating")
    return define(
        {
            "user_ratings": BY_USER.over(lifetime()).count(),
            "user_mean": BY_USER.over(lifetime()).mean(stars),
            "user_hour": BY_USER.over(last(hours=1)).count(),
            "user_films": BY_USER.over(rows(3)).last_k(fl.col("item_id"), 3),
            "film_ratings": BY_FILM.over(lifetime()).count(),
            "film_sum": BY_FILM.over(lifetime()).sum(stars),
            "film_last": BY_FILM.over(rows(2)).mean(stars),
        }
    )


class LateViews(Mapping[str, StateView]):
    """The states of users and of films: compiled when a test asks, not when tests are collected."""

    NAMES: ClassVar = {"by_user": "user_state", "by_film": "film_state"}

    def __init__(self, made: Definition) -> None:
        self._made = made
        self._compiled: dict[str, StateView] = {}

    def __getitem__(self, source: str) -> StateView:
        if source not in self._compiled:
            compiled = stream.compile(self._made, source)
            self._compiled[source] = StateView.of(compiled, self.NAMES[source])
        return self._compiled[source]

    def __iter__(self) -> Iterator[str]:
        return iter(self._made.sources)

    def __len__(self) -> int:
        return len(self._made.sources)


def views(made: Definition) -> Mapping[str, StateView]:
    """The states of users and of films."""
    return LateViews(made)


def other_views() -> Mapping[str, StateView]:
    """The states of another release, which counts something else."""
    month = last(days=30)
    return LateViews(
        define(
            {
                "user_month": BY_USER.over(month).count(),
                "film_sum": BY_FILM.over(month).sum(fl.col("rating")),
            }
        )
    )


class FilmStage:
    """What is derived of a film's state: its aggregates at the event's moment."""

    def __init__(self, state_views: Mapping[str, StateView]) -> None:
        self._views = state_views

    @property
    def _stream(self) -> stream.Stream:
        return self._views["by_film"].stream

    @cached_property
    def codec(self) -> FieldsCodec:
        names = ("film_ratings", "film_sum", "film_last")
        fields = {f.name: f for f in self._stream.definition.fields}
        return FieldsCodec([fields[name] for name in names])

    @cached_property
    def view(self) -> View:
        return View("film", self.codec.schema)

    def __call__(self, updated: Updated) -> list[Put]:
        if updated.source != "by_film":
            return []
        answers = self._stream.query(updated.state, updated.stamp.event_time + 1)
        payload = self.codec.encode({f.name: answers[f.name] for f in self.codec.fields})
        return [Put(self.view, updated.key, self.view.vector(payload, *updated.stamp))]


def event(number: int, user: int, film: int, stars: float, at: dt.datetime, **more: Any) -> Any:
    """One rating, as a request has it."""
    return {
        "rating_id": number, "user_id": user, "item_id": film, "rating": stars,
        "genres": GENRES[film % len(GENRES)], "rated_at": at, "received_at": at, **more,
    }  # fmt: skip


def as_json(row: dict[str, Any]) -> bytes:
    """A rating as it stands in the log."""
    text = {k: v.isoformat() if isinstance(v, dt.datetime) else v for k, v in row.items()}
    return json.dumps(text).encode()


def some_events(seed: int, n: int, users: int = 3, films: int = 4) -> list[dict[str, Any]]:
    """Ratings in the order of their arrival: ties, late ones, too late ones, and repeated ones."""
    random_ = random.Random(seed)
    made: list[dict[str, Any]] = []
    now = START
    for i in range(n):
        now += dt.timedelta(minutes=random_.choice([0, 0, 1, 7, 25]))
        if made and random_.random() < 0.2:
            made.append(dict(random_.choice(made[-12:])))
            continue
        late = dt.timedelta(minutes=random_.choice([0] * 8 + [3, 29, 31]))
        row = event(
            i, random_.randint(1, users), random_.randint(1, films), random_.randint(1, 5), now
        )
        made.append(row | {"rated_at": now - late})
    return made


POISON = (
    b"", b"{", b"[]", b"null", b"\xff", b"{}", b'{"user_id": 1}',
    as_json(event(900, 1, 1, 3.0, START) | {"rating": "five"}),
    as_json(event(901, 1, 1, 3.0, START) | {"rated_at": "yesterday"}),
    as_json(event(902, 1, 1, 3.0, START) | {"user_id": None}),
    as_json(event(903, 1 << 70, 1, 3.0, START)),
    as_json(event(904, 1, 1, 3.0, START) | {"item_id": 1.5}),
    as_json(event(905, 1, 1, 3.0, START) | {"unknown": 1}),
    as_json(event(906, 1, 1, 3.0, START) | {"user_id": True}),
)  # fmt: skip
"""Records that nothing takes."""
