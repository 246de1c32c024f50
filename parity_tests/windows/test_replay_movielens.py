"""MovieLens 100k, replayed rating by rating, by user and by film: half of the ratings are ties."""

from __future__ import annotations

import polars as pl
import pytest

from parity_tests.windows.movielens_events import RATINGS, by, load_ratings
from parity_tests.windows.replay import check_replay


@pytest.mark.parametrize("key", ["user_id", "item_id"])
def test_every_rating_is_answered_as_then(key: str) -> None:
    """At each rating its user's (film's) history is in training what it was online."""
    records, queries = load_ratings()
    assert len(records) == RATINGS
    shuffled = records.sample(fraction=1.0, shuffle=True, seed=7)
    joined = check_replay(by(key), shuffled, queries)
    is_tied = pl.struct("user_id", "as_of").is_duplicated()
    assert joined.select(is_tied.mean()).item() > 0.5
