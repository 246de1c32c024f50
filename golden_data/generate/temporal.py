"""Golden cases of the temporal ops: ``python golden_data/generate/temporal.py`` rewrites them.

Oracles: `datetime` and `calendar` of CPython for the calendar, `zoneinfo` on the `tzdata` wheel
(never the system's zones) for zones; they share no code with featurelib.
"""

import calendar
import json
import platform
import zoneinfo
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

from numeric_cases import write_lines
from temporal_moments import DATES, DURATIONS, MOMENTS

OUT = Path(__file__).parents[1] / "ops" / "temporal"
STDLIB = f"datetime, CPython {platform.python_version()}"
ZONEINFO = f"zoneinfo, tzdata {version('tzdata')}"
US = timedelta(microseconds=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Line = dict[str, Any]


def line(
    group: str,
    types: str,
    args: list[Any],
    out_type: str,
    out: Any,
    oracle: str,
    why: str,
    **params: Any,
) -> Line:
    """One case; `types` is split at semicolons."""
    return {
        "group": group, "types": types.split("; "), "args": [text(a) for a in args],
        "params": params, "out_type": out_type, "out": text(out), "oracle": oracle, "why": why,
    }  # fmt: skip


def text(value: Any) -> Any:
    """A value as golden cases write it."""
    if isinstance(value, datetime):
        plain = value.astimezone(UTC).replace(tzinfo=None)
        return plain.isoformat(timespec="microseconds") + "Z"
    if isinstance(value, date):
        return value.isoformat()
    return value // US if isinstance(value, timedelta) else value


def utc(naive: str) -> datetime:
    return datetime.fromisoformat(naive).replace(tzinfo=UTC)


def inside(make: Callable[[], Any]) -> Any:
    """The value, None where it is outside years 1 to 9999."""
    try:
        return make()
    except (OverflowError, ValueError):
        return None


def part(
    name: str, out_type: str, of: Callable[[Any], Any], dates: bool = True
) -> tuple[str, list[Line]]:
    """Cases of a part, for dates too where they have it."""
    cases = [
        line(g, "Datetime(UTC)", [utc(t)], out_type, of(utc(t)), STDLIB, why)
        for g, t, why in MOMENTS
    ]
    null = "null in, null out"
    cases.append(line("nulls", "Datetime(UTC)", [None], out_type, None, "by hand", null))
    if dates:
        for g, t, why in DATES:
            day = date.fromisoformat(t)
            cases.append(line(g, "Date", [day], out_type, of(day), STDLIB, why))
        cases.append(line("nulls", "Date", [None], out_type, None, "by hand", null))
    return name, cases


def parts() -> Iterator[tuple[str, list[Line]]]:
    yield part("dt.year", "Int32", lambda d: d.year)
    yield part("dt.quarter", "Int8", lambda d: (d.month - 1) // 3 + 1)
    yield part("dt.month", "Int8", lambda d: d.month)
    yield part("dt.day", "Int8", lambda d: d.day)
    yield part("dt.ordinal_day", "Int16", lambda d: d.timetuple().tm_yday)
    yield part("dt.weekday", "Int8", lambda d: d.isoweekday())
    yield part("dt.week", "Int8", lambda d: d.isocalendar().week)
    yield part("dt.iso_year", "Int32", lambda d: d.isocalendar().year)
    yield part("dt.is_leap_year", "Bool", lambda d: calendar.isleap(d.year))
    yield part("dt.days_in_month", "Int8", lambda d: calendar.monthrange(d.year, d.month)[1])
    yield part("dt.hour", "Int8", lambda d: d.hour, dates=False)
    yield part("dt.minute", "Int8", lambda d: d.minute, dates=False)
    yield part("dt.second", "Int8", lambda d: d.second, dates=False)
    yield part("dt.millisecond", "Int32", lambda d: d.microsecond // 1000, dates=False)
    yield part("dt.microsecond", "Int32", lambda d: d.microsecond, dates=False)
    yield part("dt.date", "Date", lambda d: d.date(), dates=False)


def day_ops() -> Iterator[tuple[str, list[Line]]]:
    days = [(g, date.fromisoformat(t), why) for g, t, why in DATES]

    def over_days(of: Callable[[date], Any]) -> list[Line]:
        cases = [line(g, "Date", [d], "Date", of(d), STDLIB, why) for g, d, why in days]
        return [*cases, line("nulls", "Date", [None], "Date", None, "by hand", "null in, null out")]

    def last(d: date) -> date:
        return d.replace(day=calendar.monthrange(d.year, d.month)[1])

    yield "dt.month_start", over_days(lambda d: d.replace(day=1))
    yield "dt.month_end", over_days(last)
    yield "date_within_years", over_days(lambda d: d)
    moments = [(g, utc(t), why) for g, t, why in MOMENTS]
    kind = "Datetime(UTC)"
    cases = [line(g, kind, [t], kind, t, "by hand", why) for g, t, why in moments]
    cases.append(line("nulls", kind, [None], kind, None, "by hand", "null in, null out"))
    yield "datetime_within_years", cases
    cases = []
    for name, unit in (("us", 1), ("ms", 1000), ("s", 10**6), ("d", 86_400 * 10**6)):
        for g, t, why in moments:
            whole = (t - EPOCH) // timedelta(microseconds=unit)
            cases.append(line(g, kind, [t], "Int64", whole, STDLIB, f"{why}, {name}", every=unit))
    d = date(1969, 12, 31)
    cases.append(
        line("basic", "Date", [d], "Int64", -1, "by hand", "the day before", every=86_400 * 10**6)
    )
    cases.append(
        line("nulls", "Date", [None], "Int64", None, "by hand", "null in, null out", every=1)
    )
    cases.append(
        line("nulls", kind, [None], "Int64", None, "by hand", "null in, null out", every=1)
    )
    yield "epoch_of", cases


def totals() -> Iterator[tuple[str, list[Line]]]:
    units = {"days": 86_400 * 10**6, "hours": 3600 * 10**6, "minutes": 60 * 10**6}
    for name, unit in (units | {"seconds": 10**6, "milliseconds": 1000, "microseconds": 1}).items():
        cases = []
        for group, d, why in DURATIONS:
            whole = abs(d) // unit * (1 if d >= 0 else -1)
            cases.append(line(group, "Duration", [d], "Int64", whole, "int, CPython", why))
        cases.append(
            line("nulls", "Duration", [None], "Int64", None, "by hand", "null in, null out")
        )
        yield f"dt.total_{name}", cases


def sums() -> Iterator[tuple[str, list[Line]]]:
    steps = [(d, why) for _, d, why in DURATIONS if abs(d) < 10**15]
    for name, sign in (("datetime_add", 1), ("datetime_sub", -1)):
        cases = []
        for group, t, why in MOMENTS:
            for d, length in (steps[len(cases) % len(steps)], (-86_400 * 10**6, "a day back")):
                moved = inside(lambda t=t, d=sign * d: utc(t) + d * US)
                types = "Datetime(America/New_York); Duration"
                args = [utc(t), d]
                out_type = "Datetime(America/New_York)"
                cases.append(line(group, types, args, out_type, moved, STDLIB, f"{why}, {length}"))
        for group, t, why in DATES:
            d, length = steps[len(cases) % len(steps)]
            at = datetime.fromisoformat(t)
            moved = inside(lambda at=at, d=sign * d: (at + d * US).date())
            args = [at.date(), d]
            cases.append(
                line(group, "Date; Duration", args, "Date", moved, STDLIB, f"{why}, {length}")
            )
        types, kind = "Datetime(UTC); Duration", "Datetime(UTC)"
        for d in (2**63 - 1, -(2**63)):
            args = [EPOCH, d]
            cases.append(line("bounds", types, args, kind, None, "by hand", "beyond any year"))
        cases.append(line("nulls", types, [None, 1], kind, None, "by hand", "no time"))
        cases.append(line("nulls", types, [EPOCH, None], kind, None, "by hand", "no duration"))
        yield name, cases
    yield "datetime_diff", differences()


def differences() -> list[Line]:
    cases = []
    for (group, a, why), (_, b, _) in zip(MOMENTS, [*MOMENTS[5:], *MOMENTS[:5]], strict=True):
        types = "Datetime(UTC); Datetime(UTC)"
        args = [utc(a), utc(b)]
        cases.append(line(group, types, args, "Duration", utc(a) - utc(b), STDLIB, why))
    for (group, a, why), (_, b, _) in zip(DATES, [*DATES[3:], *DATES[:3]], strict=True):
        args = [date.fromisoformat(a), date.fromisoformat(b)]
        cases.append(line(group, "Date; Date", args, "Duration", args[0] - args[1], STDLIB, why))
    cases.append(line("nulls", "Date; Date", [None, None], "Duration", None, "by hand", "no dates"))
    return cases


def duration_ops() -> Iterator[tuple[str, list[Line]]]:
    def wrap(x: int) -> int:
        return (x + 2**63) % 2**64 - 2**63

    two: dict[str, tuple[str, str, Callable[[int, int], Any]]] = {
        "duration_add": ("Duration; Duration", "Duration", lambda a, b: wrap(a + b)),
        "duration_sub": ("Duration; Duration", "Duration", lambda a, b: wrap(a - b)),
        "duration_mul": ("Duration; Int64", "Duration", lambda a, b: wrap(a * b)),
        "duration_ratio": ("Duration; Duration", "Float64", ratio),
    }
    oracle = "int and float, CPython"
    for name, (types, out_type, of) in two.items():
        cases = [
            line(g, types, [a, b], out_type, of(a, b), oracle, why)
            for i, (g, a, why) in enumerate(DURATIONS)
            for b in (DURATIONS[(i + 3) % len(DURATIONS)][1], 0, -3)
        ]
        cases.append(line("nulls", types, [None, 1], out_type, None, "by hand", "no left side"))
        cases.append(line("nulls", types, [1, None], out_type, None, "by hand", "no right side"))
        yield name, cases
    for name, of_one in (
        ("duration_neg", lambda a: wrap(-a)),
        ("duration_abs", lambda a: wrap(abs(a))),
    ):
        cases = [
            line(g, "Duration", [a], "Duration", of_one(a), oracle, w) for g, a, w in DURATIONS
        ]
        cases.append(
            line("nulls", "Duration", [None], "Duration", None, "by hand", "null in, null out")
        )
        yield name, cases


def ratio(a: int, b: int) -> float | str:
    """Both as floats, divided; by zero as IEEE 754 has it."""
    if b:
        return float(a) / float(b)
    return "nan" if a == 0 else "inf" if a > 0 else "-inf"


def write(name: str, cases: list[Line]) -> None:
    """Writes one op's file."""
    OUT.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps(c, ensure_ascii=False) for c in cases]
    write_lines(OUT / f"{name}@1.jsonl", lines)


def main() -> None:
    """Rewrites every file of the family."""
    from temporal_months import month_ops
    from temporal_zones import zone_ops

    zoneinfo.reset_tzpath(to=[])
    for family in (parts, day_ops, totals, sums, duration_ops, zone_ops, month_ops):
        for name, cases in family():
            write(name, cases)


if __name__ == "__main__":
    main()
