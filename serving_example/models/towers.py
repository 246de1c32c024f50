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

from serving_example.models.dense import Dense, Rows
from serving_example.models.dense_code import UNIT
from serving_example.models.layers import Multilayer, Sides, unit
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


class Towers(Sides):
    """The tower of users reads the tensors ``user`` and ``user_ids``, that of films the other two.

    Args:
        config: What they are made of.
    """

    kind: ClassVar[str] = "towers"
    config_type: ClassVar[type[TowersConfig]] = TowersConfig

    def __init__(self, config: TowersConfig) -> None:
        super().__init__(config)
        layers = [*config.hidden, config.dim]
        self.user_layers = Multilayer(self.user_width, layers)
        self.film_layers = Multilayer(self.film_width, layers)
        self.log_scale = nn.Parameter(torch.tensor(2.5))

    def user(self, tensors: Mapping[str, Tensor]) -> Tensor:
        """Unit vectors of users, (rows, dim)."""
        return unit(self.user_layers(self.user_columns(tensors)))

    def film(self, tensors: Mapping[str, Tensor]) -> Tensor:
        """Unit vectors of films, (rows, dim)."""
        return unit(self.film_layers(self.film_columns(tensors)))

    def forward(self, tensors: Mapping[str, Tensor]) -> Tensor:
        """Scores of pairs, (rows)."""
        return (self.user(tensors) * self.film(tensors)).sum(dim=1) * self.log_scale.exp()

    def outputs(self) -> Iterable[Any]:
        """Every function of the tensors that is served."""
        return (self.user, self.film, self)

    def _compiled(self, part: str) -> Rows | None:
        if part not in ("user", "film"):
            return None
        is_user = part == "user"
        layers = (self.user_layers if is_user else self.film_layers).linears
        dense = Dense([(layer.weight, layer.bias) for layer in layers], UNIT)
        return Rows(self._user_inputs() if is_user else self._film_inputs(), dense)
