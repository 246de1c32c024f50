"""Two towers: a user and a film as unit vectors whose product says how well they go together.

They find candidates: the film vectors of a catalogue stand still between ratings, so a request
computes one user vector and takes the films with the largest products.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

import msgspec
import torch
from torch import Tensor, nn

from serving_example.models.layers import Embeddings, multilayer, unit
from serving_example.models.shapes import Shapes

__all__ = ["Towers", "TowersConfig"]


class TowersConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a pair of towers is made of.

    Attributes:
        shapes: Widths of tensors and rows of embedding tables.
        embedding: Columns of each embedding table.
        hidden: Widths of the hidden layers of both towers.
        dim: Length of the vectors.
    """

    shapes: Shapes
    embedding: int
    hidden: tuple[int, ...]
    dim: int


class Towers(nn.Module):  # type: ignore[misc]
    """The tower of users reads the tensors ``user`` and ``user_ids``, that of films the other two.

    Args:
        config: What they are made of.
    """

    kind: ClassVar[str] = "towers"
    config_type: ClassVar[type[TowersConfig]] = TowersConfig

    def __init__(self, config: TowersConfig) -> None:
        super().__init__()
        self.config = config
        shapes, layers = config.shapes, [*config.hidden, config.dim]
        self.user_ids = Embeddings(shapes.tables["user_ids"], config.embedding)
        self.film_ids = Embeddings(shapes.tables["film_ids"], config.embedding)
        self.user_layers = multilayer(shapes.dense["user"] + self.user_ids.width, layers)
        self.film_layers = multilayer(shapes.dense["film"] + self.film_ids.width, layers)
        self.log_scale = nn.Parameter(torch.tensor(2.5))

    def user(self, tensors: Mapping[str, Tensor]) -> Tensor:
        """Unit vectors of users, (rows, dim)."""
        parts = [tensors["user"], *self.user_ids(tensors["user_ids"])]
        return unit(self.user_layers(torch.cat(parts, dim=1)))

    def film(self, tensors: Mapping[str, Tensor]) -> Tensor:
        """Unit vectors of films, (rows, dim)."""
        parts = [tensors["film"], *self.film_ids(tensors["film_ids"])]
        return unit(self.film_layers(torch.cat(parts, dim=1)))

    def forward(self, tensors: Mapping[str, Tensor]) -> Tensor:
        """Scores of pairs, (rows)."""
        return (self.user(tensors) * self.film(tensors)).sum(dim=1) * self.log_scale.exp()

    def outputs(self) -> Iterable[Any]:
        """Every function of the tensors that is served."""
        return (self.user, self.film, self)
