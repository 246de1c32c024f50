"""Point-in-time: 12 aggregates over two windows beside the best that can be written by hand."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import polars as pl

from benchmarks import equality
from benchmarks.tables import Table, times
from benchmarks.timing import race
from benchmarks.windows_work import COLUMNS, WAYS, from_files, work

_OURS = "featurelib"
_STD_ULPS = 8
"""Peers add to and take from a running variance, and round each time; ours is rounded once. Over
10,000,000 events Polars is up to 6 ulps away and DuckDB 4, and all else of both equal."""


def measure(quick: bool) -> list[Table]:
    """The tables of this page."""
    return [_beside_peers(20_000 if quick else 10_000_000, quick), _growth(quick)]


def _beside_peers(n: int, quick: bool) -> Table:
    events, queries = work(n)
    results = {name: way(events, queries) for name, way in WAYS.items()}
    equal = {name: _agreement(name, results[_OURS], found) for name, found in results.items()}
    del results
    found = race(
        {name: (lambda way=way: way(events, queries)) for name, way in WAYS.items()},
        rounds=1 if quick else 3,
        slice_s=0.0,
    )
    table = Table(
        f"Point-in-time: {n:,} events, {len(queries):,} queries, 12 aggregates, "
        f"{pl.thread_pool_size()} threads",
        ("who", "s", "time, of ours", "peak memory", "values equal to ours"),
    )
    for name in WAYS:
        seconds, ratio = found.median(name), times(found.ratio(name, _OURS))
        peak = "" if quick and name != _OURS else _peak(name, n)
        table.rows.append((name, f"{seconds:.2f}", ratio, peak, equal[name]))
    table.notes = [
        "count, sum, mean, std, min, max of the last 7 days and the last day; events in memory.",
        "Ratings are halves, so that every sum is exact whoever makes it; ours are exact for all.",
        "Peak memory is that of a process that makes the events, and does it once.",
    ]
    return table


def _growth(quick: bool) -> Table:
    sizes = (10_000,) if quick else (5_000_000, 20_000_000, 100_000_000)
    part = sizes[0]
    table = Table(
        f"Point-in-time from Parquet, in partitions of {part:,} events",
        ("events", "s", "million events/s", "peak memory"),
    )
    with tempfile.TemporaryDirectory() as folder:
        for n in sizes:
            paths = Path(folder) / f"{n}.parquet", Path(folder) / "queries.parquet"
            events, queries = work(n)
            events.write_parquet(paths[0])
            queries.sample(part // 10, seed=1).write_parquet(paths[1])
            del events, queries
            name = f"{n:,}"
            run = {name: lambda paths=paths: from_files(*paths, part)}
            seconds = race(run, rounds=1 if quick else 2, slice_s=0.0).median(name)
            peak = _peak("files", *paths, part)
            table.rows.append((name, f"{seconds:.2f}", f"{n / seconds / 1e6:.2f}", peak))
            paths[0].unlink()
    table.notes = [f"{part // 10:,} queries of all users each."]
    return table


def _agreement(name: str, ours: pl.DataFrame, theirs: pl.DataFrame) -> str:
    distance = 0
    for column in COLUMNS:
        a, b = ours[column], theirs[column]
        if not (a.is_null() == b.is_null()).all():
            raise equality.WrongPeerError(f"{name}: {column} is null elsewhere")
        both = [x.fill_null(0).to_numpy() for x in (a, b)]
        most = _STD_ULPS if column.startswith("std") else 0
        distance = max(distance, equality.check(f"{name}, {column}", *both, most))
    return "all bits" if distance == 0 else f"std within {distance} ulp, else all bits"


def _peak(*arguments: object) -> str:
    command = [sys.executable, "-m", "benchmarks.windows_work", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return f"{int(done.stdout) / 1e9:.2f} GB"
