"""How far a training is, on a terminal: a line a stage, a bar a model."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from rich import progress
from rich.console import Console

__all__ = ["Progress"]


class Progress:
    """Bars of rich; nothing is drawn where the console is no terminal.

    Args:
        console: Where they are drawn.
    """

    def __init__(self, console: Console) -> None:
        self._bars = progress.Progress(
            progress.TextColumn("{task.description:<24}"),
            progress.BarColumn(bar_width=30),
            progress.TaskProgressColumn(),
            progress.TimeElapsedColumn(),
            console=console,
            disable=not console.is_terminal,
        )

    def __enter__(self) -> Progress:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    @contextlib.contextmanager
    def stage(self, name: str, total: int | None = None) -> Iterator[Callable[[], None]]:
        """A stage; what it gives is called when one of `total` is done."""
        task = self._bars.add_task(name, total=total)
        yield lambda: self._bars.advance(task)
        self._bars.update(task, total=total or 1, completed=total or 1)

    @contextlib.contextmanager
    def model(self, name: str) -> Iterator[Callable[[float], None]]:
        """A model's training; what it gives is told the share that is done."""
        task = self._bars.add_task(name, total=1.0)
        yield lambda share: self._bars.update(task, completed=share)
