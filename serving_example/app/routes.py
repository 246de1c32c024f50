"""Which handler answers which path."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from serving_example.app.http import Handler, Rejection

__all__ = ["Route", "Routes"]


@dataclass(frozen=True, slots=True, eq=False)
class Route:
    """One operation.

    Attributes:
        method: ``GET`` or ``POST``.
        template: ``/v2/models/{name}/infer``; a name in braces takes one segment.
        handler: What answers it.
        needs: ``open`` (anyone), ``key`` (an API key), ``admin`` (the admin port).
        about: The operation as the OpenAPI document describes it, without what is common to all.
        takes: Content types of a body; one that names none is taken as the first.
        is_computed: Devices compute the answer, within `Limits.compute_s` unless a request asks for
            another time.
    """

    method: str
    template: str
    handler: Handler
    needs: str = "key"
    about: Mapping[str, Any] = field(default_factory=dict)
    takes: tuple[bytes, ...] = (b"application/json",)
    is_computed: bool = False


class Routes:
    """A table of routes.

    Args:
        routes: The routes.

    Raises:
        ValueError: Two routes of one method and template.
    """

    def __init__(self, routes: Iterable[Route]) -> None:
        self._plain: dict[str, dict[str, Route]] = {}
        self._tails: dict[str, tuple[str, dict[str, Route]]] = {}
        self._by_length: dict[int, list[tuple[tuple[str, ...], dict[str, Route]]]] = {}
        self.all: tuple[Route, ...] = tuple(routes)
        for route in self.all:
            methods = self._methods(route.template)
            if route.method in methods:
                raise ValueError(f"{route.method} {route.template} is routed twice")
            methods[route.method] = route

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]]:
        """The route of a request, and what stands for the names in its template.

        HEAD is answered by the route of GET.

        Raises:
            Rejection: 404 where no route has the path, 405 with the methods that it has.
        """
        methods, parts = self._plain.get(path), {}
        if methods is None:
            before, _, last = path.rpartition("/")
            tail = self._tails.get(before)
            if tail is not None and last:
                methods, parts = tail[1], {tail[0]: last}
        if methods is None:
            segments = path.split("/")
            for template, found in self._by_length.get(len(segments), ()):
                parts = _match(template, segments)
                if parts:
                    methods = found
                    break
            else:
                raise Rejection(404, "not_found", "unknown_path", f"nothing is at {path[:200]!r}")
        route = methods.get("GET" if method == "HEAD" else method)
        if route is None:
            allowed = ", ".join(sorted({*methods, *(["HEAD"] if "GET" in methods else [])}))
            raise Rejection(
                405, "not_found", "wrong_method", f"{method} is not answered here, but {allowed}",
                headers=((b"allow", allowed.encode()),),
            )  # fmt: skip
        return route, parts

    def _methods(self, template: str) -> dict[str, Route]:
        if "{" not in template:
            return self._plain.setdefault(template, {})
        before, _, last = template.rpartition("/")
        if "{" not in before:  # a name at the end alone: found without a search
            return self._tails.setdefault(before, (last[1:-1], {}))[1]
        segments = tuple(template.split("/"))
        same = self._by_length.setdefault(len(segments), [])
        for known, methods in same:
            if known == segments:
                return methods
        same.append((segments, {}))
        return same[-1][1]


def _match(template: tuple[str, ...], segments: list[str]) -> dict[str, str]:
    parts: dict[str, str] = {}
    for wanted, given in zip(template, segments, strict=True):
        if wanted.startswith("{"):
            if not given:
                return {}
            parts[wanted[1:-1]] = given
        elif wanted != given:
            return {}
    return parts


def path_of(template: str, **parts: str) -> str:
    """A template with its names replaced, quoted."""
    for name, value in parts.items():
        template = template.replace(f"{{{name}}}", quote(value, safe=""))
    return template
