"""Golden cases of lists: lists of CPython, and XXH64 by the `xxhash` package for buckets."""

from __future__ import annotations

import platform
import struct
from typing import Any

import xxhash
from numeric_cases import BY_HAND, INF, NAN, SIGNED, UNSIGNED, Case, bounds, case, encode, write

CPYTHON = f"CPython {platform.python_version()} lists"
XXHASH = f"xxhash {xxhash.VERSION}"
WIDTHS = (*SIGNED, *UNSIGNED)
TO_THE_END = 2**63 - 1
LISTS: list[list[int]] = [[], [7], [1, 2, 3], [0, 0, 0, 0], list(range(20))]


def ends(name: str) -> list[int]:
    """The ends of an integer type and what lies beside them and beside zero."""
    low, high = bounds(name)
    near = (low, low + 1, -1, 0, 1, 127, 128, 255, 256, 32767, 32768, high - 1, high)
    return [v for v in dict.fromkeys(near) if low <= v <= high]


def len_cases() -> list[Case]:
    made = [
        case("basic", ["List(Int64)"], [v], "UInt32", len(v), CPYTHON, f"{len(v)} elements")
        for v in LISTS
    ]
    for dtype, values in (
        ("Bool", [True, False]),
        ("Int16", [1, 2, 3]),
        ("UInt64", [2**64 - 1]),
        ("Float32", [0.5, -0.0]),
        ("Date", ["2024-02-29"]),
        ("Datetime(UTC)", ["2024-02-29T00:00:00.000000Z"] * 5),
    ):
        why = "elements, whatever their width"
        made.append(
            case("bounds", [f"List({dtype})"], [values], "UInt32", len(values), CPYTHON, why)
        )
    made.append(case("nulls", ["List(Int8)"], [None], "UInt32", None, BY_HAND, "null stays null"))
    return made


def sliced(values: list[Any], offset: int, length: int) -> list[Any]:
    """Places from `offset` on, counted from the end if it is negative; those before 0 count."""
    first = offset + len(values) if offset < 0 else offset
    return [v for place, v in enumerate(values) if first <= place < first + length]


def slice_cases() -> list[Case]:
    made = []
    for values in LISTS:
        for offset in (0, 1, 2, 3, 19, -1, -2, -3, -4, -20, -21):
            for length in (0, 1, 2, TO_THE_END):
                made.append(
                    _slice("basic", "Int64", values, offset, length, f"of {len(values)} elements")
                )
    for offset in (2**63 - 1, -(2**63), -(2**63) + 1):
        for length in (0, 1, TO_THE_END):
            made.append(_slice("bounds", "Int32", [1, 2, 3], offset, length, "ends of Int64"))
    for dtype, values in (
        ("Int8", [-128, 0, 127]),
        ("UInt16", [65535, 1]),
        ("UInt64", [2**64 - 1, 0]),
        ("Bool", [True, False, True]),
        ("Float32", [0.5, -0.0, 2.0**-149]),
        ("Float64", [0.1, -0.0, 5e-324]),
        ("Date", ["2024-02-29", "1969-12-31"]),
        ("Duration", [5, -5]),
    ):
        made.append(_slice("bounds", dtype, values, 1, 1, "elements of any width"))
        made.append(_slice("bounds", dtype, values, -1, TO_THE_END, "elements of any width"))
    made.append(_slice("nan_inf", "Float64", [INF, NAN, -INF], 1, 2, "elements as they are"))
    made.append(_slice("signed_zero", "Float64", [0.0, -0.0], 1, 1, "elements as they are"))
    made.append(_slice("nulls", "Int64", None, 0, 2, "null stays null"))
    return made


def _slice(group: str, dtype: str, values: Any, offset: int, length: int, why: str) -> Case:
    out = None if values is None else sliced(values, offset, length)
    params = {"offset": offset, "length": length}
    oracle = BY_HAND if values is None else CPYTHON
    name = f"List({dtype})"
    shown, expected = ([encode(v) for v in x] if x is not None else None for x in (values, out))
    return case(group, [name], [shown], name, expected, oracle, why, params)


def fill_cases() -> list[Case]:
    made = [
        case("basic", ["List(Int64)"], [v], "List(Int64)", v, CPYTHON, "a list stays")
        for v in LISTS
    ]
    for dtype in ("Int8", "UInt32", "Float64", "Bool"):
        name = f"List({dtype})"
        made.append(case("nulls", [name], [None], name, [], BY_HAND, "null gives the empty list"))
    return made


