"""Users to films on the device's thread: everything that a micro-batch of requests needs, at once.

Users' features, their vectors, candidates, tensors of pairs, scores and answers are each made for
all requests of the batch before the next: a request is handed over once, and what Python does is
done once for many.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from featurelib.errors import DeviceError
from serving_example.app.contracts import Item, ModelName, Recommended
from serving_example.app.film_index import FeatureSource, FilmIndex, Snapshot
from serving_example.app.http import Response
from serving_example.app.metrics import Metrics
from serving_example.app.repository import Served
from serving_example.devices import Device, Ladder, Loaded, Program
from serving_example.devices.protocol import Array
from serving_example.features import User
from serving_example.instants import instant
from serving_example.store import Freshness

__all__ = ["Answer", "Answered", "RankProgram", "Services", "Wanted"]

Answer = Callable[[Recommended], Response]
_NONE = np.empty(0, np.int64)
MOST_ROWS = 2048
"""Rows of a micro-batch: some 20 requests of 100 candidates. The ranker takes them in parts."""


class Wanted(NamedTuple):
    """What a request asks of the program.

    Attributes:
        user_id: For whom.
        k: How many films.
        rows: Rows of the film table that are ranked; None: the towers find them.
        answer: Makes the response.
    """

    user_id: int
    k: int
    rows: Array | None
    answer: Answer


class Answered(NamedTuple):
    """What the program made for a request.

    Attributes:
        response: The response.
        stages: Names and seconds of what was done for the whole batch.
    """

    response: Response
    stages: Sequence[tuple[str, float]]


@dataclass(frozen=True, slots=True)
class Services:
    """What programs use beside models.

    Attributes:
        features: Makes tensors.
        index: Finds candidates.
        metrics: Told of flags and stages.
        clock: Monotonic seconds.
        freshness: Told of what is served.
        fingerprint: Of the bundle.
        candidates: How many films the towers find.
        most_rows: The most that a request may name.
    """

    features: FeatureSource
    index: FilmIndex
    metrics: Metrics
    clock: Callable[[], float]
    freshness: Freshness
    fingerprint: str
    candidates: int
    most_rows: int


@dataclass(slots=True, eq=False)
class _Case:
    """A request on its way through the stages."""

    at: int
    wanted: Wanted
    user: User
    rows: Array
    towers: Served | None = None


class RankProgram(Program):
    """Answers recommendations with one ranker.

    Args:
        ranker: The model.
        services: What else is needed.
    """

    part = "recommend"

    def __init__(self, ranker: Served, services: Services) -> None:
        self.ranker, self.digest, self._services = ranker, ranker.digest, services
        self._loaded = ranker.outputs["score"]
        most, step = max(MOST_ROWS, services.most_rows), self._loaded.ladder.largest
        self.ladder = Ladder([*self._loaded.ladder, *range(2 * step, most + step, step)])
        self._model = ModelName(ranker.name, ranker.digest)

    @property
    def uses(self) -> tuple[Loaded, ...]:
        """The ranker; the towers are those of the index when the batch runs."""
        return (self._loaded,)

    def run(self, device: Device, given: Sequence[Wanted]) -> list[Any]:
        """See `Program.run`: an `Answered` for each."""
        stages = _Stages(self._services)
        answers: list[Any] = [None] * len(given)
        cases = []
        users = self._services.features.users([wanted.user_id for wanted in given])
        for at, (wanted, user) in enumerate(zip(given, users, strict=True)):
            if isinstance(user, Exception):
                answers[at] = user
            else:
                cases.append(_Case(at, wanted, user, _NONE if wanted.rows is None else wanted.rows))
        stages.done("features")
        searching = [case for case in cases if case.wanted.rows is None]
        if searching:
            self._find(device, searching, stages)
        scores = self._rank(device, [case for case in cases if len(case.rows)], stages)
        start = 0
        for case in cases:
            mine = scores[start : start + len(case.rows)]
            start += len(case.rows)
            try:
                answers[case.at] = case.wanted.answer(self._recommended(case, mine))
            except Exception as error:
                answers[case.at] = error
        stages.done("answer")
        told = tuple(stages.told)
        return [a if isinstance(a, Exception) else Answered(a, told) for a in answers]

    def _find(self, device: Device, cases: list[_Case], stages: _Stages) -> None:
        """Candidates for those who named none."""
        services = self._services
        snapshot = services.index.snapshot
        if snapshot is None:
            raise DeviceError("the towers were unloaded while a request waited")
        vectors = _user_vectors(device, services.features, snapshot, [case.user for case in cases])
        stages.done("towers")
        for case, vector in zip(cases, vectors, strict=True):
            seen = services.features.films.known(services.features.rated(case.user))
            case.rows = snapshot.nearest(vector, services.candidates, without=seen)
            case.towers = snapshot.towers
        stages.done("candidates")

    def _rank(self, device: Device, cases: list[_Case], stages: _Stages) -> Array:
        """Scores of all pairs, one case after another."""
        if not cases:  # whoever has rated every film
            return np.empty(0, np.float32)
        filled, shown = self._services.features.fill(
            [case.user for case in cases], [case.rows for case in cases]
        )
        for case, user in zip(cases, shown, strict=True):
            case.user = user
        stages.done("fill")
        tensors = {tensor.name: filled[tensor.name] for tensor in self._loaded.layout.tensors}
        rows, largest = sum(len(case.rows) for case in cases), self._loaded.ladder.largest
        scores = [
            device.run(self._loaded, [{n: t[a : a + largest] for n, t in tensors.items()}])
            for a in range(0, rows, largest)
        ]
        stages.done("ranker")
        return np.concatenate(scores)

    def _recommended(self, case: _Case, scores: Array) -> Recommended:
        if not np.isfinite(scores).all():
            raise DeviceError(f"model {self.ranker.name!r} gave a score that is no finite number")
        services, user = self._services, case.user
        films = services.features.films
        ids = films.ids[case.rows]
        best = np.lexsort((ids, -scores))[: case.wanted.k]
        is_stale = "stale" in user.flags
        observe = services.freshness.observe
        ages = {
            "user_state": observe("user_state", user.rated_at, is_stale=is_stale),
            "film": observe("film", _oldest(films.event_times[case.rows])),
        }
        for flag in user.flags:
            services.metrics.flag(flag)
        best_ids, best_scores = ids[best].tolist(), scores[best].tolist()
        return Recommended(
            user_id=user.user_id,
            items=[Item(i, s) for i, s in zip(best_ids, best_scores, strict=True)],
            model=self._model,
            retrieval=ModelName(case.towers.name, case.towers.digest) if case.towers else None,
            fingerprint=services.fingerprint,
            as_of=instant(user.as_of),
            feature_age_s=ages,
            flags=list(user.flags),
        )


class _Stages:
    """The stages of a batch, and the seconds that each took."""

    def __init__(self, services: Services) -> None:
        self._clock, self._metrics = services.clock, services.metrics
        self._since = self._clock()
        self.told: list[tuple[str, float]] = []

    def done(self, name: str) -> None:
        now = self._clock()
        self.told.append((name, now - self._since))
        self._metrics.stage(name, now - self._since)
        self._since = now


def _user_vectors(
    device: Device, features: FeatureSource, snapshot: Snapshot, users: Sequence[User]
) -> Array:
    """The vectors of users by the towers of a snapshot, (users, dim)."""
    loaded = snapshot.towers.outputs["user"]
    tensors = features.of_users(users, [tensor.name for tensor in loaded.layout.tensors])
    largest = loaded.ladder.largest
    made = [
        device.run(loaded, [{n: t[a : a + largest] for n, t in tensors.items()}])
        for a in range(0, len(users), largest)
    ]
    return np.concatenate(made)


def _oldest(event_times: Array) -> int | None:
    """The event time of the vector that was rated longest ago; None where nobody has rated any."""
    rated = event_times[event_times > 0]
    return int(rated.min()) if len(rated) else None
