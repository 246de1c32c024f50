"""What the longer instructions do to values, as functions that translated code calls.

Integers are held as their bits, never negative. A .f64 is a Python float, whose + - * are IEEE's; a
.f32 is held as its 32 bits. A NaN that arithmetic gives has bits that the caller of `run` chose:
the ISA leaves those of .f32 to the machine and says little of those of .f64 (section 9.7.3), so a
kernel may not depend on them.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from fractions import Fraction
from typing import Any

UNSPECIFIED = 0xBAADF00DBAADF00D
"""Stands for what the ISA leaves to the machine: an integer divided by zero (section 9.7.1.8)."""


def bits_of(x: float) -> int:
    """The bits of a .f64."""
    return int(struct.unpack("<Q", struct.pack("<d", x))[0])


def double_of(bits: int) -> float:
    """The .f64 of 64 bits; a NaN keeps its payload."""
    return float(struct.unpack("<d", struct.pack("<Q", bits))[0])


def single_value(bits: int) -> float:
    """The value of a .f32, exact in Python's float."""
    return float(struct.unpack("<f", struct.pack("<I", bits))[0])


def single_bits(x: float) -> int:
    """The .f32 nearest to a float that is no NaN, ties to even."""
    try:
        return int(struct.unpack("<I", struct.pack("<f", x))[0])
    except OverflowError:
        return 0xFF800000 if x < 0.0 else 0x7F800000


# --- integers ----------------------------------------------------------------------------------
def signed(x: int, bits: int) -> int:
    """Two's complement of `bits` bits."""
    return x - (1 << bits) if x >> (bits - 1) else x


def divide(a: int, b: int, bits: int, is_signed: bool) -> int:
    """`div`: truncates (9.7.1.8); by zero, and the smallest by -1, it is the machine's."""
    mask = (1 << bits) - 1
    if is_signed:
        a, b = signed(a, bits), signed(b, bits)
    if b == 0 or (is_signed and b == -1 and a == -(1 << (bits - 1))):
        return UNSPECIFIED & mask
    quotient = abs(a) // abs(b)
    return (quotient if (a < 0) == (b < 0) else -quotient) & mask


def remainder(a: int, b: int, bits: int, is_signed: bool) -> int:
    """`rem` of a truncating division (9.7.1.9); left to the machine where `div` is."""
    mask = (1 << bits) - 1
    if is_signed:
        a, b = signed(a, bits), signed(b, bits)
    if b == 0 or (is_signed and b == -1 and a == -(1 << (bits - 1))):
        return UNSPECIFIED & mask
    rest = abs(a) % abs(b)
    return (-rest if a < 0 else rest) & mask


def bit_field(a: int, b: int, c: int, bits: int, is_signed: bool) -> int:
    """`bfe` (9.7.1.19): `c` bits of `a` from bit `b`, filled with the field's sign bit."""
    start, length = b & 0xFF, c & 0xFF
    sign = 0
    if is_signed and length:
        sign = a >> min(start + length - 1, bits - 1) & 1
    taken = max(0, min(length, bits - start))
    field = a >> start & ((1 << taken) - 1)
    return field | ((((1 << bits) - 1) >> taken << taken) if sign else 0)


def insert_bits(a: int, b: int, c: int, d: int, bits: int) -> int:
    """`bfi` (9.7.1.20): the low `d` bits of `a` put into `b` at bit `c`."""
    start, length = c & 0xFF, d & 0xFF
    taken = max(0, min(length, bits - start))
    field = (1 << taken) - 1
    return (b & ~(field << start)) | ((a & field) << start)


def find_bit(a: int, bits: int, is_signed: bool, as_shift: bool) -> int:
    """`bfind` (9.7.1.16): the highest bit that is not the sign, or 0xffffffff."""
    if is_signed and a >> (bits - 1):
        a ^= (1 << bits) - 1
    if a == 0:
        return 0xFFFFFFFF
    return bits - a.bit_length() if as_shift else a.bit_length() - 1


def reverse(a: int, bits: int) -> int:
    """`brev` (9.7.1.18)."""
    return int(format(a, f"0{bits}b")[::-1], 2)


def funnel(a: int, b: int, c: int, is_left: bool, wraps: bool) -> int:
    """`shf` (9.7.8.8): the high or low word of {b, a} shifted; `c` wraps at 32 or is cut to 32."""
    n = c & 31 if wraps else min(c, 32)
    both = b << 32 | a
    return (both << n >> 32 if is_left else both >> n) & 0xFFFFFFFF


def permute(a: int, b: int, c: int) -> int:
    """`prmt` without a mode (9.7.9.7): bytes picked by the nibbles of `c`; bit 3 copies signs."""
    source, result = (b << 32 | a).to_bytes(8, "little"), 0
    for place in range(4):
        pick = c >> 4 * place & 15
        byte = source[pick & 7]
        result |= (byte if pick < 8 else 0xFF * (byte >> 7)) << 8 * place
    return result


