"""A statistic of all rows, or of the rows with a row's key: what transforms are composed of."""

from __future__ import annotations

from typing import Any

from featurelib.analyzers.by_key import ByKey
from featurelib.analyzers.counting import Vocabulary
from featurelib.node import analyze


def statistic(analyzer: Any, x: Any, by: Any = None) -> Any:
    """What a fit finds in x over all rows; with a key, over the training rows of this row's key.

    Args:
        analyzer: One that `ByKey` takes, where there is a key.
        x: A node or an expression.
        by: A key of text or integers; None for all rows.

    Returns:
        With a key Float64: null where the key is null, was in no training row, or had no value.
    """
    if by is None:
        return analyze(analyzer, x)
    return at_key(analyze(ByKey(analyzer), x, by), by)


def at_key(table: Any, by: Any) -> Any:
    """The entry for a row's key in a table that is in the order of the vocabulary of keys."""
    place = by._call("place_in", (by, analyze(Vocabulary(), by)), {})
    return place._call("fitted_value", (place, table), {})
