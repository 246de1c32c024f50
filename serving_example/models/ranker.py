"""A ranker: one score for a user and a film at a moment, from all tensors of the layout."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

import msgspec
import torch
from torch import Tensor, nn

from serving_example.models.layers import Embeddings, multilayer
from serving_example.models.shapes import Shapes

__all__ = ["Ranker", "RankerConfig"]

_USER = 0
"""The column of the user in `user_ids`; the others say something of a user, not who it is."""


class RankerConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a ranker is made of.

    Attributes:
        shapes: Widths of tensors and rows of embedding tables.
        embedding: Columns of each embedding table.
        hidden: Widths of the hidden layers.
        knows_user: Whether it has a vector for each user. Without, users are what they did, and a
            new user is nothing special.
        products: Whether the film's vector is multiplied with each of the user's.
    """

    shapes: Shapes
    embedding: int
    hidden: tuple[int, ...]
    knows_user: bool = True
    products: bool = True


class Ranker(nn.Module):  # type: ignore[misc]
    """Numbers, vectors of ids and their products through dense layers.

    Args:
        config: What it is made of.
    """

    kind: ClassVar[str] = "ranker"
    config_type: ClassVar[type[RankerConfig]] = RankerConfig

    def __init__(self, config: RankerConfig) -> None:
        super().__init__()
        self.config = config
        shapes = config.shapes
        self.first = _USER if config.knows_user else _USER + 1
        of_user = shapes.tables["user_ids"][self.first :]
        self.user_ids = Embeddings(of_user, config.embedding)
        self.film_ids = Embeddings(shapes.tables["film_ids"], config.embedding)
        self.numbers = sorted(shapes.dense)
        width = sum(shapes.dense.values()) + self.user_ids.width + self.film_ids.width
        products = len(of_user) if config.products else 0
        self.layers = multilayer(width + products, [*config.hidden, 1])
        # Straight to the score: what a product says of two vectors need not go through the layers.
        self.straight = nn.Parameter(torch.ones(products))

    def forward(self, tensors: Mapping[str, Tensor]) -> Tensor:
        """Scores, (rows)."""
        users = self.user_ids(tensors["user_ids"][:, self.first :])
        films = self.film_ids(tensors["film_ids"])
        parts = [*(tensors[name] for name in self.numbers), *users, *films]
        if not self.config.products:
            return self.layers(torch.cat(parts, dim=1))[:, 0]
        products = torch.stack([(user * films[0]).sum(dim=1) for user in users], dim=1)
        deep = self.layers(torch.cat([*parts, products], dim=1))[:, 0]
        return deep + (products * self.straight).sum(dim=1)

    def outputs(self) -> Iterable[Any]:
        """Every function of the tensors that is served."""
        return (self,)
