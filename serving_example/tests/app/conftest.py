"""A server with small limits, and handlers that a test can ask for anything."""

import json
from typing import Any

import httpx
import pytest

from serving_example.app.http import Pending, Response
from serving_example.app.limits import Limits
from serving_example.app.routes import Route
from serving_example.tests.app.world import published, running, service_of

LIMITS = Limits(
    head_bytes=2_000, body_bytes=10_000, head_s=0.6, body_s=0.6, write_s=0.6, answer_s=1.0,
)  # fmt: skip
ABANDONED: list[str] = []


def echo(request: Any) -> Any:
    """What the server understood of a request."""
    about = {
        "body": len(request.body), "parts": dict(request.parts), "id": request.request_id,
        "query": request.parameters(("a", "b")),
    }  # fmt: skip
    return Response(body=json.dumps(about).encode())


def never(request: Any) -> Any:
    """An answer that does not come."""
    return Pending(lambda: ABANDONED.append(request.request_id))


def fails(request: Any) -> Response:
    """A defect of ours."""
    raise ZeroDivisionError("a secret of the inside")


def large(request: Any) -> Any:
    """More than the buffers of a socket hold."""
    return Response(body=bytes(50_000_000))


ROUTES = [
    Route("GET", "/echo", echo, "open"),
    Route("POST", "/echo", echo, "open"),
    Route("GET", "/echo/{one}/x/{two}", echo, "open"),
    Route("GET", "/never", never, "open"),
    Route("GET", "/fails", fails, "open"),
    Route("GET", "/large", large, "open"),
    Route("POST", "/admin/only", echo, "admin"),
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: Any) -> Any:
    """A server with small limits."""
    store = published(tmp_path_factory.mktemp("artifacts"))
    with running(service_of(store, limits=LIMITS), more_routes=ROUTES) as made:
        yield made


@pytest.fixture
def port(server: Any) -> Any:
    """The public port. After each test it still answers."""
    yield server.ports[0]
    assert httpx.get(f"http://127.0.0.1:{server.ports[0]}/readyz").status_code == 200


@pytest.fixture
def abandoned() -> list[str]:
    """Ids of the requests whose work was given up."""
    return ABANDONED
