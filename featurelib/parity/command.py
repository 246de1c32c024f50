"""`featurelib parity` and `featurelib golden record|verify`, without their command line."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from featurelib.bundle import Bundle
from featurelib.errors import MissingExtraError
from featurelib.parity.targets import (
    bind_for_parity,
    find_target,
    read_data,
    read_given,
    read_rows,
)

if TYPE_CHECKING:
    from featurelib.parity.report import EventSection, Section
    from featurelib.parity.run import Progress

__all__ = ["golden_record", "golden_verify", "run_parity"]

GOLDEN = "golden_data"
_ROOMY, _WIDE = 70, 90
"""From so many columns on, a table has room between its columns, and says in full what they are."""


def run_parity(
    target: str,
    data: str | None = None,
    rows: int = 20_000,
    seed: int = 0,
    report: str | None = None,
    console: Any = None,
    golden: str = GOLDEN,
    events: Mapping[str, str] | None = None,
) -> int:
    """Checks that every engine gives the same bits; prints what it found.

    Golden features are replayed first where there are some, then generated rows and the given data
    go through every engine.

    Args:
        target: A bundle's file, or ``module:name`` of a feature set.
        data: A file of rows.
        rows: How many rows to generate.
        seed: Of their generator.
        report: Where to write the HTML report.
        console: A `rich.console.Console`; by default one on standard output.
        golden: The folder of golden data.
        events: Files of each event source; `data` then has queries about them.

    Returns:
        The exit code: 0 where nothing differs, else 1.

    Raises:
        FeaturelibError: The target or the data cannot be read.
    """
    console = console or _console()
    from featurelib.parity.run import check

    bundle, given, asked, notes = read_given(target, data, events)
    replayed, equal = _replay(bundle, golden)
    with _progress(console) as tell:
        found = check(bundle, rows=rows, seed=seed, data=given, events=asked, progress=tell)
    found = dataclasses.replace(found, golden=replayed, golden_passed=equal, notes=notes)
    for answers in found.events:
        head = f"{answers.rows:,} {answers.where} about {answers.records:,} records"
        console.print(head, style="bold", highlight=False)
        console.print(_table(answers, console.width))
    for section in found.sections:
        console.print(f"{section.rows:,} {section.where}", style="bold", highlight=False)
        console.print(_table(section, console.width))
    _tell(console, found.lines())
    if report is not None:
        from featurelib.parity.report_html import render

        Path(report).write_text(render(found), encoding="utf-8")
        console.print(f"report: {report}", markup=False, highlight=False)
    verdict = "[green]passed[/green]" if found.passed else "[red]failed[/red]"
    console.print(f"parity {verdict}: {bundle.name} {bundle.version} {bundle.fingerprint[:12]}")
    return 0 if found.passed else 1


def _replay(bundle: Bundle, golden: str) -> tuple[tuple[str, ...], bool]:
    from featurelib.parity.engines import BatchKernel, Reference
    from featurelib.parity.golden_features import FILE, golden_path, verify

    path = golden_path(golden, bundle)
    if not (path / FILE).is_file():
        return (f"no golden features at {path}",), True
    differing = verify(bundle, path, [Reference(), BatchKernel()])
    if differing:
        return tuple(map(str, differing)), False
    return (f"golden features of {path}: equal (reference, batch kernel)",), True


def golden_record(
    target: str, data: str, path: str | None = None, most: int | None = None, console: Any = None
) -> int:
    """Records golden features of a set, and never over a recorded version.

    Args:
        target: A bundle's file, or ``module:name`` of a feature set.
        data: A file of rows.
        path: The folder; by default ``golden_data/features/<set>/<version>``.
        most: Record at most so many rows.
        console: A `rich.console.Console`.

    Raises:
        ParityError: The version is recorded already.
    """
    from featurelib.parity.golden_features import golden_path, record

    found = find_target(target)
    frame = read_data(data, found)
    bundle, _ = bind_for_parity(found, frame)
    rows = read_rows(bundle, frame, most)
    written = record(bundle, rows, path or golden_path(GOLDEN, bundle))
    said = f"{len(rows):,} rows recorded by the reference evaluator: {written}"
    _tell(console or _console(), [said])
    return 0


def golden_verify(target: str, path: str | None = None, console: Any = None) -> int:
    """Recomputes recorded golden features.

    Args:
        target: A bundle's file, or ``module:name`` of a feature set.
        path: The folder; by default ``golden_data/features/<set>/<version>``.
        console: A `rich.console.Console`.

    Returns:
        The exit code: 0 where all are equal, else 1.
    """
    from featurelib.parity.engines import all_engines
    from featurelib.parity.golden_features import golden_path, verify
    from featurelib.parity.report import counted

    console = console or _console()
    bundle, _ = bind_for_parity(find_target(target))
    where = path or golden_path(GOLDEN, bundle)
    differing = verify(bundle, where, all_engines())
    _tell(console, map(str, differing))
    found = counted(len(differing)) if differing else "no differences"
    _tell(console, [f"golden features of {where}: {found}"])
    return 1 if differing else 0


def _console() -> Any:
    try:
        from rich.console import Console
    except ImportError as error:
        raise MissingExtraError(
            "this command needs rich", hint='pip install "featurelib[parity]"'
        ) from error
    return Console()


@contextlib.contextmanager
def _progress(console: Any) -> Iterator[Progress]:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
    from rich.table import Column

    # The text comes last: what a narrow terminal has no room for is cut off there.
    columns = (
        BarColumn(bar_width=16), MofNCompleteColumn(), TimeElapsedColumn(),
        TextColumn("{task.description}", table_column=Column(ratio=1, no_wrap=True)),
    )  # fmt: skip
    quiet = not console.is_terminal and not console.is_jupyter
    with Progress(*columns, console=console, transient=True, expand=True, disable=quiet) as bar:
        task = bar.add_task("parity", total=None)

        def tell(what: str, done: int, steps: int) -> None:
            bar.update(task, description=what, completed=done, total=steps)

        yield tell


def _table(section: Section | EventSection, width: int) -> Any:
    """The engines of a section; what one raised stands below, among the lines of the report."""
    from rich.table import Table

    heads = ("rows", "first row, s", "all rows, s", "differing values")
    narrow = ("rows", "1st s", "all s", "differ")
    gap = 2 if width >= _ROOMY else 1
    table = Table("engine", box=None, padding=(0, gap, 0, 0), pad_edge=False)
    for head in heads if width >= _WIDE else narrow:
        # Only names of engines may be wrapped: half a number is another number.
        table.add_column(head, justify="right", no_wrap=True)
    for run in section.runs:
        wrong = "raised" if run.error else f"{run.differing:,}"
        times = (f"{run.first_seconds:.2f}", f"{run.seconds:.2f}")
        style = "red" if run.error or run.differing else ""
        table.add_row(run.engine, f"{run.rows:,}", *times, wrong, style=style)
    return table


def _tell(console: Any, lines: Iterable[str]) -> None:
    """Prints lines; in a terminal what goes on stands further right than it began.

    A file or a pipe gets each line whole: what reads it looks for lines.
    """
    for line in lines:
        parts = [line]
        if console.is_terminal or "COLUMNS" in os.environ:
            begins = len(line) - len(line.lstrip())
            parts = textwrap.wrap(
                line,
                max(console.width, begins + 24),
                subsequent_indent=" " * (begins + 4),
                break_long_words=False,
                break_on_hyphens=False,
                replace_whitespace=False,
                expand_tabs=False,
            )
        for part in parts:
            console.print(part, markup=False, highlight=False, soft_wrap=True)
