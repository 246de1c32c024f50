"""Golden cases of text and values: by Polars, and by the `datetime`, `re` and `str` of CPython."""

from __future__ import annotations

import datetime as dt
import platform
import random
import re
from typing import Any

import polars as pl
from numeric_cases import (
    BY_HAND,
    POLARS,
    SIGNED,
    TYPES,
    UNSIGNED,
    Case,
    bounds,
    case,
    write,
)

CPYTHON = f"CPython {platform.python_version()}"
DATETIME = f"{CPYTHON} datetime"
NUMBERS = [
    "0", "1", "+1", "-1", "42", "-42", "007", "-0", "+0", "00000000000000000000000000000001", "255",
]  # fmt: skip
NO_NUMBERS = [
    "", "-", "+", "--1", "+-1", " 1", "1 ", "1_0", "1.0", "1e3", "0x1", "\u0663", "1\x00", "abc",
    "12345678901234567890123456789", "99999999999999999999", "18446744073709551616", "1/", "1:",
]  # fmt: skip
DATES = [
    "2024-02-29", "2023-02-28", "0001-01-01", "9999-12-31", "1970-01-01", "1900-03-01",
    "2000-02-29",
]  # fmt: skip
NO_DATES = [
    "2023-02-29", "1900-02-29", "0000-01-01", "2024-13-01", "2024-00-01", "2024-01-00",
    "2024-04-31", "2024-2-9", "2024-02-9", " 2024-02-09", "2024-02-09 ", "10000-01-01",
    "+024-01-01",
    "2024/02/09", "2024-02", "", "2024-0a-01", "\u0662024-01-01", "2024-02-29T",
]  # fmt: skip
FORMATS: list[tuple[str, str, list[str]]] = [
    ("%d/%m/%Y", "%d/%m/%Y", ["29/02/2024", "31/12/1999", "30/02/2024", "02/29/2024", "1/1/2024"]),
    ("%Y%m%d", "%Y%m%d", ["20240229", "20240230", "2024022", "202402290"]),
    ("%m%%%d%%%Y", "%m%%%d%%%Y", ["02%29%2024", "02-29-2024", "02%%29%2024"]),
    ("é%Y-%m-%d", "é%Y-%m-%d", ["é2024-02-29", "e2024-02-29", "2024-02-29"]),
]
INSTANT = "%Y-%m-%d %H:%M:%S"
TIMES = [
    (INSTANT, ["2024-02-29 23:59:59", "1969-12-31 23:59:59", "0001-01-01 00:00:00",
               "9999-12-31 23:59:59", "2024-02-29 24:00:00", "2024-02-29 23:60:00",
               "2024-02-29 23:59:60", "2024-02-29 1:02:03", "2024-02-29T23:59:59", "2024-02-29"]),
    ("%Y-%m-%dT%H:%M:%S.%fZ", ["2024-02-29T23:59:59.999999Z", "2024-02-29T23:59:59.5Z",
                               "2024-02-29T23:59:59.001Z", "2024-02-29T23:59:59.Z",
                               "2024-02-29T23:59:59.1234567Z", "2024-02-29T23:59:59.000001"]),
    ("%H:%M %d.%m.%Y", ["07:05 09.11.1989", "7:05 09.11.1989", "23:59 31.12.9999"]),
    ("%Y-%m-%d", ["2024-02-29", "2024-02-29 "]),
]  # fmt: skip
WIDTHS = {"Y": r"\d{4}", "f": r"\d{1,6}"}


def integer_cases(name: str) -> list[Case]:
    """Texts for every width of a signedness: numbers, their ends, and what is none."""
    made = []
    for dtype in SIGNED if name == "parse_signed" else UNSIGNED:
        low, high = bounds(dtype)
        ends = [str(v) for v in (low - 1, low, low + 1, high - 1, high, high + 1)]
        texts = list(dict.fromkeys([*NUMBERS, *ends, *NO_NUMBERS]))
        values = pl.Series(texts).cast(TYPES[dtype], strict=False).to_list()
        params: dict[str, Any] = {"to": dtype, "high": high}
        if name == "parse_signed":
            params["low"] = low
        for text, value in zip(texts, values, strict=True):
            group = "bounds" if text in ends else "basic" if text in NUMBERS else "text_edges"
            why = "exactly an integer of the type, or null"
            made.append(case(group, ["String"], [text], dtype, value, POLARS, why, params))
        made.append(
            case("nulls", ["String"], [None], dtype, None, BY_HAND, "null in, null out", params)
        )
    return made


def bool_cases() -> list[Case]:
    words = {"true": True, "false": False}
    texts = [
        "true", "false", "True", "FALSE", "t", "f", "0", "1", "yes", "", "tru", "true ", " false",
        "fals", "falsy", "falsee", "trues", "fálse", "\uff54rue",
    ]  # fmt: skip
    made = [
        case("basic" if t in words else "text_edges", ["String"], [t], "Bool", words.get(t),
             BY_HAND, "two words, as they are written")
        for t in texts
    ]  # fmt: skip
    return [*made, case("nulls", ["String"], [None], "Bool", None, BY_HAND, "null in, null out")]


