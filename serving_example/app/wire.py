"""What goes over the wire, as types: for the OpenAPI document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

__all__ = ["OPERATIONS", "SCHEMAS", "InferAsked", "Operation"]


class ErrorDetail(msgspec.Struct):
    """Why a request was refused: `code` and `reason` for programs, `message` for people."""

    code: str
    reason: str
    field: str | None
    message: str
    request_id: str
    retry_after_ms: float | None = None


class Error(msgspec.Struct):
    """A refusal."""

    error: ErrorDetail


class OipError(msgspec.Struct):
    """A refusal in the form of the Open Inference Protocol."""

    error: str
    code: str
    reason: str
    field: str | None
    request_id: str
    retry_after_ms: float | None = None


class Ok(msgspec.Struct):
    """The server lives."""

    ok: bool


class Live(msgspec.Struct):
    """The server lives."""

    live: bool


class Ready(msgspec.Struct):
    """Whether it can answer."""

    ready: bool


class ReadyParts(msgspec.Struct):
    """Whether it can answer, and which parts can."""

    ready: bool
    parts: dict[str, bool]


class ModelReady(msgspec.Struct):
    """Whether a model can answer."""

    name: str
    ready: bool


class ServerMetadata(msgspec.Struct):
    """The server."""

    name: str
    version: str
    extensions: list[str]


class TensorMetadata(msgspec.Struct):
    """An input or an output; -1 stands for any number of rows."""

    name: str
    datatype: str
    shape: list[int]


class ModelMetadata(msgspec.Struct):
    """A model."""

    name: str
    versions: list[str]
    platform: str
    inputs: list[TensorMetadata]
    outputs: list[TensorMetadata]


class IndexEntry(msgspec.Struct):
    """A model of the repository."""

    name: str
    version: str
    state: str
    reason: str


class IndexRequest(msgspec.Struct):
    """Which models."""

    ready: bool = False


class InferInput(msgspec.Struct):
    """A tensor: its values row by row."""

    name: str
    shape: list[int]
    datatype: str
    data: list[Any]
    parameters: dict[str, Any] = {}


class InferOutputAsked(msgspec.Struct):
    """An output that is asked for."""

    name: str
    parameters: dict[str, Any] = {}


class InferAsked(msgspec.Struct, kw_only=True):
    """A request for inference but for its tensors: who reads one takes them raw."""

    outputs: list[InferOutputAsked] = []
    id: str = ""
    parameters: dict[str, Any] = {}


class InferRequest(InferAsked, kw_only=True):
    """A request for inference."""

    inputs: list[InferInput]


class InferOutput(msgspec.Struct):
    """A tensor of an answer."""

    name: str
    datatype: str
    shape: list[int]
    data: list[float] = []
    parameters: dict[str, Any] = {}


class InferResponse(msgspec.Struct):
    """An answer."""

    model_name: str
    model_version: str
    outputs: list[InferOutput]
    id: str = ""


class Taken(msgspec.Struct):
    """Events that are durable in the log."""

    accepted: int
    first_offset: int
    offset: int


class Models(msgspec.Struct):
    """The models of the service."""

    models: list[dict[str, Any]]


SCHEMAS: Mapping[str, Any] = {
    "error": Error, "oip_error": OipError, "ok": Ok, "live": Live, "ready": Ready,
    "ready_parts": ReadyParts, "model_ready": ModelReady, "server": ServerMetadata,
    "model": ModelMetadata, "index": list[IndexEntry], "index_request": IndexRequest,
    "infer": InferRequest, "inferred": InferResponse, "taken": Taken, "models": Models,
    "any": dict[str, Any], "text": str,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Operation:
    """What the document says of an operation.

    Attributes:
        summary: In a line.
        answer: The schema of its answer.
        body: The schema of its body, empty if it has none.
        status: Of the answer.
        content: The type of the answer.
        query: Parameters of the query, with their schemas.
        refusals: Statuses of refusals beside those that all have.
        has_contract: Whether it has versions.
        has_key: Whether it takes an Idempotency-Key.
        is_body_required: Whether it makes no sense without a body.
    """

    summary: str
    answer: str
    body: str = ""
    status: str = "200"
    content: str = "application/json"
    query: Mapping[str, Any] = field(default_factory=dict)
    refusals: tuple[str, ...] = ()
    has_contract: bool = False
    has_key: bool = False
    is_body_required: bool = True


_K = {"type": "integer", "minimum": 1, "maximum": 100}
_OFFSET = {"type": "integer", "minimum": 0, "maximum": 2**63 - 1}
_MODEL = "/v2/models/{name}"
OPERATIONS: Mapping[tuple[str, str], Operation] = {
    ("GET", "/healthz"): Operation("Does the server live?", "ok"),
    ("GET", "/readyz"): Operation("Can the server answer?", "ready_parts"),
    ("GET", "/metrics"): Operation("Metrics for Prometheus.", "text", content="text/plain"),
    ("GET", "/dashboard"): Operation("The service at work.", "text", content="text/html"),
    ("GET", "/dashboard/page.css"): Operation("Of the page.", "text", content="text/css"),
    ("GET", "/dashboard/icon.svg"): Operation("Of the page.", "text", content="image/svg+xml"),
    ("GET", "/dashboard/page.js"): Operation("Of the page.", "text", content="text/javascript"),
    ("GET", "/dashboard/data"): Operation("What the page draws.", "any"),
    ("GET", "/openapi.json"): Operation("This document.", "any"),
    ("POST", "/v1/recommend"): Operation(
        "What to recommend to a user.", "recommended", "recommend", has_contract=True
    ),
    ("GET", "/v1/recommend/{user_id}"): Operation(
        "What to recommend to a user.", "recommended", has_contract=True,
        query={"k": _K, "model": {"type": "string", "minLength": 1}, "min_offset": _OFFSET},
    ),
    ("POST", "/v1/events"): Operation(
        "Ratings. They are durable when this is answered.", "taken", "events", status="202",
        refusals=("422",), has_key=True,
    ),
    ("GET", "/v1/models"): Operation("The models, and what was measured of them.", "models"),
    ("GET", "/v2"): Operation("Who answers.", "server"),
    ("GET", "/v2/health/live"): Operation("Does the server live?", "live"),
    ("GET", "/v2/health/ready"): Operation("Can the server answer?", "ready"),
    ("POST", "/v2/repository/index"): Operation(
        "The models of the repository.", "index", "index_request", is_body_required=False
    ),
    ("GET", "/v2/models/stats"): Operation("What all models have done.", "any"),
    ("GET", _MODEL): Operation("What a model takes and gives.", "model"),
    ("GET", f"{_MODEL}/ready"): Operation("Can a model answer?", "model_ready"),
    ("GET", f"{_MODEL}/config"): Operation("How a model is served.", "any"),
    ("GET", f"{_MODEL}/stats"): Operation("What a model has done.", "any"),
    ("POST", f"{_MODEL}/infer"): Operation(
        "Inference.", "inferred", "infer", refusals=("422",), has_key=True
    ),
}  # fmt: skip
