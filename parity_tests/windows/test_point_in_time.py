"""The offline pass gives, bit for bit, what the oracle finds in the plain list of records."""

from __future__ import annotations

import functools
import math
import struct
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from featurelib.windows import Definition
from featurelib_offline.point_in_time import point_in_time
from parity_tests.windows import oracle, strategies
from parity_tests.windows.described import oracle_records, power_of_two, spec_of

TYPES = {
    "user": pl.String, "at": pl.Datetime("us", "UTC"), "got": pl.Datetime("us", "UTC"),
    "seq": pl.Int32, "id": pl.Int64, "gone": pl.Boolean, "x": pl.Float64, "f": pl.Float32,
    "n": pl.Int64, "u": pl.UInt64, "flag": pl.Boolean, "word": pl.String,
}  # fmt: skip
MICROSECONDS = (pl.Datetime, pl.Duration)


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


FAMILY = [(f, a) for f in ("numbers",) for a in ("x", "n", "u", "flag", "twice")] + [
    ("ordered", "x"), ("ordered", "n"), ("counted", "x"), ("counted", "n"), ("counted", "u"),
]  # fmt: skip


@pytest.mark.parametrize("family, argument", FAMILY)
@pytest.mark.parametrize("arrival, kept", [(True, 4), (True, 100), (False, 8)])
def test_answers_are_the_oracles(family: str, argument: str, arrival: bool, kept: int) -> None:
    """Every aggregate over every window is the oracle's: value, null, reason; so are refusals."""
    made = definition(family, argument, arrival, kept)

    @settings(max_examples=25, deadline=None)
    @given(st.data())
    def run(data: st.DataObject) -> None:
        check(made, data.draw(strategies.records()), data.draw(strategies.queries()))

    run()


@settings(max_examples=40, deadline=None)
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
