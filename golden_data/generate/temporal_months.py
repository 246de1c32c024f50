"""Golden cases of months: added, counted, and their ends; written by `temporal.py`.

The oracle does no arithmetic of days: `calendar.monthrange` says how long a month is, and what
fits between two times is found by stepping until a step is too far.
"""

from calendar import monthrange
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from temporal import STDLIB, Line, inside, line, utc
from temporal_moments import DATES, MOMENTS

UTC_TYPE = "Datetime(UTC)"
STEPS = (1, -1, 12, 13, -25, 0, 6, -48, 1200)
PAIRS = [
    ("2024-01-31T00:00:00", "2024-02-29T00:00:00", "the last days of two months"),
    ("2024-01-31T10:00:00", "2024-02-29T09:59:59.999999", "the last days, a moment too early"),
    ("2024-02-29T00:00:00", "2024-01-31T00:00:00", "back, and clamped"),
    ("2024-03-31T00:00:00", "2024-02-29T12:00:00", "back by less than a month"),
    ("2020-02-29T00:00:00", "2021-02-28T00:00:00", "a birthday on the leap day"),
    ("2020-02-29T00:00:00", "2021-02-27T23:59:59.999999", "the day before it"),
    ("2020-02-29T12:00:00", "2024-02-29T12:00:00", "four years"),
    ("1990-06-15T00:00:00", "2026-06-14T00:00:00", "the day before a birthday"),
    ("1990-06-15T00:00:00", "2026-06-15T00:00:00", "a birthday"),
    ("2026-06-15T00:00:00", "1990-06-16T00:00:00", "back, a day less than full years"),
    ("2024-05-10T08:00:00", "2024-05-20T08:00:00", "within a month"),
    ("2024-05-20T08:00:00", "2024-05-10T08:00:00", "within a month, back"),
    ("1970-01-01T00:00:00", "1969-12-31T23:59:59.999999", "a moment before the epoch"),
    ("2024-05-20T08:00:00", "2024-05-20T08:00:00", "no time at all"),
]


def later(t: Any, months: int) -> Any:
    """The same day so many months later, or the last day of that month."""
    count = t.year * 12 + t.month - 1 + months
    year, month = count // 12, count % 12 + 1
    return t.replace(year=year, month=month, day=min(t.day, monthrange(year, month)[1]))


def fitting(start: Any, end: Any) -> int:
    """The most months, towards the end, that do not pass it."""
    step = 1 if end >= start else -1
    months = 0
    while True:
        moved = inside(lambda months=months: later(start, months + step))
        if moved is None or (moved > end if step > 0 else moved < end):
            return months
        months += step


def towards_zero(months: int, every: int) -> int:
    return abs(months) // every * (1 if months >= 0 else -1)


def month_ops() -> Iterator[tuple[str, list[Line]]]:
    """The ops of `months.py`."""
    yield "add_months", add_months()
    yield "months_between", months_between()
    yield "month_edge", month_edge()


def add_months() -> list[Line]:
    cases = []
    times = [(g, utc(t), f"{UTC_TYPE}; Int64", why) for g, t, why in MOMENTS]
    times += [(g, date.fromisoformat(t), "Date; Int64", why) for g, t, why in DATES]
    for place, (group, t, types, why) in enumerate(times):
        for n in (STEPS[place % len(STEPS)], STEPS[(place + 4) % len(STEPS)], -1, 1):
            for every in (1, 12):
                out = inside(lambda t=t, m=n * every: later(t, m))
                told = f"{why}, {n} times {every} months"
                given = [t, n]
                made = line(
                    group, types, given, types.split(";")[0], out, STDLIB, told, every=every
                )
                cases += [made] if made not in cases else []
    for types, t in (
        (f"{UTC_TYPE}; Int64", utc("2024-01-31T00:00:00")),
        ("Date; Int64", date(2024, 1, 31)),
    ):
        kind = types.split(";")[0]
        for every in (1, 12):
            for n in (2**63 - 1, -(2**63), 120_001, 2**60):
                far = "beyond any year"
                cases.append(line("bounds", types, [t, n], kind, None, "by hand", far, every=every))
            null = "null in, null out"
            cases.append(line("nulls", types, [None, 1], kind, None, "by hand", null, every=every))
            cases.append(line("nulls", types, [t, None], kind, None, "by hand", null, every=every))
    return cases


def months_between() -> list[Line]:
    cases = []
    pairs = [("basic", a, b, why) for a, b, why in PAIRS]
    pairs += [
        (group, a, b, f"{why}, and another time")
        for (group, a, why), (_, b, _) in zip(MOMENTS, [*MOMENTS[7:], *MOMENTS[:7]], strict=True)
    ]
    first, last = "0001-01-01T00:00:00", "9999-12-31T23:59:59.999999"
    pairs += [("bounds", first, last, "all of time"), ("bounds", last, first, "all of it, back")]
    for group, a, b, why in pairs:
        start, end = utc(a), utc(b)
        for types, given in (
            (f"{UTC_TYPE}; {UTC_TYPE}", [start, end]),
            ("Date; Date", [start.date(), end.date()]),
        ):
            months = fitting(*given)
            for every in (1, 12):
                out = towards_zero(months, every)
                cases.append(line(group, types, given, "Int32", out, STDLIB, why, every=every))
    for types, t in ((f"{UTC_TYPE}; {UTC_TYPE}", utc(first)), ("Date; Date", date(1, 1, 1))):
        for given in ([None, t], [t, None]):
            null = "null in, null out"
            cases.append(line("nulls", types, given, "Int32", None, "by hand", null, every=1))
    return cases


def month_edge() -> list[Line]:
    cases = []
    for group, moment, why in MOMENTS:
        t: datetime = utc(moment)
        for end in (False, True):
            day = monthrange(t.year, t.month)[1] if end else 1
            out = t.replace(day=day)
            cases.append(line(group, UTC_TYPE, [t], UTC_TYPE, out, STDLIB, why, end=end))
    null = "null in, null out"
    cases.append(line("nulls", UTC_TYPE, [None], UTC_TYPE, None, "by hand", null, end=True))
    return cases
