"""Writes golden_data/ops/elementary: ``python golden_data/generate/elementary.py``.

Finite values come from mpmath with 1,300 bits (so that no argument is too large) and are rounded
once, half to even, subnormals included. Special values follow IEEE 754-2019, clause 9.2.
"""

from __future__ import annotations

import json
import math
import random
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import mpmath
from elementary_last_bits import LAST_BITS
from mpmath import mp, mpf

FOLDER = Path(__file__).parents[1] / "ops" / "elementary"
MPMATH = f"mpmath {mpmath.__version__}"
IEEE = "IEEE 754-2019, clause 9.2"
LAST_BIT = "its last bit shows a slip in a small part of the sum"
INF, NAN = math.inf, math.nan
TINIEST, SMALLEST_NORMAL, LARGEST = 5e-324, 2.2250738585072014e-308, 1.7976931348623157e308
Row = tuple[str, tuple[Any, ...], str]

# What is no finite nonzero number, by op: arguments, then the value.
SPECIAL: dict[str, list[tuple[float, ...]]] = {
    "exp": [(NAN, NAN), (INF, INF), (-INF, 0.0), (0.0, 1.0), (-0.0, 1.0)],
    "expm1": [(NAN, NAN), (INF, INF), (-INF, -1.0)],
    "log": [(NAN, NAN), (INF, INF), (-INF, NAN), (0.0, -INF), (-1.0, NAN), (-TINIEST, NAN)],
    "log1p": [(NAN, NAN), (INF, INF), (-INF, NAN), (-1.0, -INF), (-1.0000000000000002, NAN)],
    "sin": [(NAN, NAN), (INF, NAN), (-INF, NAN)],
    "sinh": [(NAN, NAN), (INF, INF), (-INF, -INF)],
    "cosh": [(NAN, NAN), (INF, INF), (-INF, INF), (0.0, 1.0), (-0.0, 1.0)],
    "tanh": [(NAN, NAN), (INF, 1.0), (-INF, -1.0)],
    "sigmoid": [(NAN, NAN), (INF, 1.0), (-INF, 0.0), (0.0, 0.5), (-0.0, 0.5)],
    "asin": [(NAN, NAN), (INF, NAN), (-INF, NAN), (1.0000000000000002, NAN), (-2.0, NAN)],
    "acos": [
        (NAN, NAN),
        (INF, NAN),
        (-INF, NAN),
        (1.0000000000000002, NAN),
        (-2.0, NAN),
        (1.0, 0.0),
    ],
    "atan": [(NAN, NAN), (INF, 1.5707963267948966), (-INF, -1.5707963267948966)],
    "sqrt": [(NAN, NAN), (INF, INF), (-INF, NAN), (-1.0, NAN), (-TINIEST, NAN)],
    "cbrt": [(NAN, NAN), (INF, INF), (-INF, -INF)],
}
SPECIAL |= {"log2": SPECIAL["log"], "log10": SPECIAL["log"], "tan": SPECIAL["sin"]}
SPECIAL["cos"] = [*SPECIAL["sin"], (0.0, 1.0), (-0.0, 1.0)]
KEEPS_ZERO = ["expm1", "log1p", "sin", "tan", "sinh", "tanh", "asin", "atan", "sqrt", "cbrt"]
PI, HALF_PI, QUARTER_PI = 3.141592653589793, 1.5707963267948966, 0.7853981633974483
SPECIAL_PAIRS: dict[str, list[tuple[float, ...]]] = {
    "atan2": [
        (0.0, 1.0, 0.0), (-0.0, 1.0, -0.0), (0.0, -1.0, PI), (-0.0, -1.0, -PI), (0.0, 0.0, 0.0),
        (-0.0, 0.0, -0.0), (0.0, -0.0, PI), (-0.0, -0.0, -PI), (1.0, 0.0, HALF_PI),
        (1.0, -0.0, HALF_PI), (-1.0, 0.0, -HALF_PI), (INF, INF, QUARTER_PI),
        (-INF, INF, -QUARTER_PI), (INF, -INF, 2.356194490192345), (-INF, -INF, -2.356194490192345),
        (INF, 1.0, HALF_PI), (-INF, -3.0, -HALF_PI), (1.0, INF, 0.0), (-1.0, INF, -0.0),
        (1.0, -INF, PI), (-2.0, -INF, -PI), (NAN, 1.0, NAN), (1.0, NAN, NAN), (NAN, NAN, NAN),
    ],
    "pow": [
        (NAN, 0.0, 1.0), (NAN, -0.0, 1.0), (0.0, 0.0, 1.0), (-0.0, 0.0, 1.0), (INF, 0.0, 1.0),
        (1.0, NAN, 1.0), (1.0, INF, 1.0), (1.0, -INF, 1.0), (-1.0, INF, 1.0), (-1.0, -INF, 1.0),
        (0.0, 3.0, 0.0), (-0.0, 3.0, -0.0), (-0.0, 2.0, 0.0), (-0.0, 0.5, 0.0), (0.0, -3.0, INF),
        (-0.0, -3.0, -INF), (-0.0, -2.0, INF), (-0.0, -0.5, INF), (0.0, INF, 0.0),
        (0.0, -INF, INF), (INF, 2.5, INF), (INF, -2.5, 0.0), (-INF, 3.0, -INF), (-INF, 2.0, INF),
        (-INF, 0.5, INF), (-INF, -3.0, -0.0), (-INF, -2.0, 0.0), (0.5, INF, 0.0), (0.5, -INF, INF),
        (2.0, INF, INF), (2.0, -INF, 0.0), (-2.0, INF, INF), (-0.5, INF, 0.0), (-8.0, 0.5, NAN),
        (-1.5, 2.000000000000001, NAN), (NAN, 2.0, NAN), (2.0, NAN, NAN), (-INF, INF, INF),
    ],
}  # fmt: skip
EXACT: dict[str, Callable[..., Any]] = {
    "log2": lambda x: mp.log(x) / mp.ln2,
    "log10": lambda x: mp.log(x) / mp.ln10,
    "sigmoid": lambda x: 1 / (1 + mp.exp(-x)),
    "cbrt": lambda x: mp.sign(x) * mp.cbrt(abs(x)),
    "pow": mp.power,
}
HUGE = (1e15, 1e22, 6.02214076e23, 1e100, 1e300, LARGEST, 2.0**1023)
HALF_TURNS = (1.5707963267948966, 3.141592653589793, 355.0, 5.319372648326541e255, 1e6, 1000001.0)
BASIC: dict[str, tuple[float, ...]] = {
    "exp": (1.0, -1.0, 0.5, 2.0, 10.0, -10.0, 0.34657359027997264, 1e-8, 100.0, -300.5),
    "log": (1.0, 2.0, 0.5, 2.718281828459045, 10.0, 0.1, 1e100, 1e-100, 0.9999999999999999),
    "log1p": (1.0, -0.5, 1e-10, -1e-10, 1e-17, 0.4142135623730951, 1e15, -0.9999999999999999),
    "log2": (1.0, 8.0, 0.25, 3.0, 10.0, 1.0000000000000002, 2.0**-1022, 0.1, 1e9),
    "log10": (1.0, 10.0, 1000.0, 1e22, 0.1, 2.0, 3.0, 0.9999999999999999, 1e15),
    "sin": (1.0, -1.0, 0.5, 0.7853981633974483, 2.0, 6.283185307179586, 100.0, 1e-5),
    "acos": (0.5, -0.5, 0.7071067811865476, -1.0, 0.9999999999999999, 1e-20, -0.9, 0.1),
    "sqrt": (1.0, 4.0, 2.0, 0.25, 1e-5, 3.0, 1e100, 0.1),
    "cbrt": (1.0, 8.0, -27.0, 2.0, 0.001, 1e300, -1e-5, 1000.0),
}
BASIC |= {"expm1": (*BASIC["exp"], 1e-20, -1e-20, -40.0), "cos": BASIC["sin"], "tan": BASIC["sin"]}
BASIC |= dict.fromkeys(("sinh", "cosh", "tanh"), (1.0, -1.0, 0.5, -0.25, 1e-05, 3.0, -10.0, 0.1))
BASIC |= {"sigmoid": (1.0, -1.0, 4.0, -4.0, 0.1, -30.0, 40.0), "asin": BASIC["acos"]}
BASIC |= {"atan": (1.0, -1.0, 0.125, 0.5, 0.4375, 2.0, -10.0, 1e-5, 100.0)}
BOUNDS: dict[str, tuple[float, ...]] = {
    "exp": (709.782712893384, 709.7827128933841, -708.3964185322641, -744.4400719213812,
            -745.1332191019411, -745.1332191019412, -746.0, 1e300, -1e300, TINIEST),
    "expm1": (709.782712893384, 709.7827128933841, -37.0, -745.0, TINIEST, -TINIEST, LARGEST),
    "log": (TINIEST, SMALLEST_NORMAL, 2.225073858507201e-308, LARGEST, 1.0000000000000002),
    "log1p": (TINIEST, -TINIEST, SMALLEST_NORMAL, LARGEST, 1.1102230246251565e-16),
    "sin": (*HUGE, *HALF_TURNS, TINIEST, -TINIEST, SMALLEST_NORMAL),
    "sinh": (710.4758600739439, 710.475860073944, -711.0, TINIEST, -TINIEST, 1e-9, 22.0, 41.0),
    "tanh": (19.0, 19.1, 22.0, 1e300, -LARGEST, TINIEST, 1e-9),
    "sigmoid": (-709.0, -744.0, -745.1, -746.0, -1e300, 37.0, 36.0, LARGEST, TINIEST),
    "asin": (TINIEST, -SMALLEST_NORMAL, 1.0, -1.0, 0.9999999999999999, 0.7071067811865475),
    "acos": (TINIEST, -0.9999999999999999, 0.7071067811865475, -TINIEST),
    "atan": (TINIEST, LARGEST, -LARGEST, 1e16, 1e-9, 1.0000000000000002, -SMALLEST_NORMAL),
    "sqrt": (TINIEST, SMALLEST_NORMAL, LARGEST, 1.0000000000000002),
    "cbrt": (TINIEST, -TINIEST, SMALLEST_NORMAL, LARGEST, -LARGEST, 1.0000000000000002),
}  # fmt: skip
BOUNDS |= {"log2": BOUNDS["log"], "log10": BOUNDS["log"], "cos": BOUNDS["sin"]}
BOUNDS |= {"tan": BOUNDS["sin"], "cosh": BOUNDS["sinh"]}
PAIRS: dict[str, dict[str, tuple[tuple[float, float], ...]]] = {
    "atan2": {
        "basic": ((1.0, 1.0), (1.0, -1.0), (-1.0, -1.0), (-1.0, 1.0), (3.0, 4.0), (-0.1, 2.0),
                  (5.0, -0.5), (1e-5, 1.0), (1e-5, -1.0), (7.0, 56.0), (2.0, 1.0)),
        "bounds": ((TINIEST, 1.0), (TINIEST, TINIEST), (LARGEST, LARGEST), (1.0, LARGEST),
                   (SMALLEST_NORMAL, 4.0), (LARGEST, -TINIEST), (1e-300, 1e10), (1e-12, -1.0)),
    },
    "pow": {
        "basic": ((2.0, 10.0), (2.0, 0.5), (10.0, -2.0), (1.1, 10.0), (-2.0, 3.0), (-2.0, 4.0),
                  (0.5, 3.5), (3.0, 20.0), (1.0000000000000002, 1e15), (9.0, -0.5), (10.0, 22.0)),
        "bounds": ((2.0, 1023.0), (2.0, 1024.0), (2.0, -1074.0), (2.0, -1075.0), (2.0, -1022.5),
                   (TINIEST, 0.5), (LARGEST, 0.5), (TINIEST, -1.0), (-1.0, LARGEST), (1.5, 1e300),
                   (-3.0, 9007199254740993.0), (0.9999999999999999, 1e18), (2.0, TINIEST)),
    },
}  # fmt: skip
RANDOM: dict[str, tuple[float, float]] = {
    "exp": (-700.0, 700.0), "expm1": (-5.0, 5.0), "log": (0.0, 20.0), "log1p": (-0.99, 9.0),
    "log2": (0.0, 20.0), "log10": (0.0, 2000.0), "sin": (-1e7, 1e7), "cos": (-100.0, 100.0),
    "tan": (-1e7, 1e7), "sinh": (-20.0, 20.0), "cosh": (-20.0, 20.0), "tanh": (-4.0, 4.0),
    "sigmoid": (-30.0, 30.0), "asin": (-1.0, 1.0), "acos": (-1.0, 1.0), "atan": (-9.0, 9.0),
    "sqrt": (0.0, 1e6), "cbrt": (-1e6, 1e6), "atan2": (-10.0, 10.0), "pow": (0.0, 20.0),
}  # fmt: skip


