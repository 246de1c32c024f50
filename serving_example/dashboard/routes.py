"""The page, and what it asks for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from serving_example.app.http import Request, Response, encode
from serving_example.app.routes import Route

__all__ = ["routes"]

_HERE = Path(__file__).parent
_FILES = {
    "/dashboard": ("page.html", b"text/html; charset=utf-8"),
    "/dashboard/page.css": ("page.css", b"text/css; charset=utf-8"),
    "/dashboard/icon.svg": ("icon.svg", b"image/svg+xml"),
    "/dashboard/page.js": ("page.js", b"text/javascript; charset=utf-8"),
}
_HEADERS = (
    (b"content-security-policy", b"default-src 'self'"),
    (b"cache-control", b"no-cache"),
)


def routes(data: Callable[[], Any]) -> list[Route]:
    """``/dashboard`` for anyone, its data for whoever may read `/metrics`.

    Args:
        data: Gives what the page draws, see `snapshot`.
    """

    def told(request: Request) -> Response:
        return Response(body=encode(data()), headers=((b"cache-control", b"no-store"),))

    made = [Route("GET", "/dashboard/data", told)]
    for path, (name, kind) in _FILES.items():
        body = (_HERE / name).read_bytes()
        page = Response(body=body, content_type=kind, headers=_HEADERS)
        made.append(Route("GET", path, lambda request, page=page: page, "open"))  # type: ignore[misc]
    return made
