"""The feature set in two stages, and the views of the online store that they need.

What is known of a user is computed for each request, because time passes for it; what is known of a
film is computed when it is rated, and kept as one vector.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import featurelib as fl
from featurelib.errors import DefinitionError
from featurelib.fields import Field
from featurelib.windows import Lifetime, Rows
from featurelib_online.staged import Staged
from featurelib_online.stream import State
from serving_example.definition import BY_FILM, BY_USER
from serving_example.instants import instant, microseconds
from serving_example.store import Clock, FieldsCodec, Put, StateView, Updated, View
from serving_example.store.vector import SCHEMA_BYTES

__all__ = ["AS_OF", "RATED", "STAGES", "FilmVectors", "Views", "compile_stages"]

STAGES: Final[Mapping[str, tuple[str, ...]]] = {
    "user": ("user_id", "age", "gender", "occupation", "requested_at"),
    "film": ("item_id", "release_year", "genres"),
}
"""The fields of `definition.Pair`, by who brings them."""
RATED: Final = "user_last_film"
"""An aggregate of users that looks at the films which they rated."""
_MOVING: Final = ("time_since_last", "decayed_sum")
AS_OF: Final = struct.Struct("<q")
"""How a film's payload begins."""


def compile_stages(bundle: fl.Bundle) -> Staged:
    """The bundle in stages.

    Raises:
        DefinitionError: A feature of a film moves while nothing happens to the film, so that a kept
            vector would grow stale.
    """
    definition = bundle.aggregates
    if definition is None or set(definition.sources) != {BY_USER.name, BY_FILM.name}:
        raise DefinitionError(f"{bundle.name}: expected aggregates over ratings of users and films")
    for plan in definition.of(BY_FILM.name):
        if not isinstance(plan.window, Lifetime | Rows) or plan.aggregate.name in _MOVING:
            raise DefinitionError(
                f"{bundle.name}: `{plan.name}` of a film changes as time passes, and its vector is "
                "kept from one rating to the next",
                hint="count over lifetime() or rows(n); subtract times in a feature of the pair",
            )
    if RATED not in definition.aggregates:
        raise DefinitionError(
            f"{bundle.name}: no aggregate `{RATED}`, which says what a user has rated",
            hint="lag of the films over the ratings of a user",
        )
    return Staged(bundle, STAGES)


@dataclass(frozen=True)
class Views:
    """The views of a bundle in the online store.

    Attributes:
        users: States of users.
        films: States of films.
        film: The film's stage, computed at its last rating: the moment that it was computed for (8
            bytes), then the vector of the stage.
        profile: What a user told of themselves.
        catalogue: What a film is.
        profile_fields: How profiles are written.
        catalogue_fields: How the catalogue is written.
    """

    users: StateView
    films: StateView
    film: View
    profile: View
    catalogue: View
    profile_fields: FieldsCodec
    catalogue_fields: FieldsCodec

    @classmethod
    def of(cls, staged: Staged) -> Views:
        """The views of a bundle: what another bundle means by them lies beside, not in them."""
        request = staged.bundle.request
        profile = FieldsCodec([request[name] for name in ("age", "gender", "occupation")])
        title = Field("title", fl.dtypes.STRING, nullable=True)
        film = FieldsCodec([request["release_year"], request["genres"], title])
        content = f"stage {staged.stages.parts['film'].fingerprint}".encode()
        return cls(
            users=StateView.of(staged.streams[BY_USER.name], "user_state"),
            films=StateView.of(staged.streams[BY_FILM.name], "film_state"),
            film=View("film", hashlib.sha256(content).digest()[:SCHEMA_BYTES]),
            profile=View("profile", profile.schema),
            catalogue=View("catalogue", film.schema),
            profile_fields=profile,
            catalogue_fields=film,
        )

    @property
    def states(self) -> dict[str, StateView]:
        """The views that the tailer keeps, by event source."""
        return {BY_USER.name: self.users, BY_FILM.name: self.films}


class FilmVectors:
    """Computes the vector of a film whose state has changed: the tailer's `on_state`.

    Args:
        staged: The stages.
        views: The views of the bundle.
        catalogue: What a film is, by its id: the fields of the film's stage.
        clock: Microseconds since 1970.
    """

    def __init__(
        self, staged: Staged, views: Views, catalogue: Mapping[int, Mapping[str, Any]], clock: Clock
    ) -> None:
        self._staged, self._views, self._catalogue = staged, views, catalogue
        self._clock = clock

    def __call__(self, updated: Updated) -> list[Put]:
        """The film's vector, with the stamp of its state; nothing for a user."""
        if updated.source != BY_FILM.name or updated.key not in self._catalogue:
            return []
        arrived = microseconds(updated.event["received_at"]) if updated.event else 0
        as_of = max(self._clock(), arrived) + 1  # whatever the clocks say: after what it has seen
        payload = self.payload(updated.key, updated.state, as_of)
        vector = self._views.film.vector(payload, updated.stamp.event_time, updated.stamp.version)
        return [Put(self._views.film, updated.key, vector)]

    def payload(self, film: int, state: State | None, as_of: int) -> bytes:
        """A film's payload at a moment, which is after all that its state has seen."""
        known = self._catalogue[film]
        request = {
            "item_id": film, "release_year": known["release_year"], "genres": known["genres"],
            "requested_at": instant(as_of),
        }  # fmt: skip
        return AS_OF.pack(as_of) + self._staged.vector("film", request, {BY_FILM.name: state})
