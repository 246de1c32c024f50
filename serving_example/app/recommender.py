"""A user to films: candidates by two towers, features, a ranker, the best k."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from featurelib.errors import DeviceError, InputError
from serving_example.app.contracts import Item, ModelName, Recommended
from serving_example.app.film_index import FeatureSource, FilmIndex
from serving_example.app.http import Pending, Rejection, Request, Response
from serving_example.app.metrics import Metrics
from serving_example.app.repository import Repository, Served
from serving_example.app.work import run_jobs
from serving_example.devices.executor import Executor
from serving_example.devices.job import Job
from serving_example.devices.protocol import Array
from serving_example.features import User
from serving_example.instants import instant
from serving_example.store import Freshness

__all__ = ["Ask", "Recommender"]

Answer = Callable[[Recommended], Response]


@dataclass(frozen=True, slots=True)
class Ask:
    """What is asked for.

    Attributes:
        user_id: For whom.
        k: How many items.
        candidates: Items to rank; None: found by the towers.
        model: The ranker; None: the service's own.
    """

    user_id: int
    k: int
    candidates: list[int] | None = None
    model: str | None = None


class Recommender:
    """Answers what to recommend. Its methods are called on the event loop.

    Args:
        features: Makes tensors.
        index: Finds candidates.
        repository: The models.
        executor: Of the device.
        metrics: Told of flags and stages.
        clock: Monotonic seconds.
        freshness: Told of what is served.
        fingerprint: Of the bundle.
        ranker: The name of the ranker where a request names none.
        candidates: How many the towers find.
    """

    def __init__(
        self,
        features: FeatureSource,
        index: FilmIndex,
        repository: Repository,
        executor: Executor,
        metrics: Metrics,
        clock: Callable[[], float],
        freshness: Freshness,
        *,
        fingerprint: str,
        ranker: str,
        candidates: int = 100,
    ) -> None:
        self._features, self._index, self._repository = features, index, repository
        self._executor, self._metrics, self._clock = executor, metrics, clock
        self._freshness = freshness
        self._fingerprint, self._ranker, self._candidates = fingerprint, ranker, candidates

    def recommend(self, ask: Ask, request: Request, answer: Answer) -> Pending:
        """Ranks, and gives what is recommended to `answer`, whose response it is.

        Raises:
            Rejection: A model or an item is not there.
            StoreUnavailable: The store does not answer.
            DeviceError: The device takes no jobs.
        """
        ranker = self._served(ask.model)
        started = self._clock()
        user = self._features.user(ask.user_id)
        if ask.candidates is not None:
            try:
                rows = self._features.films.rows(list(dict.fromkeys(ask.candidates)))
            except InputError as error:
                raise Rejection(
                    400, "invalid", "unknown_item", str(error), field="body.candidates"
                ) from None
            self._stage(request, "features", started)
            return self._rank(ask, user, rows, ranker, None, request, answer)
        snapshot = self._index.snapshot
        if snapshot is None or not len(snapshot.ids):
            raise Rejection(
                503, "unavailable", "no_candidates", "no films or no towers are loaded; name the "
                "candidates, or try again later", retry_after_s=5.0,
            )  # fmt: skip
        loaded = snapshot.towers.outputs["user"]
        tensors, _ = self._features.fill([user], [np.zeros(1, np.int64)])
        mine = {t.name: tensors[t.name][:1].copy() for t in loaded.layout.tensors}
        self._stage(request, "features", started)

        def found(jobs: list[Job]) -> Pending | Response:
            at = self._clock()
            scores = jobs[0].scores
            assert scores is not None  # a job without an error has scores
            seen = self._features.films.known(user.rated)
            rows = snapshot.nearest(scores[0], self._candidates, without=seen)
            self._stage(request, "candidates", at)
            if not len(rows):  # whoever has rated every film
                nothing = np.empty(0, np.float32)
                return answer(self._made(ask, user, rows, nothing, ranker, snapshot.towers))
            return self._rank(ask, user, rows, ranker, snapshot.towers, request, answer)

        return run_jobs(self._executor, [(loaded, mine, 1)], request, found)

    def _served(self, name: str | None) -> Served:
        try:
            served = self._repository.get(name or self._ranker)
        except Rejection as error:
            if name is not None:
                raise
            raise Rejection(
                503, "unavailable", "no_ranker", f"the ranker {self._ranker!r} is not loaded; try "
                "again later, or name another model", retry_after_s=5.0,
            ) from error  # fmt: skip
        if served.card.kind != "ranker":
            raise Rejection(
                400, "invalid", "wrong_value", f"{served.name!r} is no ranker", field="body.model"
            )
        return served

    def _rank(
        self,
        ask: Ask,
        user: User,
        rows: Array,
        ranker: Served,
        towers: Served | None,
        request: Request,
        answer: Answer,
    ) -> Pending:
        loaded, largest, at = ranker.outputs["score"], ranker.card.ladder[-1], self._clock()
        tensors, (shown,) = self._features.fill([user], [rows])
        # Jobs wait in a queue while the next request is filled: each has memory of its own.
        work = [
            (
                loaded,
                {t.name: tensors[t.name][a : a + largest].copy() for t in loaded.layout.tensors},
                min(largest, len(rows) - a),
            )
            for a in range(0, len(rows), largest)
        ]
        self._stage(request, "fill", at)

        def ranked(jobs: list[Job]) -> Response:
            scores = np.concatenate([job.scores for job in jobs if job.scores is not None])
            return answer(self._made(ask, shown, rows, scores, ranker, towers))

        return run_jobs(self._executor, work, request, ranked)

    def _made(
        self,
        ask: Ask,
        user: User,
        rows: Array,
        scores: Array,
        ranker: Served,
        towers: Served | None,
    ) -> Recommended:
        if not np.isfinite(scores).all():
            raise DeviceError(f"model {ranker.name!r} gave a score that is no finite number")
        films = self._features.films
        ids = films.ids[rows]
        best = np.lexsort((ids, -scores))[: ask.k]
        is_stale = "stale" in user.flags
        ages = {
            "user_state": self._freshness.observe("user_state", user.rated_at, is_stale=is_stale),
            "film": self._freshness.observe("film", _oldest(films.event_times[rows])),
        }
        for flag in user.flags:
            self._metrics.flag(flag)
        return Recommended(
            user_id=ask.user_id,
            items=[Item(int(ids[i]), float(scores[i])) for i in best],
            model=ModelName(ranker.name, ranker.digest),
            retrieval=ModelName(towers.name, towers.digest) if towers else None,
            fingerprint=self._fingerprint,
            as_of=instant(user.as_of),
            feature_age_s=ages,
            flags=list(user.flags),
        )

    def _stage(self, request: Request, name: str, since: float) -> None:
        seconds = self._clock() - since
        request.timings.append((name, seconds))
        self._metrics.stage(name, seconds)


def _oldest(event_times: Array) -> int | None:
    """The event time of the vector that was rated longest ago; None where nobody has rated any."""
    rated = event_times[event_times > 0]
    return int(rated.min()) if len(rated) else None
