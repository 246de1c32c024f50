"""Whose event a record is: the key as the border reads it, on both sides."""

from __future__ import annotations

import functools

import numpy as np
import pandas as pd
import polars as pl
import pytest

import featurelib as fl
from featurelib.windows import EventSource, define, last
from featurelib_offline import point_in_time
from featurelib_online import stream
from parity_tests.windows.strategies import ORIGIN, STEP

INSTANT = pl.Datetime("us", "UTC")


class Person(fl.Schema):
    """Whose event it is."""

    number: int
    height: float


class Visit(fl.Schema):
    """A record whose key is a member of a Struct, or has a default."""

    who: Person
    at: fl.Datetime
    id: int
    shop: int = 7


@functools.cache
def visits(key: str) -> stream.Stream:
    """Visits of the last day, of people or of shops."""
    source = EventSource("visits", Visit, key=key, time="at", id="id")
    return stream.compile(define({"visits": source.over(last(days=1)).count()}))


@pytest.mark.parametrize(
    "given, key, outcome",
    [
        ({"who": {"number": 3, "height": 1.8}}, "who.number", "taken"),
        ({"who.number": 3, "who.height": 1.8}, "who.number", "taken"),
        ({"who": {"number": None, "height": 1.8}}, "who.number", "null_key"),
        ({"who": None}, "who.number", "null_key"),
        ({}, "who.number", "null_key"),
        ({"who": {"number": 3, "height": "tall"}}, "who.number", "bad_value"),
        ({"who": {"number": 3}}, "who.number", "bad_value"),
        ({"who": "ann"}, "who.number", "bad_value"),
        ({"who": {"number": 3, "height": 1.8}}, "shop", "taken"),
        ({"who": {"number": 3, "height": 1.8}, "shop": pd.NA}, "shop", "null_key"),
        ({"who": {"number": 3, "height": 1.8}, "shop": np.int32(8)}, "shop", "taken"),
        ({"who": {"number": 3, "height": 1.8}, "shop": 1.5}, "shop", "bad_value"),
    ],
)
def test_a_key_is_what_the_border_reads(given, key, outcome) -> None:
    """A member of a Struct, a default, a null of pandas: both sides take the same records."""
    made = visits(key)
    state = made.new()
    assert made.apply(state, {"at": ORIGIN, "id": 1, **given}) == outcome
    assert state.events == (outcome == "taken")


def test_records_with_structs_and_defaults_count_on_both_sides() -> None:
    """The offline pass takes and refuses the records that the stream does."""
    people = [{"number": 3, "height": 1.8}, {"number": None, "height": 1.8}, None]
    columns = {"who": people, "at": [ORIGIN] * 3, "id": [1, 2, 3]}
    records = pl.DataFrame(columns, schema_overrides={"at": INSTANT})
    for key, kept in (("who.number", records), ("shop", records.head(1))):
        made = visits(key)
        state, before = made.new(), made.refused.copy()
        for row in kept.iter_rows(named=True):
            made.apply(state, row)
        moment = ORIGIN + STEP
        asked = pl.DataFrame(
            {key: [3 if "." in key else 7], "as_of": [moment]}, schema_overrides={"as_of": INSTANT}
        )
        joined = point_in_time(asked, {"visits": kept}, made.definition, refused="collect")
        assert joined.result["visits"].to_list() == [made.query(state, moment)["visits"]] == [1]
        assert joined.refused["visits"] == dict(made.refused - before)
