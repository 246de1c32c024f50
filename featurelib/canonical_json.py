"""Canonical JSON: one text for one value, so that digests over it mean something.

Keys are sorted by code point, nothing is written between tokens, text is UTF-8 as it is. A float
never stands in it as a number: it is the 16 hex digits of its bits. A 64-bit integer is a decimal
string, because readers in other languages hold JSON numbers as binary64.
"""

from __future__ import annotations

import json
import struct
from typing import Any

__all__ = ["UNREADABLE", "dumps", "float_to_hex", "hex_to_float", "int_to_text", "text_to_int"]

_CANONICAL_NAN = "7ff8000000000000"
_EXACT_INTEGERS = 1 << 53
_MAX_DIGITS = 20  # of a 64-bit integer with its sign
UNREADABLE = (
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
    struct.error,
)
"""What data of a wrong shape makes its readers raise: a bundle is then refused as unreadable."""


def float_to_hex(value: float) -> str:
    """The 16 hex digits of the bits of a binary64 float; every NaN is the canonical one."""
    if value != value:
        return _CANONICAL_NAN
    return struct.pack(">d", value).hex()


def hex_to_float(text: str) -> float:
    """The float that `float_to_hex` wrote.

    Raises:
        ValueError: The text is not 16 hex digits.
    """
    if not isinstance(text, str) or len(text) != 16:
        raise ValueError(f"expected the 16 hex digits of a float, got {text!r}")
    return float(struct.unpack(">d", bytes.fromhex(text))[0])


def int_to_text(value: int) -> str:
    """A 64-bit integer as a decimal string."""
    return str(int(value))


def text_to_int(text: str) -> int:
    """The integer that `int_to_text` wrote.

    Raises:
        ValueError: The text is not the one spelling of a 64-bit integer.
    """
    if not isinstance(text, str) or len(text) > _MAX_DIGITS or str(int(text)) != text:
        raise ValueError(f"expected a 64-bit integer as a decimal string, got {text!r}")
    return int(text)


def dumps(obj: Any) -> str:
    """The canonical JSON text of plain data (dict, list, tuple, str, bool, None, small int).

    Raises:
        TypeError: A float, an integer above 2**53 in size, or a key that is not text is inside.
    """
    _check(obj)
    return json.dumps(obj, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _check(obj: Any) -> None:
    if obj is None or isinstance(obj, (bool, str)):
        return
    if isinstance(obj, int):
        if abs(obj) > _EXACT_INTEGERS:
            raise TypeError(f"{obj} is not exact in every JSON reader: write it by int_to_text")
    elif isinstance(obj, dict):
        for key, value in obj.items():
            if not isinstance(key, str):
                raise TypeError(f"a key of canonical JSON is text, got {key!r}")
            _check(value)
    elif isinstance(obj, (list, tuple)):
        for value in obj:
            _check(value)
    else:
        raise TypeError(f"canonical JSON has no {type(obj).__name__} ({obj!r})")
