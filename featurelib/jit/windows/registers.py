"""Estimates of how many values are distinct: HyperLogLog, its registers summed exactly.

Of each value a key is made, its register above the rank of its hash, and the keys are sorted: the
last key of a register has the greatest rank. So no register lies in memory that nothing fell into.
"""

from __future__ import annotations

import numpy as np

from featurelib.intrinsics import (
    f64_div,
    f64_from_i64,
    f64_rint,
    i64_from_f64,
    i64_from_u64,
    load_u8,
    store_u8,
    u64_clz,
    u64_from_i64,
    u64_shl,
    u64_shr,
)
from featurelib.jit.bodies import compiled
from featurelib.jit.windows.layout import KIND_FLOAT
from featurelib.jit.windows.memory import helper, uword
from featurelib.jit.windows.rounding import NAN_BITS, ONE, ZERO, float_of, round_two
from featurelib.jit.windows.values import is_nan
from featurelib.ops.elementary.log import log
from featurelib.ops.hashing import xxh64_u64

_hash = compiled(xxh64_u64)
_log = compiled(log.bodies[0].fn)
RANK_BITS = 6
"""A rank is at most 61: the least precision leaves 60 bits of a hash to count zeros in."""
_RANKS = np.uint64((1 << RANK_BITS) - 1)


@helper
def register_key(x, kind, precision):
    """The register of a value and its rank below, as one word that sorts by both."""
    if kind == KIND_FLOAT:
        if (x << ONE) == ZERO:
            x = ZERO
        elif is_nan(x):
            x = NAN_BITS
    h = _hash(x, ZERO)
    rest = u64_shl(h, precision)
    rank = 65 - precision if rest == ZERO else u64_clz(rest) + 1
    return u64_shl(u64_shr(h, 64 - precision), RANK_BITS) | u64_from_i64(rank)


@helper
def is_same_register(key, other):
    """Whether two keys are of one register."""
    return (key ^ other) <= _RANKS


@helper
def part_of(key, precision):
    """2**-rank of a key in units of 2**(precision - 65)."""
    return u64_shl(ONE, 65 - precision - i64_from_u64(key & _RANKS))


@helper
def estimate(high, low, empty, precision, factor):
    """The estimate from the sum of 2**-rank over registers that are not 0.

    Args:
        high: The sum in units of 2**(precision - 65), its high word.
        low: Its low word.
        empty: How many registers are 0.
        precision: There are 2**precision of them.
        factor: What is divided by the sum over all.
    """
    m = f64_from_i64(1 << precision)
    zeros = u64_from_i64(empty)
    whole = low + u64_shl(zeros, 65 - precision)
    high += u64_shr(zeros, precision - 1) + (ONE if whole < low else ZERO)
    e = f64_div(factor, float_of(round_two(high, whole, precision - 65, False, False)))
    if empty > 0 and e <= 2.5 * m:
        e = m * _log(f64_div(m, f64_from_i64(empty)))
    return i64_from_f64(f64_rint(e))


@helper
def raise_register(registers, key):
    """Adds a key to registers, a byte each."""
    register, rank = i64_from_u64(u64_shr(key, RANK_BITS)), i64_from_u64(key & _RANKS)
    if load_u8(registers, register) < rank:
        store_u8(registers, register, rank)


@helper
def are_registers(registers, precision):
    """Whether no register has a rank that no hash has."""
    r = 0
    while r < 1 << precision and load_u8(registers, r) <= 65 - precision:
        r += 1
    return r == 1 << precision


@helper
def merge_registers(registers, other, precision):
    """Raises registers to others."""
    for r in range(1 << precision):
        store_u8(registers, r, max(load_u8(registers, r), load_u8(other, r)))


@helper
def estimate_registers(registers, precision, factor):
    """The estimate from registers."""
    high, low, filled = ZERO, ZERO, 0
    for r in range(1 << precision):
        rank = load_u8(registers, r)
        if rank > 0:
            part = u64_shl(ONE, 65 - precision - rank)
            low += part
            high += ONE if low < part else ZERO
            filled += 1
    return estimate(high, low, (1 << precision) - filled, precision, factor)


@helper
def estimate_of(keys, n, precision, factor):
    """The estimate from n sorted keys."""
    high, low, filled = ZERO, ZERO, 0
    for i in range(n):
        key = uword(keys, i)
        if i + 1 < n and is_same_register(uword(keys, i + 1), key):
            continue  # the next key is not below
        part = part_of(key, precision)
        low += part
        high += ONE if low < part else ZERO
        filled += 1
    return estimate(high, low, (1 << precision) - filled, precision, factor)
