"""What a ranker's score takes of many pairs: terms of users and films, gathered and joined."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from featurelib.jit.addresses import address_of
from serving_example.app.ranking_code import join
from serving_example.devices.protocol import Array
from serving_example.models import MIXED, SUMS

__all__ = ["join_into"]


def join_into(
    room: Mapping[str, Array], users: Array, films: Array, owners: Array, rows: Array, pairs: Array
) -> None:
    """Writes what `Ranker.join` gives, with the same bits, and no copy of the terms for each pair.

    Args:
        room: Where to: ``sums`` and ``mixed``, float32, a C-contiguous row for each pair. So many
            terms as ``sums`` has columns are of the first layer; the others are multiplied.
        users: The terms of users: float32, a row each.
        films: The terms of films.
        owners: For each pair the row of its user: int64.
        rows: For each pair the row of its film: int64.
        pairs: The numbers of each pair: float32.

    Raises:
        IndexError: A user or a film is not there.
    """
    (n, n_pairs), columns, sums, mixed = pairs.shape, users.shape[1], room[SUMS], room[MIXED]
    hidden = sums.shape[1]
    assert sums.shape == (n, hidden) and mixed.shape == (n, n_pairs + columns - hidden)
    assert all(array.dtype == np.float32 and array.flags.c_contiguous for array in (sums, mixed))
    given = [
        np.ascontiguousarray(array, dtype)
        for array, dtype in (
            (owners, np.int64), (rows, np.int64), (users, np.float32), (films, np.float32),
            (pairs, np.float32),
        )
    ]  # fmt: skip
    owner, row, user, film, pair, added, joined = map(address_of, (*given, sums, mixed))
    wrong = join(
        n, owner, row, len(users), user, len(films), film, columns, pair, n_pairs, hidden, added,
        joined,
    )  # fmt: skip
    if wrong >= 0:
        raise IndexError(
            f"pair {wrong}: expected a user below {len(users)} and a film below {len(films)}, "
            f"got {owners[wrong]} and {rows[wrong]}"
        )
