"""Caller-given buffers for tensors: checked before anything is written to them.

A buffer is a NumPy array, or a tensor on the CPU of a library that speaks DLPack, as torch does;
pinned memory is memory of the CPU. No such library is imported here.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from featurelib.bundle import Bundle
from featurelib.errors import InputError
from featurelib.jit.addresses import address_of
from featurelib.jit.memory import too_small
from featurelib.layout import Layout, Tensor

if TYPE_CHECKING:
    from featurelib_online.column_entry import Entered

Array = np.ndarray[Any, Any]
_HOST = (1, 3, 11)
"""DLPack's kDLCPU, and memory of the CPU that is pinned for CUDA or ROCm."""
_DEVICES = {2: "a CUDA device", 10: "a ROCm device", 8: "a Metal device", 13: "managed CUDA memory"}


def array_names(layout: Layout) -> list[str]:
    """The arrays of a layout's tensors by name: one a tensor, two of a ragged one."""
    return [n for t in layout.tensors for n in _names(t)]


def _names(tensor: Tensor) -> tuple[str, ...]:
    return (tensor.name, tensor.offsets_name) if tensor.is_ragged else (tensor.name,)


def of(out: Any, bundle: Bundle, rows: int) -> dict[str, Array]:
    """`checked` for a bundle; nothing, where no buffers are given."""
    return {} if out is None else checked(out, bundle.layout, rows, bundle.name)


def checked(out: Any, layout: Layout, rows: int, where: str) -> dict[str, Array]:
    """The given buffers as arrays that are filled: the first `rows` rows of each.

    Args:
        out: For each tensor of the layout a writable, C-contiguous buffer on the CPU, of its dtype
            and width, with room for at least `rows` rows. For a ragged tensor two of one dimension:
            room for the elements of all rows, and int64 offsets with room for `rows` + 1.
        layout: The tensors.
        rows: How many rows will be written.
        where: The feature set's name, for errors.

    Raises:
        InputError: A buffer is missing, unknown, does not fit, or shares memory with another one;
            nothing has been written.
    """
    if not isinstance(out, Mapping):
        raise InputError(f"{where}: `out` is no mapping of buffers, got {type(out).__name__}")
    wanted = array_names(layout)
    for name in [*wanted, *out]:
        if (name in wanted) != (name in out):
            what = "lacks tensor" if name in wanted else "has no place for"
            raise InputError(
                f"{where}: `out` {what} `{name}`",
                hint="give exactly the tensors of the layout: " + (", ".join(wanted) or "none"),
            )
    views: dict[str, Array] = {}
    for tensor in layout.tensors:
        name, dtype = tensor.name, np.dtype(tensor.dtype.storage)
        dtypes = (dtype, np.dtype(np.bool_)) if tensor.dtype.name == "Bool" else (dtype,)
        if tensor.is_ragged:
            views[name] = _fitting(out[name], name, dtypes, (0,), where)
            name = tensor.offsets_name
            offsets = _fitting(out[name], name, (np.dtype(np.int64),), (rows + 1,), where)
            views[name] = offsets[: rows + 1]
        else:
            views[name] = _fitting(out[name], name, dtypes, (rows, tensor.width), where)[:rows]
    _refuse_overlaps(views, where)
    return views


def refuse_inputs(views: Mapping[str, Array], inputs: Entered, bundle: Bundle) -> None:
    """Refuses buffers that share memory with input columns: rows are read while others are written.

    Raises:
        InputError: With the names of both.
    """
    for name, view in views.items():
        start, stop = _bounds(view)
        shared = inputs.sharing(start, stop) if start < stop else -1
        if shared >= 0:
            other = bundle.schema.names[shared]
            raise InputError(
                f"{bundle.name}: `out[{name!r}]` shares memory with input column `{other}`",
                hint="give a buffer of its own",
            )


def void(views: Mapping[str, Array]) -> None:
    """Fills buffers with what no one takes for values: NaN, and zeros where a type has no NaN.

    For the way out of an error after some rows were written. Offsets of 0 say: no elements.
    """
    for view in views.values():
        view.fill(np.nan if view.dtype.kind == "f" else 0)


