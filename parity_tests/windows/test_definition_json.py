"""Definitions of aggregates as data: what JSON keeps, and what an altered one is taken for."""

from __future__ import annotations

import datetime as dt
import json
import pickle
from typing import Any

import pytest
from hypothesis import given

from featurelib import canonical_json
from featurelib.errors import BundleError, BundleFormatError, UnknownOpError
from featurelib.windows import Definition, calendar, define, last, rows, session
from parity_tests.soak import examples
from parity_tests.windows import strategies
from parity_tests.windows.strategies import FLAG, WORD, N, X, source

HOUR = dt.timedelta(hours=1)
THINGS = source()
WEEK = THINGS.over(last(days=7))


@examples(15, soak=1000)
@given(strategies.asked())
def test_json_keeps_a_definition(asked: strategies.Asked) -> None:
    """What is read back writes the same JSON, and has the same fingerprints and types."""
    made = asked.definition
    data = json.loads(canonical_json.dumps(made.to_json()))
    read = Definition.from_json(data)
    assert read.to_json() == made.to_json()
    assert read.fingerprints == made.fingerprints
    assert read.state_fingerprints == made.state_fingerprints
    assert read.fields == made.fields
    assert pickle.loads(pickle.dumps(made)).to_json() == made.to_json()


def _paths(data: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = data.items() if isinstance(data, dict) else enumerate(data)
    found = []
    for key, value in items:
        found.append((*path, key))
        if isinstance(value, (dict, list)):
            found += _paths(value, (*path, key))
    return found


def _replaced(data: Any, path: tuple[Any, ...], value: Any) -> Any:
    made = json.loads(json.dumps(data))
    at = made
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    return made


@pytest.mark.parametrize("value", [None, -1, "odd", [], {}, 10**9])
def test_a_definition_that_was_altered_is_refused_or_still_a_definition(value) -> None:
    """Whatever stands in the JSON: a definition that writes it again, or a bundle's error."""
    made = define(
        {
            "day": THINGS.over(calendar("day", "Europe/Berlin")).std(X, ddof=1),
            "tiles": THINGS.over(last(days=1, resolution=HOUR)).where(FLAG).count_of(WORD, ["a"]),
            "about": WEEK.approx_n_unique(X, precision=9),
            "middle": WEEK.approx_quantile(X, "1/3", max_buckets=64),
            "pauses": THINGS.over(session(HOUR)).n_sessions(HOUR),
            "rows": THINGS.over(rows(3)).quantile(N, "1/3", rule="linear"),
        }
    )
    data = made.to_json()
    paths = [p for p in _paths(data) if "nodes" not in p and "table" not in p]
    refused = 0
    for path in paths:
        altered = _replaced(data, path, value)
        try:
            assert Definition.from_json(altered).to_json() == altered
        except BundleError:
            refused += 1
    assert refused > len(paths) * 3 // 4


def test_an_aggregate_of_another_version_is_refused() -> None:
    """A bundle that names an aggregate which is not installed says which ones are."""
    data = define({"n": WEEK.count()}).to_json()
    data["aggregates"][0]["aggregate"]["version"] = 99
    with pytest.raises(UnknownOpError, match="no aggregate `count@99`"):
        Definition.from_json(data)
    with pytest.raises(BundleFormatError):
        Definition.from_json({})
