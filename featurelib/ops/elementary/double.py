"""Sums and products of doubles without error: a value as an unevaluated sum `high + low`.

There is no fused multiply-add in a body, so products are made exact by splitting a factor in halves
of at most 26 bits. Arguments are far from overflow: callers scale.
"""

from featurelib.intrinsics import f64_div
from featurelib.op import inlined

SPLITTER = 134217729.0  # 2**27 + 1


@inlined
def two_sum(a, b):
    """a + b rounded, and its error."""
    s = a + b
    b_seen = s - a
    return s, (a - (s - b_seen)) + (b - b_seen)


@inlined
def ordered_sum(a, b):
    """a + b rounded, and its error, where a is 0 or |a| >= |b|."""
    s = a + b
    return s, b - (s - a)


@inlined
def head(a):
    """The upper half of a; it has at most 26 bits, and so has the rest."""
    t = a * SPLITTER
    return t - (t - a)


@inlined
def two_product(a, b):
    """a * b rounded, and its error."""
    p = a * b
    a1 = head(a)
    b1 = head(b)
    a2 = a - a1
    b2 = b - b1
    return p, ((a1 * b1 - p) + a1 * b2 + a2 * b1) + a2 * b2


@inlined
def quotient(a, a_low, b, b_low):
    """(a + a_low) / (b + b_low) as a double and what it lacks."""
    inverse = f64_div(1.0, b)
    q = a * inverse
    p, p_low = two_product(q, b)
    return q, (((a - p) - p_low) + (a_low - q * b_low)) * inverse
