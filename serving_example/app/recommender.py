"""A user to films: what a request asks for, checked and handed to the pool."""

from __future__ import annotations

from typing import NamedTuple

from featurelib.errors import InputError
from serving_example.app.cases import Answer, Answered, Services, Wanted
from serving_example.app.http import Pending, Rejection, Request, Response
from serving_example.app.rank_program import RankProgram
from serving_example.app.ranking import Ranking
from serving_example.app.repository import Repository
from serving_example.app.served import Served
from serving_example.app.work import Running
from serving_example.pool import Door, Job, RefusedError

__all__ = ["Ask", "Recommender"]


class Ask(NamedTuple):
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
        services: What the programs of rankers use.
        repository: The models.
        ranking: The programs of rankers.
        door: The way to the devices.
        ranker: The name of the ranker where a request names none.
    """

    def __init__(
        self,
        services: Services,
        repository: Repository,
        ranking: Ranking,
        door: Door,
        *,
        ranker: str,
    ) -> None:
        self._services, self._repository, self._ranking = services, repository, ranking
        self._door, self._ranker = door, ranker

    def recommend(
        self, ask: Ask, request: Request, answer: Answer, program: RankProgram | None = None
    ) -> Pending:
        """Ranks, and gives what is recommended to `answer`, whose response it is.

        A job that the pool refuses is no exception: what is given has the `RefusedError` as its
        result.

        Args:
            ask: What is asked.
            request: Who asks.
            answer: Called on a device's thread.
            program: What answers it, as `program` gave it just now; None: it is looked up.

        Raises:
            Rejection: A model or an item is not there.
            DeviceError: The pool takes no jobs.
        """
        services, rows = self._services, None
        if ask.candidates is not None:
            try:
                rows = services.features.films.rows(list(dict.fromkeys(ask.candidates)))
            except InputError as error:
                raise Rejection(
                    400, "invalid", "unknown_item", str(error), field="body.candidates"
                ) from None
        wanted = Wanted(ask.user_id, ask.k, rows, answer)
        count = services.candidates if rows is None else len(rows)
        program = program or self.program(ask.model)
        if rows is None:
            self._check_films(program)
        running = Running(self._door, request, _told)
        refusal = running.offer(program, wanted, count)
        if refusal is not None and refusal.reason == "unknown_model":
            program = self.program(ask.model)  # it was exchanged between two lines
            if rows is None:
                self._check_films(program)
            refusal = running.offer(program, wanted, count)
        if refusal is not None:
            running.set(RefusedError(program.model, refusal))
        return running

    def refused(self, program: RankProgram, ask: Ask, request: Request) -> RefusedError | None:
        """Why what was asked would be refused, as the like of it was a moment ago; None: ask."""
        if ask.candidates is not None:
            return None
        refusal = self._door.refusal(
            program.model, self._services.candidates, request.tenant, request.weight,
            request.deadline,
        )  # fmt: skip
        return None if refusal is None else RefusedError(program.model, refusal)

    def program(self, name: str | None) -> RankProgram:
        """What answers now: the program of a ranker.

        Args:
            name: Of the ranker; None: the service's own.

        Raises:
            Rejection: The ranker is not there.
        """
        served = self._served(name)
        program = self._ranking.of(served)
        if program is None:
            raise self._none(served.name)
        return program

    def _check_films(self, program: RankProgram) -> None:
        """There are films to choose from."""
        towers = program.towers
        snapshot = None if towers is None else self._services.index.of(towers)
        if snapshot is None or not len(snapshot.ids):
            raise Rejection(
                503, "unavailable", "no_candidates", "no films or no towers are loaded; name the "
                "candidates, or try again later", retry_after_s=5.0,
            )  # fmt: skip

    def _served(self, name: str | None) -> Served:
        try:
            served = self._repository.get(name or self._ranker)
        except Rejection as error:
            if name is not None:
                raise
            raise self._none(self._ranker) from error
        if served.card.kind != "ranker":
            raise Rejection(
                400, "invalid", "wrong_value", f"{served.name!r} is no ranker", field="body.model"
            )
        return served

    def _none(self, name: str) -> Rejection:
        return Rejection(
            503, "unavailable", "no_ranker", f"the ranker {name!r} is not loaded; try "
            "again later, or name another model", retry_after_s=5.0,
        )  # fmt: skip


def _told(request: Request, jobs: list[Job]) -> Response:
    """The response that the program made; its stages are told with it."""
    made: Answered = jobs[0].answer
    request.stages = made.stages
    return made.response
