"""Buckets of floats with equal sign, exponent and first bits of the fraction: quantiles of them."""

from __future__ import annotations

from featurelib.intrinsics import u64_from_i64, u64_shl, u64_shr
from featurelib.jit.windows.keys import count_runs, from_key, to_key
from featurelib.jit.windows.layout import KIND_FLOAT, NO_EVENTS, TOO_MANY, VALUE
from featurelib.jit.windows.memory import helper, uword
from featurelib.jit.windows.rounding import ONE, ZERO, split
from featurelib.jit.windows.values import is_finite, to_float

_FRACTION_BITS = 52


@helper
def bucket_of(x, kind, precision):
    """The bucket of a value, as a word in the order of values; NaN comes last."""
    return u64_shr(to_key(to_float(x, kind), KIND_FLOAT, True), _FRACTION_BITS - precision)


@helper
def middle_of(bucket, precision):
    """The bits of a bucket's middle; of what is not finite, and of 0.0, itself."""
    drop = _FRACTION_BITS - precision
    bits = from_key(u64_shl(bucket, drop), KIND_FLOAT)
    bits = u64_shl(u64_shr(bits, drop), drop)
    if bits == ZERO or not is_finite(bits, KIND_FLOAT):
        return bits
    return bits | u64_shl(ONE, drop - 1)


@helper
def quantile_of(buckets, n, part, whole, precision, most):
    """The bits of the middle of the bucket at part / whole of n sorted ones, and the reason."""
    distinct, _ = count_runs(buckets, n)
    if distinct > most:
        return ZERO, TOO_MANY
    if n == 0:
        return ZERO, NO_EVENTS
    i, _ = split(u64_from_i64(n - 1), part, whole)
    return middle_of(uword(buckets, i), precision), VALUE
