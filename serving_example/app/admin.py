"""The routes of the admin port alone: how the server is, keys again, drain."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from serving_example.app.http import Rejection, Request, Response, encode
from serving_example.app.keys import Keys, KeysError
from serving_example.app.routes import Route
from serving_example.app.service import Service

__all__ = ["routes"]


def routes(service: Service, keys_file: Path | None, drain: Callable[[], None]) -> list[Route]:
    """``/admin/status``, ``/admin/keys/reload``, ``/admin/drain``.

    Args:
        service: The service.
        keys_file: Where its keys come from; None if it takes anyone.
        drain: Ends the server as SIGTERM does.
    """

    def status(request: Request) -> Response:
        parts = service.readiness.parts()
        return Response(body=encode({"ready": parts, "devices": service.devices()}))

    def reload_keys(request: Request) -> Response:
        if keys_file is None:
            raise Rejection(409, "refused", "no_keys", "the server was started without keys")
        try:
            service.keys.replace(Keys.read(keys_file))
        except KeysError as error:
            raise Rejection(422, "refused", "keys_file", str(error)) from None
        return Response(body=encode({"reloaded": True}))

    def start_drain(request: Request) -> Response:
        drain()
        return Response(202, encode({"draining": True}), close=True)

    return [
        Route("GET", "/admin/status", status, "admin"),
        Route("POST", "/admin/keys/reload", reload_keys, "admin"),
        Route("POST", "/admin/drain", start_drain, "admin"),
    ]
