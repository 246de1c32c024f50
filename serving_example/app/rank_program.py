"""Users to films on the device's thread: everything that a micro-batch of requests needs, at once.

Users' features, their vectors, candidates, tensors of pairs, scores and answers are each made for
all requests of the batch before the next: a request is handed over once, and what Python does is
done once for many.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from featurelib.errors import DeviceError
from serving_example.app.answering import Answering
from serving_example.app.cases import Answered, Case, Services, Stages, Wanted
from serving_example.app.film_terms import FilmTerms, in_parts
from serving_example.app.repository import Served
from serving_example.devices import Device, Ladder, Loaded, Program
from serving_example.devices.protocol import Array
from serving_example.features import User
from serving_example.models import TERMS

__all__ = ["RankProgram"]

_NONE = np.empty(0, np.int64)
MOST_ROWS = 3072
"""Rows of a micro-batch: some 30 requests of 100 candidates. The ranker takes them in parts."""


class RankProgram(Program):
    """Answers recommendations with one ranker.

    Args:
        ranker: The model.
        services: What else is needed.
    """

    part = "recommend"

    def __init__(self, ranker: Served, services: Services) -> None:
        self.ranker, self.digest, self._services = ranker, ranker.digest, services
        self._user, self._pair = ranker.inner["user"], ranker.inner["pair"]
        self._films = FilmTerms(ranker.inner["film"])
        self._of_pairs = [t.name for t in self._pair.layout.tensors if t.name not in TERMS]
        most, step = max(MOST_ROWS, services.most_rows), self._pair.ladder.largest
        self.ladder = Ladder([*self._pair.ladder, *range(2 * step, most + step, step)])
        self._answers = Answering(ranker, services)

    @property
    def uses(self) -> tuple[Loaded, ...]:
        """The ranker; the towers are those of the index when the batch runs."""
        return tuple(self.ranker.inner.values())

    def run(self, device: Device, given: Sequence[Wanted]) -> list[Any]:
        """See `Program.run`: an `Answered` for each."""
        stages = Stages(self._services)
        answers: list[Any] = [None] * len(given)
        cases = []
        users = self._services.features.users([wanted.user_id for wanted in given])
        for at, (wanted, user) in enumerate(zip(given, users, strict=True)):
            if isinstance(user, Exception):
                answers[at] = user
            else:
                cases.append(Case(at, wanted, user, _NONE if wanted.rows is None else wanted.rows))
        stages.done("features")
        searching = [case for case in cases if case.wanted.rows is None]
        if searching:
            try:
                self._find(device, searching, stages)
            except Exception as error:  # who named candidates needs no towers
                for case in searching:
                    answers[case.at] = error
                cases = [case for case in cases if case.wanted.rows is not None]
        ranked = [case for case in cases if len(case.rows)]  # whoever has rated every film has none
        scores = self._rank(device, ranked, stages) if ranked else np.empty(0, np.float32)
        for case, answer in zip(cases, self._answers.made(cases, scores), strict=True):
            answers[case.at] = answer
        stages.done("answer")
        told = tuple(stages.told)
        return [a if isinstance(a, Exception) else Answered(a, told) for a in answers]

    def _find(self, device: Device, cases: list[Case], stages: Stages) -> None:
        """Candidates for those who named none."""
        services = self._services
        snapshot = services.index.snapshot
        if snapshot is None:
            raise DeviceError("the towers were unloaded while a request waited")
        loaded = snapshot.towers.outputs["user"]
        vectors = self._of_users(device, loaded, [case.user for case in cases])
        stages.done("towers")
        rated, ends = services.features.rated([case.user for case in cases])
        without = services.features.films.known(rated)
        found = snapshot.nearest(vectors, services.candidates, without, ends)
        for case, rows in zip(cases, found, strict=True):
            case.rows, case.towers = rows, snapshot.towers
        stages.done("candidates")

    def _of_users(self, device: Device, loaded: Loaded, users: Sequence[User]) -> Array:
        """What a function of users gives for each."""
        names = [tensor.name for tensor in loaded.layout.tensors]
        return in_parts(device, loaded, self._services.features.of_users(users, names))

    def _rank(self, device: Device, cases: list[Case], stages: Stages) -> Array:
        """Scores of all pairs, one case after another."""
        features, films = self._services.features, [case.rows for case in cases]
        rows, shown = np.concatenate(films), [case.user for case in cases]
        while True:
            moves = features.films.settled()
            filled, shown = features.fill(shown, films, self._of_pairs)
            of_films = self._films.of(device, features, rows)
            if features.films.settled() == moves:  # all of a row tells of one state of its film
                break
        for case, user in zip(cases, shown, strict=True):
            case.user = user
        of_users = self._of_users(device, self._user, shown)
        stages.done("fill")
        owners = np.repeat(np.arange(len(films)), [len(mine) for mine in films])
        largest, scores = self._pair.ladder.largest, []
        for a in range(0, len(rows), largest):
            part = slice(a, a + largest)
            given = {name: tensor[part] for name, tensor in filled.items()}
            terms = (of_users.take(owners[part], axis=0), of_films.take(rows[part], axis=0))
            given |= zip(TERMS, terms, strict=True)
            scores.append(device.run(self._pair, [given]))
        stages.done("ranker")
        return np.concatenate(scores)
