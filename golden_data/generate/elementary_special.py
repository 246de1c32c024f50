"""Golden cases of hypot, logit, softplus, probit, erf, degrees, radians, by mpmath with 1,300 bits.

``python golden_data/generate/elementary_special.py`` writes them beside those of `elementary.py`,
with its way of rounding. Special values follow IEEE 754-2019, clause 9.2, or are limits.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator
from typing import Any

from elementary import IEEE, LARGEST, MPMATH, SMALLEST_NORMAL, TINIEST, rounded, single
from mpmath import mp, mpf
from numeric_cases import BY_HAND, INF, NAN, Case, case, write

LIMIT = "limit"
TRUE: dict[str, Callable[..., Any]] = {
    "degrees": lambda x: x * 180 / mp.pi,
    "radians": lambda x: x * mp.pi / 180,
    "hypot": lambda x, y: mp.sqrt(x * x + y * y),
    "logit": lambda x: mp.log(x) - mp.log(1 - x),
    "softplus": lambda x: mp.log(1 + mp.exp(x)),
    "probit": lambda p: normal_place(p),
    "erf": mp.erf,
}


def normal_place(p: Any) -> Any:
    """Where the normal distribution function is p, by Newton's rule on its logarithm."""
    if 2 * p > 1:
        return -normal_place(1 - p)
    x = -mp.sqrt(-2 * mp.log(2 * p)) if p < 0.1 else mp.sqrt(2 * mp.pi) * (p - mpf(1) / 2)
    step = x
    while abs(step) > abs(x) * mpf(2) ** -200:
        below = mp.erfc(-x / mp.sqrt(2)) / 2
        step = (mp.log(below) - mp.log(p)) * below * mp.sqrt(2 * mp.pi) * mp.exp(x * x / 2)
        x -= step
    return x


SPECIAL: dict[str, list[tuple[float, ...]]] = {
    "degrees": [(NAN, NAN), (INF, INF), (-INF, -INF), (0.0, 0.0), (-0.0, -0.0)],
    "radians": [(NAN, NAN), (INF, INF), (-INF, -INF), (0.0, 0.0), (-0.0, -0.0)],
    "hypot": [
        (NAN, 1.0, NAN), (0.0, NAN, NAN), (NAN, 0.0, NAN), (INF, NAN, INF), (NAN, -INF, INF),
        (INF, 1.0, INF), (-1.0, -INF, INF), (0.0, 0.0, 0.0), (-0.0, -0.0, 0.0), (0.0, -0.0, 0.0),
    ],
    "logit": [
        (NAN, NAN), (INF, NAN), (-INF, NAN), (-TINIEST, NAN), (1.0000000000000002, NAN),
        (0.0, -INF), (-0.0, -INF), (1.0, INF), (0.5, 0.0),
    ],
    "softplus": [(NAN, NAN), (INF, INF), (-INF, 0.0)],
    "probit": [
        (NAN, NAN), (INF, NAN), (-INF, NAN), (-TINIEST, NAN), (1.0000000000000002, NAN),
        (0.0, -INF), (-0.0, -INF), (1.0, INF), (0.5, 0.0),
    ],
    "erf": [(NAN, NAN), (INF, 1.0), (-INF, -1.0), (0.0, 0.0), (-0.0, -0.0)],
}  # fmt: skip
BASIC: dict[str, list[tuple[float, ...]]] = {
    "degrees": [(v,) for v in (math.pi, math.pi / 2, 1.0, -1.0, 0.1, 2 * math.pi, 100.0)],
    "radians": [(v,) for v in (180.0, 90.0, 1.0, -45.0, 360.0, 0.1, 57.29577951308232)],
    "hypot": [
        (3.0, 4.0), (-3.0, 4.0), (4.0, -3.0), (5.0, 12.0), (1.0, 1.0), (0.1, 0.2), (7.0, 0.0),
        (0.0, -7.5), (1e10, 1.0), (1.0, 1e-9),
    ],
    "logit": [(v,) for v in (0.25, 0.75, 0.1, 0.9, 0.01, 0.99, 0.6, 0.4, 0.5857864376269049)],
    "softplus": [(v,) for v in (0.0, -0.0, 1.0, -1.0, 0.5, 10.0, -10.0, 30.0, -30.0, 1e-9)],
    "probit": [(v,) for v in (0.25, 0.75, 0.1, 0.9, 0.01, 0.99, 0.975, 0.025, 0.001, 1e-9)],
    "erf": [(v,) for v in (0.5, -0.5, 1.0, -1.0, 0.1, 2.0, -2.5, 3.0, 4.0, 1e-9)],
}  # fmt: skip
BOUNDS: dict[str, list[tuple[float, ...]]] = {
    "degrees": [(TINIEST,), (SMALLEST_NORMAL,), (3e306,), (3.2e306,), (-LARGEST,)],
    "radians": [(TINIEST,), (SMALLEST_NORMAL,), (LARGEST,), (-1e-320,)],
    "hypot": [
        (LARGEST, 1.0), (LARGEST, LARGEST), (1.2711610061536462e308, 1.2711610061536462e308),
        (TINIEST, TINIEST), (TINIEST, 0.0), (SMALLEST_NORMAL, SMALLEST_NORMAL), (1e-300, 1e300),
        (3e-170, 4e-170), (3e160, 4e160), (2.0**400, 2.0**399), (2.0**-400, 2.0**-401),
    ],
    "logit": [
        (v,) for v in (TINIEST, SMALLEST_NORMAL, 2.0**-60, 1e-18, 1 - 2.0**-53,
                       0.5000000000000001, 0.49999999999999994, 0.4142135623730951)
    ],
    "softplus": [
        (v,) for v in (-20.0, -20.000000000000004, -80.0, -80.00000000000001,
                       -36.65192070317572, 40.0, 40.00000000000001,
                       -708.5, -745.1, -746.0, -1e300, LARGEST, TINIEST, -TINIEST, 36.7, -36.7)
    ],
    "probit": [
        (v,) for v in (TINIEST, SMALLEST_NORMAL, 1e-300, 1 - 2.0**-53, 0.5000000000000001,
                       0.49999999999999994, 0.075, 0.07499999999999998, 0.925, 0.9250000000000002,
                       1.388794386496402e-11, 1.3887943864964e-11)
    ],
    "erf": [
        (v,) for v in (TINIEST, SMALLEST_NORMAL, -1e-310, 2.0**-400, 1.0000000000000002,
                       0.9999999999999999, 5.9, 5.99, 6.0, 6.000000000000001, LARGEST, -27.0)
    ],
}  # fmt: skip
RANGE = {
    "degrees": 10.0,
    "radians": 720.0,
    "hypot": 100.0,
    "logit": 1.0,
    "softplus": 45.0,
    "probit": 1.0,
    "erf": 6.0,
}


