"""Whether the server lives, whether it can answer, and what it has counted."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from serving_example.app.http import Request, Response, encode
from serving_example.app.metrics import CONTENT_TYPE, Metrics
from serving_example.app.routes import Route

__all__ = ["Readiness", "routes"]


class Readiness:
    """Named claims, all of which hold when the server is ready.

    Args:
        claims: Of each part whether it can do its work now.
    """

    def __init__(self, claims: Mapping[str, Callable[[], bool]]) -> None:
        self._claims = dict(claims)

    def add(self, name: str, claim: Callable[[], bool]) -> None:
        """One more claim."""
        self._claims[name] = claim

    def parts(self) -> dict[str, bool]:
        """Each claim now."""
        return {name: claim() for name, claim in self._claims.items()}

    def __call__(self) -> bool:
        """Whether all hold."""
        return all(claim() for claim in self._claims.values())


def routes(readiness: Readiness, metrics: Metrics) -> list[Route]:
    """``/healthz``, ``/readyz``, ``/metrics``."""

    def healthz(request: Request) -> Response:
        return Response(body=encode({"ok": True}))

    def readyz(request: Request) -> Response:
        parts = readiness.parts()
        ready = all(parts.values())
        return Response(200 if ready else 503, encode({"ready": ready, "parts": parts}))

    def page(request: Request) -> Response:
        return Response(body=metrics.page(), content_type=CONTENT_TYPE)

    return [
        Route("GET", "/healthz", healthz, "open"),
        Route("GET", "/readyz", readyz, "open"),
        Route("GET", "/metrics", page),  # it names the keys: not for everyone
    ]
