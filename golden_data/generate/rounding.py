"""Golden cases of rounding: by Polars, bins by NumPy, values without decimals by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from numeric_cases import BY_HAND, INF, NAN, NUMPY, bounds, case, encode, polars_cases, write

FLOATS: dict[str, list[Any]] = {
    "basic": [0.5, 1.5, 2.5, -0.5, -1.5, 0.4, 2.6, -2.6, 3.0],
    "nulls": [None],
    "nan_inf": [NAN, INF, -INF],
    "signed_zero": [0.0, -0.0, -0.3],
    "bounds": [0.49999999999999994, 4503599627370495.5, 9007199254740993.0, 1e300, 5e-324],
}
DECIMALS = [2.675, 1.005, 0.125, 0.375, -0.125, 123456789.125, 1.15, 1.25, -7.999, 0.05]
WHOLE = "no digits are left after the point, so it is the value itself"
EDGES = [-1.0, 0.0, 0.5, 2.5]


def float_rows(types: tuple[str, ...] = ("Float64",)) -> list[tuple[Any, ...]]:
    """Values of one argument, by group."""
    return [(group, types, (v,)) for group, values in FLOATS.items() for v in values]


def whole_cases(build: Any) -> list[dict[str, Any]]:
    """`floor` or `ceil` of floats and integers."""
    rows = float_rows()
    for name in ("Int8", "UInt64"):
        low, high = bounds(name)
        rows += [("basic", (name,), (5,)), ("nulls", (name,), (None,))]
        rows += [("bounds", (name,), (v,), "an integer is itself") for v in (low, high)]
    rows += [("basic", ("Float32",), (v,)) for v in (1.5, -1.5, 16777215.0)]
    return polars_cases(build, None, rows)


def decimal_cases(build: Any) -> list[dict[str, Any]]:
    """Rounding to 0, 1 and 2 decimals; `build` takes column and decimals."""
    made = polars_cases(lambda x: build(x, 0), "Float64", float_rows(), {"scale": 1.0})
    for decimals, scale in ((1, 10.0), (2, 100.0)):
        rows = [("basic", ("Float64",), (v,)) for v in DECIMALS]
        rows += [("nulls", ("Float64",), (None,)), ("nan_inf", ("Float64",), (NAN,))]
        rows += [("signed_zero", ("Float64",), (v,)) for v in (-0.0, -0.001)]
        made += polars_cases(lambda x, d=decimals: build(x, d), "Float64", rows, {"scale": scale})
    for x in (1e308, -1e308, 4503599627370496.5, 817636800370.6497, 0.1):
        scale = 1e22 if x == 0.1 else 1e5
        made.append(
            case("bounds", ("Float64",), (x,), "Float64", x, BY_HAND, WHOLE, {"scale": scale})
        )
    return made


def bin_cases() -> list[dict[str, Any]]:
    """Bins closed on either side."""
    content = [encode(e) for e in EDGES]
    table = {"kind": "f64", "content": content, "name": "edges"}
    values = {
        "basic": [-2.0, -1.0, -0.5, 0.25, 0.5, 1.0, 2.5, 3.0],
        "nulls": [None],
        "nan_inf": [NAN, INF, -INF],
        "signed_zero": [0.0, -0.0],
        "bounds": [np.nextafter(0.5, 1).item(), np.nextafter(0.5, 0).item(), 5e-324],
    }
    made = []
    for right in (True, False):
        for group, numbers in values.items():
            for x in numbers:
                side = "left" if right else "right"
                out = None if x is None else int(np.searchsorted(EDGES, x, side=side))
                why = "NaN is in the last bin" if x is not None and x != x else ""
                types = ("Float64", "Table(f64)")
                params = {"right": right}
                made.append(case(group, types, (x, table), "UInt32", out, NUMPY, why, params))
    return made


def main() -> None:
    """Writes the files of the family."""
    write("rounding", "floor", whole_cases(pl.Expr.floor))
    write("rounding", "ceil", whole_cases(pl.Expr.ceil))
    for mode in ("half_to_even", "half_away_from_zero"):
        write("rounding", f"round_{mode}", decimal_cases(lambda x, d, m=mode: x.round(d, mode=m)))
    write("rounding", "truncate_decimals", decimal_cases(lambda x, d: x.truncate(d)))
    write("rounding", "bucketize", bin_cases())


if __name__ == "__main__":
    main()
