"""A proof for one model on one device: a row's score knows nothing of the rows beside it."""

from __future__ import annotations

import numpy as np

from featurelib.errors import DeviceError
from serving_example.devices.protocol import Array, Device, Loaded, Tensors

__all__ = ["check_rows", "random_rows"]


def random_rows(loaded: Loaded, rows: int, generator: np.random.Generator) -> dict[str, Array]:
    """Rows that the model can read: normal floats, and small integers for its embeddings."""
    made: dict[str, Array] = {}
    for tensor in loaded.layout.tensors:
        shape, dtype = (rows, tensor.width), np.dtype(tensor.dtype.storage)
        if dtype.kind == "f":
            made[tensor.name] = generator.standard_normal(shape).astype(dtype)
        else:
            made[tensor.name] = generator.integers(0, 2, shape).astype(dtype)
    return made


def check_rows(device: Device, loaded: Loaded, generator: np.random.Generator) -> int:
    """Runs the same rows at every size, in every place of a batch, beside other rows.

    Call it on the thread that owns the device.

    Args:
        device: Where the model is loaded.
        loaded: The model.
        generator: Of rows and of places.

    Returns:
        How many rows were compared.

    Raises:
        DeviceError: A row's score has other bits at another size or in another place.
    """
    few = random_rows(loaded, loaded.ladder.sizes[0], generator)
    rows = loaded.ladder.sizes[0]
    wanted = device.run(loaded, [few])
    compared = 0
    for size in loaded.ladder:
        for at in {0, size - rows, int(generator.integers(0, size - rows + 1))}:
            before, after = (random_rows(loaded, n, generator) for n in (at, size - rows - at))
            parts: list[Tensors] = [before, few, after]
            got = device.run(loaded, [p for p in parts if len(next(iter(p.values())))])
            got = got[at : at + rows]
            if got.tobytes() != wanted.tobytes():
                row = int(np.flatnonzero((got != wanted).reshape(rows, -1).any(axis=1))[0])
                raise DeviceError(
                    f"model {loaded.digest[:12]}, `{loaded.part}`: row {row} at place {at + row} "
                    f"of {size} gives {got[row]!r}, at place {row} of {rows} {wanted[row]!r}",
                    hint="serve it with other sizes: a ladder whose smallest size is larger",
                )
            compared += rows
    return compared
