"""The plots of the report: what was measured, drawn by matplotlib as SVG.

The same numbers give the same text: no time of drawing stands in it, and ids are salted with a
constant.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.ticker import StrMethodFormatter

from serving_example.train.metrics import Interval

__all__ = ["curves", "intervals", "scatter", "svg"]

Array = np.ndarray[Any, Any]
_STYLE: Any = {
    "svg.hashsalt": "films", "svg.fonttype": "none", "font.family": "sans-serif", "font.size": 9,
    "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True, "grid.alpha": 0.3,
}  # fmt: skip
_BLUE, _GREY, _RED = "#3465a4", "#888a85", "#a40000"


def intervals(title: str, rows: Mapping[str, Interval], marked: Sequence[str], zero: bool) -> str:
    """A point and a line for each name: the mean and its interval.

    Args:
        title: What is measured.
        rows: From top to bottom.
        marked: Names that are drawn as baselines.
        zero: Whether a line stands at 0, for differences.
    """

    def draw(axes: Any) -> None:
        for place, (name, it) in enumerate([*rows.items()][::-1]):
            color = _GREY if name in marked else _BLUE
            axes.plot([it.low, it.high], [place, place], color=color, linewidth=2)
            axes.plot(it.mean, place, "o", color=color, markersize=5)
        axes.set_yticks(range(len(rows)), list(rows)[::-1])
        axes.set_ylim(-0.5, len(rows) - 0.5)
        axes.set_xlim(left=min(0.0, *(1.1 * it.low for it in rows.values())))
        if zero:
            axes.axvline(0, color=_RED, linewidth=1)
        axes.set_xlabel(title)

    return svg(draw, height=0.28 * len(rows) + 0.8)


def curves(title: str, x: str, y: str, lines: Mapping[str, tuple[Array, Array]]) -> str:
    """Lines over the same axis.

    Args:
        title: Above the plot.
        x: What the horizontal axis says.
        y: What the vertical axis says.
        lines: Places and values, by name.
    """

    def draw(axes: Any) -> None:
        for name, (places, values) in lines.items():
            axes.plot(places, values, marker="o", markersize=3, label=name)
        axes.set(title=title, xlabel=x, ylabel=y)
        axes.legend(fontsize=7, frameon=False, ncols=2)

    return svg(draw, height=3.4)


def scatter(x: str, y: str, points: Mapping[str, tuple[float, Interval]]) -> str:
    """A named point with its interval for each model; the horizontal axis is logarithmic."""

    def draw(axes: Any) -> None:
        for name, (place, it) in points.items():
            axes.plot([place, place], [it.low, it.high], color=_BLUE, linewidth=1)
            axes.plot(place, it.mean, "o", color=_BLUE, markersize=4)
            axes.annotate(name, (place, it.mean), (4, 3), textcoords="offset points", fontsize=7)
        axes.set(xscale="log", xlabel=x, ylabel=y)
        for formatter in (axes.xaxis.set_major_formatter, axes.xaxis.set_minor_formatter):
            formatter(StrMethodFormatter("{x:g}"))

    return svg(draw, height=3.6)


def svg(draw: Callable[[Any], None], height: float) -> str:
    """A figure as text: `draw` is given its axes, `height` is in inches."""
    with rc_context(_STYLE):
        figure = Figure(figsize=(7.2, height), layout="constrained")
        draw(figure.subplots())
        file = io.StringIO()
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    text = file.getvalue()
    return text[text.index("<svg") :]