def true_value(name: str, args: tuple[float, ...], dtype: str) -> tuple[float, str]:
    """The right value and who says so."""
    for *known, value in SPECIAL[name]:
        if repr(tuple(known)) == repr(args):
            return value, IEEE if name == "hypot" else LIMIT
    with mp.workprec(1300):
        true = TRUE[name](*map(mpf, args))
        return (rounded(true) if dtype == "Float64" else rounded(true, 24, -149, 128)), MPMATH


def rows(name: str) -> Iterator[tuple[str, str, tuple[Any, ...], str]]:
    """Group, type, arguments and reason of the cases of an op."""
    rng = random.Random(f"special {name}")
    n = 2 if name == "hypot" else 1
    low = 0.0 if name in ("logit", "probit") else -RANGE[name]
    for args in BASIC[name]:
        yield "basic", "Float64", args, "an everyday value"
    for _ in range(25):
        yield "basic", "Float64", tuple(rng.uniform(low, RANGE[name]) for _ in range(n)), "random"
    for _ in range(6):
        args = tuple(single(rng.uniform(low, RANGE[name])) for _ in range(n))
        yield "basic", "Float32", args, "random; rounded once"
    yield "nulls", "Float64", (None,) * n, "null in, null out"
    if n == 2:
        yield "nulls", "Float64", (None, INF), "null, though any number gives one value"
    for *args, _out in SPECIAL[name]:
        group = "signed_zero" if all(a == 0.0 for a in args) else "nan_inf"
        yield group, "Float64", tuple(args), "special value or domain"
    for zero in (0.0, -0.0) if name == "softplus" else ():
        yield "signed_zero", "Float64", (zero,), "both zeros give log(2)"
    for args in BOUNDS[name]:
        yield "bounds", "Float64", args, "end of the range or of a case"


def cases(name: str) -> list[Case]:
    """The lines of one file."""
    made = []
    for group, dtype, args, why in rows(name):
        known = None in args
        out, oracle = (None, BY_HAND) if known else true_value(name, args, dtype)
        line = case(group, [dtype] * len(args), args, dtype, out, oracle, why)
        made.append(line | {"ulp": 1} if oracle == MPMATH else line)
    return made


if __name__ == "__main__":
    for op in TRUE:
        write("elementary", op, cases(op))
