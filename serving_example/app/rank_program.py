"""Users to films on the device's thread: everything that a micro-batch of requests needs, at once.

Users' features, their vectors, candidates, tensors of pairs, scores and answers are each made for
all requests of the batch before the next: a request is handed over once, and what Python does is
done once for many.
"""

from __future__ import annotations

import operator
from collections.abc import Generator, Mapping, Sequence
from typing import Any

import numpy as np

from featurelib.errors import DeviceError
from featurelib.layout import Layout
from serving_example.app.answering import Answering
from serving_example.app.cases import Answered, Case, Services, Stages, Wanted
from serving_example.app.film_index import FeatureSource
from serving_example.app.film_terms import FilmTerms, in_parts
from serving_example.app.pair_terms import join_into
from serving_example.app.ranking_code import best, join, nearest
from serving_example.app.served import Served
from serving_example.devices import Device, Ladder, Loaded
from serving_example.devices.protocol import Array
from serving_example.features import User
from serving_example.pool import Program

__all__ = ["RankPlaced", "RankProgram"]

_NONE = np.empty(0, np.int64)
_OF_PAIRS = ("pair",)
MOST_ROWS = 3072
"""Rows of a micro-batch: some 30 requests of 100 candidates. The ranker takes them in parts of the
largest size of its ladder."""


class RankProgram(Program):
    """Answers recommendations with one ranker, and with the towers that find the films.

    Args:
        ranker: The model.
        towers: What finds candidates; None: requests name them.
        services: What else is needed.
    """

    part = "recommend"

    def __init__(self, ranker: Served, towers: Served | None, services: Services) -> None:
        self.ranker, self.towers, self.services = ranker, towers, services
        self.digest, self.load_s = ranker.digest, 0.5
        with_towers = "" if towers is None else f":{towers.digest}"
        self.model = f"{ranker.digest}:{self.part}:{ranker.name}{with_towers}"
        inner: dict[str, tuple[str, Layout]] = ranker.module.inner(ranker.layout)
        self._functions = {name: (ranker, *about) for name, about in inner.items()}
        if towers is not None:
            self._functions["towers"] = (towers, "user", towers.outputs["user"].layout)
        most, step = max(MOST_ROWS, services.most_rows), ranker.ladder.largest
        self.ladder = Ladder([*ranker.ladder, *range(2 * step, most + step, step)])

    def needs(self, device: Device) -> int:
        """See `Program.needs`."""
        return sum(
            device.needs(served.module, layout, served.ladder)
            for served, _, layout in self._functions.values()
        )

    def load(self, device: Device) -> Generator[None, None, RankPlaced]:
        """See `Program.load`: the functions of the ranker, and that of the towers for users."""
        for function in (nearest, join, best):
            _ = function.address  # compiled here, or the first request would wait for it
            yield
        for name, (_, _, layout) in self._functions.items():
            # The function of pairs takes what others gave beside a tensor of features.
            filled = _OF_PAIRS if name == "pair" else [tensor.name for tensor in layout.tensors]
            self.services.features.prepare(filled)
            yield
        loaded: dict[str, Loaded] = {}
        try:
            for name, (served, part, layout) in self._functions.items():
                made = device.load(served.digest, served.module, layout, served.ladder, part)
                loaded[name] = made
                for size in served.ladder:
                    yield
                    device.warm(made, size)
        except BaseException:
            for made in loaded.values():
                device.unload(made)
            raise
        return RankPlaced(self, device, loaded)


class RankPlaced:
    """The program on one device. See `Placed`.

    Args:
        program: What it runs.
        device: Where.
        loaded: Its functions there.
    """

    def __init__(self, program: RankProgram, device: Device, loaded: Mapping[str, Loaded]) -> None:
        self._program, self._device, self._loaded = program, device, loaded
        self._services = program.services
        self._user, self._pair = loaded["user"], loaded["pair"]
        self._films = FilmTerms(loaded["film"])
        self._answers = Answering(program.ranker, self._services)

    def unload(self) -> None:
        """See `Placed.unload`."""
        for loaded in self._loaded.values():
            self._device.unload(loaded)

    def run(self, given: Sequence[Wanted]) -> list[Any]:
        """See `Placed.run`: an `Answered` for each."""
        device, stages = self._device, Stages(self._services)
        tensors = _OfUsers(self._services.features)
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
                self._find(device, searching, tensors, stages)
            except Exception as error:  # who named candidates needs no towers
                for case in searching:
                    answers[case.at] = error
                cases = [case for case in cases if case.wanted.rows is not None]
        ranked = [case for case in cases if len(case.rows)]  # whoever has rated every film has none
        scores = self._rank(device, ranked, tensors, stages) if ranked else np.empty(0, np.float32)
        for case, answer in zip(cases, self._answers.made(cases, scores), strict=True):
            answers[case.at] = answer
        told = stages.all_done("answer")
        return [a if isinstance(a, Exception) else Answered(a, told) for a in answers]

    def _find(self, device: Device, cases: list[Case], tensors: _OfUsers, stages: Stages) -> None:
        """Candidates for those who named none."""
        services, towers = self._services, self._program.towers
        snapshot = None if towers is None else services.index.of(towers)
        if snapshot is None:
            raise DeviceError("the towers were unloaded while a request waited")
        loaded = self._loaded["towers"]
        vectors = in_parts(device, loaded, tensors.of(loaded, [case.user for case in cases]))
        stages.done("towers")
        rated, ends = services.features.rated([case.user for case in cases])
        without = services.features.films.known(rated)
        found = snapshot.nearest(vectors, services.candidates, without, ends)
        for case, rows in zip(cases, found, strict=True):
            case.rows, case.towers = rows, snapshot.towers
        stages.done("candidates")

    def _rank(self, device: Device, cases: list[Case], tensors: _OfUsers, stages: Stages) -> Array:
        """Scores of all pairs, one case after another."""
        features, films = self._services.features, [case.rows for case in cases]
        rows, shown = np.concatenate(films), [case.user for case in cases]
        while True:
            moves = features.films.settled()
            filled, shown = features.fill(shown, films, _OF_PAIRS)
            of_films = self._films.of(device, features, rows)
            if features.films.settled() == moves:  # all of a row tells of one state of its film
                break
        for case, user in zip(cases, shown, strict=True):
            case.user = user
        of_users = in_parts(device, self._user, tensors.of(self._user, shown))
        stages.done("fill")
        owners = np.arange(len(films)).repeat([len(mine) for mine in films])
        largest, scores = self._pair.ladder.largest, []
        for a in range(0, len(rows), largest):
            part = slice(a, a + largest)
            room = device.room(self._pair, len(rows[part]))
            join_into(room, of_users, of_films, owners[part], rows[part], filled["pair"][part])
            scores.append(device.run(self._pair, [room]))
        stages.done("ranker")
        return scores[0] if len(scores) == 1 else np.concatenate(scores)


class _OfUsers:
    """Tensors that tell of users alone: made once for functions that read the same of the same.

    Args:
        features: Makes them.
    """

    def __init__(self, features: FeatureSource) -> None:
        self._features = features
        self._users: Sequence[User] = ()
        self._names: list[str] = []
        self._made: dict[str, Array] = {}

    def of(self, loaded: Loaded, users: Sequence[User]) -> dict[str, Array]:
        """The tensors that a function reads, a row for each user."""
        names = [tensor.name for tensor in loaded.layout.tensors]
        is_same = len(users) == len(self._users) and all(map(operator.is_, users, self._users))
        if not (is_same and names == self._names):
            self._made = self._features.of_users(users, names)
            self._users, self._names = users, names
        return self._made
