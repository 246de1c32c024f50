"""The scalar primitives that every op body stands on: names, types and CPython meaning.

`featurelib/jit/intrinsics_cpu.py` gives the same names, in the same order, their machine meaning.
Together these two files are the trusted base: everything else is built from them and runs from one
source on every engine.

Kinds in the annotations: `B` truth value, `I` signed 64-bit, `U` unsigned 64-bit, `F` binary64,
`A` an opaque buffer (an object here, an address in machine code). An `I` argument outside its
range, or a load outside its buffer, cannot happen in a correct body: here it raises, so that tests
see it.
"""

import math
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

_MASK = (1 << 64) - 1
_CANONICAL_NAN = 0x7FF8000000000000
_KINDS = {"B": "b", "I": "i", "U": "u", "F": "f", "A": "a", "None": ""}


class View(NamedTuple):
    """A piece of a buffer: text as bytes `start` to `stop`, a list or table as elements."""

    buf: Any
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Intrinsic:
    """One primitive: its name, the kinds of its arguments and result, its CPython meaning."""

    name: str
    args: tuple[str, ...]
    result: str
    fn: Callable[..., Any]


INTRINSICS: dict[str, Intrinsic] = {}


def _intrinsic(signature: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Registers a primitive; the signature reads like ``"I I -> I"``."""
    args, result = signature.split("->")

    def register(fn: Callable[..., Any]) -> Callable[..., Any]:
        kinds = tuple(_KINDS[a] for a in args.split())
        INTRINSICS[fn.__name__] = Intrinsic(fn.__name__, kinds, _KINDS[result.strip()], fn)
        return fn

    return register


def _signed(x: int) -> int:
    x &= _MASK
    return x - (1 << 64) if x >> 63 else x


# --- signed integers, wrapping ---------------------------------------------------------------
@_intrinsic("I I -> I")
def i64_add(a, b):
    """a + b modulo 2**64."""
    return _signed(a + b)


@_intrinsic("I I -> I")
def i64_sub(a, b):
    """a - b modulo 2**64."""
    return _signed(a - b)


@_intrinsic("I I -> I")
def i64_mul(a, b):
    """a * b modulo 2**64."""
    return _signed(a * b)


@_intrinsic("I I -> I")
def i64_floordiv(a, b):
    """Quotient rounded towards minus infinity; by zero it is 0; the smallest by -1 wraps."""
    return _signed(a // b) if b != 0 else 0


@_intrinsic("I I -> I")
def i64_mod(a, b):
    """Remainder with the sign of `b`; by zero it is 0."""
    return a % b if b != 0 else 0


@_intrinsic("I I -> I")
def i64_and(a, b):
    """Bitwise and."""
    return a & b


@_intrinsic("I I -> I")
def i64_or(a, b):
    """Bitwise or."""
    return a | b


@_intrinsic("I I -> I")
def i64_xor(a, b):
    """Bitwise exclusive or."""
    return a ^ b


@_intrinsic("I I -> I")
def i64_shl(a, n):
    """a shifted left by n; 0 for n outside 0..63."""
    return _signed(a << n) if 0 <= n < 64 else 0


@_intrinsic("I I -> I")
def i64_shr(a, n):
    """a shifted right by n, sign kept; 0 for n outside 0..63."""
    return a >> n if 0 <= n < 64 else 0


# --- unsigned integers, wrapping -------------------------------------------------------------
@_intrinsic("U U -> U")
def u64_add(a, b):
    """a + b modulo 2**64."""
    return (a + b) & _MASK


@_intrinsic("U U -> U")
def u64_sub(a, b):
    """a - b modulo 2**64."""
    return (a - b) & _MASK


@_intrinsic("U U -> U")
def u64_mul(a, b):
    """Low half of a * b."""
    return (a * b) & _MASK


@_intrinsic("U U -> U")
def u64_mulhi(a, b):
    """High half of a * b."""
    return ((a & _MASK) * (b & _MASK)) >> 64


@_intrinsic("U U -> U")
def u64_div(a, b):
    """Quotient; by zero it is 0."""
    return a // b if b != 0 else 0


@_intrinsic("U U -> U")
def u64_mod(a, b):
    """Remainder; by zero it is 0."""
    return a % b if b != 0 else 0


@_intrinsic("U U -> U")
def u64_and(a, b):
    """Bitwise and."""
    return a & b


@_intrinsic("U U -> U")
def u64_or(a, b):
    """Bitwise or."""
    return a | b


@_intrinsic("U U -> U")
def u64_xor(a, b):
    """Bitwise exclusive or."""
    return a ^ b


@_intrinsic("U I -> U")
def u64_shl(a, n):
    """a shifted left by n; 0 for n outside 0..63."""
    return (a << n) & _MASK if 0 <= n < 64 else 0


@_intrinsic("U I -> U")
def u64_shr(a, n):
    """a shifted right by n, zeros in; 0 for n outside 0..63."""
    return a >> n if 0 <= n < 64 else 0


@_intrinsic("U I -> U")
def u64_rotl(a, n):
    """a rotated left by n modulo 64."""
    n &= 63
    return ((a << n) | (a >> (64 - n))) & _MASK


@_intrinsic("U -> I")
def u64_clz(a):
    """Number of leading zero bits; 64 for 0."""
    return 64 - a.bit_length()


# --- floats ----------------------------------------------------------------------------------
@_intrinsic("F F -> F")
def f64_div(a, b):
    """IEEE 754 quotient: x / 0 is an infinity, 0 / 0 is NaN."""
    if b != 0.0:
        return a / b
    if a == 0.0 or a != a:
        return math.nan
    return math.copysign(math.inf, a) * math.copysign(1.0, b)


@_intrinsic("F -> F")
def f64_sqrt(x):
    """IEEE 754 square root; NaN below zero."""
    return math.sqrt(x) if x >= 0.0 or x != x else math.nan


@_intrinsic("F -> F")
def f64_abs(x):
    """x without its sign."""
    return math.fabs(x)


@_intrinsic("F F -> F")
def f64_copysign(x, sign):
    """Magnitude of x with the sign of a `sign` that is not NaN."""
    return math.copysign(x, sign)


@_intrinsic("F -> F")
def f64_floor(x):
    """Largest integer that is not greater; -0.0, infinities and NaN are kept."""
    return math.copysign(float(math.floor(x)), x) if math.isfinite(x) else x


@_intrinsic("F -> F")
def f64_ceil(x):
    """Smallest integer that is not less; a result of zero has the sign of x."""
    return math.copysign(float(math.ceil(x)), x) if math.isfinite(x) else x


@_intrinsic("F -> F")
def f64_trunc(x):
    """Towards zero; a result of zero has the sign of x."""
    return math.copysign(float(math.trunc(x)), x) if math.isfinite(x) else x


@_intrinsic("F -> F")
def f64_rint(x):
    """To the nearest integer, halves to even; a result of zero has the sign of x."""
    return math.copysign(float(round(x)), x) if math.isfinite(x) else x


@_intrinsic("F -> F")
def f64_round_f32(x):
    """x rounded once to binary32 (nearest even; overflow to infinity), held as binary64."""
    if x != x or math.isinf(x):
        return x
    try:
        return struct.unpack("<f", struct.pack("<f", x))[0]
    except OverflowError:
        return math.copysign(math.inf, x)


# --- conversions -----------------------------------------------------------------------------
@_intrinsic("I -> F")
def f64_from_i64(a):
    """Nearest float, halves to even."""
    return float(a)


@_intrinsic("U -> F")
def f64_from_u64(a):
    """Nearest float, halves to even."""
    return float(a)


@_intrinsic("F -> I")
def i64_from_f64(x):
    """Truncated; NaN gives 0, what is out of range the nearest bound."""
    if x != x:
        return 0
    if x >= 9223372036854775808.0:
        return (1 << 63) - 1
    return -(1 << 63) if x <= -9223372036854775808.0 else int(x)


@_intrinsic("F -> U")
def u64_from_f64(x):
    """Truncated; NaN and what is below zero give 0, what is above the range the largest."""
    if x != x or x <= 0.0:
        return 0
    return _MASK if x >= 18446744073709551616.0 else int(x)


@_intrinsic("U -> I")
def i64_from_u64(a):
    """The same 64 bits, read as signed."""
    return _signed(a)


@_intrinsic("I -> U")
def u64_from_i64(a):
    """The same 64 bits, read as unsigned."""
    return a & _MASK


@_intrinsic("B -> I")
def i64_from_bool(a):
    """1 for true, 0 for false."""
    return 1 if a else 0


@_intrinsic("F -> U")
def f64_bits(x):
    """The 64 bits of x; every NaN gives the one canonical quiet NaN, 0x7FF8000000000000."""
    return int.from_bytes(struct.pack("<d", x), "little") if x == x else _CANONICAL_NAN


@_intrinsic("U -> F")
def f64_from_bits(a):
    """The float that has these 64 bits."""
    return struct.unpack("<d", a.to_bytes(8, "little"))[0]


# --- memory ----------------------------------------------------------------------------------
def _at(buf: Any, offset: int, size: int) -> bytes:
    """The bytes of a buffer, refusing what machine code would read beyond it."""
    if offset < 0 or offset + size > len(buf):
        raise IndexError(f"load of {size} bytes at {offset} from a buffer of {len(buf)}")
    return bytes(buf[offset : offset + size])


@_intrinsic("A I -> I")
def load_u8(buf, i):
    """Byte i, 0 to 255."""
    if i < 0:
        raise IndexError(f"load_u8 at {i}")
    return buf[i]


@_intrinsic("A I -> U")
def load_u32_le(buf, offset):
    """Four bytes from a byte offset of any alignment, little-endian."""
    return int.from_bytes(_at(buf, offset, 4), "little")


@_intrinsic("A I -> U")
def load_u64_le(buf, offset):
    """Eight bytes from a byte offset of any alignment, little-endian."""
    return int.from_bytes(_at(buf, offset, 8), "little")


@_intrinsic("A I -> I")
def load_i32(buf, i):
    """Element i of a buffer of Int32."""
    return int.from_bytes(_at(buf, 4 * i, 4), "little", signed=True)


@_intrinsic("A I -> I")
def load_i64(buf, i):
    """Element i of a buffer of Int64."""
    return int.from_bytes(_at(buf, 8 * i, 8), "little", signed=True)


@_intrinsic("A I -> F")
def load_f32(buf, i):
    """Element i of a buffer of Float32."""
    return struct.unpack("<f", _at(buf, 4 * i, 4))[0]


@_intrinsic("A I -> F")
def load_f64(buf, i):
    """Element i of a buffer of Float64."""
    return struct.unpack("<d", _at(buf, 8 * i, 8))[0]


@_intrinsic("A I I -> I")
def store_u8(buf, i, value):
    """Writes the low 8 bits of value to byte i of a reserved buffer; gives i + 1."""
    if i < 0:
        raise IndexError(f"store_u8 at {i}")
    buf[i] = value & 255
    return i + 1


@_intrinsic("A I F -> I")
def store_f32(buf, i, value):
    """Writes a float that is exact in binary32 to element i of a reserved buffer; gives i + 1."""
    struct.pack_into("<f", buf, 4 * i, value)
    return i + 1


@_intrinsic("A I -> A")
def arena_reserve(arena, n):
    """A new buffer of n bytes that lives as long as the call."""
    if not 0 <= n <= arena.limit:
        raise ValueError(f"reserve of {n} bytes, limit {arena.limit}")
    return bytearray(n)


@_intrinsic("A -> I")
def arena_limit(arena):
    """The row limit: the largest number of bytes that one result may have."""
    return arena.limit


@dataclass(frozen=True, slots=True)
class Arena:
    """The scratch arena as the reference evaluator has it: only its row limit matters."""

    limit: int = 65536


__all__ = ["INTRINSICS", "Arena", "Intrinsic", "View", *INTRINSICS]
