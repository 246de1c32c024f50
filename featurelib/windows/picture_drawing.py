"""A picture of a window as SVG: time line, window, marks, legend.

It is narrow, so that its letters stay readable on a telephone, and paints its own ground: a page
that shows it as an image need not know whether it is light or dark.
"""

from __future__ import annotations

from datetime import timedelta
from html import escape
from textwrap import wrap

from featurelib.windows.picture import INSIDE, NO_VALUE, REFUSED, STATES, Mark, WindowPicture
from featurelib.windows.picture_clock import DAY, Clock
from featurelib.windows.picture_marks import LETTER, RADIUS, shape, stacked, wrapped

WIDTH, _SIDE = 480, 14
_ROW, _LINE = 19, 16
"""Heights of a level of marks, and of a line of text."""
_LETTERS = 76
"""Letters of a line of text across the picture."""
_BOLD = 7.4
"""Pixels that a bold letter takes, on the wide side."""
_TICKS = 7
_LEAST_TILE = 4.0
"""Pixels; narrower tiles are not drawn."""
_STYLE = """
.fl-window{--ground:#fff;--ink:#1d2430;--soft:#5d6675;--line:#c9d0da;--in:#1f6fb2;--now:#b4520b;
--bad:#b42318;font:12px system-ui,sans-serif;max-width:100%;height:auto}
@media (prefers-color-scheme:dark){.fl-window{--ground:#15181e;--ink:#e8eaee;--soft:#a5aebb;
--line:#414957;--in:#6cb0ee;--now:#f0a052;--bad:#f97066}}
.fl-window text{fill:var(--ink)}.fl-window .soft{fill:var(--soft);font-size:11px}
.fl-window .title{font-size:13px;font-weight:600}.fl-window .ground{fill:var(--ground)}
.fl-window .band{fill:var(--in);fill-opacity:.13}.fl-window path{fill:none}
.fl-window .axis{stroke:var(--soft)}.fl-window .late{stroke:var(--soft);stroke-width:1}
.fl-window .tile{stroke:var(--soft);stroke-dasharray:1 3}
.fl-window .day{stroke:var(--soft);stroke-dasharray:7 3 1 3}
.fl-window .rows{stroke:var(--in);stroke-width:4}.fl-window .edge{stroke:var(--in);stroke-width:2}
.fl-window .now{stroke:var(--now);stroke-width:1.5;stroke-dasharray:5 3}
.fl-window .asof{fill:var(--now);font-weight:600}
.fl-window .full{fill:var(--in);stroke:var(--ground)}
.fl-window .ring{fill:var(--ground);stroke:var(--in);stroke-width:2}
.fl-window .hollow{fill:var(--ground);stroke:var(--soft);stroke-width:1.6}
.fl-window .faded{fill:var(--ground);stroke:var(--soft);stroke-width:1.6;stroke-dasharray:2 2}
.fl-window .bad{stroke:var(--bad);stroke-width:2}
"""


def drawing(picture: WindowPicture) -> str:
    """The picture as one SVG element."""
    return _Drawing(picture).svg()


