"""Feature sets with aggregates: fit and transform join first, and say what does not fit."""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl
import pytest

import featurelib as fl
from featurelib.errors import DefinitionError, InputError
from featurelib.windows import EventSource, last, lifetime
from featurelib_offline import RefusedRecordsWarning, fit, point_in_time, transform

START = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)


class Rating(fl.Schema):
    """An event."""

    user_id: int
    film_id: int
    rated_at: fl.Datetime
    rating_id: int
    rating: float | None


class Request(fl.Schema):
    """A query."""

    user_id: int
    film_id: int
    requested_at: fl.Datetime


USERS = EventSource("by_user", Rating, key="user_id", time="rated_at", id="rating_id")
FILMS = EventSource("by_film", Rating, key="film_id", time="rated_at", id="rating_id")


@fl.feature(version=1)
def likes(mean_7d: fl.Expr) -> fl.Expr:
    """The user's mean rating in training deviations; nobody knows it of a new user."""
    known = mean_7d.fill_null(3.0)
    return known - fl.mean(known)


@fl.feature(version=1)
def is_popular(film_ratings: fl.Expr) -> fl.Expr:
    """Whether the film has at least two ratings."""
    return film_ratings.fill_null(0) >= 2


SERVED = fl.FeatureSet(
    "served",
    version="1.0.0",
    inputs=Request,
    features=[likes, is_popular],
    aggregates={
        "mean_7d": USERS.over(last(days=7)).mean(fl.col("rating")),
        "film_ratings": FILMS.over(lifetime()).count(),
    },
    as_of="requested_at",
)


def events() -> dict[str, pl.DataFrame]:
    """Two users, two films, three ratings on three days."""
    rows = [
        (1, 10, START, 1, 5.0),
        (1, 20, START + DAY, 2, 2.0),
        (2, 10, START + 2 * DAY, 3, 4.0),
    ]
    frame = pl.DataFrame(rows, schema=list(Rating.model_fields), orient="row")
    return {"by_user": frame, "by_film": frame}


def queries(**more: Any) -> pl.DataFrame:
    """User 1 on the second and the tenth day, user 2 after the rating."""
    rows = [(1, 10, START + DAY), (1, 10, START + 9 * DAY), (2, 20, START + 3 * DAY)]
    frame = pl.DataFrame(rows, schema=list(Request.model_fields), orient="row")
    return frame.with_columns(**more)


def test_each_row_sees_what_had_happened_by_then() -> None:
    """The event of the query's moment is not seen; what is older than the window neither."""
    joined = point_in_time(queries(), events(), SERVED.aggregates)
    assert joined["mean_7d"].to_list() == [5.0, None, 4.0]
    assert joined["film_ratings"].to_list() == [1, 2, 1]


@pytest.mark.parametrize("kind", ["polars", "lazy", "arrow", "pandas"])
def test_fit_and_transform_join_first(kind: str) -> None:
    """Fitted state and features are those of the joined frame, for every kind of frame."""
    rows: Any = {
        "polars": lambda f: f, "lazy": pl.DataFrame.lazy, "arrow": pl.DataFrame.to_arrow,
        "pandas": pl.DataFrame.to_pandas,
    }[kind](queries(label=pl.Series([1, 2, 3])))  # fmt: skip
    asked = rows.drop(columns="label") if kind == "pandas" else rows.drop("label") if kind in (
        "polars", "lazy",
    ) else rows.drop_columns(["label"])  # fmt: skip
    bundle = SERVED.bind(fit(SERVED, asked, events=events()))
    made = transform(bundle, rows, keep=["label"], events=events())
    made = made.collect() if kind == "lazy" else pl.DataFrame(made)
    assert made["likes"].to_list() == [1.0, -1.0, 0.0]  # 5, 3 and 4 around their mean
    assert made["is_popular"].to_list() == [False, True, False]
    assert made["label"].to_list() == [1, 2, 3]


def test_a_joined_frame_can_be_transformed_later() -> None:
    """The columns that `point_in_time` adds are what `transform` reads without events."""
    joined = point_in_time(queries(), events(), SERVED.aggregates)
    bundle = SERVED.bind(fit(SERVED, joined))
    at_once = transform(bundle, queries(), events=events())
    assert transform(bundle, joined).equals(at_once)


def test_refused_records_are_told() -> None:
    """Records without a key are left out, counted, and a warning says so."""
    given = events()
    given["by_user"] = given["by_user"].with_columns(
        user_id=pl.when(pl.col("rating_id") > 1).then("user_id")
    )
    with pytest.warns(RefusedRecordsWarning, match="`by_user`: records were refused: 1 null_key"):
        joined = point_in_time(queries(), given, SERVED.aggregates)
    assert joined["mean_7d"].to_list() == [None, None, 4.0]
    found = point_in_time(queries(), given, SERVED.aggregates, refused="collect")
    assert found.refused == {"by_user": {"null_key": 1}, "by_film": {}}


def test_what_does_not_fit_is_named() -> None:
    """Sources, columns and nulls that do not fit are refused with the way out."""
    with pytest.raises(DefinitionError, match="no events of the source `by_film`"):
        point_in_time(queries(), {"by_user": events()["by_user"]}, SERVED.aggregates)
    with pytest.raises(DefinitionError, match="events of `films` are given, which no aggregate"):
        point_in_time(queries(), {**events(), "films": pl.DataFrame()}, SERVED.aggregates)
    with pytest.raises(InputError, match="column `mean_7d` has the name of one that is joined"):
        point_in_time(queries(mean_7d=1.0), events(), SERVED.aggregates)
    told = queries(**{"mean_7d.reason": 1.0})
    with pytest.raises(InputError, match=r"column `mean_7d\.reason` has the name of one that is"):
        point_in_time(told, events(), SERVED.aggregates, reasons=True)
    with pytest.raises(InputError, match="field `user_id` takes Int64, got None"):
        point_in_time(queries(user_id=pl.lit(None, pl.Int64)), events(), SERVED.aggregates)
    with pytest.raises(InputError, match="`requested_at`"):
        point_in_time(queries().drop("requested_at"), events(), SERVED.aggregates)
    with pytest.raises(InputError, match="got files"):
        transform(SERVED.bind(fit(SERVED, queries(), events=events())), "x.parquet", events={})


def test_reasons_never_stand_under_the_name_of_an_aggregate() -> None:
    """One that is called like the column of another's reasons is refused where these are wanted."""
    ratings = USERS.over(lifetime())
    both = {"n": ratings.count(), "n.reason": ratings.sum(fl.col("rating"))}
    asked = queries().rename({"requested_at": "as_of"})
    joined = point_in_time(asked, {"by_user": events()["by_user"]}, both)
    assert joined["n.reason"].to_list() == [5.0, 7.0, 4.0]
    with pytest.raises(DefinitionError, match=r"`n\.reason` has the name of the column with"):
        point_in_time(asked, {"by_user": events()["by_user"]}, both, reasons=True)
