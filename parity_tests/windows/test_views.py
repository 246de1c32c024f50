"""Joins of views: the latest record that was known then, and not one that is too old."""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from featurelib.errors import DefinitionError, InputError
from featurelib_offline import View, as_of_join
from parity_tests.windows import oracle, strategies
from parity_tests.windows.strategies import EPOCH, MICROSECOND
from parity_tests.windows.test_point_in_time import TYPES, asked, bits

HOUR = dt.timedelta(hours=1)
COLUMNS = ("x", "word", "flag", "at")


def expected(view: View, records: list[dict[str, Any]], queries: list[Any]) -> list[Any]:
    """By the oracle's events: the last visible one, the smallest values of its first records."""
    plain = [
        {
            "key": r["user"], "t": _micros(r["at"]), "a": _micros(r["got"]), "s": r["seq"],
            "id": r["id"], "deleted": bool(r["gone"]), "row": r,
        }
        for r in records
    ]  # fmt: skip
    spec = {"max_lateness": view.source.max_lateness_us, "max_ahead": view.source.max_ahead_us}
    events = oracle.events_of(plain, spec)
    found = []
    for user, moment in queries:
        q = _micros(moment)
        age = None if view.max_age is None else view.max_age // MICROSECOND
        seen = [
            e
            for e in events.get(user, [])
            if e.is_visible(q) and (e.t <= q if view.closed == "right" else e.t < q)
            if age is None or q - e.t <= age
        ]
        if not seen:
            found.append([None] * len(view.columns))
            continue
        last = max(seen, key=lambda e: (e.t, e.s, e.arrival, e.id))
        rows = [[r["row"][c] for c in view.columns] for r in last.first]
        found.append(min(rows, key=lambda row: [(v is not None, _order(v)) for v in row]))
    return found


def _micros(instant: dt.datetime | None) -> int | None:
    return None if instant is None else (instant - EPOCH) // MICROSECOND


def _order(value: Any) -> Any:
    """NaN after all floats, -0.0 before 0.0 (a sort of whole columns: see the docstring)."""
    if isinstance(value, float):
        return (value != value, 0.0 if value != value else value)
    return 0 if value is None else value


@settings(max_examples=60, deadline=None)
@given(
    st.data(),
    st.sampled_from([None, HOUR, 3 * HOUR]),
    st.sampled_from(["left", "right"]),
    st.integers(1, 40),
)
def test_the_latest_known_record_is_joined(
    data: st.DataObject, max_age: Any, closed: str, partition_rows: int
) -> None:
    """Ties, duplicates, withdrawals, late records, ages at the edge: all as the oracle has them."""
    records = data.draw(strategies.records())
    for r in records:  # a zero of either sign is one value in a sort
        r["x"] = 0.0 if r["x"] == 0 else r["x"]
    queries = data.draw(strategies.queries())
    view = View(strategies.source(), COLUMNS, max_age, closed, prefix="last_", on="user")
    frame = pl.DataFrame(data.draw(st.permutations(records)), schema=TYPES)
    found = as_of_join(
        asked(queries), {"things": frame}, [view], refused="collect", partition_rows=partition_rows
    )
    for name in view.names:
        got = found.result[name].to_list()
        want = [row[view.names.index(name)] for row in expected(view, records, queries)]
        assert bits(got) == bits(want), name


def test_it_is_join_asof_where_that_can_say_it() -> None:
    """Without arrivals, ties and repeats it gives what Polars' own join gives, a tolerance too."""
    make = pl.DataFrame({"k": range(400)})
    frame = make.select(
        user=(pl.col("k") % 7).cast(pl.String),
        at=pl.lit(strategies.ORIGIN) + pl.duration(minutes=pl.col("k") * 37 % 1009),
        seq=pl.lit(0, pl.Int32), id="k", x=pl.col("k") * 0.25,
    ).with_columns(
        **{n: pl.lit(None, TYPES[n]) for n in ("got", "gone", "f", "n", "u", "flag", "word")}
    )  # fmt: skip
    queries = make.head(90).select(
        user=(pl.col("k") % 8).cast(pl.String),
        as_of=pl.lit(strategies.ORIGIN) + pl.duration(minutes=pl.col("k") * 11),
    )
    view = View(strategies.source(arrival=False), ("x", "id"), 2 * HOUR)
    found = as_of_join(queries, {"things": frame}, [view])
    theirs = queries.with_row_index().sort("as_of").join_asof(
        frame.sort("at").select("user", "at", "x", "id"), left_on="as_of", right_on="at", by="user",
        tolerance="2h", allow_exact_matches=False, check_sortedness=False,
    ).sort("index")  # fmt: skip
    assert found.select("x", "id").equals(theirs.select("x", "id"))
    assert 0 < found["x"].null_count() < 90


def test_several_views_stand_side_by_side() -> None:
    """Each has its own age, key and names; columns of the queries come first."""
    records = pl.DataFrame(
        [{**dict.fromkeys(TYPES), "user": "ann", "at": strategies.ORIGIN, "got": strategies.ORIGIN,
          "seq": 0, "id": 1, "x": 1.5, "word": "a"}], schema=TYPES,
    )  # fmt: skip
    source = strategies.source()
    queries = asked([("ann", strategies.ORIGIN + 2 * HOUR)]).rename({"user": "buyer"})
    views = [
        View(source, ("x",), HOUR, on="buyer", prefix="fresh_"),
        View(source, ("x", "word"), on="buyer"),
    ]
    found = as_of_join(queries.lazy(), {"things": records}, views).collect()
    assert found.columns == ["buyer", "as_of", "fresh_x", "x", "word"]
    assert found.row(0)[2:] == (None, 1.5, "a")


def test_what_does_not_fit_is_named() -> None:
    """Columns, names and sources that do not fit are refused."""
    source = strategies.source()
    with pytest.raises(DefinitionError, match="no column `y`"):
        View(source, ("y",))
    with pytest.raises(DefinitionError, match="expected columns"):
        View(source, ())
    with pytest.raises(DefinitionError, match='expected closed="left"'):
        View(source, ("x",), closed="both")
    view = View(source, ("x",))
    queries = asked([("ann", strategies.ORIGIN)])
    with pytest.raises(DefinitionError, match="two views give a column `x`"):
        as_of_join(queries, {}, [view, view])
    with pytest.raises(DefinitionError, match="no events of the source `things`"):
        as_of_join(queries, {}, [view])
    with pytest.raises(InputError, match="`x`"):
        as_of_join(queries.with_columns(x=1.0), {"things": pl.DataFrame(schema=TYPES)}, [view])
