"""A ranker: one score for a user and a film at a moment, from all tensors of the layout."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

import msgspec
import torch
from torch import Tensor
from torch.nn import functional

from featurelib.dtypes import FLOAT32
from featurelib.layout import Layout
from featurelib.layout import Tensor as LayoutTensor
from serving_example.models.dense import Dense, Rows, Scores
from serving_example.models.dense_code import SCORES, VECTORS
from serving_example.models.layers import Multilayer, Sides, linear
from serving_example.models.shapes import Shapes

__all__ = ["MIXED", "SUMS", "Ranker", "RankerConfig"]

SUMS, MIXED = "sums", "mixed"
"""What `Ranker.score` takes: see `Ranker.join`."""

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

    The first layer and the projections are sums over what is known of the user, of the film and of
    both, so the first two terms are computed apart: once for a user, once for a film that nothing
    happens to. A service joins them for each pair as `join` does, and asks `score`; `forward` does
    the same in the same order, so its scores have the same bits.

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
        self.layers = Multilayer(width, [*config.hidden, 1])

    def inner(self, layout: Layout) -> dict[str, tuple[str, Layout]]:
        """See `Sides.inner`: the terms of users, those of films, and the score of both."""
        known = {tensor.name: tensor for tensor in layout.tensors}
        widths = {
            SUMS: int(self.layers[0].out_features),
            MIXED: self.config.shapes.dense["pair"] + self.config.products,
        }
        joined = (LayoutTensor(name, (name,), FLOAT32, (n,)) for name, n in widths.items())
        return {
            "user": ("user", Layout((known["user"], known["user_ids"]))),
            "film": ("film", Layout((known["film"], known["film_ids"]))),
            "pair": ("score", Layout(tuple(joined))),
        }

    def user(self, tensors: Mapping[str, Tensor]) -> Tensor:
        """The terms of users, (rows, columns): of the first layer, then of the products."""
        user, first = self.user_columns(tensors), self.layers[0]
        terms = [functional.linear(user, first.weight.narrow(1, 0, self.user_width), first.bias)]
        if self.config.products:
            terms.append(functional.linear(user, self.of_user.weight))
        return torch.cat(terms, dim=1)

    def film(self, tensors: Mapping[str, Tensor]) -> Tensor:
        """The terms of films, as `user` gives those of users."""
        film, end = self.film_columns(tensors), self.user_width + self.film_width
        terms = [functional.linear(film, self.layers[0].weight[:, self.user_width : end])]
        if self.config.products:
            terms.append(self.of_film(film))
        return torch.cat(terms, dim=1)

    def join(self, user: Tensor, film: Tensor, pair: Tensor) -> dict[str, Tensor]:
        """What `score` takes, from the terms of the user and of the film in each row.

        Returns:
            ``sums``: the terms of the first layer, user + film; ``mixed``: the numbers of the pair,
            then the products, user * film. Both are exact to the last bit wherever they are made.
        """
        hidden = self.layers[0].out_features
        products = user[:, hidden:] * film[:, hidden:]
        return {
            SUMS: user[:, :hidden] + film[:, :hidden],
            MIXED: torch.cat([pair, products], dim=1),
        }

    def score(self, tensors: Mapping[str, Tensor]) -> Tensor:
        """Scores, (rows), from what `join` gives; ``sums`` is overwritten."""
        sums, mixed = tensors[SUMS], tensors[MIXED]
        width, products = mixed.shape[1], self.config.products
        weight = self.layers[0].weight.narrow(1, self.user_width + self.film_width, width)
        made = self.layers.after_first(sums.addmm_(mixed, weight.t()))
        scores: Tensor = made.select(1, 0)
        if not products:
            return scores
        # Straight to the score as well: what a product says need not go through the layers.
        return scores + mixed.narrow(1, width - products, products).sum(dim=1)

    def forward(self, tensors: Mapping[str, Tensor]) -> Tensor:
        """Scores, (rows)."""
        return self.score(self.join(self.user(tensors), self.film(tensors), tensors["pair"]))

    def outputs(self) -> Iterable[Any]:
        """Every function of the tensors that is served."""
        return (self.user, self.film, self)

    def _compiled(self, part: str) -> Rows | Scores | None:
        ends = (0, self.user_width, self.user_width + self.film_width)
        first, *others = self.layers.linears
        if part == "user":
            return Rows(self._user_inputs(), self._terms(ends[0], ends[1], first.bias))
        if part == "film":
            return Rows(self._film_inputs(), self._terms(ends[1], ends[2], None))
        if part == "score":
            mixed = (first.weight[:, ends[2] :], None)
            products, later = self.config.products, [(one.weight, one.bias) for one in others]
            widths = int(first.out_features), int(mixed[0].shape[1])
            return Scores(SUMS, MIXED, widths, Dense([mixed, *later], SCORES, products))
        return None

    def _terms(self, begin: int, end: int, bias: Tensor | None) -> Dense:
        """The layer that gives all terms of a user, or of a film."""
        weights = [self.layers[0].weight[:, begin:end]]
        added = [weights[0].new_full((len(weights[0]),), -0.0) if bias is None else bias]
        if self.config.products:
            weights.append((self.of_film if begin else self.of_user).weight)
            added.append(weights[1].new_full((len(weights[1]),), -0.0))
        return Dense([(torch.cat(weights), torch.cat(added))], VECTORS)
