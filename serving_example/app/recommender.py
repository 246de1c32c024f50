"""A user to films: what a request asks for, checked and handed to the pool."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from featurelib.errors import InputError
from serving_example.app.cases import Answer, Services, Wanted
from serving_example.app.http import Pending, Rejection, Request, Response
from serving_example.app.rank_program import RankProgram
from serving_example.app.ranking import Ranking
from serving_example.app.repository import Repository
from serving_example.app.served import Served
from serving_example.app.work import done_before, told
from serving_example.pool import Door, Job, RefusedError

__all__ = ["Ask", "Recommender", "told_of"]


class Ask(msgspec.Struct, frozen=True):
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
        self._known: dict[str | None, RankProgram] = {}
        self._known_of: tuple[object, object] = None, None

    def recommend(self, ask: Ask, request: Request, answer: Answer) -> Pending:
        """Ranks, and gives what is recommended to `answer`, whose response it is.

        A job that the pool refuses is no exception: what is given has the `RefusedError` as its
        result.

        Args:
            ask: What is asked.
            request: Who asks.
            answer: Called on a device's thread.

        Raises:
            Rejection: A model or an item is not there.
            DeviceError: The pool takes no jobs.
        """
        waiting = _Waiting(self._door, request)
        begun = self.begin(ask, request, answer, waiting.done, self.program(ask.model))
        if isinstance(begun, Job):
            waiting.job = begun
        else:
            waiting.set(begun)
        return waiting

    def begin(
        self,
        ask: Ask,
        request: Request,
        answer: Answer,
        done: Callable[[Job], None],
        program: RankProgram,
    ) -> Job | RefusedError:
        """As `recommend`, for one who does without a `Pending`.

        Args:
            ask: What is asked.
            request: Whose deadline, tenant and weight are those of the job.
            answer: Called on a device's thread.
            done: Called with the job when it is done; `told_of` says what became of it.
            program: What answers it, as `program` gave it just now.

        Returns:
            The job, or why the pool does not take it.

        Raises:
            Rejection, DeviceError: As there.
        """
        services, rows, count = self._services, None, self._services.candidates
        if ask.candidates is not None:
            try:
                rows = services.features.films.rows(list(dict.fromkeys(ask.candidates)))
            except InputError as error:
                raise Rejection(
                    400, "invalid", "unknown_item", str(error), field="body.candidates"
                ) from None
            count = len(rows)
        wanted = Wanted(ask.user_id, ask.k, rows, answer)
        for is_again in (False, True):
            known = services.index.snapshot
            is_usual = known is not None and known.towers is program.towers and len(known.ids)
            if rows is None and not is_usual:
                self._check_films(program)
            begun = self._offered(program, wanted, count, request, done)
            if is_again or isinstance(begun, Job) or begun.refusal.reason != "unknown_model":
                break
            program = self.program(ask.model)  # it was exchanged between two lines
        return begun

    def _offered(
        self,
        program: RankProgram,
        wanted: Wanted,
        rows: int,
        request: Request,
        done: Callable[[Job], None],
    ) -> Job | RefusedError:
        """A job that the pool has taken, or why it does not."""
        door, model, deadline = self._door, program.model, request.deadline
        tenant, weight = request.tenant, request.weight
        refusal = door.refusal(model, rows, tenant, weight, deadline)
        if refusal is None:
            job = Job(program, wanted, rows, deadline, done, tenant, weight)
            refusal = door.offer(job)
            if refusal is None:
                return job
        return RefusedError(model, refusal)

    def cancel(self, job: Job) -> None:
        """Nobody wants the answer of a job any more."""
        self._door.cancel(job)

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
        models, programs = self._known_of
        if models is self._repository.served and programs is self._ranking.programs:
            known = self._known.get(name)
            if known is not None:
                return known
        else:  # as they are before anything is looked up: if they change now, it is again
            self._known_of = self._repository.served, self._ranking.programs
            self._known = {}
        served = self._served(name)
        program = self._ranking.of(served)
        if program is None:
            raise self._none(served.name)
        self._known[name] = program
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


class _Waiting(Pending):
    """A recommendation that is waited for; abandoned, it cancels its job."""

    __slots__ = ("_door", "_request", "job")

    def __init__(self, door: Door, request: Request) -> None:
        super().__init__()
        self._door, self._request = door, request
        self.job: Job | None = None

    def done(self, job: Job) -> None:
        """The job is done."""
        self.job = None
        self.set(told_of(job, self._request))

    def left(self) -> None:
        """See `Pending.left`."""
        if self.job is not None:
            self._door.cancel(self.job)


def told_of(job: Job, request: Request) -> Response | Exception:
    """The response that the program made, or why there is none; its times are told with it."""
    job.on_done = done_before
    if job.error is not None:
        return told(job.error)
    started, made = job.started, job.answer
    request.timings += ("queue", started - job.entered), ("model", job.finished - started)
    request.stages = made.stages
    response: Response = made.response
    return response