def logic3(a: int, b: int, c: int, table: int) -> int:
    """`lop3` (9.7.8.6): bit by bit, the bit of `table` that the three bits count."""
    result = 0
    for index in range(8):
        if table >> index & 1:
            part = a if index & 4 else ~a
            part &= b if index & 2 else ~b
            result |= part & (c if index & 1 else ~c)
    return result & 0xFFFFFFFF


# --- floats ------------------------------------------------------------------------------------
def divide_floats(a: float, b: float) -> float:
    """`div.rn` on values (9.7.3.8)."""
    if b != 0.0:
        return a / b
    if a == 0.0 or a != a or b != b:
        return math.nan
    return math.copysign(math.inf, a) * math.copysign(1.0, b)


def root(a: float) -> float:
    """`sqrt.rn` (9.7.3.14): below zero it is a NaN, of -0.0 it is -0.0."""
    return math.sqrt(a) if a >= 0.0 else math.nan


def least(a: float, b: float) -> float:
    """`min` (9.7.3.11): a NaN gives way to a number, and -0.0 is less than 0.0."""
    if a != a or b != b:
        return b if a != a else a
    if a == b:
        return a if math.copysign(1.0, a) < 0.0 else b
    return a if a < b else b


def greatest(a: float, b: float) -> float:
    """`max` (9.7.3.12): a NaN gives way to a number, and 0.0 is greater than -0.0."""
    if a != a or b != b:
        return b if a != a else a
    if a == b:
        return b if math.copysign(1.0, a) < 0.0 else a
    return a if a > b else b


def fused(a: float, b: float, c: float) -> Fraction | float:
    """a * b + c before any rounding: exact, or a float where it is zero or not finite."""
    if not (math.isfinite(a) and math.isfinite(b) and math.isfinite(c)):
        product = a * b
        # c decides alone against a finite product, which may have overflowed here only.
        return c if math.isfinite(a) and math.isfinite(b) else product + c
    exact = Fraction(a) * Fraction(b) + Fraction(c)
    # A sum of zero takes its sign from the rule for a + b, as in one step.
    return exact if exact else a * b + c if a == 0.0 or b == 0.0 else 0.0


def nearest_double(exact: Fraction | float) -> float:
    """The .f64 nearest to an exact value, ties to even."""
    if isinstance(exact, float):
        return exact
    try:
        return exact.numerator / exact.denominator
    except OverflowError:
        return math.inf if exact > 0 else -math.inf


def nearest_single(exact: Fraction | float) -> int:
    """The bits of the .f32 nearest to an exact value, ties to even, in one rounding."""
    if isinstance(exact, float):
        return single_bits(exact)
    size = abs(exact)
    power = size.numerator.bit_length() - size.denominator.bit_length()
    power -= size < Fraction(2) ** power
    unit = Fraction(2) ** (max(power, -126) - 23)
    return single_bits(math.copysign(float(round(size / unit) * unit), exact))


ROUNDINGS: dict[str, Callable[[float], int]] = {
    "rni": round,
    "rzi": math.trunc,
    "rmi": math.floor,
    "rpi": math.ceil,
}
"""Integer rounding of finite floats (section 9.7.9.22): Python's `round` is to even."""


def integral(x: float, mode: str) -> float:
    """`cvt.rni.f64.f64` and its kin: an integer as a float, with the sign of `x` for zero."""
    return math.copysign(float(ROUNDINGS[mode](x)), x) if math.isfinite(x) else x


def to_integer(x: float, mode: str, bits: int, is_signed: bool, nan: int) -> int:
    """`cvt` of a float to an integer: clamped to the range; a NaN gives `nan`."""
    if x != x:
        return nan
    low, high = (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if is_signed else (0, (1 << bits) - 1)
    if math.isinf(x):
        return (high if x > 0.0 else low) & ((1 << bits) - 1)
    return min(max(ROUNDINGS[mode](x), low), high) & ((1 << bits) - 1)


def single_operations(nan: int) -> dict[str, Any]:
    """.f32 arithmetic on bits, with `nan` for every NaN that it gives.

    + - * / and the square root of two .f32 are computed in .f64 and rounded again: 53 >= 2 * 24 + 2
    bits are enough for that to be one rounding.
    """

    def rounded(x: float) -> int:
        return nan if x != x else single_bits(x)

    def apply(function: Callable[..., float]) -> Callable[..., int]:
        return lambda *bits: rounded(function(*map(single_value, bits)))

    def fma(a: int, b: int, c: int) -> int:
        exact = fused(single_value(a), single_value(b), single_value(c))
        return nan if exact != exact else nearest_single(exact)

    return {
        "single_add": apply(lambda a, b: a + b),
        "single_sub": apply(lambda a, b: a - b),
        "single_mul": apply(lambda a, b: a * b),
        "single_div": apply(divide_floats),
        "single_sqrt": apply(root),
        "single_min": apply(least),
        "single_max": apply(greatest),
        "single_round": rounded,
        "single_fma": fma,
        "single_integral": lambda a, mode: rounded(integral(single_value(a), mode)),
        "single_exact": lambda x: nearest_single(Fraction(x)) if x else 0,
    }
