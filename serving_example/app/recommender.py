"""A user to films: what a request asks for, checked and handed to the device's thread."""

from __future__ import annotations

from typing import NamedTuple

from featurelib.errors import InputError
from serving_example.app.cases import Answer, Answered, Services, Wanted
from serving_example.app.http import Pending, Rejection, Request, Response
from serving_example.app.rank_program import RankProgram
from serving_example.app.repository import Repository, Served
from serving_example.app.work import run_jobs
from serving_example.devices.executor import Executor
from serving_example.devices.job import Job

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
        executor: Of the device.
        ranker: The name of the ranker where a request names none.
    """

    def __init__(
        self, services: Services, repository: Repository, executor: Executor, *, ranker: str
    ) -> None:
        self._services, self._repository, self._executor = services, repository, executor
        self._ranker = ranker
        self._programs: dict[str, RankProgram] = {}

    def recommend(self, ask: Ask, request: Request, answer: Answer) -> Pending:
        """Ranks, and gives what is recommended to `answer`, whose response it is.

        `answer` is called on the device's thread.

        Raises:
            Rejection: A model or an item is not there.
            DeviceError: The device takes no jobs.
        """
        program, services, rows = self._program(self._served(ask.model)), self._services, None
        if ask.candidates is not None:
            try:
                rows = services.features.films.rows(list(dict.fromkeys(ask.candidates)))
            except InputError as error:
                raise Rejection(
                    400, "invalid", "unknown_item", str(error), field="body.candidates"
                ) from None
        elif services.index.snapshot is None or not len(services.index.snapshot.ids):
            raise Rejection(
                503, "unavailable", "no_candidates", "no films or no towers are loaded; name the "
                "candidates, or try again later", retry_after_s=5.0,
            )  # fmt: skip
        wanted = Wanted(ask.user_id, ask.k, rows, answer)
        count = services.candidates if rows is None else len(rows)

        def told(jobs: list[Job]) -> Response:
            made: Answered = jobs[0].answer
            request.timings += made.stages
            return made.response

        return run_jobs(self._executor, [(program, wanted, count)], request, told)

    def models(self, ask: Ask) -> tuple[Served, ...]:
        """The models that answer now: the ranker, and the towers where they find the films.

        Raises:
            Rejection: The ranker is not there.
        """
        ranker, snapshot = self._served(ask.model), self._services.index.snapshot
        if ask.candidates is not None or snapshot is None:
            return (ranker,)
        return ranker, snapshot.towers

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

    def _program(self, served: Served) -> RankProgram:
        """The program of a ranker: one object, so that its requests run together."""
        made = self._programs.get(served.name)
        if made is None or made.ranker is not served:
            loaded = {one.name: one for one in self._repository.all()}
            kept = {n: p for n, p in self._programs.items() if p.ranker is loaded.get(n)}
            made = kept[served.name] = RankProgram(served, self._services)
            self._programs = kept  # what is unloaded is not kept alive
        return made
