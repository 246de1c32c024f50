"""A log, a store and tailers in a folder, and what may happen to them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from serving_example.store import LmdbLog, LmdbStore, OnlineStore, StoreUnavailable, Tailer
from serving_example.tests.store import ratings

VIEWS = ratings.views(ratings.definition())
STAGE = ratings.FilmStage(VIEWS)
EVENTS = [ratings.event(i, 1 + i % 2, 7, 4.0, ratings.START) for i in range(4)]


class Place:
    """A log, a store and a tailer in a folder."""

    def __init__(self, folder: Path) -> None:
        self.now = 1_000_000
        self.log = LmdbLog(folder / "log", clock=lambda: self.now)
        self.store = LmdbStore(folder / "store", clock=lambda: self.now)
        self.folder = folder

    def tailer(self, **more: Any) -> Tailer:
        given = {"on_state": STAGE, "clock": lambda: self.now, **more}
        return Tailer(self.log, self.store, VIEWS, **given)

    def send(self, *rows: dict[str, Any]) -> list[int]:
        return self.log.append([ratings.as_json(row) for row in rows])

    def count(self, source: str, key: int) -> int | None:
        """How many ratings of an entity the store knows."""
        view = VIEWS[source]
        now = ratings.START + dt.timedelta(days=1)
        name = {"by_user": "user_ratings", "by_film": "film_ratings"}[source]
        counted: int | None = view.stream.query(view.read(self.store, key), now)[name]
        return counted


class Away:
    """A store that does not answer some of its calls; some of its writes were done all the same."""

    def __init__(self, store: OnlineStore, script: Iterator[str]) -> None:
        self._store, self._script = store, script

    def __getattr__(self, name: str) -> Any:
        called: Callable[..., Any] = getattr(self._store, name)

        def call(*args: Any) -> Any:
            fate = next(self._script, "answers")
            if fate == "answers":
                return called(*args)
            if fate == "done":
                called(*args)
            raise StoreUnavailable(f"{name}: no answer")

        return call
