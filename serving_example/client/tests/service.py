"""The service's own HTTP, limits and contracts over a recommender that has its answers: a process.

``python -m serving_example.client.tests.service`` prints its port. What a model of it ran is
counted, so that a test sees what was sent twice.
"""

from __future__ import annotations

import datetime as dt
import json
import time
from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any

from serving_example.app.application import Application
from serving_example.app.contracts import Item, ModelName, Recommended, contracts
from serving_example.app.delivery import LoopDelivery
from serving_example.app.http import Pending, Response, encode
from serving_example.app.idempotency import Idempotency
from serving_example.app.keys import Keys
from serving_example.app.limits import Limits
from serving_example.app.metrics import Metrics
from serving_example.app.recommend import Recommendations
from serving_example.app.routes import Route, Routes
from serving_example.app.server import Server, bound
from serving_example.client.generate import service_document
from serving_example.definition import BY_USER


class Instant:
    """A recommender that has its answer."""

    def recommend(self, ask: Any, request: Any, answer: Any) -> Pending:
        pending = Pending()
        pending.set(
            answer(
                Recommended(
                    user_id=ask.user_id, items=[Item(i, i / 8) for i in range(ask.k)],
                    model=ModelName("ranker", "a" * 64), retrieval=ModelName("towers", "b" * 64),
                    fingerprint="c" * 64, as_of=dt.datetime(2026, 11, 23, tzinfo=dt.UTC), flags=[],
                    feature_age_s={"user_state": 1.5, "film": None},
                )
            )
        )  # fmt: skip
        return pending


def asked_of(
    recommender: Any, *, versions: Iterable[int] = (), keys: Any = None, offset: int = 0,
    limits: Limits | None = None, more_routes: Iterable[Route] = (),
) -> Application:  # fmt: skip
    """The service's own HTTP and contracts over a recommender.

    Args:
        recommender: Answers.
        versions: Of the contract that are answered; none: all.
        keys: Who may ask; None: anyone.
        offset: So far events are seen.
        limits: Of requests.
        more_routes: Beside that of recommendations.
    """
    limits, metrics = limits or Limits(), Metrics()
    fields = {field.name: field for field in BY_USER.schema.fields}
    known = {
        version: one for version, one in contracts(fields, limits).items()
        if version in versions or not versions
    }  # fmt: skip
    watermark: Any = SimpleNamespace(offset=offset)
    asked = Recommendations(recommender, known, limits, watermark, time.monotonic, metrics)
    return Application(
        Routes([Route("POST", "/v1/recommend", asked.post), *more_routes]), limits=limits,
        keys=Keys(keys, time.monotonic), metrics=metrics, clock=time.monotonic, id_prefix="t",
    )  # fmt: skip


def main() -> None:
    """Serves until it is ended."""
    ran: dict[str, int] = {}

    def infer(request: Any) -> Response:
        told = json.loads(request.body)
        name = str(told["inputs"][0]["data"][0])
        ran[name] = ran.get(name, 0) + 1
        outputs = [{"name": "y", "datatype": "FP32", "shape": [1], "data": [1.0]}]
        return Response(body=encode({"model_name": "m", "outputs": outputs}))

    def models(request: Any) -> Response:
        return Response(body=encode({"models": [{"ran": ran}]}))

    def ready(request: Any) -> Response:
        return Response(body=encode({"ready": True}))

    page = encode(service_document())

    def openapi(request: Any) -> Response:
        return Response(body=page)

    once = Idempotency(time.monotonic).once
    routes = [
        Route("GET", "/openapi.json", openapi, "open"),
        Route("POST", "/v2/models/{name}/infer", once(infer)),
        Route("GET", "/v1/models", models),
        Route("GET", "/v2/health/ready", ready, "open"),
    ]
    application = asked_of(Instant(), more_routes=routes)
    listening = bound("127.0.0.1", 0)
    listening.listen(1024)
    print(listening.getsockname()[1], flush=True)
    Server([(application, listening)], LoopDelivery(time.monotonic)).run()


if __name__ == "__main__":
    main()
