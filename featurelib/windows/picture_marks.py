"""The marks of a picture: a shape for each state, told apart without colours."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from featurelib.windows.picture import (
    FILTERED,
    INSIDE,
    NO_VALUE,
    NOT_ARRIVED,
    NOT_KEPT,
    OUTSIDE,
    REFUSED,
    WITHDRAWN,
)

RADIUS = 5.5
LETTER = 6.6
"""Pixels that a letter of 12 px sans-serif takes, on the wide side."""


def shape(state: str, x: float, y: float) -> str:
    """The mark of a state with its centre at a point."""
    return _SHAPES[state](x, y)


def _circle(kind: str, x: float, y: float) -> str:
    return f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="{RADIUS}"/>'


def _path(kind: str, points: str) -> str:
    return f'<path class="{kind}" d="{points}"/>'


def _inside(x: float, y: float) -> str:
    return _circle("full", x, y)


def _no_value(x: float, y: float) -> str:
    a = RADIUS - 1.5
    return _circle("ring", x, y) + _path("ring", f"M{x - a:.1f},{y + a:.1f} l{2 * a},{-2 * a}")


def _filtered(x: float, y: float) -> str:
    a = RADIUS + 1
    return _path("hollow", f"M{x:.1f},{y - a:.1f} l{a},{a} l{-a},{a} l{-a},{-a} z")


def _outside(x: float, y: float) -> str:
    return _circle("hollow", x, y)


def _not_arrived(x: float, y: float) -> str:
    a = RADIUS
    return _path("hollow", f"M{x - a + 1:.1f},{y - a:.1f} l{2 * a},{a} l{-2 * a},{a} z")


def _withdrawn(x: float, y: float) -> str:
    a = RADIUS - 2
    cross = f"M{x - a:.1f},{y - a:.1f} l{2 * a},{2 * a} m0,{-2 * a} l{-2 * a},{2 * a}"
    return _circle("hollow", x, y) + _path("bad", cross)


def _not_kept(x: float, y: float) -> str:
    a = RADIUS - 0.5
    return f'<rect class="faded" x="{x - a:.1f}" y="{y - a:.1f}" width="{2 * a}" height="{2 * a}"/>'


def _refused(x: float, y: float) -> str:
    a = RADIUS - 1
    cross = f"M{x - a:.1f},{y - a:.1f} l{2 * a},{2 * a} m0,{-2 * a} l{-2 * a},{2 * a}"
    return _path("bad", cross)


_SHAPES: dict[str, Callable[[float, float], str]] = {
    INSIDE: _inside, NO_VALUE: _no_value, FILTERED: _filtered, OUTSIDE: _outside,
    NOT_ARRIVED: _not_arrived, WITHDRAWN: _withdrawn, NOT_KEPT: _not_kept, REFUSED: _refused,
}  # fmt: skip


def stacked(stretches: Sequence[tuple[float, float]]) -> list[int]:
    """A level for each stretch of the time line, so that none covers another.

    Args:
        stretches: Left and right ends, in the order in which they are placed: the first one stands
            lowest.
    """
    levels: list[list[tuple[float, float]]] = []
    found = []
    for left, right in stretches:
        level = next(
            (k for k, taken in enumerate(levels) if all(right < a or b < left for a, b in taken)),
            len(levels),
        )
        if level == len(levels):
            levels.append([])
        levels[level].append((left, right))
        found.append(level)
    return found


def wrapped(widths: Iterable[float], most: float) -> list[tuple[float, int]]:
    """Where items of these widths stand in lines: their left ends and line numbers."""
    found: list[tuple[float, int]] = []
    x, line = 0.0, 0
    for width in widths:
        if x and x + width > most:
            x, line = 0.0, line + 1
        found.append((x, line))
        x += width
    return found


__all__ = ["LETTER", "RADIUS", "shape", "stacked", "wrapped"]
