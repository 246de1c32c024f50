"""Tensors of the Open Inference Protocol: as JSON, and as bytes behind it."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np

from featurelib.layout import Tensor
from serving_example.app.http import Rejection, decode
from serving_example.devices.protocol import Array

__all__ = ["DATATYPES", "InputTensor", "datatype", "read_tensor", "refuse"]

DATATYPES = {
    "Bool": "BOOL", "Int8": "INT8", "Int16": "INT16", "Int32": "INT32", "Int64": "INT64",
    "UInt8": "UINT8", "UInt16": "UINT16", "UInt32": "UINT32", "UInt64": "UINT64",
    "Float32": "FP32", "Float64": "FP64",
}  # fmt: skip
_LEAVES: dict[str, Any] = {"f": float, "i": int, "u": int, "b": bool}


class InputTensor(msgspec.Struct):
    """A tensor of a request."""

    name: str
    shape: list[int]
    datatype: str
    parameters: dict[str, Any] = {}
    data: msgspec.Raw = msgspec.Raw()


def datatype(tensor: Tensor) -> str:
    """The protocol's word for the type of a tensor."""
    return DATATYPES[tensor.dtype.name]


def refuse(reason: str, field: str, message: str) -> Rejection:
    """A 400 for a part of a request."""
    return Rejection(400, "invalid", reason, message, field=field)


def read_tensor(
    given: InputTensor, field: str, tensor: Tensor, raw: memoryview, max_rows: int
) -> tuple[Array, int]:
    """The values of a tensor of a request.

    Args:
        given: What the request says of it.
        field: Where that stands.
        tensor: What the model reads.
        raw: The bytes behind the JSON that no tensor before it took.
        max_rows: Rows of the largest batch.

    Returns:
        The array, of shape (rows, width), and how many of the bytes are its.

    Raises:
        Rejection: Another type or shape, too many rows, or values that do not fit.
    """
    wanted = datatype(tensor)
    if given.datatype != wanted:
        raise refuse(
            "wrong_dtype", f"{field}.datatype",
            f"`{tensor.name}` is {wanted}, got {given.datatype[:40]!r}",
        )  # fmt: skip
    shape = given.shape
    if len(shape) != 2 or shape[1] != tensor.width or shape[0] < 1:
        raise refuse(
            "wrong_shape", f"{field}.shape",
            f"`{tensor.name}` has the shape [rows, {tensor.width}], got {str(shape)[:80]}",
        )  # fmt: skip
    if shape[0] > max_rows:
        raise Rejection(
            400, "too_large", "rows", f"a request has at most {max_rows} rows, got {shape[0]}",
            field=f"{field}.shape",
        )  # fmt: skip
    dtype = np.dtype(tensor.dtype.storage)
    is_bool = tensor.dtype.name == "Bool"
    size = given.parameters.get("binary_data_size")
    if size is None:
        return _from_json(given, field, shape, dtype, is_bool), 0
    needed = shape[0] * shape[1] * dtype.itemsize
    if size != needed or type(size) is not int:
        raise refuse(
            "wrong_size", f"{field}.parameters.binary_data_size",
            f"`{tensor.name}` of shape {shape} takes {needed} bytes, got {str(size)[:40]}",
        )  # fmt: skip
    if bytes(given.data):
        raise refuse("both", f"{field}.data", "the tensor has both data and binary_data_size")
    if len(raw) < needed:
        raise refuse(
            "truncated", "body", f"`{tensor.name}` takes {needed} bytes, the body has {len(raw)}"
        )
    # A copy: the place in the body need not be aligned, and the body need not stay.
    made = np.frombuffer(raw[:needed], dtype).reshape(shape).copy()
    if is_bool and made.max() > 1:
        raise refuse("wrong_value", field, "a BOOL is a byte of 0 or 1")
    return made, needed


def _from_json(
    given: InputTensor, field: str, shape: list[int], dtype: np.dtype[Any], is_bool: bool
) -> Array:
    field = f"{field}.data"
    text = bytes(given.data)
    if not text:
        raise refuse("missing_field", field, "the tensor has neither data nor binary_data_size")
    leaf = bool if is_bool else _LEAVES[dtype.kind]
    # Row-major values end to end, or lists in lists as the shape has them.
    is_nested = text[1:].lstrip().startswith(b"[")
    values = decode(given.data, list[list[leaf]] if is_nested else list[leaf], field)  # type: ignore[valid-type]
    count = len(values) * shape[1] if is_nested else len(values)
    uneven = is_nested and any(len(row) != shape[1] for row in values)
    if count != shape[0] * shape[1] or uneven:
        raise refuse(
            "wrong_count", field, f"the shape {shape} has {shape[0] * shape[1]} values, got "
            + ("lists of other lengths" if is_nested else str(count)),
        )  # fmt: skip
    try:
        if dtype.kind != "f":
            return np.array(values, dtype).reshape(shape)
        wide = np.array(values, np.float64).reshape(shape)
    except OverflowError:
        raise refuse("out_of_range", field, f"a value does not fit {dtype}") from None
    if np.abs(wide).max() > np.finfo(dtype).max:
        raise refuse("out_of_range", field, f"a value does not fit {dtype}")
    return wide.astype(dtype)
