"""A ranker: one score for a user and a film at a moment, from all tensors of the layout."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import msgspec
import torch
from torch import Tensor

from serving_example.models.layers import Sides, linear, multilayer
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
        products: Columns of the two projections, of all that is known of the user and of the
            film, whose products the layers read; 0 for none.
    """

    shapes: Shapes
    embedding: int
    hidden: tuple[int, ...]
    knows_user: bool = True
    products: int = 0


class Ranker(Sides):
    """Numbers, vectors of ids and their products through dense layers.

    Args:
        config: What it is made of.
    """

    kind: ClassVar[str] = "ranker"
    config_type: ClassVar[type[RankerConfig]] = RankerConfig
    config: RankerConfig

    def __init__(self, config: RankerConfig) -> None:
        super().__init__(config, _USER if config.knows_user else _USER + 1)
        columns = config.products
        if columns:
            self.of_user = linear(self.user_width, columns, bias=False)
            self.of_film = linear(self.film_width, columns, bias=False)
        width = self.user_width + self.film_width + config.shapes.dense["pair"] + columns
        self.layers = multilayer(width, [*config.hidden, 1])

    def forward(self, tensors: Mapping[str, Tensor]) -> Tensor:
        """Scores, (rows)."""
        user, film = self.user_columns(tensors), self.film_columns(tensors)
        parts = [user, film, tensors["pair"]]
        if not self.config.products:
            return self.layers(torch.cat(parts, dim=1))[:, 0]
        products = self.of_user(user) * self.of_film(film)
        # Straight to the score as well: what a product says need not go through the layers.
        return self.layers(torch.cat([*parts, products], dim=1))[:, 0] + products.sum(dim=1)
