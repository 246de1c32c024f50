"""How far a job is: bars on a terminal, elsewhere a line for what is done."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator

from rich import progress
from rich.console import Console

__all__ = ["Progress"]


class Progress:
    """Bars of rich; where the console is no terminal, a line when a stage or a model is done.

    Used as a context: the bars are there inside of it.

    Args:
        console: Where they are drawn.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bars = progress.Progress(
            progress.TextColumn("{task.description:<24}"),
            progress.BarColumn(bar_width=30),
            progress.TaskProgressColumn(),
            progress.TimeElapsedColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self._steps: dict[str, progress.TaskID] = {}

    def __enter__(self) -> Progress:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    @contextlib.contextmanager
    def stage(self, name: str, total: int | None = None) -> Iterator[Callable[[], None]]:
        """A stage; what it gives is called when one of `total` is done."""
        task = self._bars.add_task(name, total=total)
        with self._told(name):
            yield lambda: self._bars.advance(task)
        self._bars.update(task, total=total or 1, completed=total or 1)

    @contextlib.contextmanager
    def model(self, name: str) -> Iterator[Callable[[float], None]]:
        """A model's training; what it gives is told the share that is done."""
        task = self._bars.add_task(name, total=1.0)
        with self._told(name):
            yield lambda share: self._bars.update(task, completed=share)

    def advance(self, step: str, done: int, total: int) -> None:
        """So much more of a step is done; its bar is there from the first time on."""
        if step not in self._steps:
            self._steps[step] = self._bars.add_task(step, total=total)
        self._bars.advance(self._steps[step], done)

    @contextlib.contextmanager
    def _told(self, name: str) -> Iterator[None]:
        start = time.monotonic()
        yield
        if not self._console.is_terminal:
            self._console.print(f"{name}: {time.monotonic() - start:.1f} s", highlight=False)
