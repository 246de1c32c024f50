"""Lineage: which inputs and features a feature reads, as layers and as a picture (inline SVG)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from itertools import pairwise

from featurelib.node import FIT, INPUT, Node
from featurelib.program import Program
from featurelib.ssa import type_text

_SWEEPS = 8
"""Passes of ordering; more change nothing on sets of a few hundred features."""
_ROW, _HEIGHT = 26, 20
_LETTER = 6.1
"""Pixels that a letter of 10 px sans-serif takes, on the wide side."""
_GAP, _PAD = 90, 8
_LONGEST = 30
"""Letters of a name that are drawn; the rest is in the tooltip."""


@dataclass(frozen=True, slots=True)
class Box:
    """An input or a feature in the picture.

    Attributes:
        name: Its name.
        note: What the tooltip says: type, and analyzers.
        is_input: Whether it is an input column.
        is_fitted: Whether it reads a fitted value itself.
        reads: Names of the boxes that it reads directly.
    """

    name: str
    note: str
    is_input: bool
    is_fitted: bool
    reads: tuple[str, ...]


def boxes(program: Program) -> dict[str, Box]:
    """Inputs, then features, each with what it reads directly.

    A feature that another one computes on is drawn between: its own inputs are not read twice.
    """
    by_key: dict[str, str] = {}
    for name, node in program.outputs.items():
        by_key.setdefault(node.key, name)
    made = {
        name: Box(name, type_text(node), True, False, ())
        for name, node in ((str(n.param["name"]), n) for n in program.nodes if n.op == INPUT)
    }
    for name, node in program.outputs.items():
        reads, fits = _reads(node, by_key, by_key.get(node.key) if node.op != INPUT else None, name)
        note = type_text(node) + (f", {fits} fitted" if fits else "")
        made[name] = Box(name, note, False, bool(fits), tuple(reads))
    return made


def _reads(
    root: Node, by_key: Mapping[str, str], first: str | None, name: str
) -> tuple[dict[str, None], int]:
    """What a feature reads directly, in order, and how many fitted values."""
    if first is not None and first != name:  # two names of one value: the second reads the first
        return {first: None}, 0
    found: dict[str, None] = {}
    seen: set[str] = set()
    stack, fits = [root], 0
    while stack:
        node = stack.pop()
        if node.key in seen:
            continue
        seen.add(node.key)
        if node.op == INPUT:
            found[str(node.param["name"])] = None
            continue
        if node is not root and node.key in by_key:
            found[by_key[node.key]] = None
            continue
        fits += node.op == FIT
        stack.extend(reversed(node.args))
    return found, fits


def layers(made: Mapping[str, Box]) -> list[list[str]]:
    """Names by how far they are from the inputs, each layer in an order with few crossings."""
    depth: dict[str, int] = {}
    waiting = list(made)
    while waiting:
        later = []
        for name in waiting:
            box = made[name]
            if all(r in depth for r in box.reads):
                depth[name] = (
                    0 if box.is_input else 1 + max((depth[r] for r in box.reads), default=0)
                )
            else:
                later.append(name)
        waiting = later
    found: list[list[str]] = [[] for _ in range(max(depth.values(), default=0) + 1)]
    for name in made:
        found[depth[name]].append(name)
    return _ordered(found, made)


def _ordered(found: list[list[str]], made: Mapping[str, Box]) -> list[list[str]]:
    """Each name near the mean place of its neighbours, swept from left to right and back."""
    read_by: dict[str, list[str]] = {name: [] for name in made}
    for box in made.values():
        for r in box.reads:
            read_by[r].append(box.name)
    place = {n: i / max(len(layer) - 1, 1) for layer in found for i, n in enumerate(layer)}
    for sweep in range(_SWEEPS):
        forward = sweep % 2 == 0
        for layer in found if forward else reversed(found):
            near = {n: made[n].reads if forward else read_by[n] for n in layer}
            wanted = {n: _mean([place[m] for m in near[n]], place[n]) for n in layer}
            layer.sort(key=wanted.__getitem__)
            for i, n in enumerate(layer):
                place[n] = i / max(len(layer) - 1, 1)
    return found


def _mean(values: list[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise


def _heights(columns: list[list[str]], made: Mapping[str, Box]) -> dict[str, float]:
    """The tallest layer evenly; outwards from it, each box beside what it is connected to."""
    tallest = max(range(len(columns)), key=lambda i: len(columns[i]))
    top, height = _PAD + _ROW / 2, len(columns[tallest]) * _ROW
    y = {n: top + i * _ROW for i, n in enumerate(columns[tallest])}
    read_by: dict[str, list[str]] = {name: [] for name in made}
    for box in made.values():
        for r in box.reads:
            read_by[r].append(box.name)
    left, right = range(tallest - 1, -1, -1), range(tallest + 1, len(columns))
    for column, near in [
        *((columns[i], read_by) for i in left),
        *((columns[i], None) for i in right),
    ]:
        for n in column:
            linked = [y[m] for m in (near[n] if near is not None else made[n].reads) if m in y]
            y[n] = _mean(linked, top + height / 2)
        column.sort(key=y.__getitem__)
        for before, n in pairwise(column):
            y[n] = max(y[n], y[before] + _ROW)
        limit = top + height - _ROW
        for n in reversed(column):  # what was pushed out at the bottom pushes back up
            y[n] = min(y[n], limit)
            limit = y[n] - _ROW
    return y


def lineage_svg(program: Program) -> str:
    """The picture: inputs left, features right. Point at a feature to see what it reads."""
    made = boxes(program)
    columns = layers(made)
    y = _heights(columns, made)
    height = _PAD * 2 + max(len(c) for c in columns) * _ROW
    spots: dict[str, tuple[float, float, float]] = {}
    x = float(_PAD)
    for column in columns:
        width = max((len(_short(n)) for n in column), default=1) * _LETTER + 18
        spots |= {name: (x, y[name], width) for name in column}
        x += width + _GAP
    total = x - _GAP + _PAD
    # Right to left: a curve that passes a layer goes behind its boxes.
    parts = [_group(made[name], spots) for column in reversed(columns) for name in column]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="fl-lineage" role="img" '
        f'aria-label="Lineage of {len(program.outputs)} features" width="{total:.0f}" '
        f'height="{height}" viewBox="0 0 {total:.0f} {height}">{"".join(parts)}</svg>'
    )


def _group(box: Box, spots: Mapping[str, tuple[float, float, float]]) -> str:
    """A box with the curves to what it reads, so that both light up together."""
    x, y, width = spots[box.name]
    curves = []
    for name in box.reads:
        from_x, from_y, from_width = spots[name]
        start, bend = from_x + from_width, max((x - from_x - from_width) / 2, 30)
        curves.append(
            f'<path d="M{start:.1f},{from_y:.1f} C{start + bend:.1f},{from_y:.1f} '
            f'{x - bend:.1f},{y:.1f} {x:.1f},{y:.1f}"/>'
        )
    kind = "fl-in" if box.is_input else "fl-fit" if box.is_fitted else "fl-out"
    dot = f'<circle cx="{x + width - 7:.1f}" cy="{y:.1f}" r="2.5"/>' if box.is_fitted else ""
    return (
        f'<g class="{kind}"><title>{escape(box.name)}: {escape(box.note)}</title>{"".join(curves)}'
        f'<rect x="{x:.1f}" y="{y - _HEIGHT / 2:.1f}" width="{width:.1f}" height="{_HEIGHT}" '
        f'rx="4"/><text x="{x + 7:.1f}" y="{y + 3.5:.1f}">{escape(_short(box.name))}</text>'
        f"{dot}</g>"
    )


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST else name[: _LONGEST - 1] + "…"
