"""The audit of kept answers: scores computed again, another way, must have the same bits."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable

import msgspec
import numpy as np

from featurelib.errors import FeaturelibError
from serving_example.app.contracts import Recommended
from serving_example.app.repository import Repository
from serving_example.app.work import Background
from serving_example.devices.protocol import Array
from serving_example.features import Features
from serving_example.instants import microseconds

__all__ = ["Auditor"]

log = logging.getLogger("serving_example")
_WAITING = 64
"""Answers that may wait; one more is not looked at."""
Tell = Callable[[bool | None], None]


class Auditor:
    """Computes the scores of kept answers once more, in a thread of its own.

    For the moment that the answer tells: the user's stage, the tensors of the pair and the ranker
    run for this request alone, where the answer came out of a batch of many. A film whose vector
    was exchanged since has other features by right, and is left out: not when it was computed
    counts, but when requests could see it.

    Args:
        features: Makes tensors.
        repository: The models.
        background: Runs the ranker.
        catch_up: Called before a difference is told: takes in what has changed until now, so that a
            change which is known by then explains it.
        on_loop: Runs a function on the event loop, from any thread.
    """

    def __init__(
        self,
        features: Features,
        repository: Repository,
        background: Background,
        catch_up: Callable[[], object],
        on_loop: Callable[[Callable[[], None]], None],
    ) -> None:
        self._features, self._repository, self._background = features, repository, background
        self._catch_up, self._on_loop = catch_up, on_loop
        self._waiting: queue.Queue[tuple[bytes, Tell] | None] = queue.Queue(_WAITING)
        self._thread = threading.Thread(target=self._run, name="auditor", daemon=True)
        self._thread.start()

    def __call__(self, body: bytes, tell: Tell) -> None:
        """Has an answer looked at: `tell` gets whether it is right, on the event loop."""
        try:
            self._waiting.put_nowait((body, tell))
        except queue.Full:
            tell(None)

    def close(self) -> None:
        """Ends the thread; what waits is looked at first."""
        self._waiting.put(None)
        self._thread.join()

    def is_right(self, body: bytes) -> bool | None:
        """Whether the scores of an answer are those that are computed now for its moment.

        Returns:
            None: there is nothing to compare, because all of it has changed since or the answer
            does not tell its moment.
        """
        try:
            made = msgspec.json.decode(body, type=Recommended)
        except msgspec.ValidationError:
            return None  # a contract without moment or digest
        found = self._again(made)
        if found is None:
            return None
        films, scores = found
        told = {item.item_id: item.score for item in made.items}
        kept = np.array([told[film] for film in films], np.float32)
        return bytes(kept) == bytes(scores)

    def _again(self, made: Recommended) -> tuple[list[int], Array] | None:
        """Films of an answer that nothing happened to since, and their scores."""
        served = self._repository.get(made.model.name, made.model.digest)
        features, moment = self._features, microseconds(made.as_of)
        rows, moves = features.films.rows([i.item_id for i in made.items]), features.films.settled()
        rows = rows[features.films.shown_ats[rows] < moment]
        if not len(rows):
            return None
        tensors, (shown,) = features.fill([features.user(made.user_id, moment)], [rows])
        if shown.as_of != moment or "stale" in shown.flags or features.films.settled() != moves:
            return None
        score = served.outputs["score"]
        mine = {t.name: tensors[t.name][: len(rows)].copy() for t in score.layout.tensors}
        scores = self._background.run(score, mine, len(rows))
        return features.films.ids[rows].tolist(), scores

    def _run(self) -> None:
        while (waiting := self._waiting.get()) is not None:
            body, tell = waiting
            verdict = None
            try:
                verdict = self.is_right(body)
                if verdict is False:
                    self._catch_up()
            except FeaturelibError as error:
                log.debug("an answer cannot be looked at: %s", error)
                verdict = None
            self._on_loop(lambda tell=tell, verdict=verdict: tell(verdict))  # type: ignore[misc]
