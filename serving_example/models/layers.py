"""What towers and rankers are built of."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

__all__ = ["Embeddings", "multilayer", "unit"]

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


def multilayer(width: int, layers: Sequence[int]) -> nn.Sequential:
    """Linear layers with ReLU between them; the last one gives what it computes."""
    made: list[nn.Module] = []
    for columns in layers:
        made += [nn.Linear(width, columns), nn.ReLU()]
        width = columns
    return nn.Sequential(*made[:-1])


def unit(vectors: Tensor) -> Tensor:
    """Each row divided by its length."""
    return vectors / (vectors.square().sum(dim=1, keepdim=True) + _SMALL).sqrt()
