"""Golden cases of elements, sums, order and vectors: loops of CPython over its own numbers.

Floats of CPython are binary64 and its loops add from left to right. NumPy rounds to Float32. Lists
are sorted by CPython by `(is NaN, value, sign)`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numeric_cases import BY_HAND, INF, NAN, NUMPY, Case, case, encode, wrap, write
from sequence import CPYTHON, WIDTHS, ends

FLOATS = ("Float32", "Float64")
TENTHS = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]
SPECIAL = [
    ("basic", [0.5, -1.5, 2.25], "ordinary numbers"),
    ("basic", [], "an empty list"),
    ("basic", [3.0], "one element"),
    ("basic", TENTHS, "sums that depend on the order"),
    ("basic", [1e16, 1.0, -1e16], "the small one is lost on the way"),
    ("nan_inf", [1.0, NAN, 2.0], "NaN"),
    ("nan_inf", [NAN, NAN], "nothing but NaN"),
    ("nan_inf", [INF, 1.0], "an infinity"),
    ("nan_inf", [INF, -INF, 3.0], "both infinities"),
    ("signed_zero", [0.0, -0.0], "zeros, the negative one last"),
    ("signed_zero", [-0.0, 0.0], "zeros, the positive one last"),
    ("signed_zero", [-0.0], "the negative zero alone"),
    ("bounds", [1e30, -1e30, 1e-30], "far apart"),
    ("bounds", [2.0**-149, 2.0**-149], "subnormals of Float32"),
    ("bounds", [3.4028234663852886e38, 3.4028234663852886e38], "the greatest Float32 twice"),
]
CODE = {"Bool": 1, "Date": -4, "Datetime(UTC)": -8, "Duration": -8, "Float32": 32, "Float64": 64}
"""How `element` tells what an element is."""
BOTH_WAYS = ("Int8", "UInt64", "Float32", "Float64")
"""Types that are tried with every parameter: each costs a compile in each engine."""
ORDERS = ((False, False), (True, False), (False, True))
"""Falling, distinct."""


def code(dtype: str) -> int:
    if dtype in CODE:
        return CODE[dtype]
    size = int(dtype.removeprefix("U").removeprefix("Int")) // 8
    return size if dtype.startswith("U") else -size


def single(x: float) -> float:
    """Rounded to Float32."""
    with np.errstate(over="ignore"):
        return float(np.float32(x))


def held(dtype: str, values: list[Any]) -> list[Any]:
    return [single(v) for v in values] if dtype == "Float32" else values


def seen(value: Any) -> Any:
    return [encode(v) for v in value] if isinstance(value, list) else value


def of_list(
    group: str, dtype: str, args: list[Any], out_type: str, out: Any, why: str, **params: Any
) -> Case:
    """A case whose arguments are Lists of a type, or null."""
    oracle = BY_HAND if group == "nulls" else f"{CPYTHON}, {NUMPY}" if "32" in dtype else CPYTHON
    types = [f"List({dtype})"] * len(args)
    shown = [seen(a) for a in args]
    params = {"element": code(dtype), **params}
    return case(group, types, shown, out_type, seen(out), oracle, why, params)


def numbers() -> list[tuple[str, str, list[Any], str]]:
    """Group, type of the elements, elements, and what is special."""
    made = []
    for dtype in WIDTHS:
        made.append(("bounds", dtype, ends(dtype), "ends of the type"))
        made += [("basic", dtype, v, "integers") for v in ([], [5], [3, 1, 2, 3, 1])]
    for dtype in FLOATS:
        made += [(group, dtype, held(dtype, v), why) for group, v, why in SPECIAL]
    return made


def get_cases() -> list[Case]:
    others: list[tuple[str, list[Any]]] = [
        ("Bool", [True, False, True]),
        ("Date", ["2024-02-29", "1969-12-31"]),
        ("Datetime(UTC)", ["2024-02-29T00:00:00.000000Z"]),
        ("Duration", [5, -5]),
    ]
    lists = numbers() + [("basic", t, v, "elements of any width") for t, v in others]
    made = []
    for group, dtype, values, why in lists:
        for at in (0, 1, -1, -len(values), len(values), -len(values) - 1):
            inside = -len(values) <= at < len(values)
            out = values[at] if inside else None
            made.append(_get(group, dtype, values, at, out, f"{why}, at {at}"))
    for at in (2**63 - 1, -(2**63)):
        made.append(_get("bounds", "Int16", [1, 2], at, None, "ends of Int64"))
    made.append(_get("nulls", "Int16", None, 0, None, "no list"))
    made.append(_get("nulls", "Int16", [1], None, None, "no index"))
    types = ["Array(Float32, 2)", "Int64"]
    made.append(
        case("basic", types, [[0.5, 1.5], -1], "Float32", 1.5, BY_HAND, "an Array", {"element": 32})
    )
    return list({str(c): c for c in made}.values())


def _get(group: str, dtype: str, values: Any, at: int | None, out: Any, why: str) -> Case:
    oracle = BY_HAND if group == "nulls" else CPYTHON
    types = [f"List({dtype})", "Int64"]
    shown = seen(values)
    return case(
        group, types, [shown, at], dtype, encode(out), oracle, why, {"element": code(dtype)}
    )


def left_to_right(values: list[Any]) -> float:
    total = 0.0
    for v in values:
        total = total + float(v)
    return total


def sum_cases() -> list[Case]:
    made = []
    for group, dtype, values, why in numbers():
        if dtype in FLOATS:
            made.append(of_list(group, dtype, [values], "Float64", left_to_right(values), why))
        else:
            wide = "UInt64" if dtype.startswith("U") else "Int64"
            out = wrap(sum(values), wide)
            made.append(of_list(group, dtype, [values], wide, out, why))
    for dtype in ("Int64", "UInt64"):
        most = ends(dtype)[-1]
        out = wrap(2 * most, dtype)
        made.append(of_list("bounds", dtype, [[most, most]], dtype, out, "sums wrap"))
    made.append(of_list("basic", "Duration", [[5, -7]], "Duration", -2, "durations"))
    made.append(of_list("nulls", "Int64", [None], "Int64", None, "null stays null"))
    made.append(of_list("nulls", "Float64", [None], "Float64", None, "null stays null"))
    return made


def mean_cases() -> list[Case]:
    made = []
    for group, dtype, values, why in numbers():
        out = left_to_right(values) / len(values) if values else None
        made.append(of_list(group, dtype, [values], "Float64", out, why))
    made.append(of_list("nulls", "Int64", [None], "Float64", None, "null stays null"))
    return made


def extreme_cases() -> list[Case]:
    made = []
    lists = [*numbers(), ("basic", "Date", ["2024-02-29", "1969-12-31"], "dates")]
    for group, dtype, values, why in lists:
        for greatest in (False, True) if dtype in BOTH_WAYS else (dtype.endswith("16"),):
            out = _extreme(values, greatest)
            made.append(of_list(group, dtype, [values], dtype, out, why, greatest=greatest))
    made.append(of_list("nulls", "Int64", [None], "Int64", None, "null stays null", greatest=False))
    return made


def _extreme(values: list[Any], greatest: bool) -> Any:
    """Of equal values the last, which shows for zeros; NaN only where nothing else is."""
    plain = [v for v in values if v == v] or values
    pick: Callable[[Any], Any] = max if greatest else min
    return pick(reversed(plain)) if plain else None


def holds_cases() -> list[Case]:
    made = []
    for wanted in (0, 1):
        for values in ([], [True], [False], [True, False], [False] * 20 + [True], [True] * 20):
            out = bool(wanted) in values
            why = f"{len(values)} elements"
            made.append(_holds("basic", values, wanted, out, why))
        made.append(_holds("nulls", None, wanted, None, "null stays null"))
    return made


def _holds(group: str, values: Any, wanted: int, out: Any, why: str) -> Case:
    oracle = BY_HAND if group == "nulls" else CPYTHON
    return case(group, ["List(Bool)"], [values], "Bool", out, oracle, why, {"wanted": wanted})


def truth_cases(out_type: str) -> list[Case]:
    """How many are true, or their share."""
    made = []
    lists = [[], [True], [False], [True, False], [True, True, False], [False, True] * 150]
    for values in lists:
        out = sum(values) if out_type == "UInt32" else sum(values) / len(values) if values else None
        why = f"{len(values)} elements"
        made.append(case("basic", ["List(Bool)"], [values], out_type, out, CPYTHON, why))
    made.append(
        case("basic", ["Array(Bool, 3)"], [lists[4]], out_type, made[4]["out"], CPYTHON, "an Array")
    )
    nothing = "nulls", ["List(Bool)"], [None], out_type, None, BY_HAND, "null stays null"
    return [*made, case(*nothing)]


def sort_cases() -> list[Case]:
    made = []
    lists = numbers()
    lists += [("basic", "Int32", [(k * 7919) % 101 - 50 for k in range(200)], "200 elements")]
    lists += [("basic", "Date", ["2024-02-29", "1969-12-31", "2024-02-29"], "dates")]
    lists += [("basic", "Bool", [True, False, True], "truth values")]
    for group, dtype, values, why in lists:
        for falling, distinct in ORDERS if dtype in BOTH_WAYS else ORDERS[:1]:
            out = _sorted(values, falling, distinct)
            params = {"descending": falling, "distinct": distinct}
            made.append(of_list(group, dtype, [values], f"List({dtype})", out, why, **params))
    params = {"descending": False, "distinct": False}
    made.append(of_list("nulls", "Int8", [None], "List(Int8)", None, "null stays null", **params))
    return made


def _sorted(values: list[Any], falling: bool, distinct: bool) -> list[Any]:
    def key(v: Any) -> tuple[Any, ...]:
        if not isinstance(v, float):
            return (v,)
        return v != v, 0.0 if v != v else v, math.copysign(1.0, v) if v == v else 0.0

    if distinct:
        values = [0.0 if v == 0 and isinstance(v, float) else v for v in values]
        values = list({key(v): v for v in values}.values())
    return sorted(values, key=key, reverse=falling)


def filter_cases() -> list[Case]:
    made = []
    others = [("basic", "Bool", [True, False, True], "truth values")]
    others += [("basic", "Date", ["2024-02-29", "1969-12-31"], "dates")]
    for k, (group, dtype, values, why) in enumerate([*numbers(), *others]):
        keep = [(place + k) % 3 != 1 for place in range(len(values))]
        made.append(_filter(group, dtype, values, keep, why))
    for keep in ([True] * 3, [False] * 3):
        made.append(_filter("basic", "Int16", [1, -2, 3], keep, "all or none"))
    made.append(_filter("bounds", "Int16", [1, -2, 3], [True], "two lengths"))
    made.append(_filter("nulls", "Int16", None, [True], "no list"))
    made.append(_filter("nulls", "Int16", [1], None, "nothing says which"))
    return made


def _filter(group: str, dtype: str, values: Any, keep: Any, why: str) -> Case:
    out = None
    if values is not None and keep is not None and len(values) == len(keep):
        out = [v for v, kept in zip(values, keep, strict=True) if kept]
    oracle = BY_HAND if out is None else CPYTHON
    types, params = [f"List({dtype})", "List(Bool)"], {"element": code(dtype)}
    return case(group, types, [seen(values), keep], types[0], seen(out), oracle, why, params)


def pad_cases() -> list[Case]:
    made = []
    for dtype, values, fill, bits in (
        ("Int8", [1, -2, 3, 4], -1, 255),
        ("UInt16", [1, 65535, 3, 4], 258, 258),
        ("Float32", [0.5, -0.0, NAN, 1.5], 1.0, 0x3F800000),
        ("Float64", [0.5, -0.0, INF, 1.5], -2.0, 0xC000000000000000),
        ("Bool", [True, False, True, True], True, 1),
    ):
        size = abs(code(dtype)) if dtype not in FLOATS else code(dtype) // 8
        for at_start in (False, True) if dtype in BOTH_WAYS else (True,):
            for count in (0, 1, 2, 3, 4):
                given = values[:count]
                rest = [fill] * (3 - count)
                out = [*rest, *given] if at_start else [*given, *rest]
                out = out[-3:] if at_start else out[:3]
                params = {"n": 3, "size": size, "fill": bits, "at_start": at_start}
                why = f"{count} elements into 3"
                made.append(_pad("basic", dtype, given, out, why, params))
        made.append(_pad("nulls", dtype, None, None, "null stays null", params))
    return made


def _pad(group: str, dtype: str, values: Any, out: Any, why: str, params: dict[str, Any]) -> Case:
    oracle = BY_HAND if group == "nulls" else CPYTHON
    types, kind = [f"List({dtype})"], f"Array({dtype}, 3)"
    return case(group, types, [seen(values)], kind, seen(out), oracle, why, params)


def main() -> None:
    """Rewrites the files of these ops, those of vectors too."""
    from sequence_vectors import vector_cases

    write("sequence", "list.get", get_cases())
    write("sequence", "list.sum", sum_cases())
    write("sequence", "list.mean", mean_cases())
    write("sequence", "list.extreme", extreme_cases())
    write("sequence", "list.holds_bool", holds_cases())
    write("sequence", "list.count_true", truth_cases("UInt32"))
    write("sequence", "list.share_true", truth_cases("Float64"))
    write("sequence", "list.sort", sort_cases())
    write("sequence", "list.filter", filter_cases())
    write("sequence", "list.pad_to", pad_cases())
    for name, cases in vector_cases():
        write("sequence", name, cases)


if __name__ == "__main__":
    main()
