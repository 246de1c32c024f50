"""The vectors of all films at one moment, and the films that are nearest to users."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from featurelib.jit.addresses import address_of
from serving_example.app.ranking_code import nearest
from serving_example.app.served import Served
from serving_example.devices.protocol import Array

__all__ = ["Snapshot"]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The vectors of all films by one model.

    Args:
        towers: The model.
        ids: The film of each row: int64.
        vectors: float32, (films, dim). Without a copy, if they lie place by place (``order="F"``).

    Attributes:
        towers: The model.
        ids: The film of each row.
        vectors: The vectors; each place of all films lies side by side.
    """

    towers: Served
    ids: Array
    vectors: Array

    def __post_init__(self) -> None:
        object.__setattr__(self, "ids", np.ascontiguousarray(self.ids, np.int64))
        object.__setattr__(self, "vectors", np.asfortranarray(self.vectors, np.float32))

    def nearest(self, users: Array, count: int, without: Array, ends: Array) -> Sequence[Array]:
        """For each user the rows with the largest products, in rising order.

        Of equal products the lower film ids. A product is summed in float32, from the first place
        of the vectors to the last, and each of its terms is rounded by itself: a user's films do
        not depend on who is asked for beside him. A product that is no number, or minus infinity,
        is not found.

        Args:
            users: Their vectors: float32, (users, dim).
            count: So many rows at most.
            without: Rows that are left out, int64, those of a user behind those of the one before
                him; one below 0 or behind the last is none.
            ends: Where those of each user end, int64.
        """
        films, dim = self.vectors.shape
        users = np.ascontiguousarray(users, np.float32)
        given = [users, self.vectors, self.ids, *map(np.ascontiguousarray, (without, ends))]
        assert users.shape == (len(ends), dim)
        found = np.empty((len(users), max(0, min(count, films))), np.int64)
        if not found.size:
            return list(found)
        counts, sums = np.empty(len(users), np.int64), np.empty(films, np.float32)
        addresses = [address_of(array) for array in (*given, sums, found, counts)]
        nearest(len(users), films, dim, found.shape[1], *addresses)
        return [rows[:n] for rows, n in zip(found, counts.tolist(), strict=True)]
