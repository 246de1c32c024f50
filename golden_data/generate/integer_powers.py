"""Writes the golden cases of powers of integers: ``python golden_data/generate/integer_powers.py``.

CPython's integers give the power exactly; a result is wrapped to the width of its type.
"""

from __future__ import annotations

import json
import platform
import random
from collections.abc import Iterator
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "ops" / "elementary"
ORACLE = f"int, CPython {platform.python_version()}"


def wrapped(value: int, dtype: str) -> int:
    """The value modulo two to the width of the type."""
    bits = int(dtype.lstrip("UInt"))
    value &= (1 << bits) - 1
    return value - (1 << bits) if dtype.startswith("I") and value >> (bits - 1) else value


def rows() -> Iterator[tuple[str, str, int | None, int | None, str]]:
    """Group, type, arguments and reason."""
    for x, y in ((2, 10), (3, 4), (-2, 3), (-3, 2), (0, 0), (0, 5), (1, 1000), (-1, 999), (7, 1)):
        yield "basic", "Int64", x, y, "a small power"
    for x, y in ((2, 3), (0, 0), (10, 2), (255, 1), (15, 2)):
        yield "basic", "UInt8", x, y, "a small power"
    rng = random.Random(20261122)
    for dtype in ("Int64", "UInt64", "Int32", "UInt16", "Int8"):
        for _ in range(4):
            x = wrapped(rng.getrandbits(64), dtype)
            yield "bounds", dtype, x, rng.randrange(0, 100), "wraps at the width"
    yield "bounds", "Int64", 2, 62, "the largest power of two"
    yield "bounds", "Int64", 2, 63, "one more wraps to the smallest"
    yield "bounds", "Int64", 2, 64, "and then to zero"
    yield "bounds", "Int64", 3, (1 << 63) - 1, "the largest exponent"
    yield "bounds", "UInt64", 3, (1 << 64) - 1, "the largest exponent"
    yield "bounds", "UInt64", (1 << 64) - 1, 2, "the largest base"
    yield "bounds", "Int64", 2, -1, "a negative exponent has no integer result"
    yield "bounds", "Int64", 1, -(1 << 63), "nor has one of base 1"
    yield "nulls", "Int64", None, 2, "null in, null out"
    yield "nulls", "Int64", 2, None, "null in, null out"
    yield "nulls", "UInt8", None, None, "null in, null out"


def lines(is_constant: bool) -> Iterator[str]:
    """The lines of `pow_natural` (the exponent is a parameter) or `pow_integer` (an argument)."""
    for group, dtype, x, y, why in rows():
        bits = int(dtype.lstrip("UInt"))
        negative = y is not None and y < 0
        if is_constant and (y is None or not 0 <= y < 1 << 63):
            continue
        out = None
        if x is not None and y is not None and not negative:
            out = wrapped(pow(x, y, 1 << bits), dtype)
        args, params = ([x], {"n": y}) if is_constant else ([x, y], {})
        case = {"group": group, "types": [dtype] * len(args), "args": args, "params": params}
        case |= {"out_type": dtype, "out": out, "oracle": "by hand" if out is None else ORACLE}
        yield json.dumps(case | {"why": why})


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, is_constant in (("pow_natural", True), ("pow_integer", False)):
        path = FOLDER / f"{name}@1.jsonl"
        path.write_text("\n".join(lines(is_constant)) + "\n", encoding="utf-8")
