"""Estimates of the naive oracle: registers in a dict, values by their bits, sums as fractions."""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import xxhash

from parity_tests.windows.oracle_numbers import bits, order_of_bits, rounded

ALPHA = {16: 0.673, 32: 0.697, 64: 0.709}
MOST = 2**63 - 1


def hash_of(value: Any) -> int:
    """XXH64 with seed 0 of the eight bytes of a value, -0.0 as 0.0."""
    word = 0 if value == 0 else bits(value)
    return xxhash.xxh64_intdigest(word.to_bytes(8, "little"), 0)


def approx_n_unique(about: Mapping[str, Any], values: Sequence[Any]) -> tuple[Any, str | None]:
    """HyperLogLog; ``about["log"]`` is featurelib's own logarithm."""
    p = about["precision"]
    m, zeros = 2**p, 64 - p
    registers: dict[int, int] = {}
    for value in values:
        text = f"{hash_of(value):064b}"
        rank = text[p:].find("1") + 1 or zeros + 1
        register = int(text[:p], 2)
        registers[register] = max(registers.get(register, 0), rank)
    empty = m - len(registers)
    z = rounded(empty + sum((Fraction(1, 2**rank) for rank in registers.values()), Fraction(0)))
    alpha = ALPHA.get(m, 0.7213 / (1 + 1.079 / m))
    e = (alpha * m * m) / z
    if e <= 2.5 * m and empty > 0:
        e = m * about["log"](m / empty)
    return min(round(e), MOST), None


def approx_quantile(about: Mapping[str, Any], values: Sequence[Any]) -> tuple[Any, str | None]:
    """The middle of the bucket of the value at a rank."""
    drop = 52 - about["precision"]
    floats = [v if isinstance(v, float) else rounded(Fraction(int(v))) for v in values]
    ordered = sorted((0.0 if v == 0 else v for v in floats), key=order_of_bits)
    if len({bits(v) >> drop for v in ordered}) > about["max_buckets"]:
        return None, "too_many"
    if not ordered:
        return None, "no_events"
    value = ordered[math.floor((len(ordered) - 1) * Fraction(about["q"]))]
    bucket = bits(value) >> drop
    if not math.isfinite(value) or bucket == 0:
        return (value if bucket else 0.0), None
    middle = bucket << drop | 1 << (drop - 1)
    return struct.unpack("<d", struct.pack("<Q", middle))[0], None
