"""Windows: aggregates over events, defined once for training and serving (docs/windows.md).

from featurelib.windows import EventSource, last

ratings = EventSource("ratings", Rating, key="user_id", time="rated_at", id="rating_id")
week = ratings.over(last(days=7))
aggregates = {
    "ratings_7d": week.count(),
    "mean_rating_7d": week.mean(fl.col("rating")),
    "good_7d": week.where(fl.col("rating") >= 4).count(),
}
"""

from featurelib.windows.definition import AggregatePlan, Definition, define
from featurelib.windows.over import LANDMARK, Over, WindowAggregate
from featurelib.windows.plan_events import EventPlan
from featurelib.windows.source import EventSource
from featurelib.windows.window import (
    Calendar,
    Last,
    Lifetime,
    Rows,
    Session,
    Window,
    calendar,
    last,
    lifetime,
    rows,
    session,
)

__all__ = [
    "LANDMARK",
    "AggregatePlan",
    "Calendar",
    "Definition",
    "EventPlan",
    "EventSource",
    "Last",
    "Lifetime",
    "Over",
    "Rows",
    "Session",
    "Window",
    "WindowAggregate",
    "calendar",
    "define",
    "last",
    "lifetime",
    "rows",
    "session",
]
