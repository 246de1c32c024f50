"""Golden cases of floats written as text: ``python golden_data/generate/text_shortest.py``.

A line is what Polars writes, and stands only if it has the digits of CPython's `repr`, for a
Float32 those of NumPy's shortest text.
"""

from __future__ import annotations

import math
import platform
import random
import struct
from decimal import Decimal

import numpy as np
import polars as pl
from numeric_cases import BY_HAND, NUMPY, POLARS, TYPES, Case, case, write

DIGITS = {"Float64": f"CPython {platform.python_version()} repr", "Float32": NUMPY}
PLAIN = [0.1, 1.0, -1.5, 100.0, 3.14159, 0.3, 1234567.0, 2.5e-8, -6.02214076e23, 1.0 / 3.0]
EDGES = {
    "Float64": [
        5e-324, 1e-323, 2.2250738585072009e-308, 2.2250738585072014e-308, 1.7976931348623157e308,
        9007199254740991.0, 9007199254740992.0, 9007199254740994.0, 1e15, 9999999999999998.0,
        1e16, 1.5e16, 1e17, 1e21, 1e22, 1e23, 9e-5, 1e-5, 1.5e-5, 9.999e-6, 1e-6, 1e-7, 1e-100,
        1e100, 2.0**-44, 2.0**70, 123456789012345680.0, 4.35, 0.000123456789,
    ],
    "Float32": [
        1.401298464324817e-45, 2.802596928649634e-45, 1.1754943508222875e-38,
        3.4028234663852886e38, 16777216.0, 16777218.0, 1e12, 9.99999e12, 1e13, 1e16, 1e-5, 1e-6,
        9.99999e-7, 1e-7, 0.1, 2.0**-20, 2.0**60,
    ],
}  # fmt: skip


def text(dtype: str, value: float) -> str:
    """What Polars writes; refused where another library has other digits."""
    made = str(pl.Series([value], dtype=TYPES[dtype]).cast(pl.String).item())
    if math.isfinite(value):
        single = dtype == "Float32"
        other = np.format_float_scientific(np.float32(value)) if single else repr(value)
        assert Decimal(made) == Decimal(other), (made, other)
    return made


def cases(dtype: str) -> list[Case]:
    """Ordinary values, edges, random bits, powers of two and what is no number."""
    rng = random.Random(f"floats as text, {dtype}")
    packed, bits = ("<f", 32) if dtype == "Float32" else ("<d", 64)

    def held(value: float) -> float:
        return float(struct.unpack(packed, struct.pack(packed, value))[0])

    groups = {
        "basic": [*map(held, PLAIN), *(held(round(rng.uniform(-1e4, 1e4), 2)) for _ in range(8))],
        "bounds": [held(v) for v in EDGES[dtype]],
        "signed_zero": [0.0, -0.0],
        "nan_inf": [math.nan, math.inf, -math.inf],
    }
    for _ in range(40):
        raw = rng.getrandbits(bits).to_bytes(bits // 8, "little")
        groups["bounds"].append(float(struct.unpack(packed, raw)[0]))
    low, high = (-149, 127) if dtype == "Float32" else (-1074, 1023)
    groups["bounds"] += [2.0 ** rng.randint(low, high) for _ in range(20)]
    types, params = [dtype, "Table(powers_of_ten)"], {"single": dtype == "Float32"}
    oracle = f"{POLARS}, {DIGITS[dtype]}"
    table = {"kind": "powers_of_ten", "content": [-292, 324]}
    table["name"] = "powers of ten"
    made, seen = [], set()
    for group, values in groups.items():
        for value in values:
            if (repr(value) in seen) or (value != value and group != "nan_inf"):
                continue
            seen.add(repr(value))
            why = "" if group != "bounds" else "the fewest digits that read back as the same float"
            args = group, types, [value, table], "String", text(dtype, value), oracle, why, params
            made.append(case(*args))
    nothing = "nulls", types, [None, table], "String", None, BY_HAND, "null in, null out", params
    return [*made, case(*nothing)]


if __name__ == "__main__":
    write("text_values", "text_of_float", [*cases("Float64"), *cases("Float32")])
