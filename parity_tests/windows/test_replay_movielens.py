"""MovieLens 100k, replayed rating by rating, by user and by film: half of the ratings are ties.

A fourth of the users (films), each with its whole history; all of them in `make soak`.
"""

from __future__ import annotations

import polars as pl
import pytest

from parity_tests.soak import amount
from parity_tests.windows.movielens_events import RATINGS, by, load_ratings
from parity_tests.windows.replay import check_replay, some_keys


@pytest.mark.parametrize("key", ["user_id", "item_id"])
def test_every_rating_is_answered_as_then(key: str) -> None:
    """At each rating its user's (film's) history is in training what it was online."""
    records, queries = load_ratings()
    assert len(records) == RATINGS
    is_tied = pl.struct("user_id", "as_of").is_duplicated()
    assert queries.select(is_tied.mean()).item() > 0.5
    of_some = some_keys(records[key], amount(4, soak=1))
    shuffled = records.filter(of_some).sample(fraction=1.0, shuffle=True, seed=7)
    joined = check_replay(by(key), shuffled, queries.filter(of_some))
    assert len(joined) > amount(20_000, soak=99_999)
