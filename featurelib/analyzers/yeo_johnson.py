"""yeo_johnson: the power that makes a column look most like a normal distribution."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, ClassVar

import numpy as np

from featurelib.analyzers.base import (
    Accumulator,
    Analyzer,
    analyzer,
    check_non_finite,
    found_non_finite,
)
from featurelib.analyzers.power import Likelihood, PowerAccumulator, log_variance_of, mean_of
from featurelib.dtypes import FLOAT64, DType
from featurelib.node import Node, analyze, apply, input_node, literal, number
from featurelib.op import method


@analyzer
@dataclass(frozen=True)
class YeoJohnson(Analyzer):
    """The power of greatest likelihood, a multiple of 2**-20 from -8 to 8, as Float64.

    The likelihood of a power is that of a normal distribution of the transformed values: the mean
    of -log(variance) / 2 + (power - 1) * sign(x) * log1p(abs(x)), where variance and mean are
    exact. It is searched by golden sections, always the same 40. Where all values are as good as
    equal, so is every power, and 1 is taken. All values are held in memory, eight bytes each.

    Attributes:
        non_finite: ``"error"``, or ``"drop"`` to leave NaN and infinities out.
    """

    name: ClassVar[str] = "yeo_johnson"

    non_finite: str = "error"

    def __post_init__(self) -> None:
        check_non_finite(self.name, self.non_finite)

    def result_dtype(self, arg: DType) -> DType:
        if arg != FLOAT64:
            raise self.refuse(arg, "Float64")
        return FLOAT64

    def start(self, dtype: DType) -> Accumulator:
        refused = partial(found_non_finite, self.name) if self.non_finite == "error" else None
        return PowerAccumulator(self.name, np.isfinite, _likelihood, refused)


def _likelihood(values: np.ndarray) -> Likelihood:
    """The likelihood of a power, of one row, but for a constant."""
    mean = mean_of(_transformed(values, 1.0)[0])

    def likelihood(power: float) -> float:
        spread = log_variance_of(_transformed(values, power)[1])
        return -math.inf if spread is None else -0.5 * spread + (power - 1.0) * mean

    return likelihood


def _transformed(values: np.ndarray, power: float) -> tuple[np.ndarray, np.ndarray]:
    """sign(x) * log1p(abs(x)) and the transformed x of every value."""
    from featurelib.jit.kernel import Column

    powers = np.full(values.size, power)
    logs, made = _kernel().run([Column(values, None), Column(powers, None)], values.size)
    return logs.values, made.values


@cache
def _kernel() -> Any:
    """The transform as machine code: the very ops that features are made of."""
    from featurelib.jit.kernel import Kernel
    from featurelib.program import Program

    x, power = (input_node(name, FLOAT64, False) for name in ("x", "power"))
    return Kernel(Program({"logs": _logs(x), "made": _at(x, power)}), {})


def _logs(x: Node) -> Any:
    size = x.abs().log1p()
    return apply("if_else", (x < 0.0, -size, size))


def _at(x: Node, power: Node) -> Any:
    """The Yeo-Johnson transform of x by a power."""
    below = x < 0.0
    own = apply("if_else", (below, literal(2.0, FLOAT64) - power, power))
    size = x.abs().log1p()
    made = apply("if_else", (own == 0.0, size, (own * size).expm1() / own))
    return apply("if_else", (below, -made, made))


@method("yeo_johnson")
def yeo_johnson(x: Node, *, non_finite: str = "error") -> Any:
    """x bent by a power of greatest likelihood, so that it looks normal, as Float64.

    For x >= 0 it is ((x + 1)**p - 1) / p, or log(x + 1) where p is 0; below 0 it is the same of -x
    with 2 - p, and negative. p is found in the training rows, from -8 to 8, as a multiple of
    2**-20. The result is neither centred nor scaled: `x.yeo_johnson().standardize()`.
    """
    x = number(x, "yeo_johnson")
    return _at(x, analyze(YeoJohnson(non_finite), x))
