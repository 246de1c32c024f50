"""Functions of modules as machine code: the same layers and bits, without torch's calls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor, nn

from featurelib.errors import InputError
from featurelib.jit.addresses import address_of
from serving_example.models import dense_code as code
from serving_example.models.shapes import Shapes

__all__ = ["Columns", "Dense", "Rows", "Scores"]

Array = np.ndarray[Any, Any]
Arrays = Mapping[str, Array]
Layer = tuple[Tensor, Tensor | None]
"""The weights of a layer, (columns that it gives, columns that it reads), and its bias or None."""

_LANES: Final = 8
_SAMPLE: Final = 128
"""Rows that are made up: where sums are ordered otherwise, every other number has other bits."""
_NOTHING: Final = -0.0
"""What is added where there is no bias: every number stays what it is, 0.0 and -0.0 too."""


class Dense:
    """Dense layers with ReLU between them. Safe to call from many threads.

    Args:
        layers: All layers; for scores the last one gives one column.
        end: How they end: `code.VECTORS`, `code.UNIT` or `code.SCORES`.
        products: So many columns, the last of `mixed`, are added to a score; 0 for none.

    Raises:
        ValueError: There is no machine code for layers of such widths.
    """

    def __init__(self, layers: Sequence[Layer], end: int, products: int = 0) -> None:
        last = layers[-1] if end == code.SCORES else None
        hidden = layers if last is None else layers[:-1]
        widths = [weights.shape[0] for weights, _ in hidden]
        if not hidden or any(width % _LANES for width in (*widths, products)):
            raise ValueError(f"expected columns by {_LANES}, got {widths} and {products} products")
        self._keep: list[Array] = []
        self._is_scores, self._products, self._width = last is not None, products, widths[-1]
        self._has_ends = end != code.VECTORS
        words = [len(hidden), end, 0, 0, products]
        if last is not None:
            words[2:4] = self._held(last[0]), self._held(_bias_of(last))
        for i, layer in enumerate(hidden):
            given, read = layer[0].shape
            is_cut = last is not None or i + 1 < len(hidden)
            places = self._held(layer[0].t()), self._held(_bias_of(layer))
            words += [read, given, *places, int(is_cut)]
        self._keep.append(np.array(words, np.int64))
        self._plan = address_of(self._keep[-1])
        self._half = code.BLOCK * max(widths)

    def _held(self, tensor: Tensor) -> int:
        """The address of a copy of a tensor."""
        self._keep.append(np.array(tensor.numpy(), np.float32, order="C"))
        return address_of(self._keep[-1])

    def __call__(self, rows: Array, added: Array | None = None) -> Array:
        """What the last layer gives for each row: a new array.

        Args:
            rows: float32, C-contiguous, as many columns as the first layer reads; for scores the
                products are the last of them.
            added: In the place of the first layer's bias: float32, C-contiguous, a row for each.
        """
        n, width = rows.shape
        made = np.empty((0 if self._is_scores else n, self._width), np.float32)
        ends = np.empty(n if self._has_ends else 0, np.float32)
        room = np.empty(2 * self._half, np.float32)
        start, step = address_of(rows), 4 * width
        more, more_step = (0, 0) if added is None else (address_of(added), 4 * added.shape[1])
        code.forward(
            n, self._plan, start, step, more, more_step,
            start + 4 * (width - self._products), step, address_of(room), 4 * self._half,
            address_of(made), address_of(ends),
        )  # fmt: skip
        if self._is_scores:
            return ends
        if self._has_ends:
            # torch's own root: MKL's is not always the nearest number to it.
            made /= torch.from_numpy(ends).sqrt_().numpy()[:, None]
        return made


class Columns:
    """The numbers of rows, and the vectors of their ids beside them.

    Args:
        numbers, ids: The names of the two tensors.
        shapes: Of all tensors.
        tables: The embeddings of the ids from the column `first` on.
        first: See `tables`.
    """

    def __init__(
        self, numbers: str, ids: str, shapes: Shapes, tables: Sequence[nn.Embedding], first: int = 0
    ) -> None:
        self._numbers, self._ids = numbers, ids
        self._rows = [len(table.weight) for table in tables]
        self._first, self._of_numbers = first, shapes.dense[numbers]
        self._of_ids = len(shapes.tables[ids])
        self._keep = [np.ascontiguousarray(table.weight.numpy(), np.float32) for table in tables]
        words = [
            word
            for column, table in enumerate(self._keep, first)
            for word in (column, *table.shape, address_of(table))
        ]
        self._keep.append(np.array(words, np.int64))
        self._tables = address_of(self._keep[-1])
        self._width = self._of_numbers + sum(table.embedding_dim for table in tables)

    def __call__(self, tensors: Arrays) -> Array:
        """The columns of all rows: float32, (rows, width).

        Raises:
            InputError: An id has no vector.
        """
        numbers, ids = tensors[self._numbers], tensors[self._ids]
        made = np.empty((len(numbers), self._width), np.float32)
        wrong = code.spread(
            len(numbers), address_of(numbers), self._of_numbers, address_of(ids), self._of_ids,
            self._tables, address_of(made), self._width,
        )  # fmt: skip
        if wrong >= 0:
            raise InputError(
                f"tensor `{self._ids}`, row {wrong}: expected ids below {self._rows}, "
                f"got {ids[wrong, self._first :].tolist()}"
            )
        return made

    def sample(self, rows: int) -> dict[str, Array]:
        """Made-up rows, each time the same: numbers of both signs, and any ids."""
        draw = np.random.default_rng(1)
        ids = np.zeros((_SAMPLE, self._of_ids), np.uint32)
        ids[:, self._first :] = draw.integers(0, self._rows, (_SAMPLE, len(self._rows)))
        numbers = draw.standard_normal((_SAMPLE, self._of_numbers), np.float32)
        return {self._numbers: _repeated(numbers, rows), self._ids: _repeated(ids, rows)}


class Rows:
    """A function of what is known of users, or of films. See `devices.Compiled`.

    Args:
        columns: What the first layer reads.
        dense: The layers.
    """

    def __init__(self, columns: Columns, dense: Dense) -> None:
        self._columns, self._dense = columns, dense
        self.sample = columns.sample

    def __call__(self, tensors: Arrays) -> Array:
        """Vectors, a row for each."""
        return self._dense(self._columns(tensors))


class Scores:
    """The function of a ranker that scores joined rows. See `devices.Compiled`.

    Args:
        sums, mixed: The names of its tensors: what the first layer adds, and what it reads.
        widths: Their columns.
        dense: The layers.
    """

    def __init__(self, sums: str, mixed: str, widths: tuple[int, int], dense: Dense) -> None:
        self._names, self._widths, self._dense = (sums, mixed), widths, dense

    def __call__(self, tensors: Arrays) -> Array:
        """Scores, one for each row."""
        sums, mixed = self._names
        return self._dense(tensors[mixed], tensors[sums])

    def sample(self, rows: int) -> dict[str, Array]:
        """Made-up rows, each time the same."""
        draw = np.random.default_rng(1)
        return {
            name: _repeated(draw.standard_normal((_SAMPLE, width), np.float32), rows)
            for name, width in zip(self._names, self._widths, strict=True)
        }


def _repeated(some: Array, rows: int) -> Array:
    return np.resize(some, (rows, some.shape[1]))


def _bias_of(layer: Layer) -> Tensor:
    weights, bias = layer
    return weights.new_full((weights.shape[0],), _NOTHING) if bias is None else bias
