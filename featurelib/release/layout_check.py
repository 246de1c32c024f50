"""Whether serving fills the tensors of a layout with the features' own bits, each in its place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from featurelib.bundle import Bundle
from featurelib.layout import Tensor
from featurelib.parity.engines import Reference
from featurelib.parity.values import Array, Rows, Values

__all__ = ["misplaced"]


def misplaced(bundle: Bundle, rows: Rows) -> Iterator[str]:
    """Tensors that do not hold what the reference evaluator gives for their members.

    All rows go through the row kernel in one list, and then one by one. Lists are compared as
    values and offsets. Equal means equal shapes, types and bits.

    Args:
        bundle: Definition, fitted state and layout.
        rows: The rows.

    Yields:
        Each tensor that differs, and in which call; one row at most.
    """
    from featurelib_online import compile

    kernel = compile(bundle)
    given = [rows.python(i) for i in range(len(rows))]
    computed = {**rows.columns, **Reference().compute(bundle, rows)}
    yield from _differing(bundle, computed, range(len(rows)), kernel.many(given).tensors, "a list")
    for i, row in enumerate(given):
        found = list(_differing(bundle, computed, range(i, i + 1), kernel(row).tensors, f"row {i}"))
        if found:
            yield from found
            return


def _differing(
    bundle: Bundle,
    computed: Mapping[str, Values],
    rows: range,
    got: Mapping[str, Array],
    call: str,
) -> Iterator[str]:
    for tensor in bundle.layout.tensors:
        for name, wanted in _filled(tensor, computed, rows).items():
            made = got[name]
            if (made.shape, made.dtype) != (wanted.shape, wanted.dtype):
                yield (
                    f"tensor `{name}` of {call}: expected {wanted.dtype} of shape {wanted.shape}, "
                    f"got {made.dtype} of shape {made.shape}"
                )
            elif made.tobytes() != wanted.tobytes():
                yield f"tensor `{name}` of {call}: expected {wanted}, got {made}"


def _filled(tensor: Tensor, computed: Mapping[str, Values], rows: range) -> dict[str, Array]:
    """The tensor by name, and its offsets, from the values of its members."""
    parts = [_stored(computed[name], row) for row in rows for name in tensor.members]
    flat = np.frombuffer(b"".join(parts), tensor.dtype.storage).copy()
    if tensor.dtype.kind == "f":
        flat[np.isnan(flat)] = np.nan  # an input's NaN has any payload; a tensor's has one
    if not tensor.is_ragged:
        return {tensor.name: flat.reshape(len(rows), tensor.width)}
    lengths = [len(part) // flat.itemsize for part in parts]
    return {tensor.name: flat, tensor.offsets_name: np.cumsum([0, *lengths], dtype=np.int64)}


def _stored(values: Values, row: int) -> bytes:
    if values.dtype.kind == "v":
        return bytes(values.data[row])
    return values.data[row : row + 1].tobytes()