class _Drawing:
    """One picture while it is drawn; the marks stand between the heights `top` and `axis`."""

    def __init__(self, picture: WindowPicture) -> None:
        self.picture = picture
        self.clock = Clock(picture.zone)
        self.low, self.high = _view(picture)
        self.shown = [m for m in picture.marks if self.low <= m.time <= self.high]
        self.levels = stacked([self._stretch(m) for m in self.shown])
        self.changes = self.clock.changes(self.low, self.high) if picture.has_days else []
        self.about = wrap(picture.about, _LETTERS)
        self.top = 24 + _LINE * len(self.about) + 22
        self.axis = self.top + 12 + _ROW * max(2, 1 + max(self.levels, default=0))
        self.parts: list[str] = []

    def svg(self) -> str:
        """Title, plot and legend from top to bottom."""
        title = f"{self.picture.name} = {self.picture.answer}"
        self._text(_SIDE, 19, _short(title, 62), "title")
        for i, line in enumerate(self.about):
            self._text(_SIDE, 37 + _LINE * i, line, "soft")
        self._window()
        self._ticks()
        self._marks()
        height = self._legend(self.axis + (66 if self.changes else 52))
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" class="fl-window" role="img" '
            f'aria-label="{escape(repr(self.picture))}" width="{WIDTH}" height="{height}" '
            f'viewBox="0 0 {WIDTH} {height}"><style>{_STYLE}</style>'
            f'<rect class="ground" width="{WIDTH}" height="{height}" rx="6"/>'
            f"{''.join(self.parts)}</svg>"
        )

    def _x(self, time: int) -> float:
        share = (time - self.low) / (self.high - self.low)
        return _SIDE + 4 + (WIDTH - 2 * _SIDE - 8) * min(max(share, 0.0), 1.0)

    def _text(self, x: float, y: float, text: str, kind: str = "", anchor: str = "start") -> None:
        kind = f' class="{kind}"' if kind else ""
        at = "" if anchor == "start" else f' text-anchor="{anchor}"'
        self.parts.append(f'<text x="{x:.1f}" y="{y:.1f}"{kind}{at}>{escape(text)}</text>')

    def _line(self, x: float, top: float, bottom: float, kind: str) -> None:
        self.parts.append(f'<path class="{kind}" d="M{x:.1f},{top:.1f} V{bottom:.1f}"/>')

    def _window(self) -> None:
        """The band of the window with its ends, tiles, midnights, and the query time."""
        picture, top, axis = self.picture, self.top, self.axis
        first = _band_start(picture, self.low)
        left, right = self._x(first), self._x(picture.as_of)
        size = f'width="{max(right - left, 0):.1f}" height="{axis - top:.1f}"'
        self.parts.append(f'<rect class="band" x="{left:.1f}" y="{top}" {size}/>')
        tile = picture.resolution
        if tile and (self._x(self.low + tile) - self._x(self.low)) >= _LEAST_TILE:
            for time in range(-(-self.low // tile) * tile, self.high + 1, tile):
                self._line(self._x(time), top, axis, "tile")
        if picture.has_days:
            for time in self.clock.midnights(self.low, self.high):
                self._line(self._x(time), top - 4, axis + 4, "day")
        if picture.start is not None:
            self._end(left, 1, picture.has_start)
        if picture.rows:
            begin = self._x(_first_inside(picture))
            self.parts.append(f'<path class="rows" d="M{begin - RADIUS:.1f},{axis} H{right:.1f}"/>')
        self._end(right, -1, picture.sees_now)
        self._line(right, top - 4, axis + 6, "now")
        self._labels(left, right)

    def _end(self, x: float, inwards: int, is_closed: bool) -> None:
        """A square bracket where an event on the end counts, a round one where it does not."""
        top, axis, a = self.top + 1, self.axis - 1, 5 * inwards
        path = f"M{x + a:.1f},{top} H{x:.1f} V{axis} H{x + a:.1f}"
        if not is_closed:
            bend = f"{x - a / 3:.1f},{top + 12} {x - a / 3:.1f},{axis - 12}"
            path = f"M{x + a:.1f},{top} C{bend} {x + a:.1f},{axis}"
        self.parts.append(f'<path class="edge" d="{path}"/>')

    def _labels(self, left: float, right: float) -> None:
        """Above the ends what time they are; side by side where there is room."""
        picture, y = self.picture, self.top - 9
        now = f"as of {self._said(picture.as_of)}"
        half = len(now) * _BOLD / 2
        at = min(max(right, _SIDE + half), WIDTH - _SIDE - half)
        self._text(at, y, now, "asof", "middle")
        if picture.start is None:
            return
        begin = self._said(picture.start)
        half_begin = len(begin) * LETTER / 2
        where = min(max(left, _SIDE + half_begin), at - half - half_begin - 6)
        if where - half_begin >= 2:
            self._text(where, y, begin, "", "middle")

    def _said(self, instant: int) -> str:
        """A time, with its day where the time line is longer than one."""
        text = self.clock.said(instant)
        if self.high - self.low < DAY and not self.picture.has_days:
            return text
        return f"{self.clock.day(instant)} {text}"

    def _ticks(self) -> None:
        """The time line with a round time here and there, and what happens to the clocks."""
        y, day = self.axis, ""
        self.parts.append(f'<path class="axis" d="M{_SIDE},{y} H{WIDTH - _SIDE}"/>')
        for tick in self.clock.ticks(self.low, self.high, _TICKS):
            x, day = self._x(tick.time), tick.day or day
            if not _SIDE + 12 <= x <= WIDTH - _SIDE - 12:
                continue
            self._line(x, y, y + 4, "axis")
            self._text(x, y + 16, tick.clock, "soft", "middle")
            if day:
                self._text(x, y + 29, day, "soft", "middle")
            day = ""
        for time, told in self.changes:
            x = self._x(time)
            self.parts.append(f'<path class="now" d="M{x - 4:.1f},{y + 8} l4,-7 l4,7 z"/>')
            half = len(told) * _BOLD / 2
            x = min(max(x, _SIDE + half), WIDTH - _SIDE - half)
            self._text(x, y + 42, told, "asof", "middle")

    def _stretch(self, mark: Mark) -> tuple[float, float]:
        """What of its level a mark takes, with its label and the line to its arrival."""
        x = self._x(mark.time)
        label = LETTER * len(_label(mark)) + 4 if _label(mark) else 0
        ends = [x, self._x(mark.arrival)]
        return min(ends) - RADIUS - 2, max(x + RADIUS + label, ends[1]) + 2

    def _marks(self) -> None:
        for mark, level in zip(self.shown, self.levels, strict=True):
            x, y = self._x(mark.time), self.axis - 12 - _ROW * level
            if mark.arrival != mark.time:
                ends = f"M{x:.1f},{y} H{self._x(mark.arrival):.1f} m0,-4 v8"
                self.parts.append(f'<path class="late" d="{ends}"/>')
            drawn = shape(mark.state, x, y)
            self.parts.append(f"<g><title>{escape(self._tooltip(mark))}</title>{drawn}</g>")
            if _label(mark):
                self._text(x + RADIUS + 2, y - 5, _label(mark), "soft")

    def _tooltip(self, mark: Mark) -> str:
        told = f"record {mark.record} at {self.clock.wall(mark.time)}"
        if mark.arrival != mark.time:
            told += f", arrived {self.clock.wall(mark.arrival)}"
        return f"{told}: {STATES[mark.state]} {mark.reason}".rstrip()

    def _legend(self, y: float) -> int:
        """What the marks mean, and what cannot be drawn; gives the picture's height."""
        states = [s for s in STATES if any(m.state == s for m in self.shown)]
        texts = [self._state_text(s) for s in states]
        places = wrapped([len(t) * 6.3 + 34 for t in texts], WIDTH - 2 * _SIDE)
        for state, text, (x, line) in zip(states, texts, places, strict=True):
            at = y + _LINE * line
            self.parts.append(shape(state, _SIDE + x + 7, at - 4))
            self._text(_SIDE + x + 19, at, text)
        y += _LINE * (1 + (places[-1][1] if places else 0))
        for text in wrap("; ".join(self._notes()), _LETTERS):
            self._text(_SIDE, y, text, "soft")
            y += _LINE
        return round(y - 4)

    def _state_text(self, state: str) -> str:
        reasons = {m.reason: None for m in self.shown if m.state == state and m.reason}
        return STATES[state] + (f": {', '.join(reasons)}" if state == REFUSED else "")

    def _notes(self) -> list[str]:
        picture = self.picture
        notes = ["[ ] an event on this end counts", "( ) it does not", f"clock: {picture.zone}"]
        if picture.rows:
            notes.append(f"thick line: the last {picture.rows} rows")
        if picture.gap:
            pause = timedelta(microseconds=picture.gap)
            notes.append(f"the session begins after the last pause above {pause}")
        if picture.resolution:
            notes.append("dotted: where tiles begin")
        if picture.has_days:
            notes.append("dashed: local midnight")
        if any(m.arrival != m.time for m in self.shown):
            notes.append("a line leads from an event to its arrival")
        if any(m.deliveries > 1 for m in self.shown):
            notes.append("×2: delivered twice, one event")
        before = sum(m.time < self.low for m in picture.marks)
        after = sum(m.time > self.high for m in picture.marks)
        beyond = [f"{n} {where}" for n, where in ((before, "earlier"), (after, "later")) if n]
        if beyond:
            notes.append(f"not drawn: {', '.join(beyond)}")
        if picture.unplaced:
            notes.append(f"refused without a place: {', '.join(picture.unplaced)}")
        return notes


def _label(mark: Mark) -> str:
    return (mark.label + (f" ×{mark.deliveries}" if mark.deliveries > 1 else "")).strip()


def _band_start(picture: WindowPicture, low: int) -> int:
    """Where the band begins: the start, or the first event of a window that has none.

    An empty session begins at the query.
    """
    if picture.start is not None:
        return picture.start
    return _first_inside(picture) if picture.rows or picture.gap else low


def _first_inside(picture: WindowPicture) -> int:
    """The time of the first event in the window; the query time if there is none."""
    inside = (m.time for m in picture.marks if m.state in (INSIDE, NO_VALUE))
    return min(inside, default=picture.as_of)


def _view(picture: WindowPicture) -> tuple[int, int]:
    """First and last moment that are drawn: what is far from the window is left out."""
    times = [t for m in picture.marks for t in (m.time, m.arrival)] + [picture.as_of]
    start = picture.start if picture.start is not None else min(times)
    length = max(picture.as_of - start, 1)
    low = min(start, max(min(times), start - length))
    high = max(picture.as_of, min(max(times), picture.as_of + length * 2 // 3))
    margin = max((high - low) // 14, 1)
    return low - margin, high + margin


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


__all__ = ["WIDTH", "drawing"]