def rounded(true: Any, digits: int = 53, lowest: int = -1074, top: int = 1024) -> float:
    """The nearest binary float of a format, half to even; infinite if that is out of range."""
    if true == 0:
        return 0.0
    exponent = max(int(mp.floor(mp.log(abs(true), 2))) - digits + 1, lowest)
    if exponent > top - digits:
        return math.copysign(INF, float(mp.sign(true)))
    whole = int(mp.nint(mpf(true) * mpf(2) ** -exponent))
    if abs(whole) >= 1 << (top - exponent):
        return math.copysign(INF, whole)
    value = math.ldexp(whole, exponent)
    return value if whole else math.copysign(0.0, float(mp.sign(true)))


def true_value(name: str, args: tuple[float, ...], dtype: str) -> tuple[float, str]:
    """The right value and who says so."""
    for *known, value in (SPECIAL | SPECIAL_PAIRS)[name]:
        if repr(tuple(known)) == repr(args):
            return value, IEEE
    if args[0] == 0.0 and name in KEEPS_ZERO:
        return args[0], IEEE
    with mp.workprec(1300):
        if name == "atan2" and abs(args[0]) < abs(args[1]) * 1e-250 and args[1] > 0:
            true = mpf(args[0]) / mpf(args[1])  # the next term is 500 digits below
        else:
            true = EXACT.get(name, getattr(mp, name, None))(*map(mpf, args))
        return (rounded(true) if dtype == "Float64" else rounded(true, 24, -149, 128)), MPMATH


