"""Temporal methods beside Polars: the reference evaluator on moments at and between transitions."""

import random
from typing import Any

import polars as pl
import pytest

from featurelib.dtypes import DATE, DATETIME, DURATION
from featurelib.evaluate import Evaluator
from featurelib.node import Node, input_node
from featurelib.program import Program
from featurelib.zones import zone_table
from parity_tests.registry import every_op

every_op()
INPUTS: dict[str, Any] = {
    "t": input_node("t", DATETIME, False),
    "d": input_node("d", DATE, False),
    "u": input_node("u", DURATION, False),
}
ZONES = ("UTC", "America/New_York", "America/Havana", "Asia/Kolkata", "Australia/Sydney")
PARTS = (
    *("year", "quarter", "month", "week", "iso_year", "day", "ordinal_day", "weekday"),
    *("is_leap_year", "date", "hour", "minute", "second", "millisecond", "microsecond"),
)
STRETCHES = ("1h", "15m", "90m", "3h", "1d", "2d", "1w", "2w", "1mo", "7mo", "1q", "1y")
SECOND = 1_000_000
END = 1_735_600_000


def moments(zone: str) -> list[int]:
    """Around the transitions from 1970 to 2024, and between.

    Outside these years the IANA release in Polars may be another than ours.
    """
    rnd = random.Random(zone)
    listed = [] if zone == "UTC" else zone_table(zone).content[2::2]
    near = [s for s in listed if 0 < s < END][::3] + [rnd.randrange(END) for _ in range(12)]
    return [s * SECOND + d * SECOND + rnd.randrange(SECOND) for s in near for d in (-4000, 0, 5000)]


def compare(node: Node, expr: pl.Expr, rows: dict[str, list[int]]) -> None:
    """The reference gives the column that Polars gives."""
    types = {"t": pl.Datetime("us", "UTC"), "d": pl.Date(), "u": pl.Duration("us")}
    frame = pl.DataFrame({n: pl.Series(v).cast(types[n]) for n, v in rows.items()})
    want = frame.lazy().select(expr.alias("x")).collect(engine="in-memory")["x"]
    evaluator = Evaluator(Program({"x": node}), {})
    got = [
        evaluator.row(dict(zip(rows, values, strict=True)))["x"]
        for values in zip(*rows.values(), strict=True)
    ]
    assert got == want.to_physical().to_list()


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("part", PARTS)
def test_parts_are_those_of_polars(zone: str, part: str) -> None:
    """Each part of a zoned column is the local part that Polars gives."""
    node = getattr(INPUTS["t"].dt.convert_time_zone(zone).dt, part)()
    expr = getattr(pl.col("t").dt.convert_time_zone(zone).dt, part)()
    compare(node, expr, {"t": moments(zone)})


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("every", STRETCHES)
def test_truncation_is_that_of_polars(zone: str, every: str) -> None:
    """The start of a stretch of time is Polars', in folds too."""
    node = INPUTS["t"].dt.convert_time_zone(zone).dt.truncate(every)
    expr = pl.col("t").dt.convert_time_zone(zone).dt.truncate(every)
    rows = moments(zone)
    if zone == "America/Havana":
        # Its clocks jump at midnight, and of such a start Polars makes an error for the column.
        rows = [t for t in rows if zone_has_start(zone, t)]
    compare(node, expr, {"t": rows})


def zone_has_start(zone: str, t: int) -> bool:
    """Whether t is in autumn of a year: its day, week, month and quarter start outside gaps."""
    text = pl.Series([t]).cast(pl.Datetime("us", "UTC")).dt.convert_time_zone(zone)
    return bool(text.dt.month()[0] in (10, 11, 12)) and bool(text.dt.year()[0] > 1980)


@pytest.mark.parametrize("zone", ZONES[1:])
@pytest.mark.parametrize("ambiguous", ["earliest", "latest", "null"])
def test_local_times_become_the_instants_of_polars(zone: str, ambiguous: Any) -> None:
    """Folds by the rule that the user names, gaps null."""
    node = INPUTS["t"].dt.replace_time_zone(zone, ambiguous=ambiguous)
    expr = pl.col("t").dt.replace_time_zone(zone, ambiguous=ambiguous, non_existent="null")
    table = zone_table(zone).content
    walls = [
        (s + o) * SECOND + d
        for s, o in zip(table[2::2], table[3::2], strict=True)
        for d in (-4000 * SECOND, -1, 0, 1000 * SECOND)
        if 0 < s < END
    ]
    compare(node, expr, {"t": walls + moments(zone)})


def test_sums_and_whole_units_are_those_of_polars() -> None:
    """Sums, differences and totals of durations, before the epoch too."""
    rnd = random.Random(3)
    rows = {
        "t": [rnd.randrange(-(10**16), 10**16) for _ in range(200)],
        "d": [rnd.randrange(-30_000, 60_000) for _ in range(200)],
        "u": [rnd.randrange(-(10**15), 10**15) for _ in range(200)],
    }
    t, d, u = INPUTS.values()
    pt, pd, pu = map(pl.col, "tdu")
    for node, expr in (
        *((t + u, pt + pu), (u + t, pu + pt), (t - u, pt - pu), (t - t, pt - pt)),
        *((d + u, pd + pu), (d - u, pd - pu), (d - d, pd - pd), (u + u, pu + pu), (-u, -pu)),
        *((abs(u), pu.abs()), (u * 3, pu * 3), (u / u, pu / pu)),
        *(
            (d.dt.truncate("1w"), pd.dt.truncate("1w")),
            (d.dt.truncate("5mo"), pd.dt.truncate("5mo")),
        ),
        *((d.dt.month_start(), pd.dt.month_start()), (d.dt.month_end(), pd.dt.month_end())),
    ):
        compare(node, expr, rows)
    for unit in ("us", "ms", "s", "d"):
        compare(t.dt.epoch(unit), pt.dt.epoch(unit), rows)  # type: ignore[arg-type]
    for name in ("days", "hours", "minutes", "seconds", "milliseconds", "microseconds"):
        compare(getattr(u.dt, f"total_{name}")(), getattr(pu.dt, f"total_{name}")(), rows)
