"""Small plots as inline SVG: histogram, named bars, scatter. No scripts, no other files."""

from __future__ import annotations

import html
from collections.abc import Sequence

import numpy as np

from featurelib.parity.values import Array

__all__ = ["bars", "histogram", "is_wide", "scatter"]

_WIDTH, _HEIGHT, _FOOT = 260, 76, 14
_ROW = 16
_SQUARE = 150
_WIDE = 1e4
"""The largest of numbers over their median, from which on they are shown by powers of ten."""


def histogram(values: Array, bins: int = 40, *, is_whole: bool = False) -> str:
    """Counts of numbers between their 0.5% and 99.5% quantiles; finite numbers only.

    Args:
        values: Numbers; NaN and infinities are left out, and said beside the plot.
        bins: How many bars.
        is_whole: Whether they are integers: these get a bar each where the span is small.
    """
    finite = values[np.isfinite(values)].astype(np.float64)
    if not len(finite):
        return '<p class="none">no finite value</p>'
    low, high = (float(q) for q in np.quantile(finite, (0.005, 0.995), method="nearest"))
    inside = finite[(finite >= low) & (finite <= high)]
    if low == high:
        return bars([(_number(low), len(finite))])
    distinct = np.unique(inside)
    if len(distinct) <= 8:
        return bars([(_number(float(v)), int((inside == v).sum())) for v in distinct])
    # Scaled first: the span of doubles near their bounds is no double.
    place = (inside / 2 - low / 2) / (high / 2 - low / 2)
    if is_whole and high - low < 2 * bins:
        bins = int(high - low) + 1
    counts, _ = np.histogram(place, bins, (0.0, 1.0))
    top = counts.max()
    wide = _WIDTH / bins
    drawn = []
    for i, count in enumerate(counts.tolist()):
        tall = (_HEIGHT - _FOOT - 2) * count / top
        y = _HEIGHT - _FOOT - tall
        place_and_size = f'x="{i * wide + 0.5:.1f}" y="{y:.1f}" width="{wide - 1:.1f}"'
        drawn.append(f'<rect {place_and_size} height="{tall:.1f}"/>')
    y = _HEIGHT - 2
    return (
        f'<svg class="plot" viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" height="{_HEIGHT}" '
        f'role="img">{"".join(drawn)}'
        f'<line x1="0" x2="{_WIDTH}" y1="{_HEIGHT - _FOOT}" y2="{_HEIGHT - _FOOT}"/>'
        f'<text x="0" y="{y}">{_number(low)}</text>'
        f'<text x="{_WIDTH}" y="{y}" text-anchor="end">{_number(high)}</text></svg>'
    )


def bars(counts: Sequence[tuple[str, float]], unit: str = "", *, names: int = 17) -> str:
    """Named bars from left to right, each with its number.

    Args:
        counts: Names and numbers.
        unit: Written after each number.
        names: Letters of a name that are shown.
    """
    if not counts:
        return '<p class="none">no value</p>'
    top = max(max(c for _, c in counts), 1e-12)
    height = _ROW * len(counts) + 2
    begins = 6 * names + 2
    width = begins + _WIDTH - 104
    drawn = []
    for i, (name, count) in enumerate(counts):
        y = i * _ROW
        shown = f"{count:,}" if isinstance(count, int) else f"{count:.3g}"
        length = 90 * count / top
        label, wide = html.escape(_short(name, names)), max(length, 0.5)
        drawn.append(
            f'<text x="{begins}" y="{y + 12}" text-anchor="end">{label}</text>'
            f'<rect x="{begins + 6}" y="{y + 3}" width="{wide:.1f}" height="{_ROW - 5}"/>'
            f'<text x="{begins + 10 + length:.1f}" y="{y + 12}">{shown}{unit}</text>'
        )
    return (
        f'<svg class="plot" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img">{"".join(drawn)}</svg>'
    )


def is_wide(values: Array) -> bool:
    """Whether a linear scale would show most of these numbers at one place."""
    sizes = np.abs(values[np.isfinite(values) & (values != 0)])
    return bool(len(sizes) and sizes.max() / _WIDE > np.median(sizes))


def scatter(across: Array, up: Array) -> str:
    """Pairs of numbers as points over one scale, with the line on which both are equal.

    The scale is linear; where that would show most points at one place, it is that of arsinh:
    linear around zero, and by powers of ten further out.

    Args:
        across: Numbers; a pair with NaN or an infinity is left out.
        up: As many.
    """
    kept = np.isfinite(across) & np.isfinite(up)
    if not kept.any():
        return '<p class="none">no finite pair</p>'
    pairs = np.stack([across[kept], up[kept]])
    low, high = (float(q) for q in np.quantile(pairs, (0.005, 0.995), method="nearest"))
    inside = ((pairs >= low) & (pairs <= high)).all(axis=0)
    shown, ends = pairs[:, inside], np.array([low, high])
    if is_wide(shown):
        unit = np.median(np.abs(shown[shown != 0]))
        shown, ends = np.arcsinh(shown / unit), np.arcsinh(ends / unit)
    # Halves: the span of doubles near their bounds is no double.
    span = (ends[1] / 2 - ends[0] / 2) or 1.0
    place = (shown / 2 - ends[0] / 2) / span * _SQUARE
    places = np.unique(np.round(place, 1), axis=1).T.tolist()
    drawn = "".join(
        f'<circle cx="{x + 4:.1f}" cy="{_SQUARE + 4 - y:.1f}" r="2.5"/>' for x, y in places
    )
    size, foot = _SQUARE + 8, _SQUARE + 8 + _FOOT
    return (
        f'<svg class="plot" viewBox="0 0 {size} {foot}" width="{size}" height="{foot}" role="img">'
        f'<line class="same" x1="4" x2="{_SQUARE + 4}" y1="{_SQUARE + 4}" y2="4"/>{drawn}'
        f'<text x="0" y="{foot - 2}">{_number(low)}</text>'
        f'<text x="{size}" y="{foot - 2}" text-anchor="end">{_number(high)}</text></svg>'
    )


def _short(text: str, most: int) -> str:
    shown = text if len(text) <= most else text[: most - 1] + "…"
    return "".join(c if c.isprintable() else "·" for c in shown) or "(empty)"


def _number(value: float) -> str:
    return f"{value:.6g}"
