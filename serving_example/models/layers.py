"""What towers and rankers are built of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional

from featurelib.layout import Layout
from serving_example.artifacts import ArtifactError
from serving_example.models.dense import Columns
from serving_example.models.shapes import Shapes

__all__ = ["NARROWEST", "Embeddings", "Multilayer", "Sides", "linear", "unit"]

NARROWEST = 16
"""Columns of a layer. With torch 2.13 on x86-64 a product of 2 to 10 columns gave a row other bits
at another place in a batch of the same size; one column and 12 or more did not."""
_SMALL = 1e-12
"""Added to a squared length, so that a vector of zeros stays one and is no NaN."""


class Config(Protocol):
    """What the configurations of all modules have."""

    @property
    def shapes(self) -> Shapes: ...
    @property
    def embedding(self) -> int: ...


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
        columns = zip(wide.unbind(1), self.tables, strict=True)
        return [torch.embedding(table.weight, column) for column, table in columns]


class Sides(nn.Module):  # type: ignore[misc]
    """What towers and rankers begin with: all that is known of a user, and of a film.

    Args:
        config: What the module is made of.
        first: The first column of ``user_ids`` that it reads.

    Attributes:
        config: As given.
        user_width: Columns of `user_columns`.
        film_width: Columns of `film_columns`.
    """

    def __init__(self, config: Config, first: int = 0) -> None:
        super().__init__()
        self.config, self._first = config, first
        shapes = config.shapes
        self.user_ids = Embeddings(shapes.tables["user_ids"][first:], config.embedding)
        self.film_ids = Embeddings(shapes.tables["film_ids"], config.embedding)
        self.user_width = shapes.dense["user"] + self.user_ids.width
        self.film_width = shapes.dense["film"] + self.film_ids.width

    def user_columns(self, tensors: Mapping[str, Tensor]) -> Tensor:
        """Numbers of the user and the vectors of its ids, (rows, user_width)."""
        ids = tensors["user_ids"]
        known = self.user_ids(ids[:, self._first :] if self._first else ids)
        return torch.cat([tensors["user"], *known], dim=1)

    def film_columns(self, tensors: Mapping[str, Tensor]) -> Tensor:
        """Numbers of the film and the vectors of its ids, (rows, film_width)."""
        return torch.cat([tensors["film"], *self.film_ids(tensors["film_ids"])], dim=1)

    def inner(self, layout: Layout) -> dict[str, tuple[str, Layout]]:
        """Functions that only this service calls, by name, and the tensors that each reads.

        Args:
            layout: All tensors that the model can be given.
        """
        return {}

    def outputs(self) -> Iterable[Any]:
        """Every function of the tensors that is served."""
        return (self,)

    def compiled(self, part: str) -> Any:
        """A function as machine code, with the bits of torch's where it orders sums as is usual.

        Args:
            part: The function's name.

        Returns:
            See `devices.Compiled`; None of a function or of widths that there is no code for.
        """
        try:
            return self._compiled(part)
        except ValueError:  # the widths
            return None

    def _compiled(self, part: str) -> Any:
        return None

    def _user_inputs(self) -> Columns:
        """What `user_columns` gives, of arrays."""
        tables, first = self.user_ids.tables, self._first
        return Columns("user", "user_ids", self.config.shapes, tables, first)

    def _film_inputs(self) -> Columns:
        """What `film_columns` gives, of arrays."""
        return Columns("film", "film_ids", self.config.shapes, self.film_ids.tables)


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


class Multilayer(nn.Sequential):  # type: ignore[misc]
    """Linear layers with ReLU between them; the last one gives what it computes.

    Args:
        width: Columns of what the first one reads.
        layers: The width of each.
    """

    def __init__(self, width: int, layers: Sequence[int]) -> None:
        made: list[nn.Module] = []
        for columns in layers:
            made += [linear(width, columns), nn.ReLU()]
            width = columns
        super().__init__(*made[:-1])

    def forward(self, rows: Tensor) -> Tensor:
        """What the last layer computes."""
        first = next(iter(self._modules.values()))
        return self.after_first(functional.linear(rows, first.weight, first.bias))

    @property
    def linears(self) -> list[nn.Linear]:
        """The layers without what is between them."""
        return list(self._modules.values())[::2]

    def after_first(self, made: Tensor) -> Tensor:
        """The same from what the first layer has computed, which is overwritten."""
        # Functions, not modules: a call of a module takes as long as ReLU of a thousand rows.
        for layer in self.linears[1:]:
            made = functional.linear(torch.relu_(made), layer.weight, layer.bias)
        return made


def unit(vectors: Tensor) -> Tensor:
    """Each row divided by its length."""
    return vectors / (vectors.square().sum(dim=1, keepdim=True) + _SMALL).sqrt()
