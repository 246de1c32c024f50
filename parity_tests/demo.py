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
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

import featurelib as fl
import featurelib_online as online
from featurelib.parity.report_html import render
from featurelib.parity.run import check
from featurelib.parity.targets import read_rows
from featurelib_offline import fit, job, transform
from parity_tests.demo_compare import Mismatch, compare, compare_tensors
from parity_tests.feature_sets.flights import flights, load_flights

CHUNK = 4_096
TRAINING_MONTHS = 9
REPORT_ROWS = 5_000
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
    parser.add_argument("--rows", type=int, help="take the first ROWS of each month only")
    parser.add_argument("--out", type=Path, default=Path("out/demo"), help="where files go")
    options = parser.parse_args(arguments)
    console = Console()
    begin = time.perf_counter()
    options.out.mkdir(parents=True, exist_ok=True)
    with stage(console, "Read the flights"):
        months = write_months(options.out, options.rows)
    training = months[:TRAINING_MONTHS]
    with stage(console, f"Fit on months 1 to {TRAINING_MONTHS}", count_rows(training)) as show:
        bundle = flights.bind(fit(flights, training, progress=show))
        path = bundle.save(options.out / f"{bundle.name}-{bundle.version}.json")
    bundle = fl.load(path)  # from here on without the author's module, as serving would
    outcome = run(console, bundle, months, options.out / "features.parquet")
    report = options.out / "report.html"
    agree = write_report(console, bundle, months, report)
    console.print(summary(bundle, outcome))
    for mismatch in outcome.first:
        console.print(f"mismatch {mismatch}", style="red", markup=False, highlight=False)
    if not agree:
        console.print("engines differ on the rows of the report: see there", style="red")
    console.print(
        f"{time.perf_counter() - begin:.0f} s in all; report: {report}, bundle: {path}",
        highlight=False, soft_wrap=True,
    )  # fmt: skip
    return 1 if outcome.mismatches or not agree else 0


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


def count_rows(paths: list[Path]) -> int:
    """Rows of Parquet files, by their footers."""
    return int(pl.scan_parquet(paths).select(pl.len()).collect(engine="streaming").item())


def run(console: Console, bundle: fl.Bundle, months: list[Path], features: Path) -> Outcome:
    """Both engines over all rows, and the comparison."""
    outcome = Outcome()
    with stage(console, "Compile the batch plan"):
        transform(bundle, pl.read_parquet(months[0]).head(1))
    with stage(console, "Batch job to Parquet", count_rows(months)) as show:
        outcome.job_s = job(bundle, months, features, progress=show).seconds
    with stage(console, "Compile the row kernel"):
        begin = time.perf_counter()
        kernel = online.compile(bundle)
        outcome.compile_s = time.perf_counter() - begin
    requests, batch = pl.read_parquet(months), pl.read_parquet(features)
    if requests.height != batch.height:
        raise SystemExit(f"{requests.height} rows went in, {batch.height} came out of the job")
    with stage(console, "Row kernel, request by request", batch.height) as show:
        for start in range(0, batch.height, CHUNK):
            rows = requests.slice(start, CHUNK).to_dicts()
            begin = time.perf_counter()
            answers = [kernel(row) for row in rows]
            outcome.kernel_s += time.perf_counter() - begin
            expected = batch.slice(start, CHUNK)
            outcome.add(compare(expected, answers, start))
            outcome.add(compare_tensors(expected, answers, bundle.layout, start))
            outcome.rows += len(rows)
            show(outcome.rows)
    return outcome


def write_report(console: Console, bundle: fl.Bundle, months: list[Path], report: Path) -> bool:
    """All engines on made-up rows and a sample of the flights, as an HTML page.

    Returns:
        Whether they agree.
    """
    every = max(1, count_rows(months) // REPORT_ROWS)
    sample = read_rows(bundle, pl.read_parquet(months).gather_every(every))
    with stage(console, "All engines, for the report") as show:
        found = check(
            bundle, rows=2_000, data=sample, reference_rows=500,
            progress=lambda what, done, steps: show(done, steps),
        )  # fmt: skip
        report.write_text(render(found), encoding="utf-8")
    return bool(found.passed)


@contextmanager
def stage(console: Console, what: str, total: int | None = None) -> Iterator[Any]:
    """A bar with counts and time; yields what is told how many are done (of how many)."""
    columns = (
        TextColumn("{task.description:<32}"), BarColumn(24), TimeElapsedColumn(),
        TextColumn("{task.fields[count]}"),
    )  # fmt: skip
    with Progress(*columns, console=console) as bar:
        task = bar.add_task(what, total=total, count="")

        def show(done: int, of: int | None = total) -> None:
            bar.update(task, completed=done, total=of, count=f"{done:,}")

        yield show
        bar.update(task, total=1, completed=1)


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
