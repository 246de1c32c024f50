"""Cyclic encodings: a quantity that comes round again, as a point on a circle."""

import math

from featurelib.dtypes import FLOAT64
from featurelib.errors import DefinitionError, FeatureTypeError
from featurelib.node import Node, apply
from featurelib.op import method

_TURN = 6.283185307179586  # 2 pi


@method("cyclic_sin")
def cyclic_sin(x: Node, period: float) -> Node:
    """sin(2 pi (x % period) / period) as Float64: 0 at the start of a period, 1 at its quarter.

    ``t.dt.hour().cyclic_sin(24)`` beside ``t.dt.hour().cyclic_cos(24)`` puts 23 next to 0. Values a
    whole period apart give the same bits where their remainders do, as those of integers do.
    """
    return apply("sin", (_angle("cyclic_sin", x, period),))


@method("cyclic_cos")
def cyclic_cos(x: Node, period: float) -> Node:
    """cos(2 pi (x % period) / period) as Float64: 1 at the start of a period; see `cyclic_sin`."""
    return apply("cos", (_angle("cyclic_cos", x, period),))


def _angle(what: str, x: Node, period: float) -> Node:
    if type(period) not in (int, float) or not 0.0 < period < math.inf:
        raise DefinitionError(f"`{what}`: expected 0 < period < inf, got period={period!r}")
    if not x.dtype.is_numeric:
        raise FeatureTypeError(f"`{what}` takes numbers, got {x.dtype}")
    passed: Node = x.cast(FLOAT64) % float(period)
    angle: Node = passed / float(period) * _TURN
    return angle