def single(x: float) -> float:
    """x in binary32."""
    return struct.unpack("<f", struct.pack("<f", x))[0]


def rows(name: str) -> Iterator[tuple[str, str, tuple[Any, ...], str]]:
    """Group, type, arguments and reason of the cases of an op."""
    rng = random.Random(f"elementary {name}")
    low, high = RANDOM[name]
    n = 2 if name in PAIRS else 1
    for x in PAIRS[name]["basic"] if n == 2 else BASIC[name]:
        yield "basic", "Float64", x if n == 2 else (x,), "an everyday value"
    for _ in range(25):
        yield "basic", "Float64", tuple(rng.uniform(low, high) for _ in range(n)), "random"
    for _ in range(6):
        args = tuple(single(rng.uniform(max(low, -80), min(high, 80)) / n**2) for _ in range(n))
        yield "basic", "Float32", args, "random; rounded once"
    yield "nulls", "Float64", (None,) * n, "null in, null out"
    if n == 2:
        yield "nulls", "Float64", (1.0, None), "null in, null out"
        yield (
            "nulls",
            "Float64",
            (None, 0.0),
            "null, though any number gives one value",
        )
    for *args, _out in (SPECIAL | SPECIAL_PAIRS)[name]:
        zero = all(a == 0.0 for a in args)
        yield (
            "signed_zero" if zero else "nan_inf",
            "Float64",
            tuple(args),
            "special value or domain",
        )
    if name in KEEPS_ZERO:
        yield "signed_zero", "Float64", (0.0,), "zero keeps its sign"
        yield "signed_zero", "Float64", (-0.0,), "zero keeps its sign"
    for x in PAIRS[name]["bounds"] if n == 2 else BOUNDS[name]:
        yield "bounds", "Float64", x if n == 2 else (x,), "end of the range or of a case"
    for x in LAST_BITS.get(name, ()):
        yield "basic", "Float64", x if isinstance(x, tuple) else (x,), LAST_BIT


def text(value: float | None) -> Any:
    """A value as golden files write it."""
    if value is None or math.isfinite(value):
        return value
    return "nan" if value != value else "inf" if value > 0 else "-inf"


def lines(name: str) -> Iterator[str]:
    """The lines of one file."""
    for group, dtype, args, why in rows(name):
        out, oracle = (None, IEEE) if None in args else true_value(name, args, dtype)
        case = {"group": group, "types": [dtype] * len(args), "args": [text(a) for a in args]}
        case |= {"params": {}, "out_type": dtype, "out": text(out)}
        case |= {"oracle": "by hand" if None in args else oracle, "why": why}
        if name != "sqrt" and oracle == MPMATH and why != LAST_BIT:
            case["ulp"] = 1
        yield json.dumps(case)


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for op in RANDOM:
        (FOLDER / f"{op}@1.jsonl").write_text("\n".join(lines(op)) + "\n", encoding="utf-8")
