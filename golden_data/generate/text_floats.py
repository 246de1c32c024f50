"""Golden cases of text read as floats: ``python golden_data/generate/text_floats.py``.

`float` of CPython rounds correctly. A Float32 is the nearest of three by exact fractions.
"""

from __future__ import annotations

import math
import platform
import random
import struct
from decimal import Decimal, localcontext
from fractions import Fraction

import numpy as np
from numeric_cases import BY_HAND, Case, case, write

CPYTHON = f"CPython {platform.python_version()}"
PLAIN = [
    "0",
    "1",
    "-1",
    "+2.5",
    "3.14159",
    "0.1",
    "1.",
    ".5",
    "-.5",
    "1e5",
    "1E+5",
    "2.5e-3",
    "007",
]
EDGES = [
    "-0", "-0.0e9", "9007199254740993", "9007199254740992.99", "123456789012345678901234567890",
    "4.9e-324", "2.4703282292062327e-324", "2.4703282292062328e-324", "2.2250738585072011e-308",
    "1.7976931348623157e308", "1.7976931348623159e308", "1e400", "-1e400", "1e-400", "1e23",
    "1e99999999999", "0e99999999999", "1e-99999999999", "0." + "0" * 330 + "1", "1" + "0" * 320,
    "8.5" + "0" * 780 + "1", "3.4028235677973366e38", "3.4028235677973365e38", "16777217",
    "7.006492321624085e-46", "7.0064923216240862e-46", "1.000000059604644775390625",
    "1.00000005960464477539062500000000001",
]  # fmt: skip
NAMES = ["nan", "NaN", "inf", "-inf", "+INF", "Infinity", "-infinity"]
NO_NUMBERS = [
    "", ".", "-", "+", "e5", "1e", "1e+", "--1", "+-1", "1.2.3", "1_0", " 1", "1 ", "0x1", "1,5",
    "\u0663", "1\x00", "infin", "infinit", ".nan", "nan1", "abc", "1e5.0", "é",
]  # fmt: skip


def halves(count: int) -> list[str]:
    """Numbers half way between two floats, to the last digit, and a hair above."""
    rng, made = random.Random(17), []
    with localcontext() as context:
        context.prec = 1100
        while len(made) < 2 * count:
            x = float(struct.unpack("<d", struct.pack("<Q", rng.getrandbits(63)))[0])
            if math.isfinite(x) and math.isfinite(math.nextafter(x, math.inf)):
                middle = (Decimal(x) + Decimal(math.nextafter(x, math.inf))) / 2
                text = f"{middle:e}"
                made += [text, text.replace("e", "1e")]
    return made


def single(text: str) -> float:
    """The nearest Float32, halves to even."""
    about = float(text)
    if not math.isfinite(about) or abs(about) > 1e39 or abs(about) < 1e-50:
        return float(np.float32(math.copysign(0.0 if abs(about) < 1 else math.inf, about)))
    exact, near = Fraction(Decimal(text)), np.float32(min(about, 3.4028234663852886e38))
    with np.errstate(over="ignore"):
        beside = [float(np.nextafter(near, np.float32(to))) for to in (-math.inf, math.inf)]
    least = math.copysign(0.0, about)
    found = [least if v == 0 else v for v in (beside[0], float(near), beside[1])]

    def place(v: float) -> tuple[Fraction, int]:
        at = Fraction(v) if math.isfinite(v) else Fraction(2) ** 128
        return abs(at - exact), struct.unpack("<I", struct.pack("<f", v))[0] & 1

    return min(found, key=place)


def cases() -> list[Case]:
    made = []
    hard = [("bounds", t, "half way between two floats, or a hair above") for t in halves(4)]
    texts = [("basic", t, "a number") for t in PLAIN] + hard
    texts += [("text_edges", t, "an edge of rounding or of the type") for t in EDGES]
    for is_single in (False, True):
        kind, params = "Float32" if is_single else "Float64", {"single": is_single}
        oracle = f"{CPYTHON} fractions" if is_single else f"{CPYTHON} float"
        for group, text, why in texts:
            out = single(text) if is_single else float(text)
            made.append(case(group, ["String"], [text], kind, out, oracle, why, params))
        for text in NAMES:
            out, why = float(text), "a name"
            out = math.nan if out != out else out
            made.append(case("nan_inf", ["String"], [text], kind, out, oracle, why, params))
        for text in NO_NUMBERS if not is_single else NO_NUMBERS[:2]:
            why = "no number"
            made.append(case("text_edges", ["String"], [text], kind, None, BY_HAND, why, params))
        null = "null in, null out"
        made.append(case("nulls", ["String"], [None], kind, None, BY_HAND, null, params))
    return made


if __name__ == "__main__":
    write("text_values", "parse_float", cases())
