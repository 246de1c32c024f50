"""Aligned columns of text, for terminals from 60 columns on."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

GAP = 2
_NARROWEST = 24
"""Fewer code points than this are too few for a first column."""
_COMMON = 15
"""Where room is short, a column is as wide as its widest cell of no more code points than this."""


def align(rows: Sequence[Sequence[str]], width: int, *, indent: int = 2) -> list[str]:
    """Rows as lines, their cells below each other.

    A row that is too long for one line has its first cell on lines of its own, and the others
    below it. Nothing is cut off.

    Args:
        rows: Cells of each row, of one number.
        width: Code points a line.
        indent: Spaces before each row.
    """
    if not rows:
        return []
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    if width - indent - sum(w + GAP for w in widths[1:] if w) < widths[0]:
        widths[1:] = [
            max((len(row[i]) for row in rows if len(row[i]) <= _COMMON), default=0)
            for i in range(1, len(rows[0]))
        ]
    room = width - indent - sum(w + GAP for w in widths[1:] if w)
    first = max(min(widths[0], room), 0)
    lines: list[str] = []
    for row in rows:
        used = [i for i in range(1, len(row)) if widths[i] or row[i]]
        tail = (" " * GAP).join(row[i].ljust(widths[i]) for i in used).rstrip()
        line = " " * indent + (row[0].ljust(first) + " " * GAP + tail).rstrip()
        if len(line) <= width:
            lines.append(line)
            continue
        lines += _wrapped(row[0], width, indent)
        tail = tail.lstrip()
        begins = max(min(indent + first + GAP, width - len(tail)), indent + 4)
        if begins + len(tail) > width:
            begins = min(begins, width - _NARROWEST)
        lines += _wrapped(tail, width, begins) if tail else []
    return lines


def _wrapped(text: str, width: int, indent: int) -> list[str]:
    """Text on as many lines as it needs; what goes on stands four further right than it began."""
    begins = len(text) - len(text.lstrip(" │├└─"))
    hanging = text[:begins].replace("├", "│").replace("└", " ").replace("─", " ")
    return textwrap.wrap(
        text[begins:],
        max(width, indent + begins + _NARROWEST),
        initial_indent=" " * indent + text[:begins],
        subsequent_indent=" " * indent + hanging + " " * 4,
        break_on_hyphens=False,
    )
