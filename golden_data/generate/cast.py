"""Golden cases of the ops behind `cast`, by Polars with ``strict=False``."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from typing import Any

from numeric_cases import (
    BY_HAND,
    INF,
    NAN,
    POLARS,
    TYPES,
    UTC,
    Case,
    bounds,
    by_polars,
    case,
    write,
)

TOKYO = "Asia/Tokyo"
DATES = [dt.date(1970, 1, 1), dt.date(2024, 2, 29), dt.date(1969, 12, 31)]
DATE_ENDS = [dt.date(1, 1, 1), dt.date(9999, 12, 31)]
INSTANTS = [
    dt.datetime(1970, 1, 1, tzinfo=UTC),
    dt.datetime(2024, 3, 10, 23, 59, 59, 999999, tzinfo=UTC),
    dt.datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC),
]
FLOATS = [2.0, 2.9, -2.9, -0.9, -1.0, 127.9, 128.0, -128.9, -129.0, 255.9, 256.0]
LARGE = [9.223372036854775e18, 2.0**63, -(2.0**63), 18446744073709549568.0, 2.0**64, 1e300]


def casts(
    source: str,
    target: str,
    values: Iterable[tuple[str, Any]],
    params: dict[str, Any],
    why: str = "",
) -> Iterator[Case]:
    """Cases of one pair of types, from ``(group, value)``."""
    for group, value in values:
        out = by_polars(lambda x: x.cast(TYPES[target], strict=False), (source,), (value,), target)
        yield case(group, (source,), (value,), target, out, POLARS, why, params)


def edges(source: str, target: str) -> list[tuple[str, Any]]:
    """Integers around both types' ends."""
    low, high = bounds(source)
    wanted = {0, 1, 100, -1, low, high}
    for end in bounds(target):
        wanted |= {end - 1, end, end + 1}
    inside = sorted(v for v in wanted if low <= v <= high)
    return [("basic" if v in (0, 1, 100) else "bounds", v) for v in inside] + [("nulls", None)]


def integers() -> None:
    """Between integer types."""
    made: dict[str, list[Case]] = {}
    for source, target in (
        ("Int64", "Int8"), ("Int64", "Int32"), ("Int16", "Int8"), ("UInt64", "UInt8"),
        ("UInt64", "UInt32"), ("UInt16", "UInt8"), ("Int8", "UInt8"), ("Int64", "UInt32"),
        ("Int32", "UInt64"), ("UInt8", "Int8"), ("UInt64", "Int64"), ("UInt32", "Int32"),
    ):  # fmt: skip
        low, high = bounds(target)
        params: dict[str, Any] = {"to": target, "high": high}
        from_unsigned, to_unsigned = source.startswith("U"), target.startswith("U")
        if from_unsigned == to_unsigned:
            op = "cast_unsigned" if to_unsigned else "cast_signed"
            params |= {} if to_unsigned else {"low": low}
        else:
            op = "cast_signed_to_unsigned" if to_unsigned else "cast_unsigned_to_signed"
        made.setdefault(op, []).extend(casts(source, target, edges(source, target), params))
    for target, name, ends in (
        ("Date", "Int64", (-719162, 2932896)),
        ("Datetime(UTC)", "Int64", (-62135596800000000, 253402300799999999)),
    ):
        params = {"to": target.partition("(")[0], "low": ends[0], "high": ends[1]}
        params |= {"zone": "UTC"} if target != "Date" else {}
        values = [("basic", 0), ("basic", 86400), ("bounds", ends[0]), ("bounds", ends[1])]
        made["cast_signed"] += casts(name, target, values, params)
        for out_of_years in (ends[0] - 1, ends[1] + 1):
            made["cast_signed"].append(
                case(
                    "bounds",
                    (name,),
                    (out_of_years,),
                    target,
                    None,
                    BY_HAND,
                    "no year 1 to 9999",
                    params,
                )
            )
    for op, cases in made.items():
        write("cast", op, cases)
    wide = [("UInt8", "Int16"), ("UInt16", "Int64"), ("UInt32", "Int64")]
    write(
        "cast",
        "widen_unsigned_to_signed",
        [c for s, t in wide for c in casts(s, t, edges(s, s), {"to": t})],
    )


