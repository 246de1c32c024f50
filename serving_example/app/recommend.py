"""The routes of version 1 of the API: recommendations, models, events."""

from __future__ import annotations

import re
from typing import Any

from serving_example.app.contracts import Contract, Recommended, chosen
from serving_example.app.events import Events
from serving_example.app.http import Pending, Rejection, Request, Response, decode, encode
from serving_example.app.limits import Limits
from serving_example.app.recommender import Ask, Recommender
from serving_example.app.repository import Repository
from serving_example.app.routes import Route

__all__ = ["Recommendations", "model_routes", "routes"]

_INTEGER = re.compile(r"-?[0-9]{1,19}\Z")


class Recommendations:
    """Answers ``/v1/recommend``.

    Args:
        recommender: What is recommended.
        contracts: The versions that are answered.
        limits: The largest k.
    """

    def __init__(
        self, recommender: Recommender, contracts: dict[int, Contract], limits: Limits
    ) -> None:
        self._recommender, self._contracts, self._limits = recommender, contracts, limits

    def post(self, request: Request) -> Pending:
        """``POST /v1/recommend``."""
        contract = chosen(request, self._contracts)
        call: Any = decode(request.body, contract.request)
        ask = Ask(
            call.user_id, call.k, getattr(call, "candidates", None), getattr(call, "model", None)
        )
        return self._answer(ask, request, contract)

    def get(self, request: Request) -> Pending:
        """``GET /v1/recommend/{user_id}?k=10``."""
        contract = chosen(request, self._contracts)
        user = _integer(request.parts["user_id"], "path.user_id", -(2**63), 2**63 - 1)
        given = request.parameters(("k", "model"))
        k = _integer(given.get("k", "10"), "query.k", 1, self._limits.items)
        return self._answer(Ask(user, k, None, given.get("model")), request, contract)

    def _answer(self, ask: Ask, request: Request, contract: Contract) -> Pending:
        def answer(made: Recommended) -> Response:
            return Response(body=encode(contract.answer(made)), headers=contract.headers)

        return self._recommender.recommend(ask, request, answer)


def _integer(text: str, field: str, low: int, high: int) -> int:
    if not _INTEGER.match(text) or not low <= int(text) <= high:
        raise Rejection(
            400, "invalid", "wrong_value", f"expected an integer from {low} to {high}, got "
            f"{text[:40]!r}", field=field,
        )  # fmt: skip
    return int(text)


def routes(recommendations: Recommendations, events: Events) -> list[Route]:
    """What a client of the recommender calls."""
    return [
        Route("POST", "/v1/recommend", recommendations.post),
        Route("GET", "/v1/recommend/{user_id}", recommendations.get),
        Route("POST", "/v1/events", events.post),
    ]


def model_routes(repository: Repository) -> list[Route]:
    """``/v1/models``: names, artifacts, what was measured of them."""

    def models(request: Request) -> Response:
        cards = {served.name: served.card for served in repository.all()}
        told = []
        for state in repository.index():
            about: dict[str, Any] = {
                "name": state.name, "digest": state.digest, "state": state.state,
                "reason": state.reason,
            }  # fmt: skip
            card = cards.get(state.name)
            if card is not None:
                about |= {
                    "kind": card.kind, "ladder": card.ladder, "metrics": card.metrics,
                    "made": card.made, "inputs": card.inputs.fingerprint,
                }  # fmt: skip
            told.append(about)
        return Response(body=encode({"models": told}))

    return [Route("GET", "/v1/models", models)]
