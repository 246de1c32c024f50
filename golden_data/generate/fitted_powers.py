"""Golden cases of Yeo-Johnson and Box-Cox: ``python golden_data/generate/fitted_powers.py``.

The power of greatest likelihood is found by mpmath with 40 digits, where the derivative is 0, and
rounded to 2**-20 as the analyzer says; scikit-learn's own search ends within 2**-20 of it. The
transform at that power is SciPy's, which scikit-learn calls.
"""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mpmath
import numpy as np
import scipy
from analyzers import FOLDER, HAND, Case, case
from scipy.stats import boxcox, yeojohnson
from sklearn.preprocessing import PowerTransformer

ORACLE = f"mpmath {mpmath.__version__}, 40 digits"
TRANSFORMS = Path(__file__).parents[1] / "transforms"
BOUND = 16
"""Ulps of the largest value: SciPy takes a power and subtracts 1."""


@dataclass(frozen=True)
class Family:
    """One transform by a power.

    Attributes:
        name: Ours.
        theirs: scikit-learn's.
        scipy: The function that transforms.
        bend: A value at a power, and its part of the slope, in mpmath's arithmetic.
        columns: Values and what they are.
    """

    name: str
    theirs: str
    scipy: Callable[..., Any]
    bend: Callable[[Any, Any], tuple[Any, Any]]
    columns: Callable[[], Iterator[tuple[list[float], str]]]


def yeo_johnson(v: Any, power: Any) -> tuple[Any, Any]:
    own = 2 - power if v < 0 else power
    size = abs(v) + 1
    bent = (size**own - 1) / own if own != 0 else mpmath.log(size)
    return (-bent if v < 0 else bent), mpmath.sign(v) * mpmath.log(size)


def box_cox(v: Any, power: Any) -> tuple[Any, Any]:
    return ((v**power - 1) / power if power != 0 else mpmath.log(v)), mpmath.log(v)


def likelihood(family: Family, values: list[float], power: Any) -> Any:
    """Of one row, but for a constant, in mpmath's arithmetic."""
    bent = [family.bend(v, power) for v in map(mpmath.mpf, values)]
    made, logs = [m for m, _ in bent], [slope for _, slope in bent]
    mean = mpmath.fsum(made) / len(made)
    variance = mpmath.fsum((m - mean) ** 2 for m in made) / len(made)
    return -mpmath.log(variance) / 2 + (power - 1) * mpmath.fsum(logs) / len(logs)


def power_of(family: Family, values: list[float]) -> float:
    """The power where the likelihood is highest, as a multiple of 2**-20."""
    table = np.array(values)[:, None]
    made = PowerTransformer(family.theirs, standardize=False).fit(table)
    near = float(made.lambdas_[0])
    with mpmath.workdps(40):
        exact = mpmath.findroot(
            lambda p: mpmath.diff(lambda q: likelihood(family, values, q), p), mpmath.mpf(near)
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


def positive() -> Iterator[tuple[list[float], str]]:
    """Values above 0 that lean to one side or the other, near to 1 and far from it."""
    rng = random.Random(20261127)
    yield [1.0, 2.0, 4.0, 8.0, 32.0], "growing values"
    for k in range(3):
        size = rng.randrange(8, 24)
        yield [rng.lognormvariate(0, 1) for _ in range(size)], f"lognormal, draw {k}"
        yield [rng.betavariate(5, 2) * 1000 for _ in range(size)], f"left tail, draw {k}"
        yield [50 + rng.expovariate(0.1) for _ in range(size)], f"far from 1, draw {k}"


def powers(family: Family, own: Callable[[], Iterator[Case]]) -> Iterator[Case]:
    """What the analyzer finds; `own` is of this family alone."""
    for values, why in family.columns():
        yield case("basic", "Float64", values, power_of(family, values), ORACLE, why)
    yield from own()
    yield case("basic", "Float64", [5.0, 5.0], 1.0, HAND, "nothing varies")
    yield case("nulls", "Float64", [None, 5.0, None], 1.0, HAND, "nulls are left out")
    yield case("nulls", "Float64", [None], "FitError", HAND, "a power of nothing")
    yield case("bounds", "Float64", [1e300, 1e300], 1.0, HAND, "large, but nothing varies")
    for bad in (math.nan, math.inf):
        yield case("nan_inf", "Float64", [1.0, bad], "FitError", HAND, "refused")
        yield case("nan_inf", "Float64", [1.0, bad], 1.0, HAND, "left out", non_finite="drop")


def own_yeo_johnson() -> Iterator[Case]:
    even = [-2.0, -1.0, 0.0, 1.0, 2.0]
    yield case("basic", "Float64", even, 1.0, HAND, "symmetric: no power is needed")


def own_box_cox() -> Iterator[Case]:
    near = [1e300, math.nextafter(1e300, math.inf)]
    yield case("bounds", "Float64", near, 1.0, HAND, "their logarithms are equal")
    wide = [2.0**-1000, 1.0, 2.0**1000]
    yield case("bounds", "Float64", wide, 0.0, HAND, "symmetric as logarithms: power 0")
    for bad in (0.0, -0.0, -1.0):
        group = "signed_zero" if bad == 0.0 else "bounds"
        yield case(group, "Float64", [1.0, bad], "FitError", HAND, "no logarithm")
        yield case(group, "Float64", [2.0, bad], 1.0, HAND, "left out", non_finite="drop")


def transforms(family: Family) -> Iterator[dict[str, Any]]:
    """The transform at the power of the column."""
    for i, (values, why) in enumerate(family.columns()):
        power = power_of(family, values)
        out = family.scipy(np.array(values), lmbda=power).tolist()
        held, shown = (values, out) if i else ([*values, None], [*out, None])
        yield {
            "group": "basic" if i else "nulls",
            "columns": {"x": {"type": "Float64", "values": held}},
            "args": [],
            "params": {},
            "out": shown,
            "oracle": f"scipy {scipy.__version__} {family.scipy.__name__}(x, lmbda={power})",
            "why": why,
            "ulp": {"bound": BOUND},
        }


if __name__ == "__main__":
    for family, own in (
        (Family("yeo_johnson", "yeo-johnson", yeojohnson, yeo_johnson, columns), own_yeo_johnson),
        (Family("box_cox", "box-cox", boxcox, box_cox, positive), own_box_cox),
    ):
        found = (FOLDER / f"{family.name}@1.jsonl", powers(family, own))
        for path, made in (found, (TRANSFORMS / f"{family.name}.jsonl", transforms(family))):
            lines = (json.dumps(line, ensure_ascii=False) for line in made)
            path.write_text("\n".join(lines) + "\n", encoding="utf-8")
