"""What towers and rankers are built of."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from serving_example.artifacts import ArtifactError

__all__ = ["NARROWEST", "Embeddings", "linear", "multilayer", "unit"]

NARROWEST = 16
"""Columns of a layer. With torch 2.13 on x86-64 a product of 2 to 10 columns gave a row other bits
at another place in a batch of the same size; one column and 12 or more did not."""
_SMALL = 1e-12
"""Added to a squared length, so that a vector of zeros stays one and is no NaN."""


class Embeddings(nn.Module):  # type: ignore[misc]
    """A table of vectors for each column of a tensor of ids.

    Args:
        rows: Rows of each table.
        columns: Columns of all of them.

    Attributes:
        width: Columns that all vectors of a row have side by side.
    """

    def __init__(self, rows: Sequence[int], columns: int) -> None:
        super().__init__()
        self.width = columns * len(rows)
        self.tables = nn.ModuleList(nn.Embedding(n, columns) for n in rows)
        for table in self.tables:
            nn.init.normal_(table.weight, std=0.05)

    def forward(self, ids: Tensor) -> list[Tensor]:
        """The vectors of each column of ids, (rows, columns) each."""
        wide = ids.to(torch.int64)  # torch looks up by signed integers only
        return [table(wide[:, i]) for i, table in enumerate(self.tables)]


def linear(width: int, columns: int, *, bias: bool = True) -> nn.Linear:
    """A linear layer that is not of a width at which a row's place in the batch shows.

    Raises:
        ArtifactError: It has fewer columns than that, and more than one.
    """
    if 1 != columns < NARROWEST:
        raise ArtifactError(
            f"expected a layer of one column or of at least {NARROWEST}, got {columns}",
            hint="at widths between, a row's result depends on its place in the batch",
        )
    return nn.Linear(width, columns, bias=bias)


def multilayer(width: int, layers: Sequence[int]) -> nn.Sequential:
    """Linear layers with ReLU between them; the last one gives what it computes."""
    made: list[nn.Module] = []
    for columns in layers:
        made += [linear(width, columns), nn.ReLU()]
        width = columns
    return nn.Sequential(*made[:-1])


def unit(vectors: Tensor) -> Tensor:
    """Each row divided by its length."""
    return vectors / (vectors.square().sum(dim=1, keepdim=True) + _SMALL).sqrt()
