"""Events, queries and 12 aggregates over two windows: by featurelib, and by hand in three ways.

Run as a module with the name of a way and a number of events it says how much memory one run takes:
python -m benchmarks.windows_work featurelib 1000000
"""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import polars as pl

import featurelib as fl
from featurelib.windows import Definition, EventSource, define, last
from featurelib_offline import point_in_time

DAYS = (7, 1)
NAMES = ("count", "sum", "mean", "std", "min", "max")
COLUMNS = tuple(f"{name}_{days}d" for days in DAYS for name in NAMES)
_DAY_US = 86_400_000_000
_BEGIN_US, _SPAN_US = 1_600_000_000_000_000, 30 * _DAY_US
_EVENTS_OF_ONE = 1000
"""Events of an entity in the 30 days: 233 of them in a week, 33 in a day."""


class Rating(fl.Schema):
    """An event."""

    user_id: int
    rated_at: fl.Datetime
    rating_id: int
    rating: float


def definition() -> Definition:
    """The 12 aggregates."""
    source = EventSource(
        "ratings", Rating, key="user_id", time="rated_at", id="rating_id", max_events=1 << 20
    )
    x, made = fl.col("rating"), {}
    for days in DAYS:
        part = source.over(last(days=days))
        made |= {
            f"count_{days}d": part.count(x), f"sum_{days}d": part.sum(x),
            f"mean_{days}d": part.mean(x), f"std_{days}d": part.std(x, ddof=1),
            f"min_{days}d": part.min(x), f"max_{days}d": part.max(x),
        }  # fmt: skip
    return define(made)