def put_ragged(
    views: Mapping[str, Array], tensors: Mapping[str, Array], layout: Layout, where: str
) -> None:
    """Copies the ragged tensors of one row; nothing, if one of them does not fit.

    Raises:
        InputError: A List is longer than its buffer.
    """
    ragged = [t for t in layout.tensors if t.is_ragged]
    for tensor in ragged:
        room, needed = len(views[tensor.name]), len(tensors[tensor.name])
        if needed > room:
            raise too_small(tensor.name, room, needed, 1, where)
    for tensor in ragged:
        views[tensor.name][: len(tensors[tensor.name])] = tensors[tensor.name]
        views[tensor.offsets_name][:] = tensors[tensor.offsets_name]


def _fitting(
    given: Any, name: str, dtypes: tuple[np.dtype[Any], ...], least: tuple[int, ...], where: str
) -> Array:
    """A buffer as an array of one of these dtypes, with at least so many rows."""
    array = _host_array(given, name, where)
    fits = len(array.shape) == len(least) and array.shape[1:] == least[1:]
    if not fits or array.shape[0] < least[0] or array.dtype not in dtypes:
        shape = f"(>= {least[0]},{''.join(f' {n}' for n in least[1:])})"
        raise InputError(
            f"{where}: `out[{name!r}]` must be {dtypes[0]} of shape {shape}, got {array.dtype} of "
            f"shape {array.shape}"
        )
    if not array.flags.c_contiguous:
        raise InputError(
            f"{where}: `out[{name!r}]` must be contiguous (C order), got strides {array.strides} "
            f"bytes for shape {array.shape} of {array.dtype}",
            hint="give a whole buffer, not a slice of its columns",
        )
    if not array.flags.writeable:
        raise InputError(f"{where}: `out[{name!r}]` must be writable, got a read-only array")
    return array


def _host_array(given: Any, name: str, where: str) -> Array:
    """A buffer as a NumPy array of the same memory."""
    kind = type(given)
    if isinstance(given, np.ma.MaskedArray):
        raise InputError(
            f"{where}: `out[{name!r}]` must be a plain array, got a masked one, whose mask would "
            "hide values",
            hint="give its data: numpy.ma.getdata(array)",
        )
    if isinstance(given, np.ndarray):
        # The memory of a subclass: a column of numpy.matrix would have two dimensions.
        return given if kind is np.ndarray else given.view(np.ndarray)
    shown = f"{kind.__module__}.{kind.__qualname__}"
    if not hasattr(given, "__dlpack_device__"):
        raise InputError(
            f"{where}: `out[{name!r}]` must be a NumPy array or a CPU tensor, got {shown}"
        )
    try:
        device = int(given.__dlpack_device__()[0])
    except (BufferError, RuntimeError, ValueError):
        device = 0  # torch: "meta" and others that DLPack has no number for
    if device not in _HOST:
        raise InputError(
            f"{where}: `out[{name!r}]` must be in memory of the CPU, got a {shown} on "
            f"{_DEVICES.get(device, 'another device')}",
            hint="fill a pinned CPU tensor and copy it, or compute on the device with "
            "featurelib_online.cuda",
        )
    try:
        # torch says more with `numpy` than with DLPack: that a tensor needs a gradient, say.
        made = given.numpy() if kind.__module__ == "torch" else np.from_dlpack(given)
    except (BufferError, RuntimeError, TypeError) as error:
        raise InputError(
            f"{where}: `out[{name!r}]` cannot be seen as a NumPy array: {error}",
            hint="give a plain tensor, without a gradient, of the dtype of the layout",
        ) from error
    return made


def _refuse_overlaps(views: Mapping[str, Array], where: str) -> None:
    ordered = sorted((*_bounds(view), name) for name, view in views.items() if view.size)
    for (_, stop, one), (start, _, other) in pairwise(ordered):
        if start < stop:
            raise InputError(
                f"{where}: `out[{one!r}]` and `out[{other!r}]` share memory",
                hint="give each tensor a buffer of its own",
            )


def _bounds(array: Array) -> tuple[int, int]:
    start = address_of(array)
    return start, start + array.nbytes
