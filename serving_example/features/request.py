"""The features of a request: the user's stage now, the films' vectors, and what mixes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from featurelib.errors import FeaturelibError
from featurelib_online.staged import Staged
from featurelib_online.stream import FrozenState
from serving_example.caches import FeatureCache, Known
from serving_example.definition import BY_USER
from serving_example.features.films import FilmTable
from serving_example.features.stages import RATED, Views
from serving_example.instants import instant
from serving_example.store import Clock, VectorError

__all__ = ["Features", "User"]

Array = np.ndarray[Any, Any]
_PROFILES = 4096
_UNKNOWN: Mapping[str, Any] = {"age": None, "gender": None, "occupation": None}


class User(NamedTuple):
    """A user at a moment.

    Attributes:
        user_id: Who.
        as_of: The moment, microseconds since 1970.
        vector: What the user's stage gives.
        state: The ratings; None of one who has not rated.
        rated_at: When the newest rating was, microseconds since 1970; None if there is none.
        flags: ``no_profile``, ``no_ratings`` (defaults were used), ``stale`` (the store was away:
            this is what was last seen).
    """

    user_id: int
    as_of: int
    vector: bytes
    state: FrozenState | None
    rated_at: int | None
    flags: tuple[str, ...]


class Features:
    """Makes the tensors of requests. Safe to call from many threads.

    Args:
        staged: The stages.
        views: The views of the bundle.
        reads: Profiles and states of users.
        films: The films.
        clock: Microseconds since 1970.
    """

    def __init__(
        self, staged: Staged, views: Views, reads: FeatureCache, films: FilmTable, clock: Clock
    ) -> None:
        self.staged, self.films = staged, films
        self._views, self._reads, self._clock = views, reads, clock
        # Many users tell the same of themselves: a payload is decoded once.
        self._profile = lru_cache(_PROFILES)(views.profile_fields.decode)
        self._rated = staged.streams[BY_USER.name].value_reader(RATED)

    def user(self, user_id: int, as_of: int | None = None) -> User:
        """What is known of a user.

        Args:
            user_id: Who. Of one whom nobody knows the features are those of a newcomer.
            as_of: The moment; None: now.

        Raises:
            StateError: The stored state is damaged.
        """
        # The moment first: of what is applied meanwhile the state tells that it came later.
        moment = self._clock() if as_of is None else as_of
        state = self._reads.get(self._views.users.view, user_id)
        profile = self._reads.get(self._views.profile, user_id)
        return self._user(user_id, moment, state, profile)

    def users(self, user_ids: Sequence[int]) -> list[User | FeaturelibError]:
        """The same of many users now, read in two calls; a damaged state is its user's error.

        Raises:
            StoreError: The store fails; one that is only away does not.
        """
        moment = self._clock()
        try:
            states = self._reads.get_many(self._views.users.view, user_ids)
            profiles = self._reads.get_many(self._views.profile, user_ids)
        except VectorError:  # of one of them
            return [_or_error(self.user, one, moment) for one in user_ids]
        try:
            return list[User | FeaturelibError](self._users(user_ids, moment, states, profiles))
        except FeaturelibError:  # of one of them
            return [
                _or_error(self._user, one, moment, state, told)
                for one, state, told in zip(user_ids, states, profiles, strict=True)
            ]

    def _user(self, user_id: int, moment: int, known: Known, told: Known) -> User:
        return self._users([user_id], moment, [known], [told])[0]

    def _users(
        self,
        user_ids: Sequence[int],
        moment: int,
        states: Sequence[Known],
        profiles: Sequence[Known],
    ) -> list[User]:
        """Users at a moment, from what is known of each."""
        at, frozen, profile_of = instant(moment), self._views.users.frozen, self._profile
        requests, given, flags = [], [], []
        for user_id, (vector, is_stale), (told, profile_is_stale) in zip(
            user_ids, states, profiles, strict=True
        ):
            flagged: tuple[str, ...] = ()
            if told is None or told.payload is None:
                flagged, profile = ("no_profile",), _UNKNOWN
            else:
                profile = profile_of(told.payload)
            if vector is None:
                flagged += ("no_ratings",)
            if is_stale or profile_is_stale:
                flagged += ("stale",)
            requests.append({"user_id": user_id, "requested_at": at, **profile})
            given.append({BY_USER.name: frozen(vector)})
            flags.append(flagged)
        made = self.staged.vectors("user", requests, given)
        return [
            User(user_id, moment, block, state[BY_USER.name],
                 None if known.vector is None else known.vector.event_time, flagged)
            for user_id, block, state, known, flagged in zip(
                user_ids, made, given, states, flags, strict=True
            )
        ]  # fmt: skip

    def prepare(self, tensors: Sequence[str]) -> None:
        """The machine code that fills some tensors is ready: a request need not wait for it."""
        self.staged.reads(tensors)

    def of_users(self, users: Sequence[User], tensors: Sequence[str]) -> dict[str, Array]:
        """Tensors that tell of users alone, a row for each."""
        rows = self.staged.rows("user", [user.vector for user in users])
        return self.staged.fill({"user": (rows, None)}, tensors=tensors)

    def of_films(self, rows: Array, tensors: Sequence[str]) -> dict[str, Array]:
        """Tensors that tell of films alone, for rows of the film table."""
        return self.staged.fill({"film": (self.films.table, rows)}, tensors=tensors)

    def rated(self, users: Sequence[User]) -> tuple[Array, Array]:
        """The films that users have rated by their moments, one for each rating.

        Returns:
            The films, int64, those of a user behind those of the one before him; and where those of
            each user end, int64.
        """
        return self._rated.read([user.state for user in users], [user.as_of for user in users])

    def fill(
        self,
        users: Sequence[User],
        films: Sequence[Array],
        tensors: Sequence[str] | None = None,
    ) -> tuple[dict[str, Array], list[User]]:
        """Tensors of some users, each with films of their own.

        A film may have been rated between the moment of a user and this call. Such a user is read
        again, for a moment after it: all that a row tells is of one moment.

        Args:
            users: The users.
            films: Of each user rows of the film table.
            tensors: Which tensors of the layout; None: all.

        Returns:
            The tensors by name (the rows of a user follow those of the one before), and the users
            as the tensors show them.
        """
        shown = list(users)
        counts = [len(rows) for rows in films]
        owners = np.arange(len(users)).repeat(counts)
        rows = np.concatenate(films) if films else np.empty(0, np.int64)
        while True:
            given = self.staged.rows("user", [user.vector for user in shown])
            filled = self.staged.fill(
                {"user": (given, owners), "film": (self.films.table, rows)}, tensors=tensors
            )
            # The films that were filled are of moments up to the newest: nearly always before now.
            if not shown or self.films.newest < min(user.as_of for user in shown):
                return filled, shown
            moments = np.array([user.as_of for user in shown], np.int64)
            computed = self.films.as_ofs.take(rows)
            late = computed >= moments.take(owners)
            if not late.any():
                return filled, shown
            for i in np.unique(owners[late]).tolist():
                newest = int(computed[owners == i].max())
                shown[i] = self.user(shown[i].user_id, max(self._clock(), newest + 1))


def _or_error(make: Callable[..., User], *arguments: Any) -> User | FeaturelibError:
    try:
        return make(*arguments)
    except FeaturelibError as error:
        return error
