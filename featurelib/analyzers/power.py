"""The search for the power of greatest likelihood, which Yeo-Johnson and Box-Cox have in common."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from featurelib.analyzers.base import no_values
from featurelib.analyzers.batches import ArrayBatch, ColumnBatch, present
from featurelib.analyzers.moments import Mean, Var
from featurelib.dtypes import FLOAT64
from featurelib.errors import FitError

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

Likelihood = Callable[[float], float]


class PowerAccumulator:
    """All values of a column that a transform takes, eight bytes each; their power at the end.

    Args:
        name: The analyzer's.
        takes: Which values of an array the transform has a meaning for.
        likelihood: From these values to the likelihood of a power.
        refused: The error for so many others, None to leave them out: ``refused(where, count)``.
    """

    def __init__(
        self,
        name: str,
        takes: Callable[[np.ndarray], np.ndarray],
        likelihood: Callable[[np.ndarray], Likelihood],
        refused: Callable[[str, int], FitError] | None,
    ) -> None:
        self._name, self._takes = name, takes
        self._likelihood, self._refused = likelihood, refused
        self._parts: list[np.ndarray] = []
        self._others = 0

    def update(self, batch: ColumnBatch) -> None:
        """Takes some rows."""
        values = present(batch)
        taken = values[self._takes(values)]
        self._others += values.size - taken.size
        self._parts.append(taken)

    def merge(self, other: Any) -> None:
        """Takes what another one has seen."""
        self._parts.extend(other._parts)
        self._others += other._others

    def finish(self, where: str = "") -> float:
        """The power; 1 where all values are as good as equal."""
        if self._others and self._refused is not None:
            raise self._refused(where, self._others)
        values = np.concatenate([*self._parts, np.zeros(0)])
        if not values.size:
            raise no_values(self._name, where)
        if values.min() == values.max():
            return 1.0
        likelihood = self._likelihood(values)
        power = _highest(likelihood)
        # Values so near to each other that no power tells them apart.
        return 1.0 if math.isinf(likelihood(power)) else round(power * _DIGITS) / _DIGITS


def mean_of(values: np.ndarray) -> float:
    """The exact mean of finite values, rounded once."""
    found = Mean().start(FLOAT64)
    found.update(ArrayBatch(values))
    mean = found.finish()
    assert isinstance(mean, float)
    return mean


def log_variance_of(values: np.ndarray) -> float | None:
    """The logarithm of the exact variance; None where it is 0 or above the range of Float64."""
    from featurelib.ops.elementary.log import log

    spread = Var().start(FLOAT64)
    spread.update(ArrayBatch(values))
    try:
        variance = spread.finish()
    except FitError:  # a transformed value, or the variance, is above the range of Float64
        return None
    return None if variance == 0.0 else float(log(variance))


def _highest(value: Likelihood) -> float:
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
