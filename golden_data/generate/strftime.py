"""Golden cases of `dt.strftime`: by Polars, and by CPython's `strftime` in the C locale besides.

The op takes local time, the instant, and the few directives that formats are brought to: %L is
Polars' %3f, %f its %6f, %i%o its %z, "%i:%o" its %:z.
"""

from __future__ import annotations

import datetime as dt
import locale
import random
from zoneinfo import ZoneInfo

import polars as pl
from numeric_cases import BY_HAND, POLARS, Case, case, write

UTC = dt.UTC
LATER = {"%L": "%3f", "%f": "%6f", "%i%o": "%z", "%i:%o": "%:z"}
BOTH = [
    "%Y-%m-%d", "%m/%d/%y", "%d.%m.%Y %H:%M", "%a, %d %b %Y %H:%M:%S", "%A %B", "%I:%M %p", "%j",
    "%U %W %w", "%G-W%V-%u", "%H:%M:%S.%f", "100%%", "é %Y 日 %d", "", "no directive",
]  # fmt: skip
POLARS_ONLY = [
    "%C %q %g", "%-d/%-m/%Y", "%_d|%_H|%_I|%_j|%_Y", "%-y %-j %-U %-W %-V %-H %-I %-M %-S",
    "%P", "%L", "%s", "%i%o", "%i:%o",
]  # fmt: skip
ZONES = ["UTC", "America/New_York", "Asia/Kathmandu"]
DAYS = [
    (2024, 2, 29), (2023, 1, 1), (2024, 12, 30), (2021, 1, 3), (2020, 12, 31), (1969, 7, 20),
    (2000, 9, 9), (2018, 1, 7), (2012, 1, 1), (2023, 5, 31),
]  # fmt: skip
CLOCKS = [(0, 0, 0, 0), (12, 0, 0, 1), (23, 59, 59, 999_999), (11, 59, 59, 123_000), (1, 2, 3, 45)]
ENDS = [dt.datetime(1, 1, 1, 0, 0, 0, 1), dt.datetime(9999, 12, 31, 23, 59, 59, 999_999)]


def shown(moment: dt.datetime, zone: str, form: str) -> str:
    """What Polars writes; CPython must say the same where it knows the directives."""
    for ours, theirs in LATER.items():
        form = form.replace(ours, theirs)
    column = pl.Series([moment], dtype=pl.Datetime("us", "UTC")).dt.convert_time_zone(zone)
    text: str = column.dt.strftime(form).item()
    return text


def row(group: str, moment: dt.datetime, zone: str, form: str, oracle: str) -> Case:
    local = moment.astimezone(ZoneInfo(zone)).replace(tzinfo=UTC)
    out = shown(moment, zone, form)
    if oracle != POLARS:
        # The C library writes years before 1000 without their zeros.
        years = (("%Y", f"{local.year:04d}"), ("%G", f"{local.isocalendar()[0]:04d}"))
        known = form
        for directive, text in years:
            known = known.replace(directive, text)
        assert local.strftime(known) == out, (local, form, out)
    types = ["Datetime(UTC)", f"Datetime({zone})", "String"]
    args = [local, moment, form]
    return case(group, types, args, "String", out, oracle, f"in {zone}")


def main() -> None:
    """Writes the file."""
    locale.setlocale(locale.LC_TIME, "C")
    rng = random.Random("strftime")
    both = f"{POLARS} and CPython strftime"
    made: dict[str, Case] = {}
    moments = [dt.datetime(*day, *clock, UTC) for day in DAYS for clock in CLOCKS]
    for form, oracle in [*((f, both) for f in BOTH), *((f, POLARS) for f in POLARS_ONLY)]:
        for moment in rng.sample(moments, 8):
            zone = rng.choice(ZONES)
            group = "basic" if form.isascii() and form else "text_edges"
            line = row(group, moment, zone, form, oracle)
            made[str(line["args"])] = line
        for end in ENDS:
            line = row("bounds", end.replace(tzinfo=UTC), "UTC", form, oracle)
            made[str(line["args"])] = line
    for hour in (4, 5, 6, 7):
        moment = dt.datetime(2023, 11, 5, hour, 30, tzinfo=UTC)
        line = row("dst", moment, "America/New_York", "%H:%M %i%o", POLARS)
        made[str(line["args"])] = line
    for zone in ("America/New_York", "Asia/Tokyo", "Europe/Moscow"):
        # Local mean times have seconds, and the offset is written to the nearest minute.
        line = row("dst", dt.datetime(1850, 1, 1, tzinfo=UTC), zone, "%H:%M:%S %i:%o", POLARS)
        made[str(line["args"])] = line
    moment = dt.datetime(2024, 2, 29, tzinfo=UTC)
    types = ["Datetime(UTC)", "Datetime(UTC)", "String"]
    cases = list(made.values())
    for form in ("%", "%Q", "%-", "%F %", "%é"):
        why = "a format that no definition lets through has a value too"
        args = [moment, moment, form]
        cases.append(case("text_edges", types, args, "String", None, BY_HAND, why))
    for args in ([None, moment, "%Y"], [moment, None, "%Y"], [moment, moment, None]):
        cases.append(case("nulls", types, args, "String", None, BY_HAND, "null in, null out"))
    for month in range(1, 13):
        cases.append(
            row("basic", dt.datetime(2024, month, month, tzinfo=UTC), "UTC", "%B %A", both)
        )
    write("text_values", "dt.strftime", cases)


if __name__ == "__main__":
    main()