def contains_cases() -> list[Case]:
    made = []
    for dtype in WIDTHS:
        held, (low, high) = ends(dtype), bounds(dtype)
        for item in held:
            made.append(_contains("bounds", dtype, held, item, "ends of the type"))
            rest = [v for v in held if v != item]
            made.append(_contains("bounds", dtype, rest, item, "all ends but this one"))
        for values, item, why in (
            ([], 1, "an empty list"),
            ([1, 2, 3], 3, "the last"),
            ([1, 2, 3], 4, "none"),
            ([5, 5], 5, "twice"),
        ):
            made.append(_contains("basic", dtype, values, item, why))
        made.append(_contains("basic", dtype, [low], high, "the same low bytes may differ"))
        made += _contains_nulls(dtype, [1, 2], 1)
    for dtype in ("Float32", "Float64"):
        made.append(_contains("basic", dtype, [0.5, 1.5], 1.5, "the last"))
        made.append(_contains("basic", dtype, [0.5, 1.5], 2.5, "none"))
        made.append(_contains("nan_inf", dtype, [1.0, NAN], NAN, "NaN equals itself"))
        made.append(_contains("nan_inf", dtype, [1.0, INF], NAN, "an infinity is no NaN"))
        made.append(_contains("nan_inf", dtype, [NAN, -INF], -INF, "infinities"))
        made.append(_contains("signed_zero", dtype, [-0.0], 0.0, "zeros are equal"))
        made.append(_contains("signed_zero", dtype, [0.0], -0.0, "zeros are equal"))
        made.append(_contains("bounds", dtype, [2.0**-149], 2.0**-149, "a subnormal"))
        made += _contains_nulls(dtype, [0.5], 0.5)
    return made


def _contains(group: str, dtype: str, values: list[Any], item: Any, why: str) -> Case:
    out = any(v == item or (v != v and item != item) for v in values)
    args = [[encode(v) for v in values], encode(item)]
    return case(group, [f"List({dtype})", dtype], args, "Bool", out, CPYTHON, why)


def _contains_nulls(dtype: str, values: list[Any], item: Any) -> list[Case]:
    types = [f"List({dtype})", dtype]
    return [
        case("nulls", types, [None, item], "Bool", None, BY_HAND, "null where the list is"),
        case("nulls", types, [values, None], "Bool", False, BY_HAND, "null is no element"),
        case("nulls", types, [None, None], "Bool", None, BY_HAND, "null where the list is"),
    ]


def bucket_cases() -> list[Case]:
    made = []
    for k, dtype in enumerate(WIDTHS):
        seed = (0, 1, 42, 2**63, 2**64 - 1)[k % 5]
        made.append(_bucket("bounds", dtype, ends(dtype), 1000, seed, "ends of the type"))
        made.append(_bucket("basic", dtype, [1, 2, 1], 7, 0, "in order, doubles stay"))
        made.append(_bucket("basic", dtype, [], 7, 0, "an empty list"))
        made.append(_bucket("nulls", dtype, None, 7, 0, "null stays null"))
        for n in (1, 2**32 - 1, 2**32, 2**32 + 1, 2**64 - 1):
            why = "UInt32 up to n = 2**32, then UInt64"
            made.append(_bucket("bounds", dtype, [0, 1, 100], n, seed, why))
    made.append(_bucket("basic", "Int64", list(range(300)), 10**6, 42, "300 elements"))
    return made


def _bucket(group: str, dtype: str, values: Any, n: int, seed: int, why: str) -> Case:
    code = "<Q" if dtype.startswith("UInt") else "<q"
    out = None
    if values is not None:
        out = [xxhash.xxh64(struct.pack(code, v), seed=seed).intdigest() % n for v in values]
    out_type = "List(UInt32)" if n <= 2**32 else "List(UInt64)"
    oracle = BY_HAND if values is None else XXHASH
    params = {"n": n, "seed": seed}
    return case(group, [f"List({dtype})"], [values], out_type, out, oracle, why, params)


if __name__ == "__main__":
    write("sequence", "list.len", len_cases())
    write("sequence", "list.slice", slice_cases())
    write("sequence", "list.fill_empty", fill_cases())
    write("sequence", "list.contains", contains_cases())
    write("sequence", "list.hash_bucket", bucket_cases())
