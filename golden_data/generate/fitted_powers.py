"""Golden cases of Yeo-Johnson: ``python golden_data/generate/fitted_powers.py``.

The power of greatest likelihood is found by mpmath with 40 digits, where the derivative is 0, and
rounded to 2**-20 as the analyzer says; scikit-learn's own search ends within 2**-20 of it. The
transform at that power is SciPy's, which scikit-learn calls.
"""

from __future__ import annotations

import json
import math
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mpmath
import numpy as np
import scipy
from analyzers import FOLDER, HAND, Case, case
from scipy.stats import yeojohnson
from sklearn.preprocessing import PowerTransformer

ORACLE = f"mpmath {mpmath.__version__}, 40 digits"
SCIPY = f"scipy {scipy.__version__} yeojohnson"
TRANSFORMS = Path(__file__).parents[1] / "transforms" / "yeo_johnson.jsonl"
BOUND = 16
"""Ulps of the largest value: SciPy takes a power and subtracts 1."""


def likelihood(values: list[float], power: Any) -> Any:
    """Of one row, but for a constant, in mpmath's arithmetic."""
    made, logs = [], []
    for v in map(mpmath.mpf, values):
        own = 2 - power if v < 0 else power
        size = abs(v) + 1
        bent = (size**own - 1) / own if own != 0 else mpmath.log(size)
        made.append(-bent if v < 0 else bent)
        logs.append(mpmath.sign(v) * mpmath.log(size))
    mean = mpmath.fsum(made) / len(made)
    variance = mpmath.fsum((m - mean) ** 2 for m in made) / len(made)
    return -mpmath.log(variance) / 2 + (power - 1) * mpmath.fsum(logs) / len(logs)


def power_of(values: list[float]) -> float:
    """The power where the likelihood is highest, as a multiple of 2**-20."""
    table = np.array(values)[:, None]
    near = float(PowerTransformer(standardize=False).fit(table).lambdas_[0])
    with mpmath.workdps(40):
        exact = mpmath.findroot(
            lambda p: mpmath.diff(lambda q: likelihood(values, q), p), mpmath.mpf(near)
        )
        assert abs(exact - near) < 2**-20, (exact, near)
        return float(mpmath.nint(exact * 2**20) / 2**20)


def columns() -> Iterator[tuple[list[float], str]]:
    """Values that lean to one side, to the other, and to none."""
    rng = random.Random(20261126)
    yield [1.0, 2.0, 4.0, 8.0, 32.0], "growing values"
    for k in range(3):
        size = rng.randrange(8, 24)
        yield [rng.lognormvariate(0, 1) for _ in range(size)], f"lognormal, draw {k}"
        yield [-rng.expovariate(0.5) for _ in range(size)], f"negative, draw {k}"
        yield [rng.gauss(1, 2) for _ in range(size)], f"both signs, draw {k}"


def powers() -> Iterator[Case]:
    """What the analyzer finds."""
    for values, why in columns():
        yield case("basic", "Float64", values, power_of(values), ORACLE, why)
    even = [-2.0, -1.0, 0.0, 1.0, 2.0]
    yield case("basic", "Float64", even, 1.0, HAND, "symmetric: no power is needed")
    yield case("basic", "Float64", [5.0, 5.0], 1.0, HAND, "nothing varies")
    yield case("nulls", "Float64", [None, 5.0, None], 1.0, HAND, "nulls are left out")
    yield case("nulls", "Float64", [None], "FitError", HAND, "a power of nothing")
    yield case("bounds", "Float64", [1e300, 1e300], 1.0, HAND, "large, but nothing varies")
    for bad in (math.nan, math.inf):
        yield case("nan_inf", "Float64", [1.0, bad], "FitError", HAND, "refused")
        yield case("nan_inf", "Float64", [1.0, bad], 1.0, HAND, "left out", non_finite="drop")


def transforms() -> Iterator[dict[str, Any]]:
    """The transform at the power of the column."""
    for i, (values, why) in enumerate(columns()):
        power = power_of(values)
        out = yeojohnson(np.array(values), lmbda=power).tolist()
        held, shown = (values, out) if i else ([*values, None], [*out, None])
        yield {
            "group": "basic" if i else "nulls",
            "columns": {"x": {"type": "Float64", "values": held}},
            "args": [],
            "params": {},
            "out": shown,
            "oracle": f"{SCIPY}(x, lmbda={power})",
            "why": why,
            "ulp": {"bound": BOUND},
        }


if __name__ == "__main__":
    for path, made in ((FOLDER / "yeo_johnson@1.jsonl", powers()), (TRANSFORMS, transforms())):
        lines = (json.dumps(line, ensure_ascii=False) for line in made)
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
