"""Elementary functions: bodies over the intrinsics, with no libm under them.

Every function keeps its result as a sum of two doubles until the last addition, so that the one
rounding that shows is nearly the only one. Constants come from `benchmarks/derive_elementary.py`
and `derive_quotients.py`, measured errors from `benchmarks/measure_elementary.py`.
"""

from featurelib.ops.elementary.error_function import erf
from featurelib.ops.elementary.exp import exp, expm1
from featurelib.ops.elementary.hyperbolic import cosh, sigmoid, sinh, tanh
from featurelib.ops.elementary.integer_power import pow_integer, pow_natural
from featurelib.ops.elementary.inverse import acos, asin, atan, atan2
from featurelib.ops.elementary.log import log, log1p, log2, log10
from featurelib.ops.elementary.power import cbrt, power, sqrt
from featurelib.ops.elementary.probit import probit
from featurelib.ops.elementary.special import degrees, hypot, logit, radians, softplus
from featurelib.ops.elementary.trig import cos, sin, tan

__all__ = [
    "acos",
    "asin",
    "atan",
    "atan2",
    "cbrt",
    "cos",
    "cosh",
    "degrees",
    "erf",
    "exp",
    "expm1",
    "hypot",
    "log",
    "log10",
    "log1p",
    "log2",
    "logit",
    "pow_integer",
    "pow_natural",
    "power",
    "probit",
    "radians",
    "sigmoid",
    "sin",
    "sinh",
    "softplus",
    "sqrt",
    "tan",
    "tanh",
]
