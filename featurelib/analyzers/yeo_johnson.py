"""yeo_johnson: the power that makes a column look most like a normal distribution."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar

import numpy as np

from featurelib.analyzers.base import (
    Accumulator,
    Analyzer,
    analyzer,
    check_non_finite,
    found_non_finite,
    no_values,
)
from featurelib.analyzers.batches import ArrayBatch, ColumnBatch, present
from featurelib.analyzers.moments import Mean, Var
from featurelib.dtypes import FLOAT64, DType
from featurelib.errors import FitError
from featurelib.node import Node, analyze, apply, input_node, literal, number
from featurelib.op import method

LOW, HIGH = -8.0, 8.0
"""Between these the power is looked for. Near an end the data is no sum of a few causes, and a
power only hides it; a library that looks without bounds may end with a power of -100."""
_STEPS = 40
"""16 * 0.618**40 is below 2**-23: less than a quarter of what the result is rounded to."""
_GOLDEN = 0.6180339887498949
"""(sqrt(5) - 1) / 2."""
_DIGITS = 2.0**20
"""The likelihood is flat at its top: powers that differ by 2**-26 have the same Float64 of it. So
the power is rounded to 2**-20, and rounding errors of the likelihood cannot show in it."""


@analyzer
@dataclass(frozen=True)
class YeoJohnson(Analyzer):
    """The power of greatest likelihood, a multiple of 2**-20 from -8 to 8, as Float64.

    The likelihood of a power is that of a normal distribution of the transformed values: the mean
    of -log(variance) / 2 + (power - 1) * sign(x) * log1p(abs(x)), where variance and mean are
    exact. It is searched by golden sections, always the same 40. Where all values are equal every
    power is as good, and 1 is taken. All values are held in memory, eight bytes each.

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
        return _PowerAccumulator(self)


class _PowerAccumulator:
    def __init__(self, definition: YeoJohnson) -> None:
        self._definition = definition
        self._parts: list[np.ndarray] = []
        self._non_finite = 0

    def update(self, batch: ColumnBatch) -> None:
        values = present(batch)
        finite = values[np.isfinite(values)]
        self._non_finite += values.size - finite.size
        self._parts.append(finite)

    def merge(self, other: Any) -> None:
        self._parts.extend(other._parts)
        self._non_finite += other._non_finite

    def finish(self, where: str = "") -> float:
        name = self._definition.name
        if self._non_finite and self._definition.non_finite == "error":
            raise found_non_finite(name, where, self._non_finite)
        values = np.concatenate([*self._parts, np.zeros(0)])
        if not values.size:
            raise no_values(name, where)
        if values.min() == values.max():
            return 1.0
        return round(_highest(_likelihood(values)) * _DIGITS) / _DIGITS


def _likelihood(values: np.ndarray) -> Callable[[float], float]:
    """The likelihood of a power, of one row, but for a constant."""
    from featurelib.ops.elementary.log import log

    logs, _ = _transformed(values, 1.0)
    slope = Mean().start(FLOAT64)
    slope.update(ArrayBatch(logs))
    mean = slope.finish()
    assert isinstance(mean, float)

    def likelihood(power: float) -> float:
        spread = Var().start(FLOAT64)
        spread.update(ArrayBatch(_transformed(values, power)[1]))
        try:
            variance = spread.finish()
        except FitError:  # a transformed value, or the variance, is above the range of Float64
            return -math.inf
        if variance == 0.0:
            return -math.inf
        return -0.5 * float(log(variance)) + (power - 1.0) * mean

    return likelihood


def _highest(value: Callable[[float], float]) -> float:
    """Where a function with one top is highest, by golden sections in a fixed order."""
    low, high = LOW, HIGH
    left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
    at_left, at_right = value(left), value(right)
    for _ in range(_STEPS):
        if at_left >= at_right:
            high, right, at_right = right, left, at_left
            left = high - _GOLDEN * (high - low)
            at_left = value(left)
        else:
            low, left, at_left = left, right, at_right
            right = low + _GOLDEN * (high - low)
            at_right = value(right)
    return 0.5 * (low + high)


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
