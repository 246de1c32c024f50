"""Which ratings are for training, which for the test, and when each user is asked.

The test is each user's last ratings by time, and by their order in the file where times are equal.
A user is asked once, at the time of the first of them: what was rated at that very time is not seen
(the windows are closed on the left), so no test rating reaches the features of another.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from serving_example.instants import microseconds_of

__all__ = ["Split", "split"]

LAST = 10

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Split:
    """The ratings apart.

    Attributes:
        train: Records, in the order of time and file.
        test: The last records of each user, in the order of user, time and file.
        moments: ``user_id`` and ``requested_at``, when the user is asked; in the order of users.
    """

    train: pl.DataFrame
    test: pl.DataFrame
    moments: pl.DataFrame


def split(events: pl.DataFrame, last: int = LAST) -> Split:
    """Takes the last ratings of each user away.

    Args:
        events: Records of `definition.Rating`.
        last: How many of each user. Who has not more than that is in neither part of the test.
    """
    from_the_end = pl.int_range(pl.len(), 0, -1).over("user_id")
    enough = pl.len().over("user_id") > last
    told = events.sort("rated_at", "rating_id").with_columns(held=(from_the_end <= last) & enough)
    train, test = (
        told.filter(~pl.col("held")),
        told.filter("held").sort("user_id", "rated_at", "rating_id"),
    )
    moments = test.group_by("user_id").agg(requested_at=pl.col("rated_at").min()).sort("user_id")
    return Split(train.drop("held"), test.drop("held"), moments)


class Seen:
    """When each user rated each film, if ever: who has rated what by a moment.

    Args:
        events: Records of `definition.Rating`.
        users: Every user, ascending.
        films: Every film, ascending.
    """

    def __init__(self, events: pl.DataFrame, users: Array, films: Array) -> None:
        self.users, self.films = users, films
        self._times = np.full((len(users), len(films)), np.iinfo(np.int64).max)
        rows = np.searchsorted(users, events["user_id"].to_numpy())
        columns = np.searchsorted(films, events["item_id"].to_numpy())
        np.minimum.at(self._times, (rows, columns), microseconds_of(events["rated_at"]))

    def by(self, users: Array, films: Array, moments: Array) -> Array:
        """Whether a user had rated a film by a moment, or at it.

        Args:
            users: Places among the users.
            films: Places among the films; all three broadcast.
            moments: Microseconds since 1970.
        """
        return np.asarray(self._times[users, films] <= moments)
