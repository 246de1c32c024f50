"""Recommendations, ratings and the list of models: what the example's own contract has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from featurelib_client.calls import KEY, KEYED, READ, Call, new_key
from featurelib_client.contract import (
    EventsRequest,
    Item,
    Models,
    Recommend,
    Recommended,
    RecommendedV1,
    RecommendV1,
    Taken,
)
from featurelib_client.errors import ContractError, InputError
from featurelib_client.infer import first_problem
from featurelib_client.wire import About, Headers, Reply

__all__ = ["Recommendation", "models_call", "rate_call", "recommend_call"]

_JSON: Headers = [(b"Content-Type", b"application/json")]
M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Recommendation:
    """Films for a user.

    Attributes:
        user_id: To whom.
        items: Films and their scores, the best first.
        model_digest: Of the artifact of the model that ranked them.
        contract_version: By which the server answered.
        details: All that contract 2 tells: ages of features, flags, the moment; None by contract 1.
        about: How the answer came to be.
    """

    user_id: int
    items: tuple[Item, ...]
    model_digest: str
    contract_version: int
    details: Recommended | None
    about: About

    @property
    def flags(self) -> tuple[str, ...]:
        """``no_profile``, ``no_ratings``, ``stale``, ``behind``; by contract 1 nobody tells."""
        return self.details.flags if self.details is not None else ()


def recommend_call(version: int, asked: Mapping[str, Any]) -> Call[Recommendation]:
    """A call for recommendations by a version of the contract.

    Args:
        version: One of `version.VERSIONS`.
        asked: Arguments of the request by name, those that are not the default.

    Raises:
        InputError: What is wrong with the request, or version 1 does not have it.
    """
    if version == 1:
        newer = sorted(set(asked) - {"user_id", "k"})
        if newer:
            raise InputError(
                newer[0], "the server answers contract 1 only, which does not have it; upgrade the "
                "server, or leave it out",
            )  # fmt: skip
    request = checked(Recommend if version == 2 else RecommendV1, asked)
    body = request.__pydantic_serializer__.to_json(request, exclude_unset=True)
    headers = [*_JSON, (b"X-Contract-Version", b"%d" % version)]
    return Call(
        "recommend", b"POST", b"/v1/recommend", body, _READERS[version], READ, headers,
        contract=version, kept_as=(asked["user_id"], asked.get("model"), body),
    )  # fmt: skip


def rate_call(events: Iterable[Mapping[str, Any]]) -> tuple[Call[Taken], set[int]]:
    """A call that records ratings, and their users.

    Each has its `rating_id`, so the server counts it once. The key makes more of it: the attempt
    that comes after one that was lost gets that one's answer, with its offset.

    Raises:
        InputError: What is wrong with one of them.
    """
    if isinstance(events, Mapping | str) or not isinstance(events, Iterable):
        raise InputError("events", f"expected a sequence of ratings, got {events!r:.80}")
    told = tuple(
        {name: plain(value) for name, value in event.items()}
        if isinstance(event, Mapping)
        else event
        for event in events
    )
    request = checked(EventsRequest, {"events": told})
    body = request.__pydantic_serializer__.to_json(request)
    headers = [*_JSON, (KEY, new_key())]
    call = Call(
        "rate", b"POST", b"/v1/events", body, lambda reply, about: read(Taken, reply), KEYED,
        headers,
    )  # fmt: skip
    return call, {event.user_id for event in request.events}


def models_call() -> Call[tuple[dict[str, Any], ...]]:
    """A call for the models of the service and what was measured of them."""
    return Call(
        "models", b"GET", b"/v1/models", None, lambda reply, about: read(Models, reply).models
    )


def read(kind: type[M], reply: Reply) -> M:
    """An answer of a kind.

    Raises:
        ContractError: It is none.
    """
    try:
        made: M = kind.__pydantic_validator__.validate_json(reply.body)
    except ValidationError as error:
        raise ContractError(
            f"no `{kind.__name__}`: {first_problem(error)}", body=reply.body
        ) from None
    return made


def checked(kind: type[M], values: Mapping[str, Any]) -> M:
    """A request of a kind.

    Raises:
        InputError: It is none; the first field that is wrong is named.
    """
    try:
        return kind(**values)
    except ValidationError as error:
        about = error.errors(include_url=False)[0]
        place = ".".join(map(str, about["loc"])).replace("Rating.", "")
        raise InputError(place, f"{about['msg']}, got {about['input']!r:.80}") from None


def _recommended(reply: Reply, about: About) -> Recommendation:
    told = read(Recommended, reply)
    return Recommendation(told.user_id, told.items, told.model.digest, 2, told, about)


def _recommended_before(reply: Reply, about: About) -> Recommendation:
    told = read(RecommendedV1, reply)
    if len(told.items) != len(told.scores):
        raise ContractError(
            f"{len(told.items)} items and {len(told.scores)} scores", body=reply.body
        )
    items = tuple(
        Item.model_construct(item_id=item, score=score)
        for item, score in zip(told.items, told.scores, strict=True)
    )
    return Recommendation(told.user_id, items, told.model, 1, None, about)


_READERS = {2: _recommended, 1: _recommended_before}


def as_tuple(values: Sequence[int] | None, field: str) -> tuple[int, ...] | None:
    """A sequence of ids as the request has it.

    Raises:
        InputError: It is none.
    """
    if values is None:
        return None
    if isinstance(values, str | bytes) or not isinstance(values, Iterable):
        raise InputError(field, f"expected a sequence of integers, got {values!r:.80}")
    made = tuple(values)
    return made if {*map(type, made)} <= {int} else tuple(map(plain, made))


def plain(value: Any) -> Any:
    """A scalar of NumPy as Python's, with the same value; anything else as it is."""
    return value.item() if getattr(value, "ndim", None) == 0 else value
