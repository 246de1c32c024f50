"""Golden cases of zones and of truncation; written by `temporal.py`."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from temporal import EPOCH, STDLIB, ZONEINFO, Line, inside, line, utc
from temporal_moments import DATES, FOLDS_AND_GAPS, MOMENTS, ZONED

NEW_YORK = {"kind": "zone", "name": "America/New_York"}
DAY = 86_400 * 10**6
FOLD = {"earliest": 0, "latest": 1, "null": 2}
GAP = {"shift_forward": 1, "null": 2}


def zone_ops() -> Iterator[tuple[str, list[Line]]]:
    """Every op on zones, and truncation."""
    yield "to_local", to_local()
    yield "from_local", from_local()
    yield "retype_datetime", retype()
    yield "truncate_units", truncate_units()
    yield "truncate_months", truncate_months()
    yield "from_local_start", from_local_start()


def to_local() -> list[Line]:
    cases = []
    for zone, t, why in ZONED:
        shown = utc(t).astimezone(ZoneInfo(zone)).replace(tzinfo=UTC)
        types = f"Datetime({zone}); Table(zone)"
        args = [utc(t), {"kind": "zone", "name": zone}]
        group = "bounds" if why == "the last instant" else "dst"
        cases.append(line(group, types, args, "Datetime(UTC)", shown, ZONEINFO, f"{zone}: {why}"))
        if zone == "Asia/Kolkata":
            cases.append(cases[-1] | {"group": "basic"})
    args = [None, NEW_YORK]
    types = "Datetime(America/New_York); Table(zone)"
    cases.append(line("nulls", types, args, "Datetime(UTC)", None, "by hand", "null in, null out"))
    return cases


def instants(local: datetime, zone: str) -> list[datetime]:
    """The instants at which clocks show a local time, the earliest first."""
    place = ZoneInfo(zone)
    found = {
        u
        for fold in (0, 1)
        if (u := local.replace(tzinfo=place, fold=fold).astimezone(UTC))
        .astimezone(place)
        .replace(tzinfo=None, fold=0)
        == local
    }
    return sorted(found)


def jump(local: datetime, zone: str) -> datetime:
    """The instant at which clocks jump over a local time: found by halving."""
    place = ZoneInfo(zone)
    early, late = sorted(local.replace(tzinfo=place, fold=f).astimezone(UTC) for f in (0, 1))
    before = early.astimezone(place).utcoffset()
    while late - early > timedelta(microseconds=1):
        middle = early + (late - early) / 2
        if middle.astimezone(place).utcoffset() == before:
            early = middle
        else:
            late = middle
    return late


def instant(local: datetime, zone: str, fold: str, gap: str) -> datetime | None:
    found = instants(local, zone)
    if not found:
        return jump(local, zone) if gap == "shift_forward" else None
    if len(found) > 1 and fold == "null":
        return None
    return found[-1] if fold == "latest" else found[0]


def from_local() -> list[Line]:
    cases = []
    rules = (("earliest", "null"), ("latest", "shift_forward"), ("null", "null"))
    for zone, t, why in FOLDS_AND_GAPS:
        for fold, gap in rules:
            out = instant(datetime.fromisoformat(t), zone, fold, gap)
            args = [utc(t), {"kind": "zone", "name": zone}]
            group = "basic" if why == "an ordinary time" else "dst"
            why_all = f"{zone}: {why}; {fold}, {gap}"
            params = {"fold": FOLD[fold], "gap": GAP[gap], "zone": zone}
            types, out_type = "Datetime(UTC); Table(zone)", f"Datetime({zone})"
            cases.append(line(group, types, args, out_type, out, ZONEINFO, why_all, **params))
    params = {"fold": 0, "gap": 2, "zone": "America/New_York"}
    types, out_type = "Datetime(UTC); Table(zone)", "Datetime(America/New_York)"
    end = utc("9999-12-31T23:00:00")
    args = [None, NEW_YORK]
    cases.append(
        line("nulls", types, args, out_type, None, "by hand", "null in, null out", **params)
    )
    why = "the instant is in year 10000"
    cases.append(line("bounds", types, [end, NEW_YORK], out_type, None, "by hand", why, **params))
    return cases


def retype() -> list[Line]:
    cases = []
    for group, t, why in MOMENTS:
        out_type = "Datetime(Asia/Tokyo)"
        args = [utc(t)]
        cases.append(
            line(group, "Datetime(UTC)", args, out_type, utc(t), "by hand", why, zone="Asia/Tokyo")
        )
    null = line(
        "nulls", "Datetime(UTC)", [None], "Datetime(UTC)", None, "by hand", "null", zone="UTC"
    )
    return [*cases, null]


def truncate_units() -> list[Line]:
    clock: list[tuple[str, int, int, Callable[[datetime], datetime]]] = [
        ("1h", 3600 * 10**6, 0, lambda t: t.replace(minute=0, second=0, microsecond=0)),
        ("15m", 900 * 10**6, 0, lambda t: quarter_hour(t)),
        ("1s", 10**6, 0, lambda t: t.replace(microsecond=0)),
        ("1d", DAY, 0, midnight),
        ("1w", 7 * DAY, 4 * DAY, lambda t: midnight(t) - timedelta(days=t.weekday())),
    ]
    cases = []
    kind = "Datetime(UTC)"
    for name, every, origin, of in clock:
        for group, t, why in MOMENTS:
            params = {"every": every, "origin": origin}
            out, what = of(utc(t)), f"{name}: {why}"
            cases.append(line(group, kind, [utc(t)], kind, out, STDLIB, what, **params))
    for group, t, why in DATES:
        d = date.fromisoformat(t)
        monday = d - timedelta(days=d.weekday())
        cases.append(
            line(group, "Date", [d], "Date", monday, STDLIB, f"1w: {why}", every=7, origin=4)
        )
        pair = date.fromordinal(d.toordinal() - (d - EPOCH.date()).days % 2)
        cases.append(
            line(group, "Date", [d], "Date", pair, STDLIB, f"2d: {why}", every=2, origin=0)
        )
    null = "null in, null out"
    cases.append(line("nulls", kind, [None], kind, None, "by hand", null, every=1, origin=0))
    cases.append(line("nulls", "Date", [None], "Date", None, "by hand", null, every=1, origin=0))
    return cases


def midnight(t: datetime) -> datetime:
    return t.replace(hour=0, minute=0, second=0, microsecond=0)


def quarter_hour(t: datetime) -> datetime:
    return t.replace(minute=t.minute - t.minute % 15, second=0, microsecond=0)


def month_group(d: Any, every: int) -> Any:
    """The first day of the group of months, counted from January 1970."""
    months = (d.year - 1970) * 12 + d.month - 1
    months -= months % every
    return d.replace(year=1970 + months // 12, month=months % 12 + 1, day=1)


def truncate_months() -> list[Line]:
    cases = []
    kind = "Datetime(UTC)"
    for every in (1, 3, 12, 5):
        for group, t, why in MOMENTS:
            out = inside(lambda t=t, every=every: month_group(midnight(utc(t)), every))
            if out is not None:
                what = f"{every} months: {why}"
                cases.append(line(group, kind, [utc(t)], kind, out, STDLIB, what, every=every))
    for group, t, why in DATES:
        d = date.fromisoformat(t)
        cases.append(line(group, "Date", [d], "Date", month_group(d, 3), STDLIB, why, every=3))
    cases.append(line("nulls", kind, [None], kind, None, "by hand", "null in, null out", every=1))
    cases.append(
        line("nulls", "Date", [None], "Date", None, "by hand", "null in, null out", every=1)
    )
    return cases


def from_local_start() -> list[Line]:
    """Start of hour, quarter of an hour and day, on the clocks of a zone."""
    cases = []
    for zone, t, why in ZONED:
        shown = utc(t).astimezone(ZoneInfo(zone))
        wall = shown.replace(tzinfo=None, fold=0)
        for name, start in (
            ("1h", wall.replace(minute=0, second=0, microsecond=0)),
            ("15m", quarter_hour(wall)),
            ("1d", midnight(wall)),
        ):
            showings = [u for u in instants(start, zone) if u <= utc(t)]
            out = showings[-1] if showings else jump(start, zone)
            args = [start.replace(tzinfo=UTC), utc(t), {"kind": "zone", "name": zone}]
            types = f"Datetime(UTC); Datetime({zone}); Table(zone)"
            group = "basic" if zone in ("Asia/Kolkata", "UTC") else "dst"
            what = f"{zone}, {name}: {why}"
            cases.append(line(group, types, args, f"Datetime({zone})", out, ZONEINFO, what))
    types, out_type = (
        "Datetime(UTC); Datetime(America/New_York); Table(zone)",
        "Datetime(America/New_York)",
    )
    args = [None, None, NEW_YORK]
    cases.append(line("nulls", types, args, out_type, None, "by hand", "null in, null out"))
    return cases
