"""Small calls, and arguments as the contract names them."""

from __future__ import annotations

import json
from typing import Any

from featurelib_client.calls import Call
from featurelib_client.errors import ContractError
from featurelib_client.films import read
from featurelib_client.infer import model_path
from featurelib_client.protocol import ModelMetadata
from featurelib_client.wire import About, Reply

__all__ = ["asked", "document_call", "metadata_call", "ready_call"]


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
