"""More users than anybody gave: the histories that there are, again under other ids.

A load test wants a million users whose states are read, checked and invalidated as real ones are.
The state of a user is a function of his events alone, so a copy under another id is what the same
events would have made there.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from featurelib.errors import InputError
from serving_example.store.interface import Batch, OnlineStore, Put
from serving_example.store.vector import Vector, View

if TYPE_CHECKING:
    from serving_example.features import Views

__all__ = ["salt"]

_PUTS = 2_000
"""Copies in a batch: some 25 MB."""


def salt(
    store: OnlineStore,
    views: Views,
    histories: int,
    users: int,
    advance: Callable[[int], None] = lambda written: None,
) -> int:
    """Copies states and profiles of the users 1 to H: ``h + H * salt`` has those of h.

    What stands under an id and is as new stays, so a job that was ended may run again.

    Args:
        store: Holds the histories.
        views: Where states and profiles are.
        histories: H. A user among them without a state or a profile has none under other ids.
        users: The last id that is given a history.
        advance: Is told of users as they are written.

    Returns:
        How many vectors were written.

    Raises:
        InputError: There is no history, or fewer users than histories.
    """
    if not 1 <= histories <= users:
        raise InputError(
            f"expected 1 <= histories <= users, got histories={histories} and users={users}"
        )
    ids = range(1, histories + 1)
    kinds = [(view, store.get_many(view, ids)) for view in (views.users.view, views.profile)]
    if not any(vector for _, found in kinds for vector in found):
        raise InputError(
            f"none of the users 1 to {histories} is in the store",
            hint="fill it first: python -m serving_example.store materialize",
        )
    written = 0
    for view, found in kinds:  # one view after the other: keys rise, and pages are filled in order
        is_counted = view is views.users.view
        copies = _copies(view, found, histories, users)
        while batch := list(itertools.islice(copies, _PUTS)):
            written += store.write(Batch(batch)).taken
            if is_counted:
                advance(len(batch))
    return written


def _copies(view: View, found: list[Vector | None], histories: int, users: int) -> Iterator[Put]:
    for user in range(histories + 1, users + 1):
        vector = found[(user - 1) % histories]
        if vector is not None:
            yield Put(view, user, vector)
