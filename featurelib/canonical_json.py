"""Canonical JSON: one text for one value, so that digests over it mean something.

Keys are sorted by code point, nothing is written between tokens, text is UTF-8 as it is. A float
never stands in it as a number: it is the 16 hex digits of its bits. A 64-bit integer is a decimal
string, because readers in other languages hold JSON numbers as binary64.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from json import scanner
from typing import Any

__all__ = [
    "UNREADABLE",
    "dumps",
    "float_to_hex",
    "hex_to_float",
    "int_to_text",
    "loads",
    "text_of",
    "text_to_int",
]

_CANONICAL_NAN = "7ff8000000000000"
_EXACT_INTEGERS = 1 << 53
_MAX_DIGITS = 20  # of a 64-bit integer with its sign
_LARGE = 2_000
"""Values that one call into C reads or writes; a text of so many times 16 bytes is large."""
_RUN = 200
"""Elements of a long list that are written together, if they are small."""
_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)
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
    return text_of(obj, _ENCODER)


def text_of(obj: Any, encoder: json.JSONEncoder) -> str:
    """``encoder.encode(obj)``, of plain data whose keys are text, in steps that are short.

    One call into C holds the interpreter lock: a vocabulary of 2 MB that a service reads in a
    thread would keep its requests waiting.
    """
    return "".join(_pieces(obj, encoder))


def loads(data: bytes) -> Any:
    """``json.loads(data)`` in steps that are short.

    Raises:
        ValueError: It is no JSON.
    """
    if len(data) <= 16 * _LARGE:
        return json.loads(data)
    decoder = json.JSONDecoder()
    # As the decoder does where it was built without C: strings are still read by C, one each.
    decoder.scan_once = scanner.py_make_scanner(decoder)  # type: ignore[attr-defined]
    return decoder.decode(data.decode())


def _pieces(obj: Any, encoder: json.JSONEncoder) -> Iterator[str]:
    if _count(obj) < _LARGE or not isinstance(obj, (dict, list, tuple)):
        yield encoder.encode(obj)
        return
    if isinstance(obj, dict):
        between = "{"
        for key in sorted(obj) if encoder.sort_keys else obj:
            yield between + encoder.encode(key) + encoder.key_separator
            yield from _pieces(obj[key], encoder)
            between = encoder.item_separator
        yield "}"
        return
    between = "["
    for first in range(0, len(obj), _RUN):
        run = obj[first : first + _RUN]
        if _count(run) < _LARGE:
            yield between + encoder.encode(run)[1:-1]
            between = encoder.item_separator
            continue
        for value in run:
            yield between
            yield from _pieces(value, encoder)
            between = encoder.item_separator
    yield "]"


def _count(obj: Any) -> int:
    """How many values are inside, as far as it matters."""
    if not isinstance(obj, (dict, list, tuple)):
        return 1
    found = 1
    for value in obj.values() if isinstance(obj, dict) else obj:
        found += _count(value)
        if found >= _LARGE:
            break
    return found


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
