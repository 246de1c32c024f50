"""How far a job is: rows are counted where they pass, and shown by rich on a terminal."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator

import polars as pl

from featurelib.errors import MissingExtraError

__all__ = ["Meter", "shown"]


class Meter:
    """Counts the rows that pass through a plan; many threads may count."""

    def __init__(self) -> None:
        self.rows = 0
        self._lock = threading.Lock()
        self._stopped = False

    def stop(self) -> None:
        """No further row passes: a plan that runs ends with an error."""
        self._stopped = True

    def through(self, frame: pl.LazyFrame, column: str) -> pl.LazyFrame:
        """The frame, whose rows are counted when a plan reads them.

        Args:
            frame: What a plan reads.
            column: A column that the plan needs: what no one reads is not computed either.
        """
        count = pl.col(column).map_batches(
            self._count, return_dtype=frame.collect_schema()[column], is_elementwise=True
        )
        return frame.with_columns(count)

    def _count(self, values: pl.Series) -> pl.Series:
        if self._stopped:
            raise InterruptedError("the plan was stopped")
        with self._lock:
            self.rows += len(values)
        return values


@contextlib.contextmanager
def shown(
    progress: bool | Callable[[int], None], meter: Meter, total: Callable[[], int | None]
) -> Iterator[Callable[[], None]]:
    """What shows the meter; call the function that it gives now and then.

    Args:
        progress: True for a bar, false for nothing, a function to be told the rows.
        meter: What counts.
        total: How many rows there will be, None if nobody knows; asked only for a bar.
    """
    if not progress:
        yield lambda: None
        return
    if callable(progress):
        tell = progress
        yield lambda: tell(meter.rows)
        return
    try:
        from rich import progress as bars
    except ImportError:
        raise MissingExtraError(
            "a progress bar needs rich", hint="pip install 'featurelib[offline]', or progress=False"
        ) from None
    columns = (
        bars.TextColumn("{task.description}"),
        bars.BarColumn(bar_width=24),
        bars.TextColumn("{task.completed:,.0f} rows"),
        bars.TextColumn("{task.fields[speed]}"),
        bars.TimeRemainingColumn(compact=True),
    )
    with bars.Progress(*columns) as bar:
        task = bar.add_task("transform", total=total(), speed="")

        def show() -> None:
            seconds = bar.tasks[0].elapsed or 0.0
            speed = f"{meter.rows / seconds:,.0f} rows/s" if seconds > 0 else ""
            bar.update(task, completed=meter.rows, speed=speed)

        yield show
        show()