def work(n: int, *, seed: int = 0, plain: bool = True) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Events in the order of time, and a tenth as many queries in no order.

    Args:
        n: How many events.
        seed: Of the generator.
        plain: Ratings in halves, whose sums are exact whoever sums them; else lognormal ones.
    """
    make, users = np.random.default_rng(seed), max(n // _EVENTS_OF_ONE, 1)
    moments = np.sort(make.integers(_BEGIN_US, _BEGIN_US + _SPAN_US, n))
    x = make.integers(1, 11, n) * 0.5 if plain else make.lognormal(size=n)
    events = pl.DataFrame(
        {
            "user_id": make.integers(0, users, n),
            "rated_at": _instants(moments),
            "rating_id": np.arange(n),
            "rating": x,
        }
    )
    asked = make.integers(_BEGIN_US, _BEGIN_US + _SPAN_US, n // 10)
    users_asked = make.integers(0, users, n // 10)
    return events, pl.DataFrame({"user_id": users_asked, "as_of": _instants(asked)})


def _instants(micros: Any) -> pl.Series:
    return pl.Series(micros).cast(pl.Datetime("us", "UTC"))


def ours(events: pl.DataFrame, queries: pl.DataFrame) -> pl.DataFrame:
    """featurelib."""
    joined: pl.DataFrame = point_in_time(queries, {"ratings": events}, definition())
    return joined


def _both(events: pl.DataFrame, queries: pl.DataFrame) -> pl.LazyFrame:
    """Events and queries as rows of one frame, sorted; queries have no value."""
    rows = events.lazy().select("user_id", t="rated_at", x="rating", row=pl.lit(None, pl.UInt32))
    asked = (
        queries.lazy()
        .with_row_index("row")
        .select("user_id", t="as_of", x=pl.lit(None, pl.Float64), row="row")
    )
    return pl.concat([rows, asked]).sort("user_id", "t")


def polars_rolling(events: pl.DataFrame, queries: pl.DataFrame) -> pl.DataFrame:
    """`rolling(...).agg(...)` over events and queries together."""
    both = _both(events, queries).collect()
    is_query = both["row"].is_not_null()
    x, parts = pl.col("x"), [both.filter(is_query).select("row", "user_id", as_of="t")]
    for days in DAYS:
        rolled = both.lazy().rolling(
            "t", period=dt.timedelta(days=days), closed="left", group_by="user_id"
        ).agg(
            x.count().cast(pl.Int64).alias(f"count_{days}d"), x.sum().alias(f"sum_{days}d"),
            x.mean().alias(f"mean_{days}d"), x.std().alias(f"std_{days}d"),
            x.min().alias(f"min_{days}d"), x.max().alias(f"max_{days}d"),
        )  # fmt: skip
        parts.append(rolled.drop("user_id", "t").collect().filter(is_query))
    return pl.concat(parts, how="horizontal").sort("row").drop("row")


def polars_rolling_by(events: pl.DataFrame, queries: pl.DataFrame) -> pl.DataFrame:
    """`rolling_sum_by` and its like over each user, over events and queries together."""
    x, made = pl.col("x"), []
    for days in DAYS:
        how: Any = {"window_size": dt.timedelta(days=days), "closed": "left"}
        ones = x.is_not_null().cast(pl.Int64)
        rolled = {
            "count": ones.rolling_sum_by("t", **how),
            "sum": x.rolling_sum_by("t", **how).fill_null(0.0),
            "mean": x.rolling_mean_by("t", **how),
            "std": x.rolling_std_by("t", **how),
            "min": x.rolling_min_by("t", **how),
            "max": x.rolling_max_by("t", **how),
        }
        made += [e.over("user_id").alias(f"{name}_{days}d") for name, e in rolled.items()]
    both = _both(events, queries).with_columns(made).filter(pl.col("row").is_not_null())
    return both.sort("row").select("user_id", pl.col("t").alias("as_of"), *COLUMNS).collect()


def duckdb_windows(events: pl.DataFrame, queries: pl.DataFrame) -> pl.DataFrame:
    """DuckDB's window functions over events and queries together."""
    calls = ("count(x)", "sum(x)", "avg(x)", "stddev_samp(x)", "min(x)", "max(x)")
    asked = ", ".join(
        f"{call} over w{days} as {name}_{days}d"
        for days in DAYS
        for name, call in zip(NAMES, calls, strict=True)
    )
    windows = ", ".join(
        f"w{days} as (partition by user_id order by t range between {days * _DAY_US} preceding "
        "and 1 preceding)"
        for days in DAYS
    )
    with duckdb.connect() as connection:
        connection.execute(f"set threads={pl.thread_pool_size()}")
        connection.register("events", events)
        connection.register("queries", queries.with_row_index("row"))
        table = connection.sql(
            f"select * exclude (t, x) from (select *, {asked} from "
            "(select user_id, epoch_us(rated_at) t, rating x, null row from events union all "
            "select user_id, epoch_us(as_of), null, row from queries) "
            f"window {windows}) where row is not null order by row"
        ).to_arrow_table()
    found = pl.DataFrame(pl.from_arrow(table)).with_columns(queries["as_of"])
    sums = [pl.col(f"sum_{days}d").fill_null(0.0) for days in DAYS]
    return found.select("user_id", "as_of", *COLUMNS).with_columns(sums)


WAYS: dict[str, Callable[[pl.DataFrame, pl.DataFrame], pl.DataFrame]] = {
    "featurelib": ours,
    "Polars, rolling by hand": polars_rolling,
    "Polars, rolling_*_by by hand": polars_rolling_by,
    "DuckDB, window functions by hand": duckdb_windows,
}


def from_files(events: Path, queries: Path, partition_rows: int) -> pl.DataFrame:
    """featurelib over events in a Parquet file."""
    joined: pl.DataFrame = point_in_time(
        pl.read_parquet(queries), {"ratings": events}, definition(), partition_rows=partition_rows
    )
    return joined


def peak_bytes() -> int:
    """The most memory that this process has had (`ru_maxrss` would begin with its parent's)."""
    status = Path("/proc/self/status").read_text()
    (line,) = [line for line in status.splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) * 1024


def main() -> None:
    """Says the peak in bytes, of a way over so many events, or of `from_files`."""
    if sys.argv[1] == "files":
        from_files(Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]))
    else:
        WAYS[sys.argv[1]](*work(int(sys.argv[2])))
    print(peak_bytes())


if __name__ == "__main__":
    main()
