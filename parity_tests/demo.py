"""Real flights through both engines, compared bit for bit: what ``make demo`` runs.

One set of definitions is fitted on nine months of flights. The batch job computes the features of
all twelve months to Parquet; the row kernel computes them again, request by request. Every value of
every row must have the same bits.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

import featurelib as fl
import featurelib_online as online
from featurelib_offline import fit, job
from parity_tests.demo_compare import Mismatch, compare, compare_tensors
from parity_tests.feature_sets.flights import flights, load_flights

CHUNK = 4_096
TRAINING_MONTHS = 9
SHOWN_MISMATCHES = 20


@dataclass
class Outcome:
    """What the demo measured.

    Attributes:
        rows: Rows compared.
        job_s: Seconds of the batch job.
        compile_s: Seconds until the row kernel was ready.
        kernel_s: Seconds inside the row kernel, all rows.
        mismatches: How many values differ.
        first: The first of them.
    """

    rows: int = 0
    job_s: float = 0.0
    compile_s: float = 0.0
    kernel_s: float = 0.0
    mismatches: int = 0
    first: list[Mismatch] = field(default_factory=list)

    def add(self, found: Iterable[Mismatch]) -> None:
        """Counts mismatches and keeps the first ones."""
        for mismatch in found:
            self.mismatches += 1
            if len(self.first) < SHOWN_MISMATCHES:
                self.first.append(mismatch)


def main(arguments: list[str] | None = None) -> int:
    """Runs the demo.

    Returns:
        0 if every value has the same bits on both sides, else 1.
    """
    parser = argparse.ArgumentParser(prog="python -m parity_tests.demo", description=__doc__)
    parser.add_argument("--rows", type=int, help="compare the first ROWS of each month only")
    parser.add_argument("--out", type=Path, default=Path("out/demo"), help="where files go")
    options = parser.parse_args(arguments)
    console = Console()
    begin = time.perf_counter()
    options.out.mkdir(parents=True, exist_ok=True)
    with step(console, "Read the flights"):
        months = write_months(options.out, options.rows)
    with step(console, f"Fit on months 1 to {TRAINING_MONTHS}"):
        bundle = flights.bind(fit(flights, months[:TRAINING_MONTHS]))
        bundle.save(options.out / f"{bundle.name}-{bundle.version}.json")
    outcome = run(console, months, options.out)
    console.print(summary(bundle, outcome))
    for mismatch in outcome.first:
        console.print(f"[red]mismatch[/] {mismatch}", highlight=False)
    console.print(f"{time.perf_counter() - begin:.0f} s in all; files are in {options.out}/")
    return 1 if outcome.mismatches else 0


@contextmanager
def step(console: Console, what: str) -> Iterator[None]:
    """Says what is done, and how long it took."""
    begin = time.perf_counter()
    with console.status(what):
        yield
    console.print(f"{what:<44}{time.perf_counter() - begin:6.1f} s", highlight=False)


def write_months(out: Path, rows: int | None) -> list[Path]:
    """The flights as twelve Parquet files, as a team's data would come."""
    folder = out / "flights"
    folder.mkdir(exist_ok=True)
    paths = []
    for (month,), part in load_flights(keep=["month"]).group_by("month", maintain_order=True):
        path = folder / f"{month:02}.parquet"
        part.drop("month").head(part.height if rows is None else rows).write_parquet(path)
        paths.append(path)
    return sorted(paths)


def run(console: Console, months: list[Path], out: Path) -> Outcome:
    """Both engines over all rows, and the comparison."""
    bundle = fl.load(next(out.glob("flights-*.json")))  # as serving would: no author's module
    outcome = Outcome()
    features = out / "features.parquet"
    with step(console, "Batch job to Parquet"):
        outcome.job_s = job(bundle, months, features).seconds
    with step(console, "Compile the row kernel"):
        begin = time.perf_counter()
        kernel = online.compile(bundle)
        outcome.compile_s = time.perf_counter() - begin
    requests, batch = pl.read_parquet(months), pl.read_parquet(features)
    if requests.height != batch.height:
        raise SystemExit(f"{requests.height} rows went in, {batch.height} came out of the job")
    with progress(console) as bar:
        task = bar.add_task("Row kernel, request by request", total=batch.height)
        for start in range(0, batch.height, CHUNK):
            rows = requests.slice(start, CHUNK).to_dicts()
            begin = time.perf_counter()
            answers = [kernel(row) for row in rows]
            outcome.kernel_s += time.perf_counter() - begin
            expected = batch.slice(start, CHUNK)
            outcome.add(compare(expected, answers, start))
            outcome.add(compare_tensors(expected, answers, bundle.layout, start))
            outcome.rows += len(rows)
            bar.advance(task, len(rows))
    return outcome


def progress(console: Console) -> Progress:
    """A bar with counts and the time that is left."""
    return Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
        TimeRemainingColumn(elapsed_when_finished=True), console=console,
    )  # fmt: skip


def summary(bundle: Any, outcome: Outcome) -> Table:
    """What was compared and how fast each side was."""
    table = Table(title=f"{bundle.name} {bundle.version}, {bundle.fingerprint[:12]}")
    for heading in ("", "rows", "features", "rows/s", "us/row"):
        table.add_column(heading, justify="right" if heading else "left")
    for side, seconds in (
        ("batch job (Polars), file to file", outcome.job_s),
        ("row kernel, dict by dict", outcome.kernel_s),
    ):
        speed, each = outcome.rows / seconds, seconds / outcome.rows * 1e6
        count = str(len(bundle.features))
        table.add_row(side, f"{outcome.rows:,}", count, f"{speed:,.0f}", f"{each:.2f}")
    values = outcome.rows * len(bundle.features)
    table.caption = (
        f"{values:,} values compared bit for bit, mismatches: {outcome.mismatches:,}\n"
        f"row kernel ready after {outcome.compile_s:.1f} s"
    )
    return table


if __name__ == "__main__":
    sys.exit(main())
