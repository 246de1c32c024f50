"""Recommendations with a cache of results before them: on the event loop, ahead of all work."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from msgspec.structs import replace

from serving_example.app.contracts import Contract, Recommended
from serving_example.app.http import JSON, Headers, Pending, Request, Response
from serving_example.app.rank_program import RankProgram
from serving_example.app.recommender import Ask, Recommender, told_of
from serving_example.caches import Made, ResultCache, answerer, canonical, pair
from serving_example.caches.flights import Cancel, Flight
from serving_example.pool import Job

__all__ = ["CachedRecommender"]

_Done = Callable[[Made[bytes] | Exception], None]
_Who = tuple[str, ...]
_MOST_NAMES = 1_000


class CachedRecommender:
    """Answers a request from the cache, or has one answer made for all requests that equal it.

    The key is the request and all that answers it: the artifacts of ranker and towers under the
    names that the answer tells, the bundle's fingerprint, the contract. The entity is the user.

    Args:
        recommender: Makes answers.
        cache: Keeps the bytes of their bodies.
        fingerprint: Of the bundle.
        ttl_s: Of each view in an answer's `feature_age_s` how long a vector is served after its
            event time; views without a TTL are left out.
        clock: Monotonic seconds, those of the cache.
    """

    def __init__(
        self,
        recommender: Recommender,
        cache: ResultCache[bytes],
        fingerprint: str,
        ttl_s: Mapping[str, float],
        clock: Callable[[], float],
    ) -> None:
        self._recommender, self._cache, self._clock = recommender, cache, clock
        self._fingerprint, self._ttl_s = fingerprint, ttl_s
        self._names: dict[tuple[int, str, bool], bytes] = {}
        self._aged: dict[tuple[int, int], Headers] = {}

    def recommend(self, ask: Ask, request: Request, contract: Contract) -> Response | Pending:
        """The answer in the words of a contract; one that was kept tells its `age` in a header.

        Raises:
            Rejection: A model is not there.
            DeviceError: The device takes no jobs.
        """
        cache, user, candidates = self._cache, ask.user_id, ask.candidates
        if cache.is_choosy and not cache.looks():
            return self._recommender.recommend(ask, request, contract.respond)
        program = self._recommender.program(ask.model)
        name = self._names.get((contract.version, program.model, candidates is None))
        if name is None:
            name = self._name(program, ask, contract)
        if candidates is None:
            key = name + pair(user, ask.k)
        else:
            key = name + canonical((user, ask.k, *candidates))
        kept = cache.look(key, user)
        if kept is None:
            return self._made_now(key, ask, request, contract, program)
        if kept.is_due:
            making = _Making(self._recommender, self._ttl_s, ask, request, contract, program)
            cache.renew(key, user, making.begin)
        age_s = int(kept.age_s)
        headers = self._aged.get((contract.version, age_s)) or self._headers(contract, age_s)
        return Response(200, kept.value, JSON, headers)

    def _made_now(
        self, key: bytes, ask: Ask, request: Request, contract: Contract, program: RankProgram
    ) -> Pending:
        """An answer that is not kept yet."""
        cache, asked = self._cache, _Asked(contract, request.deadline)
        refused = self._recommender.refused(program, ask, request)
        if refused is not None and not cache.is_making(key, ask.user_id):
            asked.set(refused)
            return asked
        making = _Making(self._recommender, self._ttl_s, ask, request, contract, program)
        cache.make(key, ask.user_id, making.begin, asked)
        return asked

    def _headers(self, contract: Contract, age_s: int) -> Headers:
        """The headers of an answer that was kept for so many seconds."""
        if len(self._aged) >= _MOST_NAMES:
            self._aged.clear()
        made = (*contract.headers, (b"age", b"%d" % age_s))
        self._aged[contract.version, age_s] = made
        return made

    def _name(self, program: RankProgram, ask: Ask, contract: Contract) -> bytes:
        """What names, in a key, all that answers."""
        if len(self._names) >= _MOST_NAMES:  # of models that are gone, most of them
            self._names.clear()
        name = answerer(self._fingerprint, str(contract.version), *_who(program, ask))
        self._names[contract.version, program.model, ask.candidates is None] = name
        return name


class _Asked(Pending):
    """A request that waits for its own answer, or for that of another which equals it.

    Args:
        contract: In whose words.
        deadline: Of the request.
    """

    # Who waits for a flight: see `caches.Waits`.
    __slots__ = ("_contract", "deadline", "flight")

    def __init__(self, contract: Contract, deadline: float) -> None:
        self.result = self.on_abandon = self._then = None
        self._contract, self.deadline = contract, deadline
        self.flight: Flight[Made[bytes]] | None = None

    def told(self, result: Made[bytes] | Exception) -> None:
        """See `Waits.told`."""
        if isinstance(result, Exception):
            self.set(result)
        else:
            contract = self._contract
            headers = contract.headers if result.is_keepable else contract.passing
            self.set(Response(200, result.value, JSON, headers))

    def left(self) -> None:
        """See `Pending.left`."""
        if self.flight is not None:
            self.flight.leave(self)


class _Making:
    """Has an answer made, for all who wait for it.

    Args:
        recommender: Makes it.
        ttl_s: Of each view how long a vector is served.
        ask: What is asked.
        request: Who asked first.
        contract: In whose words.
        program: What answers: its models are those that the key names.
    """

    __slots__ = (
        "_ask", "_asked", "_contract", "_done", "_job", "_made", "_program", "_recommender",
        "_request", "_ttl_s",
    )  # fmt: skip

    def __init__(
        self,
        recommender: Recommender,
        ttl_s: Mapping[str, float],
        ask: Ask,
        request: Request,
        contract: Contract,
        program: RankProgram,
    ) -> None:
        self._recommender, self._ttl_s, self._ask = recommender, ttl_s, ask
        self._request, self._contract, self._program = request, contract, program
        self._done: _Done = _nobody
        self._job: Job | None = None
        self._made: Recommended | None = None

    def begin(self, deadline: float, done: _Done) -> Cancel:
        """See `caches.Work`. Begun for others than who asked first, it leaves his request alone."""
        asked = self._request
        if deadline != asked.deadline:
            asked = replace(asked, deadline=deadline, timings=[], stages=())
        self._asked, self._done = asked, done
        begun = self._recommender.begin(self._ask, asked, self.answer, self.ended, self._program)
        if isinstance(begun, Job):
            self._job = begun
        else:
            self._tell(begun)
        return self.cancel

    def cancel(self) -> None:
        """Nobody waits any more."""
        self._done = _nobody
        if self._job is not None:
            self._recommender.cancel(self._job)

    def answer(self, made: Recommended) -> Response:
        """The response; called on a device's thread."""
        self._made = made
        return self._contract.respond(made)

    def ended(self, job: Job) -> None:
        """Tells what is to be kept of it."""
        self._job, made = None, self._made
        result = told_of(job, self._asked)
        if isinstance(result, Exception):
            self._tell(result)
            return
        assert made is not None  # the response was made of it
        models: _Who = (made.model.name, made.model.digest)
        if made.retrieval is not None:
            models += (made.retrieval.name, made.retrieval.digest)
        # A model may have been replaced while this waited: then it is no answer to this key.
        is_mine = models == _who(self._program, self._ask)
        left = math.inf
        for view, ttl_s in self._ttl_s.items():
            age = made.feature_age_s.get(view)
            left = left if age is None else min(left, ttl_s - age)
        body = result.body
        self._tell(Made(body, len(body), is_mine and "stale" not in made.flags, left))

    def _tell(self, result: Made[bytes] | Exception) -> None:
        # Who is told holds this: let go, both end here, and garbage collection finds nothing.
        done, self._done = self._done, _nobody
        done(result)


def _nobody(result: Made[bytes] | Exception) -> None:
    """Nobody waits for this answer any more."""


def _who(program: RankProgram, ask: Ask) -> _Who:
    """Names and artifacts of the models that answer: ranker, and towers if they find the films."""
    ranker, towers = program.ranker, program.towers
    if ask.candidates is not None or towers is None:
        return ranker.name, ranker.digest
    return ranker.name, ranker.digest, towers.name, towers.digest
