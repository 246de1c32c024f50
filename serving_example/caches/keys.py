"""Keys of predictions: equal exactly where the answers must be.

A key is 16 bytes for what answers (artifacts, bundle, contract) and the canonical bytes of what was
asked. Nothing of a request is hashed away: two requests share a key only if they are the same one.
"""

from __future__ import annotations

import hashlib
import struct
from array import array
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

__all__ = ["NAN", "answerer", "canonical", "pair"]

NAN: Final = b"\x00\x00\x00\x00\x00\x00\xf8\x7f"
"""The one NaN, as eight bytes: what `numeric contract` 1 of the design calls canonical."""
_INT, _FLOAT, _COUNT = struct.Struct("<Bq"), struct.Struct("<d"), struct.Struct("<BI")
_NONE, _FALSE, _TRUE, _SMALL, _BIG, _REAL, _TEXT, _BYTES, _LIST, _INTS, _MAP, _ARRAY = range(12)
_PAIR = struct.Struct("<BIqq")
_INTEGERS: Final = {int}
_LOW, _HIGH = -(1 << 63), (1 << 63) - 1


def answerer(*parts: str) -> bytes:
    """16 bytes that name what answers: model artifacts, bundle, contract version.

    Args:
        *parts: Texts whose order means something; one more or less is another answerer.
    """
    return hashlib.sha256(canonical(list(parts))).digest()[:16]


def canonical(value: Any) -> bytes:
    """The bytes of a value, equal exactly where the values are.

    Every NaN is one value; -0.0 and 0.0 are two; 1, 1.0 and True are three. The order of the keys
    of a mapping does not count, that of a list does.

    Args:
        value: None, bool, int, float, str, bytes, lists and tuples (which are equal), mappings with
            keys of text, and NumPy arrays of numbers, of whatever strides and byte order.

    Raises:
        TypeError: It is something else, or holds something else.
    """
    kind: Any = type(value)
    if kind is list or kind is tuple:
        return _list(value)
    if kind is int:
        if _LOW <= value <= _HIGH:
            return _INT.pack(_SMALL, value)
        data: bytes = value.to_bytes((value.bit_length() + 8) // 8, "little", signed=True)
        return _COUNT.pack(_BIG, len(data)) + data
    if value is None:
        return bytes((_NONE,))
    if kind is bool:
        return bytes((_TRUE if value else _FALSE,))
    if kind is str:
        data = value.encode("utf-8", "surrogatepass")
        return _COUNT.pack(_TEXT, len(data)) + data
    if kind is float:
        return bytes((_REAL,)) + (_FLOAT.pack(value) if value == value else NAN)
    if kind is bytes:
        return _COUNT.pack(_BYTES, len(value)) + bytes(value)
    if kind is dict:
        if any(type(name) is not str for name in value):
            raise TypeError(f"expected text as the keys of a mapping, got {list(value)[:5]}")
        pairs = [canonical(name) + canonical(value[name]) for name in sorted(value)]
        return _COUNT.pack(_MAP, len(pairs)) + b"".join(pairs)
    if kind is np.ndarray:
        return _array(value)
    raise TypeError(f"expected plain data or an array in a request, got {kind.__qualname__}")


def pair(first: int, second: int) -> bytes:
    """What `canonical` gives for two integers, which is what most requests ask for, and sooner."""
    try:
        return _PAIR.pack(_INTS, 2, first, second)
    except struct.error:  # one of them is beyond 64 bits
        return canonical((first, second))


def _list(value: Sequence[Any]) -> bytes:
    # Most requests are a few integers: one call packs them all, and says if one does not fit.
    if set(map(type, value)) == _INTEGERS:
        try:
            return _COUNT.pack(_INTS, len(value)) + array("q", value).tobytes()
        except OverflowError:
            pass  # one of them is beyond 64 bits
    return _COUNT.pack(_LIST, len(value)) + b"".join(map(canonical, value))


def _array(value: np.ndarray[Any, Any]) -> bytes:
    if value.dtype.kind not in "biuf":
        raise TypeError(f"expected an array of numbers, got {value.dtype}")
    plain = np.ascontiguousarray(value, value.dtype.newbyteorder("<"))
    if plain.dtype.kind == "f" and np.isnan(plain).any():
        plain = np.where(np.isnan(plain), np.array(np.nan, plain.dtype), plain)
    about = canonical([plain.dtype.str, [int(size) for size in value.shape]])
    data: bytes = plain.tobytes()
    return bytes((_ARRAY,)) + about + data
