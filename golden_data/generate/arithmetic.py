"""Golden cases of arithmetic: integers by CPython modulo the width, floats by NumPy or Polars."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
from numeric_cases import (
    CPYTHON,
    INF,
    NAN,
    NUMPY,
    SIGNED,
    UNSIGNED,
    Case,
    bounds,
    case,
    polars_cases,
    wrap,
    write,
)

FLOAT = {"Float64": np.float64, "Float32": np.float32}
BASIC = [(7, 3), (-7, 3), (7, -3), (-7, -3), (0, 5), (100, 27)]
FLOAT_PAIRS = {
    "basic": [(7.5, 2.0), (-7.5, 2.0), (0.1, 0.2), (1.0, 3.0), (1e16, 1.0), (-2.5, -0.5)],
    "nulls": [(None, 1.0), (1.0, None), (None, None)],
    "nan_inf": [
        (NAN, 1.0),
        (1.0, NAN),
        (INF, 1.0),
        (INF, INF),
        (INF, -INF),
        (-INF, 0.0),
        (1.0, INF),
        (-1.0, INF),
    ],
    "signed_zero": [(0.0, -0.0), (-0.0, -0.0), (-0.0, 0.0), (1.0, -0.0), (-1.0, 0.0), (-0.0, 3.0)],
    "bounds": [(1.7976931348623157e308, 1.7976931348623157e308), (5e-324, 0.5), (1e-308, 1e10)],
}
FLOAT32_BOUNDS = [(3.4028234663852886e38, 2.0), (1.401298464324817e-45, 0.5)]


def float_cases(fn: Callable[[Any, Any], Any]) -> list[Case]:
    """IEEE 754 by NumPy, in both widths."""
    made = []
    for name, scalar in FLOAT.items():
        for group, pairs in FLOAT_PAIRS.items():
            for a, b in FLOAT32_BOUNDS if (group, name) == ("bounds", "Float32") else pairs:
                args = [None if v is None else scalar(v) for v in (a, b)]
                with np.errstate(all="ignore"):
                    out = None if None in (a, b) else float(fn(*args))
                shown = [None if v is None else float(v) for v in args]
                made.append(case(group, (name, name), shown, name, out, NUMPY))
    return made


def integer_cases(fn: Callable[[int, int], int], zero_is_null: bool, no_zero: bool) -> list[Case]:
    """Integers of every width, wrapped where `fn` leaves it."""
    made = []
    for name in ("Int8", "Int64", "UInt8", "UInt64"):
        low, high = bounds(name)
        basic = [p for p in BASIC if low <= min(p)]
        edges = [(high, 1), (low, high), (high, high), (low, 1), (high, 2)]
        if low < 0:
            edges += [(low, -1), (-1, low)]
        if not no_zero:
            edges += [(high, 0), (0, 0)]
        for group, pairs in (("basic", basic), ("bounds", edges)):
            for a, b in pairs:
                is_null = zero_is_null and b == 0
                out = None if is_null else wrap(fn(a, b), name)
                why = "division by zero is null" if is_null else "an integer wraps at its width"
                why = "ordinary values" if group == "basic" else why
                made.append(case(group, (name, name), (a, b), name, out, CPYTHON, why))
        made += [
            case("nulls", (name, name), args, name, None, CPYTHON)
            for args in ((None, 1), (1, None))
        ]
    return made


def one_argument(
    fn: Callable[[int], int], floats: Callable[[Any], Any], unsigned: bool
) -> list[Case]:
    """An op of one argument: `fn` on integers, `floats` on NumPy floats."""
    made = []
    for name in (*SIGNED, *(UNSIGNED if unsigned else ())):
        low, high = bounds(name)
        values = {
            "basic": [1, 5, 0] + [-5] * (low < 0),
            "bounds": [low, high] if low < 0 else [high],
        }
        for group, numbers in values.items():
            made += [case(group, (name,), (v,), name, wrap(fn(v), name), CPYTHON) for v in numbers]
        made.append(case("nulls", (name,), (None,), name, None, CPYTHON))
    for name, scalar in FLOAT.items():
        values = {
            "basic": [1.5, -1.5, 1e-30],
            "nulls": [None],
            "nan_inf": [NAN, INF, -INF],
            "signed_zero": [0.0, -0.0],
        }
        for group, numbers in values.items():
            for v in numbers:
                x = None if v is None else float(scalar(v))
                out = None if v is None else float(floats(scalar(v)))
                made.append(case(group, (name,), (x,), name, out, NUMPY))
    return made


def floored_floats(build: Callable[..., Any]) -> list[Case]:
    """`//` and `%` of floats, whose steps are those of Polars."""
    extra = [(1.0, 0.1), (5.3, 0.7), (-5.3, 0.7), (1e300, 1e-10), (7.0, INF), (-7.0, INF)]
    pairs = FLOAT_PAIRS | {"basic": FLOAT_PAIRS["basic"] + extra[:3], "bounds": extra[3:4]}
    types = ("Float64", "Float64")
    return polars_cases(build, "Float64", [(g, types, p) for g, ps in pairs.items() for p in ps])


def narrow_cases() -> None:
    """Wide results brought back: binary32 by NumPy, integers by CPython."""
    values = [0.1, 1.0, -1e39, 1e-46, 7e-46, 16777217.0, 16777219.0, 3.4028235677973366e38, 2.5e-45]
    groups = {"basic": values, "nan_inf": [NAN, INF, -INF], "signed_zero": [0.0, -0.0]}
    made = [case("nulls", ("Float32",), (None,), "Float32", None, NUMPY)]
    for group, numbers in groups.items():
        for v in numbers:
            with np.errstate(all="ignore"):
                out = float(np.float32(v))
            # The type is that of the node; the value is the wide one before it is narrowed.
            made.append(case(group, ("Float64",), (v,), "Float64", out, NUMPY))
    write("arithmetic", "narrow_float", made)
    for family, wide in ((SIGNED, "Int64"), (UNSIGNED, "UInt64")):
        made = []
        for name in family[:-1]:
            low, high = bounds(name)
            bits = {"bits": (high - low + 1).bit_length() - 1}
            for v in (
                0,
                1,
                high,
                high + 1,
                high + 200,
                12345678901,
                bounds(wide)[1],
                bounds(wide)[0],
            ):
                if v or name == family[0] or bounds(wide)[0] != 0:
                    row = case(
                        "bounds" if v else "basic", (wide,), (v,), wide, wrap(v, name), CPYTHON
                    )
                    if row | {"params": bits} not in made:
                        made.append(row | {"params": bits})
            made.append(case("nulls", (wide,), (None,), wide, None, CPYTHON, params=bits))
        write("arithmetic", f"narrow_{'signed' if family is SIGNED else 'unsigned'}", made)


def main() -> None:
    """Writes the files of the family."""
    for name, fn in (("add", operator.add), ("sub", operator.sub), ("mul", operator.mul)):
        write("arithmetic", name, float_cases(fn) + integer_cases(fn, False, False))
    write("arithmetic", "truediv", float_cases(operator.truediv))
    for name, fn in (("floordiv", operator.floordiv), ("mod", operator.mod)):
        write("arithmetic", name, integer_cases(fn, True, False))
        write("arithmetic", f"{name}_nonzero", integer_cases(fn, False, True))
        write("arithmetic", f"{name}_float", floored_floats(fn))
    write("arithmetic", "neg", one_argument(operator.neg, np.negative, unsigned=False))
    write("arithmetic", "abs", one_argument(abs, np.abs, unsigned=True))

    def sign_of(v: int) -> int:
        return (v > 0) - (v < 0)

    def sign_of_float(v: Any) -> Any:
        return v if v == 0 or v != v else np.copysign(type(v)(1), v)

    write("arithmetic", "sign", one_argument(sign_of, sign_of_float, unsigned=True))
    narrow_cases()


if __name__ == "__main__":
    main()
