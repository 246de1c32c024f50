"""A count of rows on a terminal, by rich where it is installed."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Any


class RowCounter:
    """Shows rows and rows a second while something runs that says how far it is.

    Attributes:
        rows: Rows so far.
    """

    def __init__(self, title: str, *, is_shown: bool = True) -> None:
        self.rows = 0
        self._title = title
        self._bar: Any = None
        self._task: Any = None
        if is_shown and sys.stderr.isatty():
            self._bar = _bar()

    def __enter__(self) -> RowCounter:
        if self._bar is not None:
            self._bar.start()
            self._task = self._bar.add_task(self._title, total=None, speed="")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def update(self, rows: int) -> None:
        """Takes the number of rows so far."""
        self.rows = rows
        if self._bar is not None:
            seconds = self._bar.tasks[0].elapsed or 0.0
            speed = f"{rows / seconds:,.0f} rows/s" if seconds > 0 else ""
            self._bar.update(self._task, completed=rows, speed=speed)


def _bar() -> Any:
    try:
        from rich import console, progress
    except ModuleNotFoundError:
        return None
    return progress.Progress(
        progress.SpinnerColumn(),
        progress.TextColumn("{task.description}"),
        progress.TextColumn("{task.completed:,.0f} rows"),
        progress.TextColumn("{task.fields[speed]}"),
        progress.TimeElapsedColumn(),
        console=console.Console(stderr=True),
        transient=True,
    )
