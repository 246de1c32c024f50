"""Pictures of windows: which events an aggregate looked at, on one entity's time line.

A picture only draws. What it says of each event was found by the code that answers queries:
`featurelib_offline.window_picture` asks it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

INSIDE, NO_VALUE, FILTERED, OUTSIDE = "inside", "no_value", "filtered", "outside"
NOT_ARRIVED, WITHDRAWN, NOT_KEPT, REFUSED = "not_arrived", "withdrawn", "not_kept", "refused"
STATES = {
    INSIDE: "in the window",
    NO_VALUE: "in the window, argument null",
    FILTERED: "does not pass the filter",
    OUTSIDE: "outside",
    NOT_ARRIVED: "not arrived yet",
    WITHDRAWN: "withdrawn",
    NOT_KEPT: "not kept any more",
    REFUSED: "refused",
}
"""What may be said of an event, and how the legend says it."""


@dataclass(frozen=True, slots=True)
class Mark:
    """An event on the time line, or a record that was refused.

    Attributes:
        time: Event time in microseconds.
        arrival: When the system had it.
        state: One of `STATES`.
        record: The number of the record that gives its values, from 0.
        label: A few letters beside the mark; may be empty.
        deliveries: How many records told of it; withdrawals are not counted.
        reason: Why it was refused; else empty.
    """

    time: int
    arrival: int
    state: str
    record: int
    label: str = ""
    deliveries: int = 1
    reason: str = ""


@dataclass(frozen=True)
class WindowPicture:
    """What one query of one aggregate looked at. A notebook shows it as a picture.

    Attributes:
        name: The aggregate's name.
        answer: What the query was answered, as text.
        about: Aggregate, source and window in words.
        as_of: The query time in microseconds.
        start: First moment of the window by its clock, or of a session its first event; None:
            `rows`, `lifetime` and an empty session have none.
        has_start: Whether an event at `start` belongs to it.
        sees_now: Whether an event at the query time belongs to it.
        rows: How many events it takes at most, the last ones, or None.
        resolution: Width of its tiles in microseconds, or None.
        gap: The longest pause of a session in microseconds, or None.
        has_days: Whether it begins by the calendar, so that midnights are drawn.
        zone: IANA zone of the clock below the time line.
        marks: The events, in the order of the window.
        unplaced: Why records without a time were refused, one text a record.
    """

    name: str
    answer: str
    about: str
    as_of: int
    start: int | None
    has_start: bool
    sees_now: bool
    rows: int | None
    resolution: int | None
    has_days: bool
    zone: str
    marks: tuple[Mark, ...]
    unplaced: tuple[str, ...] = ()
    gap: int | None = None

    @property
    def svg(self) -> str:
        """The picture as one SVG element: no scripts, no fonts, readable on light and dark."""
        from featurelib.windows.picture_drawing import drawing

        return drawing(self)

    def save(self, path: str | Path) -> Path:
        """Writes the picture to a file and gives its path."""
        path = Path(path)
        path.write_text(self.svg + "\n", encoding="utf-8")
        return path

    def records(self, state: str) -> list[int]:
        """Numbers of the records that give the values of the events in this state, in order."""
        return [m.record for m in self.marks if m.state == state]

    def _repr_svg_(self) -> str:
        return self.svg

    def __repr__(self) -> str:
        counts = Counter(m.state for m in self.marks)
        told = ", ".join(f"{counts[s]} {STATES[s]}" for s in STATES if counts[s]) or "no events"
        return f"<picture of {self.name} = {self.answer}: {told}>"


__all__ = [
    "FILTERED",
    "INSIDE",
    "NOT_ARRIVED",
    "NOT_KEPT",
    "NO_VALUE",
    "OUTSIDE",
    "REFUSED",
    "STATES",
    "WITHDRAWN",
    "Mark",
    "WindowPicture",
]
