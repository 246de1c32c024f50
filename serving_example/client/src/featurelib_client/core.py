"""A call from its arguments to its answer, as steps that a thread or an event loop runs."""

from __future__ import annotations

import itertools
import logging
import random
import secrets
import time
from collections.abc import Callable, Generator, Iterable, Mapping
from typing import Any, TypeVar

from featurelib_client.address import read_address
from featurelib_client.cache import ResultCache
from featurelib_client.caching import Event, Flights, Refresh, Wait, cached
from featurelib_client.calls import Call
from featurelib_client.contract import Taken
from featurelib_client.errors import (
    CallError,
    ConfigurationError,
    ContractVersionError,
    InputError,
)
from featurelib_client.films import Recommendation, rate_call, recommend_call
from featurelib_client.forks import after_fork
from featurelib_client.notices import PROCESS, Notices
from featurelib_client.observe import Called, Observer, Silent
from featurelib_client.plan import Progress, Rules, Send, Sleep, plan
from featurelib_client.settings import Settings, are_seconds, no_seconds
from featurelib_client.trace import passed_on
from featurelib_client.version import VERSIONS
from featurelib_client.wire import About, Clock, Headers, Reply

__all__ = ["Core", "Steps"]

T = TypeVar("T")
Steps = Generator[Send | Sleep | Wait | Refresh, Any, T]
_DEGRADED = {"stale", "behind"}
"""Flags of answers that a whole service would have given otherwise."""
log = logging.getLogger("featurelib_client")


