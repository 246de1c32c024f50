"""The offline pass gives, bit for bit, what the oracle finds in the plain list of records."""

from __future__ import annotations

import datetime as dt
import functools
import math
import struct
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import featurelib as fl
from featurelib.windows import Definition, EventSource, calendar, define, last, lifetime
from featurelib_offline.point_in_time import point_in_time
from parity_tests.soak import examples
from parity_tests.windows import oracle, strategies
from parity_tests.windows.described import oracle_records, power_of_two, spec_of

TYPES = {
    "user": pl.String, "at": pl.Datetime("us", "UTC"), "got": pl.Datetime("us", "UTC"),
    "seq": pl.Int32, "id": pl.Int64, "gone": pl.Boolean, "x": pl.Float64, "f": pl.Float32,
    "n": pl.Int64, "u": pl.UInt64, "flag": pl.Boolean, "word": pl.String,
}  # fmt: skip
MICROSECONDS = (pl.Datetime, pl.Duration)
ABSENT = ("gone", "x", "f", "u", "flag", "word")


@functools.cache
def definition(family: str, argument: str, arrival: bool, kept: int) -> Definition:
    """One definition of all windows, compiled once."""
    return strategies.definition(
        strategies.FAMILIES[family],
        strategies.ARGUMENTS[argument],
        arrival=arrival,
        max_events=kept,
    )


def joined(
    made: Definition, records: list[dict[str, Any]], queries: list[tuple[str, Any]], **more: Any
) -> Any:
    """What `point_in_time` gives, with reasons and counts."""
    events = pl.DataFrame(records, schema=TYPES)
    return point_in_time(
        asked(queries), {"things": events}, made, reasons=True, refused="collect", **more
    )


def asked(queries: list[tuple[str, Any]]) -> pl.DataFrame:
    """Queries as a frame."""
    return pl.DataFrame(queries, schema={"user": pl.String, "as_of": TYPES["at"]}, orient="row")


def bits(value: Any) -> Any:
    """A value so that equal means equal bits; every NaN is one."""
    if isinstance(value, (list, tuple, pl.Series)):
        return [bits(v) for v in value]
    if isinstance(value, float):
        return "nan" if math.isnan(value) else struct.pack("<d", value)
    return value


def physical(column: pl.Series) -> list[Any]:
    """A column's values as the oracle has them."""
    if isinstance(column.dtype, MICROSECONDS):
        return column.to_physical().to_list()
    return column.to_list()


def check(made: Definition, records: list[dict[str, Any]], queries: list[Any]) -> None:
    """Every answer and every count is the oracle's."""
    found = joined(made, records, queries)
    spec, plain = spec_of(made, "things"), oracle_records(made.sources["things"], records)
    plain_queries = [(user.encode(), strategies.microseconds(at)) for user, at in queries]
    expected = oracle.answers(plain, plain_queries, spec, power_of_two)
    assert found.refused["things"] == oracle.refusals(plain, spec)
    for name in made.aggregates:
        got = physical(found.result[name])
        reasons = found.result[f"{name}.reason"].to_list()
        for row, answers in enumerate(expected):
            value, reason = answers[name]
            told = f"{name} at {queries[row]}: {got[row]!r} ({reasons[row]}), {answers[name]}"
            assert bits(got[row]) == bits(value), told
            assert reasons[row] == (reason if value is None else None), told


CASES = [
    *(
        (f, "x", *kept)
        for f in strategies.FAMILIES
        for kept in ((True, 4), (True, 100), (False, 8))
    ),
    *(("numbers", x, True, 8) for x in ("n", "u", "flag", "twice")),
    *((f, x, True, 100) for f, x in (("ordered", "n"), ("counted", "n"), ("counted", "u"))),
    *(("estimated", x, True, 8) for x in ("n", "u", "flag")),
]
"""Family of aggregates, argument, whether records have an arrival, how many events are kept."""


@pytest.mark.parametrize("family, argument, arrival, kept", CASES)
def test_answers_are_the_oracles(family: str, argument: str, arrival: bool, kept: int) -> None:
    """Every aggregate over every window is the oracle's: value, null, reason; so are refusals."""
    made = definition(family, argument, arrival, kept)

    @examples(3, 100)
    @given(st.data())
    def run(data: st.DataObject) -> None:
        check(made, data.draw(strategies.records()), data.draw(strategies.queries()))

    run()


@examples(3, 100)
@given(st.data(), st.integers(1, 12), st.sampled_from(["polars", "lazy", "files"]))
def test_partitions_orders_and_sources_do_not_show(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, partition_rows: int, kind: str
) -> None:
    """Any order of the records, any number of partitions and any sort of input: the same bits."""
    made = definition("ordered", "x", True, 4)
    records = data.draw(strategies.records())
    queries = data.draw(strategies.queries())
    expected = joined(made, records, queries)
    shuffled = pl.DataFrame(data.draw(st.permutations(records)), schema=TYPES)
    events: Any = shuffled.lazy() if kind == "lazy" else shuffled
    if kind == "files":
        events = tmp_path_factory.mktemp("events") / "events.parquet"
        shuffled.write_parquet(events)
    found = point_in_time(
        asked(queries), {"things": events}, made, reasons=True, refused="collect",
        partition_rows=partition_rows,
    )  # fmt: skip
    assert found.refused == expected.refused
    for name in expected.result.columns:
        left, right = (physical(f.result[name]) for f in (found, expected))
        assert bits(left) == bits(right), name


