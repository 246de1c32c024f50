"""Golden cases of vectors; written by `sequence_values.py`."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from typing import Any

import xxhash
from numeric_cases import BY_HAND, INF, NAN, NUMPY, Case, case
from sequence import CPYTHON, XXHASH, ends
from sequence_values import FLOATS, TENTHS, code, held, left_to_right, of_list, seen, single

PAIRS = [
    ("basic", [0.5, -1.5, 2.25], [4.0, 0.5, 8.0], "ordinary numbers"),
    ("basic", [], [], "empty lists"),
    ("basic", TENTHS, TENTHS[::-1], "sums that depend on the order"),
    ("basic", [1.0, 2.0], [1.0], "two lengths"),
    ("basic", [3.0, 4.0], [3.0, 4.0], "one vector twice"),
    ("nan_inf", [1.0, NAN], [2.0, 3.0], "NaN"),
    ("nan_inf", [INF, 1.0], [0.0, 1.0], "an infinity times zero"),
    ("nan_inf", [INF, -INF], [INF, 2.0], "infinities"),
    ("signed_zero", [-0.0], [1.0], "a negative zero"),
    ("signed_zero", [0.0, -0.0], [-0.0, -0.0], "zeros"),
    ("bounds", [1e30, 1e-30], [1e30, -1e-30], "far apart"),
    ("bounds", [3.4028234663852886e38], [2.0], "beyond Float32"),
    ("bounds", [2.0**-149], [0.5], "below the least Float32"),
]
INTEGERS = [
    ("Int8", [127, -128, 3], [1, 2, -3]),
    ("UInt64", [2**64 - 1, 1], [1, 2]),
    ("Int64", [2**53 + 1, -(2**63)], [1, 1]),
]
WORD = ("plus", "minus", "times", "divided by", "taken from", "divided into")


def vector_cases() -> Iterator[tuple[str, list[Case]]]:
    """Names of ops, and their cases."""
    yield "list.dot", summed(lambda x, y: x * y)
    yield "list.squared_distance", summed(lambda x, y: (x - y) * (x - y))
    yield "list.arithmetic", arithmetic_cases()
    yield "multi_hot", hot_cases()
    yield "list.hash_vector", hashed_cases()


def summed(of: Any) -> list[Case]:
    made = []
    for dtype in FLOATS:
        for group, a, b, why in PAIRS:
            x, y = held(dtype, a), held(dtype, b)
            out = left_to_right(list(map(of, x, y))) if len(x) == len(y) else None
            made.append(of_list(group, dtype, [x, y], "Float64", out, why))
        made.append(of_list("nulls", dtype, [None, [1.0]], "Float64", None, "no left side"))
        made.append(of_list("nulls", dtype, [[1.0], None], "Float64", None, "no right side"))
    for dtype, a, b in INTEGERS:
        out = left_to_right(list(map(of, map(float, a), map(float, b))))
        made.append(of_list("bounds", dtype, [a, b], "Float64", out, "integers as floats"))
    types = ["Array(Float32, 2)"] * 2
    out = of(0.5, 2.0) + of(1.5, 4.0)
    args = [[0.5, 1.5], [2.0, 4.0]]
    made.append(case("basic", types, args, "Float64", out, CPYTHON, "Arrays", {"element": 32}))
    return made


def made_of(how: int, x: float, y: float) -> float:
    """What the operations are, by number; a quotient by zero as IEEE 754 has it."""
    if how in (0, 1, 2):
        return (x + y, x - y, x * y)[how]
    if how == 4:
        return y - x
    over, under = (x, y) if how == 3 else (y, x)
    if under != 0:
        return over / under
    if over == 0 or over != over:
        return NAN
    return math.copysign(INF, over) * math.copysign(1.0, under)


def rounded(dtype: str, values: list[float]) -> list[float]:
    return [single(v) for v in values] if dtype == "Float32" else values


def arithmetic_cases() -> list[Case]:
    made = []
    for dtype in FLOATS:
        for group, a, b, why in PAIRS:
            x, y = held(dtype, a), held(dtype, b)
            for how in (0, 1, 2, 3) if dtype == "Float32" else (1, 3):
                pairs = zip(x, y, strict=False)
                out = rounded(dtype, [made_of(how, p, q) for p, q in pairs])
                given = None if len(x) != len(y) else out
                told = f"{why}, {WORD[how]}"
                made.append(of_list(group, dtype, [x, y], f"List({dtype})", given, told, how=how))
            for how, number in ((2, 3.0), (3, 0.0), (4, 1.0), (5, -0.5)):
                out = rounded(dtype, [made_of(how, p, number) for p in x])
                told = f"{why}, {WORD[how]} {number}"
                oracle = f"{CPYTHON}, {NUMPY}"
                types = [f"List({dtype})", "Float64"]
                params = {"element": code(dtype), "how": how}
                shown = [seen(x), number]
                made.append(
                    case(group, types, shown, f"List({dtype})", seen(out), oracle, told, params)
                )
        null, params = f"List({dtype})", {"element": code(dtype), "how": 2}
        types = [null, "Float64"]
        made.append(of_list("nulls", dtype, [None, [1.0]], null, None, "no left side", how=1))
        made.append(case("nulls", types, [[1.0], None], null, None, BY_HAND, "no number", params))
    return list({str(c): c for c in made}.values())


def hot_cases() -> list[Case]:
    made = []
    for dtype in ("Int8", "UInt16", "Int64", "UInt64"):
        lists: list[tuple[str, Any, str]] = [
            ("basic", [0, 2, 2], "twice is once"),
            ("basic", [], "an empty list"),
            ("basic", [3], "the last place"),
            ("bounds", [4, 100, 1], "places that are not there"),
            ("nulls", None, "all zeros for null"),
        ]
        if not dtype.startswith("U"):
            lists.append(("bounds", [-1, -128, 0], "places below zero"))
        for group, values, why in lists:
            out = [float(place in (values or [])) for place in range(4)]
            params = {"n": 4, "element": code(dtype)}
            oracle = BY_HAND if values is None else CPYTHON
            kind = "Array(Float32, 4)"
            made.append(case(group, [f"List({dtype})"], [values], kind, out, oracle, why, params))
    return made


def hashed_cases() -> list[Case]:
    made = []
    for dtype in ("Int16", "Int64", "UInt64"):
        for group, values, why in (
            ("basic", [3, 1, 2, 3], "equal values add up"),
            ("basic", [], "an empty list"),
            ("bounds", ends(dtype), "ends of the type"),
            ("basic", list(range(100)), "100 elements, every place is met"),
            ("nulls", None, "all zeros for null"),
        ):
            out = [0.0] * 5
            for value in values or []:
                eight = struct.pack("<Q" if dtype.startswith("U") else "<q", value)
                h = xxhash.xxh64(eight, seed=42).intdigest()
                out[h % 5] += -1.0 if h >> 63 else 1.0
            params = {"n": 5, "seed": 42, "element": code(dtype)}
            oracle = BY_HAND if values is None else XXHASH
            kind = "Array(Float32, 5)"
            made.append(case(group, [f"List({dtype})"], [values], kind, out, oracle, why, params))
    return made
