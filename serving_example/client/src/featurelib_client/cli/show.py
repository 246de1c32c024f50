"""What people read: tables that fit the terminal, and text of servers without its controls."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Sequence
from typing import Any

from featurelib_client.wire import About

__all__ = ["clean", "columns", "origin", "print_json", "table", "wrapped"]


def columns() -> int:
    """How wide the terminal is; 80 where there is none."""
    return max(20, shutil.get_terminal_size((80, 24)).columns)


def clean(text: object) -> str:
    """A text of one line that moves no cursor, whatever a server put there."""
    return "".join(c if c.isprintable() else "?" for c in str(text))


def table(head: Sequence[str], rows: Iterable[Sequence[object]], width: int) -> list[str]:
    """Lines of a table, none of them wider than the terminal if that can be.

    Args:
        head: Names of the columns; one that begins with ``>`` stands to the right.
        rows: The cells.
        width: Of the terminal.
    """
    names = [name.removeprefix(">") for name in head]
    cells = [names, *[[clean(cell) for cell in row] for row in rows]]
    sizes = [max(len(row[i]) for row in cells) for i in range(len(head))]
    while sum(sizes) + 2 * (len(sizes) - 1) > width and max(sizes) > 6:
        sizes[sizes.index(max(sizes))] -= 1
    return [
        "  ".join(
            _fit(cell, size).rjust(size) if name.startswith(">") else _fit(cell, size).ljust(size)
            for cell, size, name in zip(row, sizes, head, strict=True)
        ).rstrip()
        for row in cells
    ]


def wrapped(first: str, text: str, width: int) -> list[str]:
    """A text in lines, with a word before the first and as many blanks before the others."""
    import textwrap

    blank = " " * len(first)
    return textwrap.wrap(
        clean(text), width, initial_indent=first, subsequent_indent=blank, break_on_hyphens=False
    ) or [first.rstrip()]


def origin(about: About) -> str:
    """How an answer came to be, in a line."""
    times = "once" if about.attempts == 1 else f"{about.attempts} times"
    return f"request {clean(about.request_id)}, sent {times}, {about.elapsed_s * 1000:.1f} ms"


def print_json(value: Any) -> None:
    """A value as JSON that other programs can read: without NaN."""
    print(json.dumps(value, indent=1, allow_nan=False))


def _fit(cell: str, size: int) -> str:
    return cell if len(cell) <= size else cell[: size - 2] + ".."
