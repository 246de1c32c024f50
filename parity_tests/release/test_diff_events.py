"""What a change of an aggregate moves: both sides answer the same queries about the same events."""

import datetime as dt
import json
from pathlib import Path
from typing import Annotated

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import featurelib as fl
from featurelib.cli import main
from featurelib.errors import DefinitionError, ReleaseError
from featurelib.release import policy
from featurelib.release.diff import compare
from featurelib.release.gate_hotfix import prove
from featurelib.release.hotfix import Hotfix, RowRule
from featurelib.release.hotfix_file import trace_rows
from featurelib.windows import EventSource, last
from parity_tests.release.diff_cases import clicks, feature, make, with_aggregate
from parity_tests.soak import examples

NOON = dt.datetime(2024, 5, 1, 12, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
RECORDS = pl.DataFrame(
    [
        {"who": "ann", "at": NOON - 30 * HOUR, "i": 1, "n": 10.0},
        {"who": "ann", "at": NOON - 3 * HOUR, "i": 2, "n": 4.0},
        {"who": "bob", "at": NOON - 2 * HOUR, "i": 3, "n": 7.0},
    ]
)
QUERIES = pl.DataFrame(
    [
        {"who": "ann", "as_of": NOON},
        {"who": "bob", "as_of": NOON},
        {"who": "eve", "as_of": NOON},
    ]
)


def test_a_longer_window_moves_what_it_sees_more() -> None:
    """One of three queries has an event 30 hours ago: one day gives 4, two give (10 + 4) / 2."""
    found = compare(
        with_aggregate(1), with_aggregate(2), rows=0, data=QUERIES, events={"clicks": RECORDS}
    )
    change = found.features["f"]
    assert found.rows == {"data": 3} and not change.unseen
    moves = change.moves["data"]
    assert (moves.rows, moves.moved, moves.largest) == (3, 1, 3.0)
    (example,) = moves.examples
    assert (example.row, example.old, example.new) == (0, 4.0, 7.0)
    shown = {name: value for name, (value, _) in example.inputs.items()}
    assert [*shown] == ["who", "as_of", "mean_n", "mean_n (new)"]
    assert (shown["who"], shown["mean_n"], shown["mean_n (new)"]) == (b"ann", 4.0, 7.0)
    assert "given rows: 1 of 3 moved (33.33%)" in found.text(100)


def _mean(records: list[tuple[str, int, float]], who: str, hours: int) -> float:
    """The mean of the events of the last hours before noon; what is at noon is not seen yet."""
    mine = [n for name, ago, n in records if name == who and 0 < ago <= hours]
    return sum(mine) / len(mine) if mine else 0.0


@given(
    records=st.lists(
        st.tuples(st.sampled_from(["ann", "bob"]), st.integers(0, 80), st.integers(-9, 9)),
        max_size=12,
    ),
    days=st.tuples(st.integers(1, 3), st.integers(1, 3)),
)
@examples(10, soak=200)
def test_what_moves_is_what_a_plain_mean_says(records, days) -> None:
    """Which queries moved, and how far, counted in Python over small whole numbers."""
    rows = [(who, ago, float(n)) for who, ago, n in records]
    frame = pl.DataFrame(
        {
            "who": [who for who, _, _ in rows],
            "at": [NOON - ago * HOUR for _, ago, _ in rows],
            "i": [*range(len(rows))],
            "n": [n for _, _, n in rows],
        },
        schema=RECORDS.schema,
    )
    found = compare(
        with_aggregate(days[0]), with_aggregate(days[1]), rows=0, data=QUERIES,
        events={"clicks": frame},
    )  # fmt: skip
    before, after, mask = found.moved("f")["data"]
    expected = [tuple(_mean(rows, who, 24 * n) for n in days) for who in QUERIES["who"].to_list()]
    assert [(before.canonical(k), after.canonical(k)) for k in range(3)] == expected
    assert mask.tolist() == [old != new for old, new in expected]


def test_generated_queries_show_a_change_of_a_window() -> None:
    """Without a file: events stand around the windows of both sides, and the feature moves."""
    found = compare(with_aggregate(1), with_aggregate(2), rows=400, seed=3)
    moves = found.features["f"].moves
    assert moves["generated"].moved == 0 < moves["events"].moved <= moves["events"].rows
    assert not found.features["f"].unseen
    assert "generated queries (seed 3)" in found.text(100)
    assert found.to_json()["features"]["f"]["moves"]["events"]["moved"] == moves["events"].moved


def test_equal_aggregates_move_nothing() -> None:
    """The same window under another version of the set: the same answers."""
    found = compare(with_aggregate(2), with_aggregate(2, "1.0.1"), rows=200)
    assert found.rows["events"] > 0 == found.features["f"].moved_rows
    assert found.features["f"].status == "same"


@pytest.mark.parametrize("in_files", [False, True])
def test_records_of_both_sides_may_have_other_columns(in_files: bool, tmp_path: Path) -> None:
    """None are generated that both read, and that is said; given ones are read by each side."""
    old = with_aggregate(1, source=clicks(cost=float))
    new = with_aggregate(2, "2.0.0", clicks(price=float))
    found = compare(old, new, rows=50)
    assert "events" not in found.rows
    assert "`mean_n`" in found.features["f"].unseen[0]
    records = RECORDS.with_columns(price=pl.lit(1.0), cost=pl.lit(2.0))
    records.write_parquet(tmp_path / "clicks.parquet")
    events = {"clicks": str(tmp_path / "clicks.parquet") if in_files else records}
    given = compare(old, new, rows=0, data=QUERIES, events=events).features["f"]
    assert given.moved_rows == 1 and not given.unseen


def test_records_with_a_column_more_are_generated_for_both() -> None:
    """The new side's records have all that the old one reads."""
    new = with_aggregate(2, "2.0.0", clicks(price=float))
    change = compare(with_aggregate(1), new, rows=400, seed=3).features["f"]
    assert change.moves["events"].moved > 0 and not change.unseen


def test_an_aggregate_that_is_new_moves_no_other_feature() -> None:
    """The old side has none, and takes the queries without it."""
    plain = fl.InputSchema.from_fields({"who": str, "as_of": fl.Datetime})
    old = make(feature("g", fl.col("who").str.len_bytes()), inputs=plain)
    new = make(
        feature("g", fl.col("who").str.len_bytes()),
        feature("f", fl.col("mean_n").fill_null(0.0)),
        inputs=plain,
        aggregates={"mean_n": clicks().over(last(days=1)).mean(fl.col("n")).on("who")},
        version="1.1.0",
    )
    found = compare(old, new, rows=100, data=QUERIES, events={"clicks": RECORDS})
    assert found.rows["data"] == 3 and found.rows["events"] > 0
    assert found.features["g"].moved_rows == 0
    assert found.features["f"].status == "added"
    assert policy.check("1.0.0", "1.1.0", found) == []


def test_queries_beyond_a_constraint_are_not_generated() -> None:
    """A key that an input schema refuses is no query, so no row is refused."""
    who = Annotated[int, fl.Constraints(ge=0, le=3)]
    key = fl.InputSchema.from_fields({"who": who, "as_of": fl.Datetime})
    fields = {"who": int, "at": fl.Datetime, "i": int, "n": float}
    source = EventSource("clicks", fl.InputSchema.from_fields(fields), key="who", time="at", id="i")

    def bundle(days: int) -> fl.Bundle:
        aggregate = source.over(last(days=days)).mean(fl.col("n")).on("who")
        return make(feature("f", fl.col("mean_n")), inputs=key, aggregates={"mean_n": aggregate})

    found = compare(bundle(1), bundle(2), rows=400)
    assert "events" not in found.refused and found.rows["events"] > 0


def test_events_without_queries_are_refused() -> None:
    """The error says what the queries are."""
    with pytest.raises(ReleaseError, match=r"events of clicks are given(.|\n)*--data"):
        compare(with_aggregate(1), with_aggregate(2), events={"clicks": RECORDS})


def test_events_that_nobody_reads_are_refused() -> None:
    """By name, with the sources that there are; one that is not given is named as well."""
    both = with_aggregate(1), with_aggregate(2)
    with pytest.raises(ReleaseError, match=r"events of `views` (.|\n)*they read clicks"):
        compare(*both, data=QUERIES, events={"clicks": RECORDS, "views": RECORDS})
    with pytest.raises(ReleaseError, match="they read no events"):
        compare(make(feature("f", fl.col("x"))), make(feature("f", fl.col("y"))), data=QUERIES,
                events={"clicks": RECORDS})  # fmt: skip


def _hotfix(new: fl.Bundle, rows: str) -> Hotfix:
    said = ("pairs", "1.0.0", "1.0.1", "a reason", "a review", ())
    rule = RowRule(rows, None if rows == "all" else trace_rows("f", rows, new.schema))
    return Hotfix(*said, new.schema, {"f": rule})


@pytest.mark.parametrize(
    ("rows", "outside"), [("all", 0), ("who == 'ann'", 0), ("who == 'bob'", 1)]
)
def test_a_hotfix_of_a_window_is_proven_by_events(rows: str, outside: int) -> None:
    """Where it moved is held against the declared rows, as of every other feature."""
    old, new = with_aggregate(1), with_aggregate(2, "1.0.1")
    found = compare(old, new, rows=0, data=QUERIES, events={"clicks": RECORDS})
    hotfix = _hotfix(new, rows)
    notes: list[str] = []
    findings = prove(hotfix, found, notes).findings
    assert len(findings) == outside and not notes
    assert all("it moved in 1 data row outside" in f.what for f in findings)
    assert policy.check("1.0.0", "1.0.1", found, hotfix) == []
    (undeclared,) = policy.check("1.0.0", "1.0.1", found)
    assert "1 of 3 rows moved, and a patch version moves no value" in undeclared.what


def test_the_command_takes_files_of_events(tmp_path, capsys, monkeypatch) -> None:
    """`--data` has queries, `--events` the records; without queries nothing is asked."""
    monkeypatch.chdir(tmp_path)
    with_aggregate(1).save("old.json")
    with_aggregate(2, "1.0.1").save("new.json")
    QUERIES.write_parquet("queries.parquet")
    RECORDS.write_parquet("clicks.parquet")
    given = ["diff", "old.json", "new.json", "--rows", "50", "--events", "clicks=clicks.parquet"]
    assert main([*given, "--data", "queries.parquet", "--json"]) == 0
    moves = json.loads(capsys.readouterr().out)["features"]["f"]["moves"]
    assert moves["data"]["moved"] == 1 and moves["events"]["rows"] > 0
    assert main(given) == 2
    assert "--data names the file of queries" in capsys.readouterr().err


def test_a_source_that_is_not_given_is_named() -> None:
    """Records of one of two sources do not do."""
    inputs = fl.InputSchema.from_fields({"who": str, "as_of": fl.Datetime})

    def bundle(days: int) -> fl.Bundle:
        window = last(days=days)
        aggregates = {
            "a": clicks().over(window).mean(fl.col("n")).on("who"),
            "b": clicks("views").over(window).mean(fl.col("n")).on("who"),
        }
        return make(feature("f", fl.col("a") + fl.col("b")), inputs=inputs, aggregates=aggregates)

    with pytest.raises(DefinitionError, match="views"):
        compare(bundle(1), bundle(2), rows=0, data=QUERIES, events={"clicks": RECORDS})
