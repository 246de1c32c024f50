"""Lines of a report, wrapped for a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

__all__ = ["wrapped"]

_NARROWEST = 60


def wrapped(lines: Iterable[str], width: int) -> str:
    """Lines as one text; what goes on stands four further right than it began.

    Args:
        lines: The lines, with the spaces before them.
        width: Columns of the terminal; below 60 it is taken for 60.
    """
    made: list[str] = []
    for line in lines:
        begins = " " * (len(line) - len(line.lstrip()))
        made += textwrap.wrap(
            line.lstrip(),
            max(width, _NARROWEST),
            initial_indent=begins,
            subsequent_indent=begins + "    ",
            break_long_words=False,  # paths and fingerprints are there to be copied
            break_on_hyphens=False,
        ) or [""]
    return "\n".join(made) + "\n"
