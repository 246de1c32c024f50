"""Recommendations with a cache of results before them: on the event loop, ahead of all work."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping

from serving_example.app.contracts import Contract, Recommended
from serving_example.app.http import JSON, Headers, Pending, Rejection, Request, Response
from serving_example.app.rank_program import RankProgram
from serving_example.app.recommender import Ask, Recommender
from serving_example.caches import Made, ResultCache, Waiter, Work, answerer, canonical
from serving_example.caches.flights import Cancel

__all__ = ["CachedRecommender"]

_Done = Callable[[Made[bytes] | Exception], None]
_Who = tuple[str, ...]
_NOBODY = Rejection(503, "unavailable", "abandoned", "nobody waits for this answer any more")
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
        self._names: dict[tuple[int, _Who], bytes] = {}
        self._aged: dict[tuple[int, int], Headers] = {}

    def recommend(self, ask: Ask, request: Request, contract: Contract) -> Response | Pending:
        """The answer in the words of a contract; one that was kept tells its `age` in a header.

        Raises:
            Rejection: A model is not there.
            DeviceError: The device takes no jobs.
        """
        cache, user = self._cache, ask.user_id
        if not cache.looks():
            return self._recommender.recommend(ask, request, contract.respond)
        program = self._recommender.program(ask.model)
        who = _who(program, ask)
        key = self._name(who, contract) + canonical((user, ask.k, *(ask.candidates or ())))
        kept = cache.look(key, user)
        if kept is None:
            return self._made_now(key, ask, request, contract, program)
        if kept.is_due:
            cache.renew(key, user, self._work(ask, request, contract, program))
        return Response(200, kept.value, JSON, self._headers(contract, int(kept.age_s)))

    def _made_now(
        self, key: bytes, ask: Ask, request: Request, contract: Contract, program: RankProgram
    ) -> Pending:
        """An answer that is not kept yet."""
        pending, user = Pending(), ask.user_id
        refused = self._recommender.refused(program, ask, request)
        if refused is not None and not self._cache.is_making(key, user):
            pending.set(refused)
            return pending

        def told(result: Made[bytes] | Exception) -> None:
            if isinstance(result, Exception):
                pending.set(result)
            else:
                pending.set(Response(body=result.value, headers=contract.headers))

        waiter: Waiter[Made[bytes]] = Waiter(told, request.deadline)
        self._cache.make(key, user, self._work(ask, request, contract, program), waiter)
        if pending.result is None:
            pending.on_abandon = waiter.leave
        return pending

    def _headers(self, contract: Contract, age_s: int) -> Headers:
        """The headers of an answer that was kept for so many seconds."""
        made = self._aged.get((contract.version, age_s))
        if made is None:
            if len(self._aged) >= _MOST_NAMES:
                self._aged.clear()
            made = (*contract.headers, (b"age", b"%d" % age_s))
            self._aged[contract.version, age_s] = made
        return made

    def _name(self, who: _Who, contract: Contract) -> bytes:
        name = self._names.get((contract.version, who))
        if name is None:
            if len(self._names) >= _MOST_NAMES:  # of models that are gone, most of them
                self._names.clear()
            name = answerer(self._fingerprint, str(contract.version), *who)
            self._names[contract.version, who] = name
        return name

    def _work(
        self, ask: Ask, request: Request, contract: Contract, program: RankProgram
    ) -> Work[bytes]:
        """Has an answer made. Begun for others than this request, it leaves the request alone."""

        def begin(deadline: float, done: _Done) -> Cancel:
            asked = request
            if deadline != request.deadline:
                asked = dataclasses.replace(request, deadline=deadline, timings=[], stages=())
            making = _Making(contract, _who(program, ask), self._ttl_s, done)
            pending = self._recommender.recommend(ask, asked, making.answer, program)
            pending.then(making.ended)
            return lambda: pending.abandon(_NOBODY)

        return begin


class _Making:
    """One answer on its way.

    Args:
        contract: In whose words.
        who: The models that its key names.
        ttl_s: Of each view how long a vector is served.
        done: Given what was made of it.
    """

    __slots__ = ("_contract", "_done", "_made", "_ttl_s", "_who")

    def __init__(
        self, contract: Contract, who: _Who, ttl_s: Mapping[str, float], done: _Done
    ) -> None:
        self._contract, self._who, self._ttl_s, self._done = contract, who, ttl_s, done
        self._made: Recommended | None = None

    def answer(self, made: Recommended) -> Response:
        """The response; called on a device's thread."""
        self._made = made
        return self._contract.respond(made)

    def ended(self, result: Response | Exception) -> None:
        """Tells what is to be kept of it."""
        if isinstance(result, Exception):
            self._done(result)
            return
        made = self._made
        assert made is not None  # the response was made of it
        models: _Who = (made.model.name, made.model.digest)
        if made.retrieval is not None:
            models += (made.retrieval.name, made.retrieval.digest)
        # A model may have been replaced while this waited: then it is no answer to this key.
        is_mine = models == self._who
        left = math.inf
        for view, ttl_s in self._ttl_s.items():
            age = made.feature_age_s.get(view)
            left = left if age is None else min(left, ttl_s - age)
        body = result.body
        self._done(Made(body, len(body), is_mine and "stale" not in made.flags, left))


def _who(program: RankProgram, ask: Ask) -> _Who:
    """Names and artifacts of the models that answer: ranker, and towers if they find the films."""
    ranker, towers = program.ranker, program.towers
    if ask.candidates is not None or towers is None:
        return ranker.name, ranker.digest
    return ranker.name, ranker.digest, towers.name, towers.digest
