"""Whether a live server fits this client: its OpenAPI document beside what we were built for.

A server fits if it takes every request that the client may send, and gives only answers that the
client can read. A server that takes more, or tells more, fits.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from featurelib_client.errors import ContractError, apart
from featurelib_client.schemas import Gap, gaps
from featurelib_client.version import VERSIONS

__all__ = ["OPERATIONS", "Compatibility", "Difference", "built_for", "compare"]

OPERATIONS = {
    "recommend": "POST /v1/recommend", "rate": "POST /v1/events", "models": "GET /v1/models",
    "ready": "GET /v2/health/ready", "metadata": "GET /v2/models/{}",
    "infer": "POST /v2/models/{}/infer",
}  # fmt: skip
"""What a client can ask, and where."""
_PARTS = {"rate": ("EventsRequest", "Taken"), "models": (None, "Models")}
"""Schemas of request and answer; readiness is told by the status, and tensors by the protocol."""
_STATUSES = ("200", "202", "201")


@dataclass(frozen=True, slots=True)
class Difference:
    """One place where both sides differ.

    Attributes:
        place: The operation, and the part of it.
        client: What this client was built for.
        server: What the server says.
        way_out: What to do about it.
        is_break: Calls fail by it.
    """

    place: str
    client: str
    server: str
    way_out: str
    is_break: bool = True


@dataclass(frozen=True, slots=True)
class Compatibility:
    """What a comparison found.

    Attributes:
        client_versions: Versions of the contract that this client speaks.
        server_versions: Those that the server answers; empty if it says none.
        used: The one that will be used; None: there is none.
        differences: Where they differ, those that break first.
    """

    client_versions: tuple[int, ...]
    server_versions: tuple[int, ...]
    used: int | None
    differences: tuple[Difference, ...]

    @property
    def is_compatible(self) -> bool:
        """Whether nothing breaks."""
        return not any(one.is_break for one in self.differences)


@cache
def built_for() -> dict[str, Any]:
    """The paths and schemas that this client was generated from."""
    from importlib.resources import files

    text = (files("featurelib_client") / "contract.json").read_text(encoding="utf-8")
    told: dict[str, Any] = json.loads(text)
    return told


def compare(document: Any, needs: Iterable[str] = tuple(OPERATIONS)) -> Compatibility:
    """Compares a server's OpenAPI document with what this client was built for.

    Args:
        document: The document, as JSON has it.
        needs: Which of `OPERATIONS` count.

    Raises:
        ContractError: It is no OpenAPI document.
    """
    try:
        return _compared(document, list(needs))
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
        # A document has a hundred places, and each may hold anything.
        raise ContractError(
            f"no OpenAPI document that can be read: {type(error).__name__}: {error}",
            body=json.dumps(document).encode(),
        ) from None


def _compared(document: Any, needs: list[str]) -> Compatibility:
    mine, theirs = built_for(), document["components"]["schemas"]
    asked = {
        f"{method.upper()} {re.sub(r'{[^}]*}', '{}', path)}": about
        for path, methods in document["paths"].items()
        for method, about in methods.items()
    }
    found: list[Difference] = []
    versions: tuple[int, ...] = ()
    used: int | None = None
    for operation in needs:
        about = asked.get(OPERATIONS[operation])
        if about is None:
            found.append(
                Difference(
                    OPERATIONS[operation], "asks it", "does not have it",
                    f"do not call `{operation}` here; or look whether the URL is the service's",
                )
            )  # fmt: skip
            continue
        found += _headers(operation, about)
        if operation == "recommend":
            versions = _versions(about)
            used = next((version for version in VERSIONS if version in versions), None)
            if used is None:
                found.append(_no_version(operation, versions))
                continue
            found += _version_notes(operation, versions, used)
            parts = (f"Recommend{_suffix(used, VERSIONS)}", f"Recommended{_suffix(used, VERSIONS)}")
            request: Any = theirs[f"Recommend{_suffix(used, versions)}"]
            answer: Any = theirs[f"Recommended{_suffix(used, versions)}"]
        elif operation in _PARTS:
            parts = _PARTS[operation]  # type: ignore[assignment]
            request = None if parts[0] is None else _request(about)
            answer = _answer(about)
        else:
            continue
        schemas = mine["schemas"]
        if parts[0] is not None:
            for gap in gaps(schemas[parts[0]], schemas, request, theirs):
                found.append(_in_request(operation, gap))
        for gap in gaps(answer, theirs, schemas[parts[1]], schemas):
            found.append(_in_answer(operation, gap))
    found.sort(key=lambda one: not one.is_break)
    return Compatibility(VERSIONS, versions, used, tuple(found))


def _suffix(version: int, versions: Iterable[int]) -> str:
    """The newest version has the plain name."""
    return "" if version == max(versions) else f"V{version}"


def _versions(about: Mapping[str, Any]) -> tuple[int, ...]:
    for parameter in about.get("parameters", []):
        if parameter["name"].lower() == "x-contract-version":
            return tuple(sorted(map(int, parameter["schema"]["enum"]), reverse=True))
    return ()


def _request(about: Mapping[str, Any]) -> Any:
    return about["requestBody"]["content"]["application/json"]["schema"]


def _answer(about: Mapping[str, Any]) -> Any:
    responses = about["responses"]
    status = next(status for status in _STATUSES if status in responses)
    return responses[status]["content"]["application/json"]["schema"]


def _headers(operation: str, about: Mapping[str, Any]) -> Iterator[Difference]:
    """Parameters that the server wants and this client does not know of."""
    known = {
        parameter["name"].lower()
        for path, parameters in built_for()["paths"].items()
        if re.sub(r"{[^}]*}", "{}", path) == OPERATIONS[operation]
        for parameter in parameters
    }
    for parameter in about.get("parameters", []):
        name = parameter["name"]
        if parameter["in"] == "path" or not parameter.get("required"):
            continue
        if name.lower() not in known:
            yield Difference(
                f"{OPERATIONS[operation]} {parameter['in']} {name}", "does not send it",
                "requires it", "upgrade featurelib-client",
            )  # fmt: skip


def _no_version(operation: str, versions: tuple[int, ...]) -> Difference:
    mine, theirs, way = apart(VERSIONS, versions)
    return Difference(
        OPERATIONS[operation], f"speaks contract {mine}", f"answers contract {theirs}", way
    )


def _version_notes(operation: str, versions: tuple[int, ...], used: int) -> Iterator[Difference]:
    both = (f"speaks contract {', '.join(map(str, VERSIONS))}",
            f"answers contract {', '.join(map(str, versions))}")  # fmt: skip
    if max(versions) > VERSIONS[0]:
        way = f"contract {used} is used; upgrade featurelib-client before the server drops it"
        yield Difference(OPERATIONS[operation], *both, way, is_break=False)
    elif used != VERSIONS[0]:
        way = f"contract {used} is used: what only {VERSIONS[0]} has is refused; upgrade the server"
        yield Difference(OPERATIONS[operation], *both, way, is_break=False)


def _in_request(operation: str, gap: Gap) -> Difference:
    if gap.kind == "unknown":
        way = f"leave `{gap.name}` out, or upgrade the server"
    elif gap.kind == "required":
        way = "upgrade featurelib-client to a version that sends it"
    else:
        way = "send only what the server takes; it refuses the rest with status 400"
    place = f"{OPERATIONS[operation]} request {gap.place}".rstrip()
    return Difference(place, gap.narrow, gap.wide, way)


def _in_answer(operation: str, gap: Gap) -> Difference:
    place = f"{OPERATIONS[operation]} answer {gap.place}".rstrip()
    way = "upgrade featurelib-client before its calls go to this server"
    return Difference(place, gap.wide, gap.narrow, way)
