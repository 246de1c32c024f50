"""The service's own HTTP, limits and contracts over a recommender that has its answers: a process.

``python -m serving_example.client.tests.service`` prints its port. What a model of it ran is
counted, so that a test sees what was sent twice.
"""

from __future__ import annotations

import datetime as dt
import json
import time
from types import SimpleNamespace
from typing import Any

from serving_example.app.application import Application
from serving_example.app.contracts import Item, ModelName, Recommended, contracts
from serving_example.app.delivery import LoopDelivery
from serving_example.app.http import Pending, Response, encode
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


def main() -> None:
    """Serves until it is ended."""
    limits, metrics = Limits(), Metrics()
    fields = {field.name: field for field in BY_USER.schema.fields}
    watermark: Any = SimpleNamespace(offset=0)
    asked = Recommendations(
        Instant(), contracts(fields, limits), limits, watermark, time.monotonic, metrics  # type: ignore[arg-type]
    )  # fmt: skip
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

    routes = [
        Route("GET", "/openapi.json", openapi, "open"),
        Route("POST", "/v1/recommend", asked.post),
        Route("POST", "/v2/models/{name}/infer", infer),
        Route("GET", "/v1/models", models),
        Route("GET", "/v2/health/ready", ready, "open"),
    ]
    application = Application(
        Routes(routes), limits=limits, keys=Keys(None, time.monotonic), metrics=metrics,
        clock=time.monotonic, id_prefix="t",
    )  # fmt: skip
    listening = bound("127.0.0.1", 0)
    listening.listen(1024)
    print(listening.getsockname()[1], flush=True)
    Server([(application, listening)], LoopDelivery(time.monotonic)).run()


if __name__ == "__main__":
    main()
