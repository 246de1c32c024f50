"""How far a job is, on a terminal: a bar for each step."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence

from rich import progress
from rich.console import Console

__all__ = ["bars"]


@contextlib.contextmanager
def bars(console: Console, steps: Sequence[str]) -> Iterator[Callable[[str, int, int], None]]:
    """Bars that are told a step, how many more are done, and of how many; none on no terminal.

    Args:
        console: Where they are drawn.
        steps: The names of the steps.
    """
    shown = progress.Progress(
        progress.TextColumn("{task.description:<12}"),
        progress.BarColumn(bar_width=30),
        progress.MofNCompleteColumn(),
        progress.TimeElapsedColumn(),
        console=console,
        disable=not console.is_terminal,
    )
    tasks = {step: shown.add_task(step, total=None, start=False) for step in steps}
    started: set[str] = set()

    def advance(step: str, done: int, total: int) -> None:
        if step not in started:
            started.add(step)
            shown.start_task(tasks[step])
            shown.update(tasks[step], total=total)
        shown.advance(tasks[step], done)

    with shown:
        yield advance