class Core:
    """How calls go, whatever they ask; `Questions` has what they ask.

    Args:
        base_url: Of the server.
        settings: The knobs.
        event: Makes what a thread or a task waits for.
        observer: Is told of calls.
        clock: Monotonic seconds.
        chance: From 0.0 to 1.0, for the jitter of waits.
        notices: Whether the deprecation was told.
    """

    def __init__(
        self,
        base_url: str,
        settings: Settings,
        event: Callable[[], Event],
        observer: Observer | None = None,
        clock: Clock = time.monotonic,
        chance: Callable[[], float] = random.random,
        notices: Notices = PROCESS,
    ) -> None:
        self.address, self.settings = read_address(base_url), settings
        if observer is not None:
            check_has("observer", observer, ("called", "watch", "span"))
        self.rules = Rules(settings, clock, chance)
        self.observer: Observer = observer or Silent()
        self._is_silent = observer is None
        self._clock, self._notices = clock, notices
        self._version = VERSIONS[0]
        self.cache = ResultCache(settings.cache_bytes, clock) if settings.cache_bytes else None
        self._begin()
        after_fork(self, Core._begin)
        self._digests: dict[str | None, str] = {}  # of models by the name in the request
        self._event = event
        self._headers = [(b"User-Agent", b"featurelib-client")]
        if settings.api_key is not None:
            self._headers.append((b"Authorization", b"Bearer " + settings.api_key.encode()))
        self.observer.watch("budget_tokens", lambda: self.rules.budget.tokens)
        self.observer.watch("breaker_open", lambda: float(self.rules.breaker.state != "closed"))

    def _begin(self) -> None:
        """Calls have ids of their own here, and none is under way."""
        self._ids = map((secrets.token_hex(4) + "-{:x}").format, itertools.count(1))
        self._flights: Flights = {}

    def progress(self, timeout_s: float | None) -> Progress:
        """A call begins now.

        Raises:
            InputError: The timeout is none.
        """
        if timeout_s is None:
            timeout_s = self.settings.timeout_s
        elif not are_seconds(timeout_s):
            raise InputError("timeout_s", no_seconds(timeout_s))
        began = self._clock()
        return Progress(next(self._ids), began, began + timeout_s)

    def negotiated(self, asked: dict[str, Any], timeout_s: float | None) -> Steps[Recommendation]:
        """Recommendations, by the newest version of the contract that both sides speak."""
        call = recommend_call(self._version, asked)
        progress = self.progress(timeout_s)
        return self._negotiated(call, asked, progress)

    def rate(self, events: Iterable[Mapping[str, Any]], timeout_s: float | None) -> Steps[Taken]:
        """Ratings; what was kept for their users is forgotten, whether they were taken or not."""
        call, users = rate_call(events)
        steps = self.one(call, timeout_s)

        def run() -> Steps[Taken]:
            try:
                return (yield from steps)
            finally:
                if self.cache is not None:
                    self.cache.drop(users)
                    for name in [name for name in list(self._flights) if name[0] in users]:
                        self._flights.pop(name, None)

        return run()

    def one(self, call: Call[T], timeout_s: float | None) -> Steps[T]:
        """A call without versions."""
        return self._told(call, self.progress(timeout_s))

    def _negotiated(
        self, call: Call[Recommendation], asked: dict[str, Any], progress: Progress
    ) -> Steps[Recommendation]:
        try:
            return (yield from self._told(call, progress))
        except ContractVersionError as error:
            version = _common(call, error)
            if version is None:
                raise
            # The server said what it answers; the rest of the deadline is for asking that.
            self._version = version
        return (yield from self._told(recommend_call(self._version, asked), progress))

    def _told(self, call: Call[T], progress: Progress) -> Steps[T]:
        """The steps of a call, told to log and observer at their end."""
        with self.observer.span(call.operation, progress.request_id) as more:
            outcome, source, age = "cancelled", "off", 0.0
            headers = [*self._headers, *call.headers, *passed_on(more)]
            try:
                if self.cache is None or call.kept_as is None:
                    reply = yield from self._fetch(call, progress, headers)
                else:
                    reply, age, source = yield from self._kept(call, progress, headers, self.cache)
                elapsed = self._clock() - progress.began
                answer = call.read(
                    reply, About(progress.request_id, progress.attempts, elapsed, age)
                )
                outcome = "ok"
                return answer
            except CallError as error:
                if _common(call, error) is not None:  # no failure: that version is asked by
                    outcome = ""
                    raise
                outcome = type(error).__name__
                error.told(
                    call.operation, progress.request_id, progress.attempts,
                    self._clock() - progress.began,
                )  # fmt: skip
                log.warning("%s: %s", outcome, error)
                raise
            finally:
                if outcome and not self._is_silent:
                    self._tell(call.operation, outcome, source, progress)

    def _tell(self, operation: str, outcome: str, source: str, progress: Progress) -> None:
        elapsed, again = self._clock() - progress.began, tuple(progress.retries or ())
        try:
            self.observer.called(
                Called(
                    operation, outcome, elapsed, progress.attempts, again, source,
                    progress.request_id,
                )
            )  # fmt: skip
        except Exception:  # what counts calls is no reason to fail one
            log.exception("the observer failed at request %s", progress.request_id)

    def _fetch(self, call: Call[Any], progress: Progress, headers: Headers) -> Steps[Reply]:
        reply = yield from plan(call, self.rules, progress, headers)
        self._look(reply, call)
        return reply

    def _kept(
        self, call: Call[Any], progress: Progress, headers: Headers, cache: ResultCache
    ) -> Steps[tuple[Reply, float, str]]:
        assert call.kept_as is not None
        user_id, model, words = call.kept_as

        def name(digest: str | None) -> tuple[object, ...]:
            return user_id, call.contract, digest, words

        def fetch(progress: Progress) -> Steps[Reply]:
            since = cache.now()
            reply = yield from self._fetch(call, progress, headers)
            # Only what keeps the contract is kept; whose digest it has is seen there.
            answer = call.read(reply, About(progress.request_id, progress.attempts, 0.0))
            self._digests[model] = answer.model_digest
            if not _DEGRADED.intersection(answer.flags):
                cache.put(name(answer.model_digest), reply, user_id, since)
            return reply

        return cached(
            lambda: name(self._digests.get(model)), cache, self._flights, self._event,
            lambda: fetch(progress), lambda: fetch(self.progress(None)), progress, self._clock,
        )  # fmt: skip

    def _look(self, reply: Reply, call: Call[Any]) -> None:
        """At what a reply says of the contract."""
        self._notices.look(reply, self.address.authority)
        if call.contract is not None:
            told = reply.headers.get(b"x-contract-version")
            if told is not None and told != b"%d" % call.contract:
                theirs = (int(told),) if told.isdigit() and len(told) < 5 else ()
                raise ContractVersionError((call.contract,), theirs, reply.body)


def check_has(name: str, given: object, methods: tuple[str, ...]) -> None:
    """Looks whether what was given for an argument has the methods that it will be asked for.

    Raises:
        ConfigurationError: One is missing.
    """
    for method in methods:
        if not callable(getattr(given, method, None)):
            raise ConfigurationError(f"{name}: {given!r:.80} has no method `{method}`")


def _common(call: Call[Any], error: CallError) -> int | None:
    """The version by which to ask a server that does not answer the one of a call; None: none."""
    if not isinstance(error, ContractVersionError):
        return None
    both = [version for version in VERSIONS if version in error.theirs]
    return both[0] if both and both[0] != call.contract else None
