"""Constants as PTX writes them (section 4.5)."""

from __future__ import annotations

import re
import struct

from parity_tests.device.ptx_words import PtxRefusal, Type

_INTEGER = re.compile(r"(-?)(0[xX][0-9a-fA-F]+|0[bB][01]+|0[0-7]*|[1-9][0-9]*)U?\Z")
_DOUBLE = re.compile(r"(-?)0[dD]([0-9a-fA-F]{16})\Z")
_SINGLE = re.compile(r"(-?)0[fF]([0-9a-fA-F]{8})\Z")


def is_number(text: str) -> bool:
    """Whether an operand is a constant."""
    return text[0].isdigit() or (text[0] == "-" and text[1:2].isdigit())


def integer(text: str) -> int:
    """An integer constant: decimal, hexadecimal, octal or binary, perhaps negated."""
    found = _INTEGER.match(text)
    if found is None:
        raise PtxRefusal(f"constant {text} is not known here")
    digits = found[2]
    if len(digits) > 1 and digits[0] == "0" and digits[1].isdigit():
        digits = "0o" + digits[1:]
    value = int(digits, 0)
    return -value if found[1] else value


def number_bits(text: str, type_: Type) -> int:
    """A constant's bits in a type.

    An integer is cut to the width (section 4.5.1). A float must be written by its bits, `0d` for
    .f64 and `0f` for .f32; a bit-size type takes either of its own width.
    """
    for pattern, width in ((_DOUBLE, 64), (_SINGLE, 32)):
        found = pattern.match(text)
        if found is not None:
            if type_.bits != width or type_.kind not in "fb":
                raise PtxRefusal(f"constant {text} for .{type_}")
            bits = int(found[2], 16)
            return bits ^ (1 << (width - 1)) if found[1] else bits
    if type_.kind == "f":
        raise PtxRefusal(f"constant {text} for .{type_}")
    return integer(text) & type_.mask


def content_bytes(numbers: list[str], type_: Type, size: int) -> bytes:
    """The bytes of an initialised variable; what is not given is zero (section 5.4.4)."""
    given = b"".join(number_bits(n, type_).to_bytes(type_.size, "little") for n in numbers)
    if len(given) > size:
        raise PtxRefusal(f"{len(numbers)} values of .{type_} for {size} bytes")
    return given + bytes(size - len(given))


def double_from_bits(bits: int) -> float:
    """The .f64 that 64 bits are."""
    return float(struct.unpack("<d", bits.to_bytes(8, "little"))[0])
