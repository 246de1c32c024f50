"""Golden cases of hashing: XXH64 by the `xxhash` package, on bytes that are spelled out here."""

from __future__ import annotations

import math
import struct
from typing import Any

import xxhash
from numeric_cases import SIGNED, UNSIGNED, Case, bounds, case, write

ORACLE = f"xxhash {xxhash.VERSION}"
LARGEST = 2**64 - 1
SEEDS = (0, 1, 42, 2**63, LARGEST)
TEXT = "".join(chr(33 + i * 7 % 94) for i in range(200))
EDGES = ["", "\x00", "é", "e\u0301", "日本語", "😀", "\ufeff", "ß" * 20, "\U0010ffff"]
LENGTHS = [*range(1, 37), 63, 64, 65, 95, 96, 127, 128, 199]


def data(value: Any, dtype: str) -> bytes:
    """The bytes that are hashed."""
    if dtype == "String":
        return value.encode("utf-8")
    if dtype.startswith("Float"):
        return struct.pack("<Q", 0x7FF8000000000000) if value != value else struct.pack("<d", value)
    if dtype == "Bool":
        return struct.pack("<q", 1 if value else 0)
    return struct.pack("<Q" if dtype.startswith("UInt") else "<q", value)


def xxh64(value: Any, dtype: str, seed: int) -> int | None:
    return None if value is None else xxhash.xxh64(data(value, dtype), seed=seed).intdigest()


def values() -> list[tuple[str, str, Any, str]]:
    """Rows ``(group, type, value, why)``."""
    rows: list[tuple[str, str, Any, str]] = []
    rows += [("basic", "String", TEXT[:n], f"{n} bytes") for n in LENGTHS]
    rows += [("text_edges", "String", t, f"bytes {t[:3]!a}") for t in EDGES]
    for name in (*SIGNED, *UNSIGNED):
        rows += [("bounds", name, b, "an end of the type, as eight bytes") for b in bounds(name)]
        rows.append(("basic", name, 77, "the width of the column does not show"))
    rows += [("basic", "Bool", b, "as the integer 0 or 1") for b in (False, True)]
    rows += [("basic", "Float64", x, "bits of binary64") for x in (1.0, 0.1, -2.5)]
    rows += [("basic", "Float32", x, "bits of the binary64 value") for x in (1.0, 0.5, 2.0**-149)]
    for name in ("Float64", "Float32"):
        rows += [("nan_inf", name, x, "bits") for x in (math.nan, math.inf, -math.inf)]
        rows += [("signed_zero", name, x, "-0.0 and 0.0 differ in bits") for x in (0.0, -0.0)]
    for name in ("String", "Int64", "UInt64", "Float64", "Bool", "Date", "Duration"):
        rows.append(("nulls", name, None, "null stays null"))
    return rows


def temporal(seed: int) -> list[Case]:
    """Dates as days, datetimes and durations as microseconds."""
    made = []
    for dtype, shown, number in (
        ("Date", "1970-01-02", 1),
        ("Date", "2024-02-29", 19782),
        ("Date", "1969-12-31", -1),
        ("Datetime(UTC)", "1970-01-01T00:00:01.000000Z", 1_000_000),
        ("Datetime(Asia/Tokyo)", "1970-01-01T00:00:01.000000Z", 1_000_000),
        ("Duration", -5, -5),
    ):
        out = xxh64(number, "Int64", seed)
        why = f"as the integer {number}"
        made.append(case("basic", [dtype], [shown], "UInt64", out, ORACLE, why, {"seed": seed}))
    return made


def chained(h: int | None, dtype: str, value: Any) -> Case:
    out = None if h is None else xxh64(value, dtype, h)
    group = "nulls" if None in (h, value) else "text_edges" if value == "" else "basic"
    why = "null stays null" if group == "nulls" else "the hash so far is the seed"
    return case(group, ["UInt64", dtype], [h, value], "UInt64", out, ORACLE, why)


def bucket(h: int | None, n: int, group: str, why: str) -> Case:
    out_type = "UInt32" if n <= 2**32 else "UInt64"
    out = None if h is None else h % n
    return case(group, ["UInt64"], [h], out_type, out, "by hand", why, {"n": n})


def main() -> None:
    hashed = [
        case(group, [dtype], [v], "UInt64", xxh64(v, dtype, seed), ORACLE, why, {"seed": seed})
        for i, (group, dtype, v, why) in enumerate(values())
        for seed in [SEEDS[i % len(SEEDS)]]
    ]
    hashed += temporal(42)
    for seed in SEEDS:
        for text in ("", "a", TEXT[:40]):
            out, why = xxh64(text, "String", seed), f"seed {seed}, {len(text)} bytes"
            if not any(c["args"] == [text] and c["params"] == {"seed": seed} for c in hashed):
                group = "basic" if text else "text_edges"
                hashed.append(
                    case(group, ["String"], [text], "UInt64", out, ORACLE, why, {"seed": seed})
                )
    write("hashing", "hash64", hashed)
    write(
        "hashing",
        "hash_chain",
        [
            chained(h, dtype, value)
            for h in (0, 17241709254077376921, LARGEST, None)
            for dtype, value in (
                ("String", "UA"),
                ("String", ""),
                ("String", None),
                ("Int32", -3),
                ("UInt8", 255),
                ("Float64", 0.1),
                ("Bool", True),
            )
        ],
    )
    write(
        "hashing",
        "bucket",
        [
            bucket(h, n, "basic", "the remainder")
            for h in (0, 1, 12345678901234567890, 2**63)
            for n in (1, 2, 7, 1000, 2**20)
        ]
        + [
            bucket(LARGEST, n, "bounds", "the largest hash; UInt32 up to n = 2**32")
            for n in (1, 3, 2**32 - 1, 2**32, 2**32 + 1, 2**63, LARGEST)
        ]
        + [bucket(None, n, "nulls", "null stays null") for n in (1, 10, 2**33)],
    )


if __name__ == "__main__":
    main()
