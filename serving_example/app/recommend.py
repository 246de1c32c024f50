"""The routes of version 1 of the API: recommendations, models, events."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from serving_example.app.cached import CachedRecommender
from serving_example.app.contracts import Contract, Recommended, chosen
from serving_example.app.events import Events
from serving_example.app.http import Pending, Rejection, Request, Response, decode, encode
from serving_example.app.idempotency import Idempotency
from serving_example.app.limits import Limits
from serving_example.app.metrics import Metrics
from serving_example.app.recommender import Ask, Recommender
from serving_example.app.repository import Repository
from serving_example.app.routes import Route
from serving_example.app.watermark import Watermark

__all__ = ["Recommendations", "model_routes", "routes"]

_INTEGER = re.compile(r"-?[0-9]{1,19}\Z")
_Query = tuple[int, str | None, int]
_MOST_QUERIES = 1_000
"""Queries of which it is remembered what they say: most differ in the path alone."""

BEHIND = "behind"
"""The flag of an answer that does not see all events which its request wanted to be seen."""


class Recommendations:
    """Answers ``/v1/recommend``.

    Args:
        recommender: What is recommended.
        contracts: The versions that are answered.
        limits: The largest k, and how long a request may wait for its events.
        watermark: How far events are seen.
        clock: Monotonic seconds.
        metrics: Told of waits, and of those that were in vain.
        cached: Answers of before; None: each is made.
    """

    def __init__(
        self,
        recommender: Recommender,
        contracts: dict[int, Contract],
        limits: Limits,
        watermark: Watermark,
        clock: Callable[[], float],
        metrics: Metrics,
        cached: CachedRecommender | None = None,
    ) -> None:
        self._cached = cached
        self._recommender, self._contracts, self._limits = recommender, contracts, limits
        self._watermark, self._clock, self._metrics = watermark, clock, metrics
        self._queries: dict[bytes, _Query] = {}

    def post(self, request: Request) -> Response | Pending:
        """``POST /v1/recommend``."""
        contract = chosen(request, self._contracts)
        call: Any = decode(request.body, contract.request)
        ask = Ask(
            call.user_id, call.k, getattr(call, "candidates", None), getattr(call, "model", None)
        )
        offset = getattr(call, "min_offset", 0)
        if offset > self._watermark.offset:
            return self._wait(offset, ask, request, contract)
        return self._answer(ask, request, contract)

    def get(self, request: Request) -> Response | Pending:
        """``GET /v1/recommend/{user_id}?k=10``."""
        contract = chosen(request, self._contracts)
        text = request.parts["user_id"]
        # Most ids are short; int() also reads what is no integer of a path, such as "1_0".
        if len(text) < 19 and text.isascii() and text.isdigit():
            user = int(text)
        else:
            user = _integer(text, "path.user_id", -(2**63), 2**63 - 1)
        k, model, offset = self._queries.get(request.query) or self._query(request)
        ask = Ask(user, k, None, model)
        if offset > self._watermark.offset:
            return self._wait(offset, ask, request, contract)
        return self._answer(ask, request, contract)

    def _query(self, request: Request) -> _Query:
        """What a query says: k, the model, the offset."""
        given = request.parameters(("k", "model", "min_offset"))
        k, offset = 10, 0
        if "k" in given:
            k = _integer(given["k"], "query.k", 1, self._limits.items)
        if "min_offset" in given:
            offset = _integer(given["min_offset"], "query.min_offset", 0, 2**63 - 1)
        made = k, given.get("model"), offset
        if not offset:  # an offset is asked for once or twice, the rest again and again
            if len(self._queries) >= _MOST_QUERIES:
                self._queries.clear()
            self._queries[request.query] = made
        return made

    def _wait(self, offset: int, ask: Ask, request: Request, contract: Contract) -> Pending:
        """Answers when events up to an offset are seen; flagged, if that takes too long."""
        pending, began = Pending(), self._clock()

        def go_on(is_seen: bool) -> None:
            if pending.result is not None:
                return  # the client has left
            waited = self._clock() - began
            request.timings.append(("wait", waited))
            self._metrics.stage("wait", waited)
            try:
                answer = self._answer if is_seen else self._behind
                pending.follow(answer(ask, request, contract))
            except Exception as error:
                pending.set(error)

        left = max(0.0, request.deadline - began)
        self._watermark.wait(offset, min(self._limits.wait_s, left / 2), go_on)
        return pending

    def _answer(self, ask: Ask, request: Request, contract: Contract) -> Response | Pending:
        if self._cached is not None:
            return self._cached.recommend(ask, request, contract)
        return self._recommender.recommend(ask, request, contract.respond)

    def _behind(self, ask: Ask, request: Request, contract: Contract) -> Pending:
        """An answer that does not see all events that it was to see: it is flagged."""

        def answer(made: Recommended) -> Response:
            made.flags.append(BEHIND)
            self._metrics.flag(BEHIND)
            return contract.respond(made)

        return self._recommender.recommend(ask, request, answer)


def _integer(text: str, field: str, low: int, high: int) -> int:
    value = int(text) if _INTEGER.match(text) else None
    if value is None or not low <= value <= high:
        raise Rejection(
            400, "invalid", "wrong_value", f"expected an integer from {low} to {high}, got "
            f"{text[:40]!r}", field=field,
        )  # fmt: skip
    return value


def routes(
    recommendations: Recommendations, events: Events, idempotency: Idempotency
) -> list[Route]:
    """What a client of the recommender calls."""
    return [
        Route("POST", "/v1/recommend", recommendations.post, is_computed=True),
        Route("GET", "/v1/recommend/{user_id}", recommendations.get, is_computed=True),
        Route("POST", "/v1/events", idempotency.once(events.post)),
    ]


def model_routes(repository: Repository) -> list[Route]:
    """``/v1/models``: names, artifacts, what was measured of them, where they lie."""

    def models(request: Request) -> Response:
        loaded = {served.name: served for served in repository.all()}
        told = []
        for state in repository.index():
            about: dict[str, Any] = {
                "name": state.name, "digest": state.digest, "state": state.state,
                "reason": state.reason,
            }  # fmt: skip
            served = loaded.get(state.name)
            if served is not None:
                card, placement = served.card, repository.placement(served)
                about |= {
                    "kind": card.kind, "ladder": card.ladder, "metrics": card.metrics,
                    "made": card.made, "inputs": card.inputs.fingerprint,
                    "devices": placement.devices, "memory_bytes": placement.memory_bytes,
                    "is_pinned": placement.is_pinned,
                }  # fmt: skip
            told.append(about)
        return Response(body=encode({"models": told}))

    return [Route("GET", "/v1/models", models)]
