"""Tensors of the Open Inference Protocol v2: checked, to JSON or bytes, and back.

NumPy is not needed. Who gives arrays has them sent as bytes, and gets bytes that become arrays.
"""

from __future__ import annotations

import math
import struct
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from featurelib_client.errors import InputError

if TYPE_CHECKING:
    import numpy as np

__all__ = ["DATATYPES", "Tensor", "as_tensor"]

# The protocol's word: what struct and NumPy call it, the least and the largest integer.
DATATYPES: dict[str, tuple[str, str, int, int]] = {
    "BOOL": ("?", "?", 0, 1),
    "FP32": ("f", "<f4", 0, 0),
    "FP64": ("d", "<f8", 0, 0),
    **{
        f"{word}{8 * size}": (
            letter.upper() if word == "UINT" else letter,
            f"<{'u' if word == 'UINT' else 'i'}{size}",
            0 if word == "UINT" else -(2 ** (8 * size - 1)),
            2 ** (8 * size) - 1 if word == "UINT" else 2 ** (8 * size - 1) - 1,
        )
        for word in ("INT", "UINT")
        for letter, size in (("b", 1), ("h", 2), ("i", 4), ("q", 8))
    },
}
"""Types of fixed size, which are all that models of numbers have."""
_FP32_MAX = 3.4028234663852886e38


@dataclass(frozen=True, slots=True)
class Tensor:
    """Values with a type and a shape.

    Attributes:
        datatype: ``FP32``, ``INT64``, ``BOOL``, ...
        shape: How many values along each axis.
        data: The values, row by row, or their bytes, little-endian.
    """

    datatype: str
    shape: tuple[int, ...]
    data: Sequence[Any] | bytes

    def values(self) -> list[Any]:
        """The values, row by row, as Python's."""
        if not isinstance(self.data, bytes):
            return list(self.data)
        letter = DATATYPES[self.datatype][0]
        return list(struct.unpack(f"<{math.prod(self.shape)}{letter}", self.data))

    def numpy(self) -> np.ndarray[Any, Any]:
        """The values as an array that may be written.

        Raises:
            ImportError: NumPy is not installed.
        """
        try:
            import numpy as np
        except ImportError as error:
            raise ImportError(
                "numpy is not installed: pip install featurelib-client[numpy], or take `values()`"
            ) from error
        dtype = np.dtype(DATATYPES[self.datatype][1])
        if isinstance(self.data, bytes):
            return np.frombuffer(self.data, dtype).reshape(self.shape).copy()
        return np.array(self.data, dtype).reshape(self.shape)


def as_tensor(value: object, field: str) -> Tensor:
    """What a caller gives as a tensor: a `Tensor`, or an array of NumPy.

    Args:
        value: What is given.
        field: Its place in the request.

    Raises:
        InputError: It is neither, or its values do not fit its type and shape.
    """
    if isinstance(value, Tensor):
        return _checked(value, field)
    numpy = sys.modules.get("numpy")  # who has an array has imported it
    if numpy is not None and isinstance(value, numpy.ndarray | numpy.generic):
        return _from_array(value, field, numpy)
    raise InputError(
        field,
        f"expected a Tensor(datatype, shape, data) or a NumPy array, got {type(value).__name__}",
    )


def _from_array(value: Any, field: str, numpy: Any) -> Tensor:
    dtype = value.dtype.newbyteorder("<")
    for word, (_, name, _, _) in DATATYPES.items():
        if dtype == numpy.dtype(name):
            raw = numpy.ascontiguousarray(value, dtype).tobytes()
            return Tensor(word, tuple(value.shape), raw)
    raise InputError(field, f"the protocol has no type for {value.dtype}; it has {_known()}")


def _checked(given: Tensor, field: str) -> Tensor:
    if given.datatype not in DATATYPES:
        raise InputError(f"{field}.datatype", f"expected {_known()}, got {given.datatype!r}")
    letter, _, low, high = DATATYPES[given.datatype]
    shape = given.shape
    if not isinstance(shape, tuple | list) or any(type(n) is not int or n < 0 for n in shape):
        raise InputError(f"{field}.shape", f"expected integers >= 0, got {shape!r}")
    count = math.prod(shape)
    if isinstance(given.data, bytes):
        size = count * struct.calcsize(letter)
        if len(given.data) != size:
            raise InputError(
                f"{field}.data", f"{given.datatype} of shape {list(shape)} takes {size} bytes, "
                f"got {len(given.data)}",
            )  # fmt: skip
        return Tensor(given.datatype, tuple(shape), given.data)
    if isinstance(given.data, str) or not isinstance(given.data, Sequence):
        raise InputError(
            f"{field}.data", f"expected a sequence or bytes, got {type(given.data).__name__}"
        )
    if len(given.data) != count:
        raise InputError(
            f"{field}.data", f"the shape {list(shape)} has {count} values end to end, got "
            f"{len(given.data)}",
        )  # fmt: skip
    for i, value in enumerate(given.data):
        problem = _problem(value, given.datatype, low, high)
        if problem:
            raise InputError(f"{field}.data[{i}]", f"{problem}, got {value!r:.80}")
    return Tensor(given.datatype, tuple(shape), tuple(given.data))


def _problem(value: object, datatype: str, low: int, high: int) -> str:
    """What is wrong with a value; empty if nothing is."""
    if datatype == "BOOL":
        return "" if type(value) is bool else "expected True or False"
    if datatype.startswith("FP"):
        if type(value) not in (int, float):
            return "expected a number"
        if not math.isfinite(value):  # type: ignore[arg-type]
            return "JSON has no such number; give the tensor as bytes or as an array"
        if datatype == "FP32" and abs(value) > _FP32_MAX:  # type: ignore[arg-type]
            return "expected what an FP32 can hold"
        return ""
    if type(value) is not int:
        return "expected an integer"
    return "" if low <= value <= high else f"expected {low} to {high}"


def _known() -> str:
    return ", ".join(sorted(DATATYPES))