def shown(text: str, form: str) -> dt.datetime | None:
    """What `strptime` reads, where every field has all its digits (it takes fewer itself)."""
    pattern = re.escape(form.replace("%%", "\0"))
    pattern = re.sub(r"%([YmdHMSf])", lambda m: WIDTHS.get(m[1], r"\d{2}"), pattern)
    if not re.fullmatch(pattern.replace(re.escape("\0"), "%"), text, re.ASCII):
        return None
    try:
        # strptime takes second 60 and 61 as a leap second, and turns it into the next minute.
        read = dt.datetime.strptime(text, form)
    except ValueError:
        return None
    return None if "%S" in form and read.strftime("%S") not in text else read


def date_cases() -> list[Case]:
    made = []
    rows = [("%Y-%m-%d", [*DATES, *NO_DATES]), *((form, texts) for form, _, texts in FORMATS)]
    for form, texts in rows:
        for text in texts:
            read = shown(text, form)
            value = None if read is None else read.date()
            group = "basic" if value else "text_edges"
            group = "bounds" if text in ("0001-01-01", "9999-12-31") else group
            made.append(
                case(group, ["String"] * 2, [text, form], "Date", value, DATETIME, "or null")
            )
    for args in ((None, "%Y-%m-%d"), ("2024-02-29", None)):
        made.append(case("nulls", ["String"] * 2, args, "Date", None, BY_HAND, "null in, null out"))
    for form in ("%Y-%m-%q", "%Y-%m-%d%"):
        why = "a format that no definition lets through has a value too"
        made.append(
            case("text_edges", ["String"] * 2, ["2024-02-2q", form], "Date", None, BY_HAND, why)
        )
    return made


def datetime_cases() -> list[Case]:
    made = []
    utc = "Datetime(UTC)"
    for form, texts in TIMES:
        for text in texts:
            read = shown(text, form)
            value = None if read is None else read.replace(tzinfo=dt.UTC)
            group = "basic" if value else "text_edges"
            group = "bounds" if text.startswith(("0001", "9999")) else group
            made.append(case(group, ["String"] * 2, [text, form], utc, value, DATETIME, "or null"))
    for args in ((None, INSTANT), ("2024-02-29 00:00:00", None)):
        made.append(case("nulls", ["String"] * 2, args, utc, None, BY_HAND, "null in, null out"))
    return made


def text_cases() -> list[Case]:
    made = []
    rng = random.Random("text of values")
    for dtype in (*SIGNED, *UNSIGNED):
        low, high = bounds(dtype)
        values = [low, low + 1, -1, 0, 1, 9, 10, 99, 100, high - 1, high]
        values += [rng.randint(low, high) >> rng.randrange(60) for _ in range(8)]
        for value in dict.fromkeys(v for v in values if low <= v <= high):
            group = "bounds" if value in (low, high) else "basic"
            made.append(
                case(group, [dtype], [value], "String", str(value), f"{CPYTHON} str", "digits")
            )
    days = [dt.date(2024, 2, 29), dt.date(1, 1, 1), dt.date(9999, 12, 31), dt.date(1969, 12, 31)]
    days += [dt.date.fromordinal(rng.randint(1, 3_652_059)) for _ in range(12)]
    for day in days:
        args = ["Date"], [day], "String", day.isoformat(), DATETIME
        made.append(case("bounds" if day.year in (1, 9999) else "basic", *args, "ISO 8601"))
    moments = [dt.datetime.combine(d, dt.time(23, 59, 59, 999_999), dt.UTC) for d in days[:4]]
    moments += [dt.datetime(2024, 2, 29, tzinfo=dt.UTC), dt.datetime(1, 1, 1, 0, 0, 0, 1, dt.UTC)]
    moments += [
        dt.datetime.combine(d, dt.time(*(rng.randrange(n) for n in (24, 60, 60, 10**6))), dt.UTC)
        for d in days[4:]
    ]
    for moment in moments:
        text = moment.isoformat(" ", "microseconds")
        args = ["Datetime(UTC)"], [moment], "String", text, DATETIME
        made.append(case("bounds" if moment.year in (1, 9999) else "basic", *args, "ISO 8601"))
    for value in (True, False):
        made.append(
            case("basic", ["Bool"], [value], "String", str(value).lower(), BY_HAND, "a word")
        )
    for dtype in ("Int8", "UInt64", "Bool", "Date", "Datetime(UTC)"):
        made.append(case("nulls", [dtype], [None], "String", None, BY_HAND, "null in, null out"))
    return made


def main() -> None:
    """Writes the files of the family."""
    for name in ("parse_signed", "parse_unsigned"):
        write("text_values", name, integer_cases(name))
    write("text_values", "parse_bool", bool_cases())
    write("text_values", "parse_date", date_cases())
    write("text_values", "parse_datetime", datetime_cases())
    write("text_values", "text_of", text_cases())


if __name__ == "__main__":
    main()