def floats() -> None:
    """From floats, and to them."""
    values = [("basic", v) for v in FLOATS] + [("bounds", v) for v in LARGE]
    values += [("nan_inf", v) for v in (NAN, INF, -INF)] + [("nulls", None)]
    values += [("signed_zero", 0.0), ("signed_zero", -0.0)]
    made: dict[str, list[Case]] = {"signed": [], "unsigned": []}
    for target in ("Int8", "Int64", "UInt8", "UInt64"):
        low, high = bounds(target)
        params: dict[str, Any] = {"to": target, "above": float(high + 1)}
        params |= {} if low == 0 else {"low": float(low)}
        made["unsigned" if low == 0 else "signed"] += casts("Float64", target, values, params)
    write("cast", "cast_float_to_signed", made["signed"])
    write("cast", "cast_float_to_unsigned", made["unsigned"])
    write("cast", "cast_to_bool", [
        *casts("Float64", "Bool", values[:4] + values[-6:], {}, "only zero is false"),
        *casts("Int8", "Bool", edges("Int8", "Int8"), {}),
        *casts("UInt64", "Bool", edges("UInt64", "UInt64"), {}),
    ])  # fmt: skip
    ties = [2**24 + 1, 2**24 + 3, 2**53 + 1, 2**53 + 2**29, 2**53 + 2**29 + 1, 2**53 + 3 * 2**29]
    ties += [2**60 + 2**36, 2**60 + 2**36 + 1, 2**60 + 2**36 - 1, 2**63 - 1, 2**62 + 2**38 + 1]
    numbers = [("basic", v) for v in (0, 1, 7, 100)] + [("nulls", None)]
    for width in ("64", "32"):
        signed = numbers + [("basic", -7)] + [("bounds", v) for v in (*ties, *(-t for t in ties))]
        unsigned = numbers + [("bounds", v) for v in (*ties, 2**64 - 1, 2**63 + 2**39 + 1)]
        cases = [
            *casts("Int64", f"Float{width}", signed, {}, "nearest, halves to even, once"),
            *casts("UInt64", f"Float{width}", unsigned, {}, "nearest, halves to even, once"),
        ]
        write("cast", f"cast_to_float{width}", cases)


def others() -> None:
    """From truth values, of time, and between types of one kind."""
    truth = [("basic", True), ("basic", False), ("nulls", None)]
    for op, targets in (
        ("cast_bool_to_signed", ("Int8", "Int64")),
        ("cast_bool_to_unsigned", ("UInt8", "UInt64")),
        ("cast_bool_to_float", ("Float32", "Float64")),
    ):
        write("cast", op, [c for t in targets for c in casts("Bool", t, truth, {"to": t})])
    days = [("basic", d) for d in DATES] + [("bounds", d) for d in DATE_ENDS] + [("nulls", None)]
    utc, zoned = {"to": "Datetime", "zone": "UTC"}, {"to": "Datetime", "zone": TOKYO}
    tokyo = [(g, d) for g, d in days if g != "bounds"]
    write("cast", "cast_date_to_datetime", [
        *casts("Date", "Datetime(UTC)", days, utc),
        *casts("Date", f"Datetime({TOKYO})", tokyo, zoned, "midnight UTC, whatever the zone"),
    ])  # fmt: skip
    instants = [("basic", v) for v in INSTANTS] + [("nulls", None)]
    write("cast", "cast_datetime_to_date", [
        *casts("Datetime(UTC)", "Date", instants, {"to": "Date"}),
        *casts(f"Datetime({TOKYO})", "Date", instants, {"to": "Date"}, "the day in UTC"),
    ])  # fmt: skip
    numbers = [("basic", 5), ("bounds", -128), ("bounds", 127), ("nulls", None)]
    reals = [("basic", 1.5), ("nan_inf", NAN), ("signed_zero", -0.0), ("nulls", None)]
    spans = [("basic", dt.timedelta(seconds=-3)), ("nulls", None)]
    write("cast", "retype", [
        *casts("Int8", "Int64", numbers, {"to": "Int64"}),
        *casts("UInt8", "UInt32", [("bounds", 255), ("nulls", None)], {"to": "UInt32"}),
        *casts("Float32", "Float64", reals, {"to": "Float64"}),
        *casts("Date", "Int32", days, {"to": "Int32"}),
        *casts("Datetime(UTC)", "Int64", instants, {"to": "Int64"}),
        *casts("Duration", "Int64", spans, {"to": "Int64"}),
        *casts("Int64", "Duration", [("basic", -3000000), ("nulls", None)], {"to": "Duration"}),
        *casts("Datetime(UTC)", f"Datetime({TOKYO})", instants, zoned, "the same instant"),
    ])  # fmt: skip


def main() -> None:
    """Writes the files of the family."""
    integers()
    floats()
    others()


if __name__ == "__main__":
    main()
