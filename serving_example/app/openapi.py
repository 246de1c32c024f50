"""The OpenAPI document, made from the routes and the types that they read and write."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

import featurelib as fl
from serving_example.app.contracts import Contract
from serving_example.app.http import Request, Response, encode
from serving_example.app.routes import Route
from serving_example.app.wire import OPERATIONS, SCHEMAS, Operation

__all__ = ["document", "route"]

_REF = "#/components/schemas/{name}"
_NAME = re.compile(r"{(\w+)}")
_ALWAYS = ("400", "404", "405", "408", "413", "415", "429", "431", "500", "503", "504")
"""Refusals that any request may meet."""


def _header(name: str, description: str, **schema: Any) -> dict[str, Any]:
    """A header that a request may have."""
    return {"name": name, "in": "header", "description": description, "schema": schema}


_TIMEOUT = _header(
    "X-Timeout-Ms",
    "How long the client waits; then it is answered 504, and what waits is dropped.",
    type="integer", minimum=1, maximum=9_999_999,
)  # fmt: skip
_WEIGHT = _header(
    "X-Priority-Weight",
    "What the answer is worth, with six decimals at most: in overload what is worth less is "
    "refused earlier. No more than the API key's.",
    type="number", exclusiveMinimum=0, maximum=1,
)  # fmt: skip
_KEY = _header(
    "Idempotency-Key",
    "Of this request alone. Sent again with the same key and body, it runs once and has the same "
    "answer; with another body it is refused with 422.",
    type="string", minLength=1, maxLength=128, pattern="^[!-~]+$",
)  # fmt: skip


def document(
    routes: Iterable[Route], contracts: Mapping[int, Contract], events_request: Any
) -> dict[str, Any]:
    """The document.

    Args:
        routes: What is answered; those of the admin port are left out.
        contracts: The versions of recommendations; empty without a recommender.
        events_request: The type of a request with events, or None.
    """
    types: dict[str, Any] = dict(SCHEMAS)
    if contracts:
        newest, oldest = contracts[max(contracts)], contracts[min(contracts)]
        types |= {"recommend": newest.request, "recommended": newest.response}
        types |= {"recommend_before": oldest.request, "recommended_before": oldest.response}
    if events_request is not None:
        types["events"] = events_request
    schemas, components = msgspec.json.schema_components(types.values(), ref_template=_REF)
    made = dict(zip(types, schemas, strict=True))
    if contracts:
        for name in ("recommend", "recommended"):
            both = [made[name], made[f"{name}_before"]]
            made[name] = {"anyOf": both} if name == "recommended" else both[0]
    paths: dict[str, Any] = {}
    for route in routes:
        if route.needs != "admin":
            path = paths.setdefault(route.template, {})
            path[route.method.lower()] = _operation(route, made, sorted(contracts))
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "featurelib serving example",
            "version": fl.__version__,
            "description": "Recommendations, and the Open Inference Protocol v2.",
        },
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
    }


def route(made: list[Route], contracts: Mapping[int, Contract], events_request: Any) -> Route:
    """``/openapi.json`` for these routes and itself."""
    page = b""

    def answer(request: Request) -> Response:
        return Response(body=page)

    itself = Route("GET", "/openapi.json", answer, "open")
    page = encode(document([*made, itself], contracts, events_request))
    return itself


def _operation(route: Route, schemas: Mapping[str, Any], versions: list[int]) -> dict[str, Any]:
    about = OPERATIONS.get((route.method, _plain(route.template)), Operation("", ""))
    is_oip = route.template.startswith("/v2")
    error = {"application/json": {"schema": schemas["oip_error" if is_oip else "error"]}}
    told: dict[str, Any] = {"description": "The answer."}
    if about.answer:
        told["content"] = {about.content: {"schema": schemas[about.answer]}}
    responses: dict[str, Any] = {about.status: told}
    refusals = _ALWAYS if route.needs == "open" else (*_ALWAYS, "401")
    for status in sorted({*refusals, *about.refusals}):
        responses[status] = {"description": "A refusal: code, reason, field.", "content": error}
    if route.template in ("/readyz", "/v2/health/ready") or route.template.endswith("/ready"):
        answers = [schemas[about.answer], *([error["application/json"]["schema"]])]
        told_503 = {"application/json": {"schema": {"anyOf": answers}}}
        responses["503"] = {"description": "Not ready.", "content": told_503}
    made: dict[str, Any] = {
        "operationId": f"{route.method.lower()}{re.sub(r'[^a-zA-Z0-9]+', '_', route.template)}",
        "summary": about.summary,
        "responses": responses,
    }
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": _path_schema(name)}
        for name in _NAME.findall(route.template)
    ]
    parameters += [{"name": n, "in": "query", "schema": s} for n, s in about.query.items()]
    if about.has_contract:
        parameters.append(
            {
                "name": "X-Contract-Version",
                "in": "header",
                "schema": {"type": "string", "enum": [str(v) for v in versions]},
            }
        )
    if route.needs == "key":
        parameters += [_TIMEOUT, _WEIGHT]
    if about.has_key:
        parameters.append(_KEY)
    if parameters:
        made["parameters"] = parameters
    if about.body:
        content = {"application/json": {"schema": schemas[about.body]}}
        made["requestBody"] = {"required": about.is_body_required, "content": content}
    if route.needs != "open":
        made["security"] = [{"key": []}]
    return made


def _plain(template: str) -> str:
    """The template without a version: it answers the same."""
    return template.replace("/versions/{version}", "")


def _path_schema(name: str) -> dict[str, Any]:
    if name == "user_id":
        return {"type": "integer", "minimum": -(2**63), "maximum": 2**63 - 1}
    return {"type": "string", "minLength": 1}
