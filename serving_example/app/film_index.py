"""The films' vectors of the two towers: one product finds the candidates of a user."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from typing import Protocol

import numpy as np

from featurelib.errors import FeaturelibError
from serving_example.app.nearest import Snapshot
from serving_example.app.served import Served
from serving_example.app.watermark import Watermark
from serving_example.app.work import Background
from serving_example.devices.protocol import Array
from serving_example.features import User

__all__ = ["FeatureSource", "FilmIndex", "FilmRows"]

log = logging.getLogger("serving_example")


class FilmRows(Protocol):
    """The films that can be recommended, each in a row. See `features.FilmTable`."""

    @property
    def ids(self) -> Array: ...
    @property
    def event_times(self) -> Array: ...
    @property
    def versions(self) -> Array: ...
    @property
    def offset(self) -> int: ...

    def __len__(self) -> int: ...
    def refresh(self) -> list[int]:
        """Takes what has changed; gives the rows that are new or others."""
        ...

    def settled(self) -> int:
        """A number that is another one after anything has changed; waits while something does."""
        ...

    def rows(self, films: Sequence[int]) -> Array:
        """The row of each film."""
        ...

    def known(self, films: Array) -> Array:
        """The row of each film, -1 of one that is not there."""
        ...


class FeatureSource(Protocol):
    """Makes tensors. See `features.Features`."""

    @property
    def films(self) -> FilmRows: ...

    def prepare(self, tensors: Sequence[str]) -> None:
        """What fills some tensors is ready."""
        ...

    def users(self, user_ids: Sequence[int]) -> Sequence[User | Exception]:
        """What is known of users, or why it is not."""
        ...

    def rated(self, users: Sequence[User]) -> tuple[Array, Array]:
        """The films that users have rated, one user's behind another's; where each one's end."""
        ...

    def of_users(self, users: Sequence[User], tensors: Sequence[str]) -> dict[str, Array]:
        """Tensors that tell of users alone."""
        ...

    def of_films(self, rows: Array, tensors: Sequence[str]) -> dict[str, Array]:
        """Tensors that tell of films alone."""
        ...

    def fill(
        self, users: Sequence[User], films: Sequence[Array], tensors: Sequence[str] | None = None
    ) -> tuple[dict[str, Array], list[User]]:
        """Tensors of some users, each with films of their own."""
        ...


class FilmIndex:
    """Keeps the vectors of films as fresh as their features.

    Args:
        features: Of films.
        background: Runs the towers' function of films.
        towers: The name of the model that computes them.

    Attributes:
        snapshot: The vectors now; None before the first towers are loaded.
        watermark: The log's offset that features and vectors have reached.
    """

    def __init__(self, features: FeatureSource, background: Background, towers: str) -> None:
        self.towers = towers
        self._features, self._background = features, background
        self.snapshot: Snapshot | None = None
        self._replaced: Snapshot | None = None
        self.watermark = Watermark()
        self._one = threading.Lock()
        self._dirty: set[int] = set()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def of(self, towers: Served) -> Snapshot | None:
        """The vectors by these towers; of those that were replaced last, as they were then."""
        for snapshot in (self.snapshot, self._replaced):
            if snapshot is not None and snapshot.towers.digest == towers.digest:
                return snapshot
        return None

    def prepare(self, served: Served) -> None:
        """Computes all vectors with towers that are about to take requests.

        Raises:
            FeaturelibError: They cannot be computed; the index stays as it is.
        """
        with self._one:
            rows = np.arange(len(self._features.films))
            vectors = self._vectors(served, rows)
            self._replaced = self.snapshot
            self.snapshot = Snapshot(served, self._features.films.ids[rows], vectors)

    def clear(self) -> None:
        """The towers take no more requests, and no others come."""
        with self._one:
            self._replaced, self.snapshot = self.snapshot, None

    def refresh(self) -> int:
        """Takes what has changed of films; gives how many vectors were computed.

        Raises:
            FeaturelibError: The store or the device does not answer; it is made up for later.
        """
        with self._one:
            films = self._features.films
            self._dirty.update(films.refresh())
            offset, rows = films.offset, np.array(sorted(self._dirty))
            before = self.snapshot
            if before is not None and len(rows):
                self.snapshot = self._with(before, rows)
                self._dirty.clear()
            self.watermark.reached(offset)
            return len(rows) if before is not None else 0

    def start(self, pause_s: float = 0.05) -> None:
        """Refreshes in a thread from now on; ten times as often while a request waits for it."""

        def run() -> None:
            while not self._stop.wait(pause_s / 10 if self.watermark.is_waited else pause_s):
                try:
                    self.refresh()
                except FeaturelibError as error:
                    log.warning("film vectors stay as they are: %s", error)
                    self._stop.wait(1.0)

        self._thread = threading.Thread(target=run, name="film index", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Ends the thread."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def _with(self, before: Snapshot, rows: Array) -> Snapshot:
        """A snapshot whose vectors of some rows are computed anew."""
        made = self._vectors(before.towers, rows)
        films = max(len(before.vectors), int(rows[-1]) + 1)
        vectors = np.zeros((films, made.shape[1]), made.dtype, order="F")
        vectors[: len(before.vectors)] = before.vectors
        vectors[rows] = made
        return Snapshot(before.towers, self._features.films.ids[: len(vectors)], vectors)

    def _vectors(self, served: Served, rows: Array) -> Array:
        program, made = served.outputs["film"], []
        names, largest = [tensor.name for tensor in program.layout.tensors], program.ladder.largest
        for at in range(0, len(rows), largest):
            some = rows[at : at + largest]
            mine = self._features.of_films(some, names)
            made.append(self._background.run(program, mine, len(some)))
        return np.concatenate(made) if made else np.zeros((0, 1), np.float32)
