"""Caller-given buffers for tensors: checked before anything is written to them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from featurelib.errors import InputError
from featurelib.layout import Layout


def checked(
    out: Mapping[str, Any], layout: Layout, rows: int, where: str
) -> dict[str, np.ndarray[Any, Any]]:
    """The first `rows` rows of each given buffer.

    Args:
        out: A writable, C-contiguous NumPy array for each tensor of the layout, of its dtype and
            width, with room for at least `rows` rows.
        layout: The tensors.
        rows: How many rows will be written.
        where: The feature set's name, for errors.

    Raises:
        InputError: A buffer is missing, unknown, or does not fit; nothing has been written.
    """
    wanted = {t.name: t for t in layout.tensors}
    for name in [*wanted, *out]:
        if (name in wanted) != (name in out):
            what = "lacks tensor" if name in wanted else "has no place for"
            raise InputError(
                f"{where}: `out` {what} `{name}`",
                hint="give exactly the tensors of the layout: " + (", ".join(wanted) or "none"),
            )
    views = {}
    for name, tensor in wanted.items():
        buffer = out[name]
        if not isinstance(buffer, np.ndarray):
            raise InputError(
                f"{where}: `out[{name!r}]` is no NumPy array but {type(buffer).__name__}",
                hint="a CPU torch tensor shares its memory as tensor.numpy()",
            )
        dtype = np.dtype(tensor.dtype.storage)
        fits = buffer.ndim == 2 and buffer.shape[0] >= rows and buffer.shape[1] == tensor.width
        if not fits or (buffer.dtype != dtype and not _is_bool(buffer, tensor.dtype.name)):
            raise InputError(
                f"{where}: `out[{name!r}]` must be {dtype} of shape (>= {rows}, {tensor.width}), "
                f"got {buffer.dtype} of shape {buffer.shape}"
            )
        if not (buffer.flags.c_contiguous and buffer.flags.writeable):
            raise InputError(f"{where}: `out[{name!r}]` is not writable and C-contiguous")
        views[name] = buffer[:rows]
    return views


def _is_bool(buffer: np.ndarray[Any, Any], name: str) -> bool:
    return name == "Bool" and buffer.dtype == np.bool_
