"""The pictures of docs/windows.md: records, an aggregate and a query time for each."""

from __future__ import annotations

import datetime as dt
from typing import Any, NamedTuple

import featurelib as fl
from featurelib.windows import EventSource, WindowAggregate, calendar, last, rows, session

NOON = dt.datetime(2024, 3, 6, 12, tzinfo=dt.UTC)
MINUTE = dt.timedelta(minutes=1)


class Rating(fl.Schema):
    """A film gets stars."""

    user_id: str
    rated_at: fl.Datetime
    rating_id: int
    received_at: fl.Datetime | None
    is_withdrawn: bool
    stars: float | None
    kind: str


def ratings(max_events: int = 1000) -> EventSource:
    """Ratings that arrive within an hour."""
    return EventSource(
        "ratings",
        Rating,
        key="user_id",
        time="rated_at",
        id="rating_id",
        arrival="received_at",
        deleted="is_withdrawn",
        max_lateness=60 * MINUTE,
        max_events=max_events,
    )


class Case(NamedTuple):
    """What is drawn."""

    aggregate: WindowAggregate
    as_of: dt.datetime
    records: list[dict[str, Any]]


def rated(number: int, minutes: float, **more: Any) -> dict[str, Any]:
    """A rating so many minutes after noon; `after` is how long it took to arrive."""
    at = NOON + minutes * MINUTE
    after = more.pop("after", 0)
    return {
        "user_id": "ann", "rated_at": at, "rating_id": number, "received_at": at + after * MINUTE,
        "is_withdrawn": False, "stars": 4.0, "kind": "drama",
    } | more  # fmt: skip


STARS, DRAMA = fl.col("stars"), fl.col("kind") == "drama"
EDGES = [rated(i, m) for i, m in enumerate([-150, -120, -120, -70, -20, 0, 0, 25])]
ROWS = [
    rated(0, -170, stars=2.0), rated(1, -140, stars=5.0), rated(2, -120, stars=1.0),
    rated(3, -95, stars=3.0, kind="comedy"), rated(4, -60, stars=None), rated(5, -25, stars=4.0),
]  # fmt: skip
PAUSES = [rated(i, m) for i, m in enumerate([-165, -130, -85, -55, -30, -10, 0])]
DELIVERED = [
    rated(0, -100, stars=5.0), rated(1, -110, after=75, stars=1.0),
    rated(2, -75, after=12, stars=4.0), rated(2, -75, after=30, stars=4.0),
    rated(3, -42, stars=3.0), rated(3, -42, after=20, is_withdrawn=True, stars=3.0),
    rated(4, -15, after=35, stars=2.0),
]  # fmt: skip
DAY = [
    rated(i, m)
    for i, m in enumerate([-580, -440, -420, -350, -305, -290, -190, -90, 0, 40])
]  # fmt: skip
MANY = [rated(i, m, stars=float(i % 5 + 1)) for i, m in enumerate([-170, -135, -80, -55, -30, -10])]

SUNDAY = dt.timedelta(days=4)
PICTURES: dict[str, Case] = {
    "left": Case(ratings().over(last(hours=2)).count(), NOON, EDGES),
    "right": Case(ratings().over(last(hours=2, closed="right")).count(), NOON, EDGES),
    "tiles": Case(
        ratings().over(last(hours=2, resolution=60 * MINUTE)).count(), NOON + 25 * MINUTE, EDGES
    ),
    "rows": Case(ratings().over(rows(3)).where(DRAMA).mean(STARS), NOON, ROWS),
    "session": Case(ratings().over(session(minutes=30)).count(), NOON, PAUSES),
    "day": Case(
        ratings().over(calendar("day", "America/New_York")).count(),
        NOON + SUNDAY,
        [r | {n: r[n] + SUNDAY for n in ("rated_at", "received_at")} for r in DAY],
    ),
    "delivered": Case(ratings().over(last(hours=2)).mean(STARS), NOON, DELIVERED),
    "kept": Case(ratings(3).over(last(hours=2)).sum(STARS), NOON, MANY),
    "kept_is_enough": Case(ratings(3).over(last(hours=1)).sum(STARS), NOON, MANY),
}
"""By the name of the file in docs/windows."""
NAMES = {
    "left": "ratings_2h", "right": "ratings_2h", "tiles": "ratings_2h", "rows": "mean_of_3",
    "session": "ratings_so_far",
    "day": "ratings_today", "delivered": "mean_2h", "kept": "stars_2h",
    "kept_is_enough": "stars_1h",
}  # fmt: skip
