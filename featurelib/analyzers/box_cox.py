"""box_cox: the power that makes positive values look most like a normal distribution."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar

import numpy as np

from featurelib.analyzers.base import Accumulator, Analyzer, analyzer, check_non_finite, place
from featurelib.analyzers.power import Likelihood, PowerAccumulator, log_variance_of, mean_of
from featurelib.dtypes import FLOAT64, DType
from featurelib.errors import FitError
from featurelib.node import Node, analyze, apply, input_node, number
from featurelib.op import method


@analyzer
@dataclass(frozen=True)
class BoxCox(Analyzer):
    """The power of greatest likelihood, a multiple of 2**-20 from -8 to 8, as Float64.

    The likelihood of a power is that of a normal distribution of the transformed values, with an
    exact variance. It is asked of the values divided by their geometric mean, which changes it by a
    constant: so nothing large cancels where all values are far from 1. It is searched as that of
    `YeoJohnson`, whose bounds and memory it has.

    Attributes:
        non_finite: ``"error"``, or ``"drop"`` to leave out what has no finite logarithm: 0, values
            below it, NaN and infinities.
    """

    name: ClassVar[str] = "box_cox"

    non_finite: str = "error"

    def __post_init__(self) -> None:
        check_non_finite(self.name, self.non_finite)

    def result_dtype(self, arg: DType) -> DType:
        if arg != FLOAT64:
            raise self.refuse(arg, "Float64")
        return FLOAT64

    def start(self, dtype: DType) -> Accumulator:
        refused = _refused if self.non_finite == "error" else None
        return PowerAccumulator(self.name, _is_taken, _likelihood, refused)


def _is_taken(values: np.ndarray) -> np.ndarray:
    taken: np.ndarray = (values > 0.0) & (values < math.inf)
    return taken


def _refused(where: str, count: int) -> FitError:
    return FitError(
        f"{place(where)}`box_cox` met {count} value{'s' * (count > 1)} that are not above 0 and "
        "finite",
        hint='leave them out with x.box_cox(non_finite="drop"), or take x.yeo_johnson(), which '
        "bends every number",
    )


def _likelihood(values: np.ndarray) -> Likelihood:
    """The likelihood of a power, of one row, but for a constant."""
    logs = _run(values, 1.0)[0]
    logs = logs - mean_of(logs)
    ends = logs.max(), logs.min()

    def likelihood(power: float) -> float:
        # Of values divided by the one whose power is the largest, since none then overflows.
        end = float(ends[power < 0.0])
        spread = log_variance_of(_run(logs - end, power)[1])
        return -math.inf if spread is None else -0.5 * spread - power * end

    return likelihood


def _run(values: np.ndarray, power: float) -> tuple[np.ndarray, np.ndarray]:
    """The logarithm of every value, and the transform of the values whose logarithms these are."""
    from featurelib.jit.kernel import Column

    powers = np.full(values.size, power)
    logs, made = _kernel().run([Column(values, None), Column(powers, None)], values.size)
    return logs.values, made.values


@cache
def _kernel() -> Any:
    """Both as machine code: the very ops that features are made of."""
    from featurelib.jit.kernel import Kernel
    from featurelib.program import Program

    x, power = (input_node(name, FLOAT64, False) for name in ("x", "power"))
    return Kernel(Program({"logs": x.log(), "made": _of_log(x, power)}), {})


def _of_log(log: Node, power: Node) -> Any:
    """The Box-Cox transform by a power, of the value with this logarithm."""
    return apply("if_else", (power == 0.0, log, (power * log).expm1() / power))


@method("box_cox")
def box_cox(x: Node, *, non_finite: str = "error") -> Any:
    """x bent by a power of greatest likelihood, so that it looks normal, as Float64; for x > 0.

    It is (x**p - 1) / p, or log(x) where p is 0. p is found in the training rows, from -8 to 8, as
    a multiple of 2**-20; a training value that is not above 0 and finite is an error, unless
    `non_finite` is ``"drop"``. In a row, 0 gives the limit (-1 / p, or minus infinity) and what is
    below it NaN, as `log` does; null stays null. Neither centred nor scaled:
    `x.box_cox().standardize()`.
    """
    x = number(x, "box_cox")
    return _of_log(x.log(), analyze(BoxCox(non_finite), x))
