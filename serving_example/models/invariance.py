"""Does a row's score depend on the batch that it stands in?

torch multiplies few rows in another way than many, so a model runs only at the sizes of a ladder.
That these are large enough is a property of the machine and of the widths, so it is looked at, for
every model: each row at every size, at other places, and among other neighbours.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from serving_example.models.shapes import Shapes

__all__ = ["differing_rows", "random_tensors"]

Tensors = Mapping[str, Tensor]
Scores = np.ndarray[Any, Any]


def differing_rows(model: nn.Module, tensors: Tensors, sizes: Sequence[int]) -> int:
    """Rows whose scores have other bits somewhere than in one batch of all.

    Args:
        model: A module of this package, in eval mode.
        tensors: The rows, at least as many as the largest size, where the module is.
        sizes: The ladder. Rows go through the model in batches of each size: in order, backwards,
            and with zeros in the place of every second one.

    Returns:
        How many; 0 if no row depends on its batch.
    """
    rows = len(next(iter(tensors.values())))
    bad = np.zeros(rows, bool)
    with torch.inference_mode():
        for compute in model.outputs():
            whole = _bits(compute(tensors))
            for size in sizes:
                for order in _orders(rows):
                    bad[order] |= _differs(compute, tensors, order, size, whole)
    return int(bad.sum())


def random_tensors(shapes: Shapes, rows: int, seed: int) -> dict[str, Tensor]:
    """Rows of made-up numbers and ids, of every size that the shapes allow."""
    random = np.random.default_rng(seed)
    made = {
        name: torch.from_numpy(random.normal(size=(rows, width)).astype(np.float32))
        for name, width in shapes.dense.items()
    }
    for name, tables in shapes.tables.items():
        made[name] = torch.from_numpy(random.integers(0, tables, (rows, len(tables))))
    return made


def _orders(rows: int) -> list[Scores]:
    ahead = np.arange(rows)
    return [ahead, ahead[::-1].copy(), np.roll(ahead, 7)]


def _differs(
    compute: Callable[[Tensors], Tensor], tensors: Tensors, order: Scores, size: int, whole: Scores
) -> Scores:
    """For each row of the order whether its score differs in batches of this size."""
    bad = np.zeros(len(order), bool)
    for at in range(0, len(order), size):
        taken = order[at : at + size]
        batch = {name: _padded(tensor[taken], size) for name, tensor in tensors.items()}
        bad[at : at + size] |= _unequal(_bits(compute(batch))[: len(taken)], whole[taken])
        for tensor in batch.values():
            tensor[1::2] = 0
        bad[at : at + size : 2] |= _unequal(
            _bits(compute(batch))[: len(taken) : 2], whole[taken[::2]]
        )
    return bad


def _padded(tensor: Tensor, size: int) -> Tensor:
    made = tensor.new_zeros((size, *tensor.shape[1:]))
    made[: len(tensor)] = tensor
    return made


def _bits(scores: Tensor) -> Scores:
    return np.asarray(scores.cpu().numpy().view(np.int32).reshape(len(scores), -1))


def _unequal(a: Scores, b: Scores) -> Scores:
    return np.asarray((a != b).any(axis=1))
