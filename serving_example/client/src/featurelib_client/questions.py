"""What a client can be asked, as steps.

This module brings what takes long to import: pydantic with the models of the contract. The clients
import it when one is made, and not when they are imported; so it is there before any deadline runs.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from featurelib_client.calls import Call
from featurelib_client.core import Core, Steps
from featurelib_client.errors import ContractError, DeadlineError, OverloadError, UnavailableError
from featurelib_client.films import Recommendation, as_tuple, models_call, plain, read
from featurelib_client.infer import Inferred, infer_call, model_path
from featurelib_client.protocol import ModelMetadata
from featurelib_client.wire import About, Reply

__all__ = ["Questions"]


class Questions(Core):
    """The steps of each question; `Client` has the arguments."""

    def recommend(
        self,
        user_id: int,
        k: int,
        candidates: Sequence[int] | None,
        model: str | None,
        min_offset: int,
        timeout_s: float | None,
    ) -> Steps[Recommendation]:
        """Films for a user."""
        told = asked(
            plain(user_id), plain(k), as_tuple(candidates, "candidates"), model, plain(min_offset)
        )
        return self.negotiated(told, timeout_s)

    def infer(
        self,
        model: str,
        inputs: Mapping[str, object],
        outputs: Iterable[str] | None,
        version: str | None,
        timeout_s: float | None,
        *,
        is_repeatable: bool,
        idempotency_key: str | None,
    ) -> Steps[Inferred]:
        """What a model gives."""
        call = infer_call(
            model, inputs, outputs, version, is_repeatable=is_repeatable,
            idempotency_key=idempotency_key,
        )  # fmt: skip
        return self.one(call, timeout_s)

    def models(self, timeout_s: float | None) -> Steps[tuple[dict[str, Any], ...]]:
        """The models of the service."""
        return self.one(models_call(), timeout_s)

    def metadata(
        self, model: str, version: str | None, timeout_s: float | None
    ) -> Steps[ModelMetadata]:
        """What a model takes and gives."""
        return self.one(metadata_call(model, version), timeout_s)

    def openapi(self, timeout_s: float | None) -> Steps[dict[str, Any]]:
        """The service's OpenAPI document."""
        return self.one(document_call(), timeout_s)

    def ready(self, timeout_s: float | None) -> Steps[bool]:
        """Whether the server can answer. No server, or one that is too slow, cannot."""
        steps = self.one(ready_call(), timeout_s)

        def run() -> Steps[bool]:
            try:
                return (yield from steps)
            except (UnavailableError, DeadlineError, OverloadError):
                return False

        return run()


def asked(
    user_id: int, k: int, candidates: tuple[int, ...] | None, model: str | None, min_offset: int
) -> dict[str, Any]:
    """Arguments of a recommendation without defaults: an older contract has fewer of them."""
    told: dict[str, Any] = {"user_id": user_id, "k": k}
    if candidates is not None:
        told["candidates"] = candidates
    if model is not None:
        told["model"] = model
    if min_offset != 0:
        told["min_offset"] = min_offset
    return told


def metadata_call(model: str, version: str | None) -> Call[ModelMetadata]:
    """A call for what a model takes and gives."""
    path = model_path(model, version)
    return Call("metadata", b"GET", path, None, lambda reply, about: read(ModelMetadata, reply))


def document_call() -> Call[dict[str, Any]]:
    """A call for the OpenAPI document of the service."""
    return Call("openapi", b"GET", b"/openapi.json", None, _document)


def _document(reply: Reply, about: About) -> dict[str, Any]:
    try:
        told = json.loads(reply.body)
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict):
        raise ContractError("no OpenAPI document", body=reply.body)
    return told


def ready_call() -> Call[bool]:
    """A call for whether the server can answer. The protocol says it by the status alone."""
    return Call(
        "ready", b"GET", b"/v2/health/ready", None, lambda reply, about: reply.status == 200,
        also=(503,),
    )  # fmt: skip
