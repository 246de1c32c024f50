"""The routes of the Open Inference Protocol v2."""

from __future__ import annotations

from serving_example.app.idempotency import Idempotency
from serving_example.app.oip_infer import BINARY, Inference
from serving_example.app.oip_models import Models
from serving_example.app.routes import Route

__all__ = ["routes"]

JSON = b"application/json"


def routes(models: Models, inference: Inference, idempotency: Idempotency) -> list[Route]:
    """All routes of the protocol; loading and unloading are the admin port's.

    The protocol has no key for a request that comes twice; who sends one has it honoured.
    """
    infer = idempotency.once(inference.infer)
    made = [
        Route("GET", "/v2", models.server, "open"),
        Route("GET", "/v2/health/live", models.live, "open"),
        Route("GET", "/v2/health/ready", models.ready, "open"),
        Route("GET", "/v2/models/stats", models.stats),
        Route("POST", "/v2/repository/index", models.index),
        Route("POST", "/v2/repository/models/{name}/load", models.load, "admin"),
        Route("POST", "/v2/repository/models/{name}/unload", models.unload, "admin"),
    ]
    for model in ("/v2/models/{name}", "/v2/models/{name}/versions/{version}"):
        made += [
            Route("GET", model, models.metadata),
            Route("GET", f"{model}/ready", models.model_ready),
            Route("GET", f"{model}/config", models.config),
            Route("GET", f"{model}/stats", models.stats),
            Route("POST", f"{model}/infer", infer, takes=(JSON, BINARY), is_computed=True),
        ]
    return made