def test_a_day_that_begins_once_more_takes_its_events_back() -> None:
    """At a minute past midnight clocks of St. John's go back: the day before goes on."""
    part = strategies.source().over(calendar("day", "America/St_Johns"))
    made = define({"n": part.count(), "xs": part.last_k(strategies.X, 9)})
    midnight = strategies.ORIGIN.replace(year=2010, month=11, day=7, hour=2, minute=30)
    minutes = [-700, -20, 0, 1, 2]
    times = [midnight + m * strategies.STEP / 30 for m in minutes]
    rows = [
        {"user": "ann", "at": at, "got": at, "seq": 0, "id": i, "gone": False, "x": float(i)}
        for i, at in enumerate(times)
    ]
    empty = dict.fromkeys(TYPES)
    queries = [("ann", at + strategies.MICROSECOND) for at in times]
    check(made, [empty | row for row in rows], queries)
    found = joined(made, [empty | row for row in rows], queries)
    assert found.result["n"].to_list() == [1, 2, 1, 4, 5]


TOTALS = ["life", "life_now", "tiles", "tiles_long"]


@pytest.mark.parametrize("kept", [1, 2, 3])
@pytest.mark.parametrize("arrival, late_h", [(False, None), (True, None), (True, 0), (True, 1)])
def test_totals_are_the_oracles(kept: int, arrival: bool, late_h: int | None) -> None:
    """Where few are kept, sums are over all events, or null where one was lost: as the page says.

    Without a bound of lateness nothing is ever final; without an arrival column only ties are lost.
    """
    make = strategies.FAMILIES["numbers"]
    made = strategies.definition(
        make, names=TOTALS, max_events=kept, arrival=arrival, late_h=late_h
    )

    @examples(4, 200)
    @given(st.data())
    def run(data: st.DataObject) -> None:
        check(made, data.draw(strategies.records()), data.draw(strategies.queries()))

    run()


def test_totals_reach_what_is_not_kept() -> None:
    """Ten thousand events, one kept: the lifetime's sum has all of them, the last tile's one."""
    n, hour = 10_000, dt.timedelta(hours=1)
    at = [strategies.ORIGIN + k * hour for k in range(n)]
    things = strategies.source(max_events=1, late_h=0)
    tiles = things.over(last(hours=24, resolution=hour))
    made = {"all": things.over(lifetime()).sum(strategies.N), "day": tiles.sum(strategies.N)}
    rows = pl.DataFrame({"at": at, "got": at, "id": range(n), "n": range(n)}).with_columns(
        user=pl.lit("ann"), seq=pl.lit(0), **{c: pl.lit(None) for c in TYPES if c in ABSENT}
    )
    queries = asked([("ann", at[-1] + hour)])
    found = point_in_time(queries, {"things": rows.select(*TYPES).cast(TYPES)}, define(made))
    assert found.row(0)[2:] == (sum(range(n)), sum(range(n - 24, n)))


class Named(fl.Schema):
    """Keys and ids of other types."""

    shop: fl.UInt64
    at: fl.Datetime
    name: str
    number: fl.UInt64
    x: float | None


@examples(12, 200)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([0, 1, (1 << 64) - 1]), strategies.moments(-2, 2),
            st.sampled_from(["", "a", "b", "ü", "a rather long name"]),
            st.sampled_from([0, 5, 1 << 63, (1 << 64) - 1]), st.sampled_from(strategies.FLOATS),
        ),
        max_size=24,
    ),
    st.sampled_from(["name", "number"]),
)  # fmt: skip
def test_ids_of_text_and_of_64_bits_order_ties(rows: list[Any], by: str) -> None:
    """A text id is its hash, an unsigned one keeps its highest bit; repeated ids are one event."""
    given_rows = pl.DataFrame(
        rows, schema={"shop": pl.UInt64, "at": TYPES["at"], "name": pl.String,
                      "number": pl.UInt64, "x": pl.Float64}, orient="row",
    )  # fmt: skip
    source = EventSource("named", Named, key="shop", time="at", id=by)
    part = source.over(last(hours=9, closed="both"))
    made = define({"xs": part.last_k(fl.col("x"), 30), "n": part.count()})
    asked_at = [strategies.ORIGIN + k * strategies.STEP for k in (-1, 0, 2)]
    pairs = [(shop, at) for shop in (0, 1, (1 << 64) - 1) for at in asked_at]
    queries = pl.DataFrame(pairs, schema={"shop": pl.UInt64, "as_of": TYPES["at"]}, orient="row")
    found = point_in_time(queries, {"named": given_rows}, made)
    plain = oracle_records(made.sources["named"], given_rows.to_dicts())
    expected = oracle.answers(
        plain, [(shop, strategies.microseconds(at)) for shop, at in pairs], spec_of(made, "named")
    )
    assert bits(found["xs"].to_list()) == bits([e["xs"][0] for e in expected])
    assert found["n"].to_list() == [e["n"][0] for e in expected]
