"""The contracts of recommendations and events, made from the bundle's schemas.

A contract is what a client may send and what it gets back. The types of its fields are those of the
bundle, so a client that is told no is told what the features need. A change that could break a
client is a new version; the version before it is answered too, and says that it will end.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import msgspec

from featurelib.errors import DefinitionError
from featurelib.fields import Field
from serving_example.app.http import Headers, Rejection, Request, Response, encode
from serving_example.app.limits import Limits

__all__ = ["CURRENT", "Contract", "Recommended", "annotation", "chosen", "contracts", "record"]

CURRENT = 2
HEADER = b"x-contract-version"
DEPRECATED_SINCE = b"@1795392000"
"""Version 1, as RFC 9745 writes it: 2026-11-23."""
ENDS = b"Mon, 24 May 2027 00:00:00 GMT"
"""After this version 1 may be gone (RFC 8594): half a year is two releases of most teams."""

KEPT = b"private, max-age=2, stale-while-revalidate=8, stale-if-error=60"
"""For how long a client may keep an answer. It does not hear of ratings that others send, so this
is short; while the service is away, an answer of a minute ago is better than none."""
DEGRADED = frozenset({"stale", "behind"})
"""Flags of answers that no client should keep. Contract 1 does not tell them, so none of its
answers says that it may be kept."""


class Item(msgspec.Struct):
    """A film and its score."""

    item_id: int
    score: float


class ModelName(msgspec.Struct):
    """A model and its artifact."""

    name: str
    digest: str


class Recommended(msgspec.Struct, kw_only=True):
    """What is recommended, as the current contract says it.

    Attributes:
        user_id: To whom.
        items: The best first.
        model: What ranked them.
        retrieval: What found the candidates; None if the request named them.
        fingerprint: Of the features.
        as_of: The moment of which the features tell.
        feature_age_s: For each view the age of the oldest features used; None: there are none.
        flags: ``no_profile``, ``no_ratings``: a default was used; ``stale``: the store is away;
            ``behind``: it does not see all events up to the request's `min_offset`.
        contract_version: The version of this answer.
    """

    user_id: int
    items: list[Item]
    model: ModelName
    retrieval: ModelName | None
    fingerprint: str
    as_of: Annotated[dt.datetime, msgspec.Meta(tz=True)]
    feature_age_s: dict[str, float | None]
    flags: list[str]
    contract_version: int = CURRENT


class RecommendedV1(msgspec.Struct):
    """The answer of version 1: two lists, and no word of age or defaults."""

    user_id: int
    items: list[int]
    scores: list[float]
    model: str


@dataclass(frozen=True, slots=True)
class Contract:
    """One version.

    Attributes:
        version: Its number.
        request: The type of a request's body.
        response: The type of an answer's body.
        headers: What an answer of this version says of it.
        passing: The same of an answer that no client should keep.
    """

    version: int
    request: type[msgspec.Struct]
    response: type[msgspec.Struct]
    headers: Headers = field(init=False)
    passing: Headers = field(init=False)

    def __post_init__(self) -> None:
        told: Headers = ((HEADER, str(self.version).encode()),)
        passing = told
        if self.version != CURRENT:
            told = passing = (*told, (b"deprecation", DEPRECATED_SINCE), (b"sunset", ENDS))
        else:
            told = (*told, (b"cache-control", KEPT))
            passing = (*passing, (b"cache-control", b"no-store"))
        object.__setattr__(self, "headers", told)
        object.__setattr__(self, "passing", passing)

    def answer(self, made: Recommended) -> msgspec.Struct:
        """An answer in the words of this version."""
        if self.version == CURRENT:
            return made
        items = [item.item_id for item in made.items]
        scores = [item.score for item in made.items]
        return RecommendedV1(made.user_id, items, scores, made.model.digest)

    def respond(self, made: Recommended) -> Response:
        """The response with an answer in the words of this version."""
        headers = self.headers if DEGRADED.isdisjoint(made.flags) else self.passing
        return Response(body=encode(self.answer(made)), headers=headers)


def contracts(fields: Mapping[str, Field], limits: Limits) -> dict[int, Contract]:
    """The versions that are answered: the current one and the one before it.

    Args:
        fields: Of the bundle's request: `user_id` and `item_id` at least.
        limits: How many candidates and items.
    """
    user, item = annotation(fields["user_id"]), annotation(fields["item_id"])
    k = ("k", Annotated[int, msgspec.Meta(ge=1, le=limits.items)], 10)
    some = Annotated[list[item], msgspec.Meta(min_length=1, max_length=limits.candidates)]  # type: ignore[valid-type]
    name = Annotated[str, msgspec.Meta(min_length=1, max_length=80)]
    offset = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
    new = [
        ("user_id", user), k, ("candidates", some | None, None), ("model", name | None, None),
        ("min_offset", offset, 0),
    ]  # fmt: skip
    return {
        1: Contract(1, _struct("RecommendV1", [("user_id", user), k]), RecommendedV1),
        CURRENT: Contract(CURRENT, _struct("Recommend", new), Recommended),
    }


def record(name: str, fields: Iterable[Field]) -> type[msgspec.Struct]:
    """A contract for records of a schema, or of some of its fields."""
    return _struct(name, [(field.name, annotation(field)) for field in fields])


def chosen(request: Request, known: Mapping[int, Contract]) -> Contract:
    """The contract that a request asks for by the header X-Contract-Version; else the current one.

    Raises:
        Rejection: It is none that is answered.
    """
    asked = request.headers.get(HEADER)
    if asked is None:
        return known[CURRENT]
    for version, contract in known.items():
        if asked == str(version).encode():
            return contract
    raise Rejection(
        400, "invalid", "contract_version", f"contract versions {', '.join(map(str, known))} are "
        f"answered, not {asked[:20].decode('latin-1')!r}", field="headers.x-contract-version",
        headers=((b"x-contract-versions", ", ".join(map(str, known)).encode()),),
    )  # fmt: skip


def annotation(field: Field) -> Any:
    """The type of a field's values in JSON, with its constraints.

    Raises:
        DefinitionError: The field is of a type that no contract here has.
    """
    dtype, given = field.dtype, dict(field.constraints.given())
    if "one_of" in given:
        made: Any = Literal[tuple(given["one_of"])]
    elif dtype.is_integer:
        low, high = dtype.bounds
        low, high = max(low, given.get("ge", low)), min(high, given.get("le", high))
        # What is above Int64 cannot stand in a bound of msgspec, and not in most JSON either.
        made = Annotated[int, msgspec.Meta(ge=low, le=min(high, 2**63 - 1))]
    elif dtype.is_float:
        bounds = {name: given[name] for name in ("ge", "gt", "le", "lt") if name in given}
        made = Annotated[float, msgspec.Meta(**bounds)] if bounds else float
    elif dtype.name == "String":
        made = Annotated[str, msgspec.Meta(max_length=given.get("max_length", 10_000))]
    elif dtype.name == "Datetime":
        made = Annotated[dt.datetime, msgspec.Meta(tz=True)]
    elif dtype.name == "Bool":
        made = bool
    else:
        raise DefinitionError(f"`{field.name}` is {dtype}, which no contract here has")
    return made | None if field.nullable else made


def _struct(name: str, fields: list[Any]) -> type[msgspec.Struct]:
    return msgspec.defstruct(name, fields, forbid_unknown_fields=True, kw_only=True)
