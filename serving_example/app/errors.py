"""How what went wrong becomes an answer."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any

from featurelib.errors import FieldValueError, InputError, MissingFieldError, UnknownFieldError
from serving_example.app.http import JSON, Headers, Rejection, Response, encode
from serving_example.devices.protocol import UnloadedError
from serving_example.pool import DroppedError, PoolDownError, RefusedError
from serving_example.scheduler import Refusal
from serving_example.scheduler.work import RefusalReason
from serving_example.store import StoreUnavailable

__all__ = ["as_rejection", "as_response", "too_late", "turned_away"]

_ID, _AFTER_S = "the id", 1.5
"""What stands in a refusal that is made once for the places of what differs."""


def as_rejection(error: Exception, retry_after_s: float = 1.0) -> Rejection:
    """The rejection for an error of a handler or of the device.

    What is not foreseen is a 500 that says nothing of the inside; the caller logs it.
    """
    if isinstance(error, Rejection):
        return error
    if isinstance(error, RefusedError):
        return _refused(error.refusal, retry_after_s)
    if isinstance(error, DroppedError):
        return _dropped(error.why, retry_after_s)
    if isinstance(error, PoolDownError):
        return Rejection(
            503, "unavailable", "device_down", "the devices do not run; try another server",
            retry_after_s=retry_after_s,
        )  # fmt: skip
    if isinstance(error, UnloadedError):
        return _unloaded(retry_after_s)
    if isinstance(error, StoreUnavailable):
        return Rejection(
            503, "unavailable", "store_away", "the online store does not answer; try again later",
            retry_after_s=retry_after_s,
        )  # fmt: skip
    if isinstance(error, InputError):
        reason = "wrong_value"
        for kind, name in _REASONS:
            if isinstance(error, kind):
                reason = name
        return Rejection(400, "invalid", reason, str(error), field=error.field)
    return Rejection(500, "internal", "failed", "the server failed; tell us the request id")


def too_late(retry_after_s: float = 1.0) -> Rejection:
    """Why a request whose deadline has passed has no answer."""
    return Rejection(
        504, "deadline", "deadline_passed", "the deadline passed before there was an answer",
        retry_after_s=retry_after_s,
    )  # fmt: skip


def _refused(refusal: Refusal, retry_after_s: float) -> Rejection:
    """What the scheduler does not take, in its words."""
    if refusal.reason == "unknown_model":
        return _unloaded(retry_after_s)
    after_s = retry_after_s if refusal.retry_after_s is None else refusal.retry_after_s
    return Rejection(
        503, "overloaded", refusal.reason, _REFUSED[refusal.reason], retry_after_s=after_s
    )


def _dropped(why: str, retry_after_s: float) -> Rejection:
    """What was taken and did not run."""
    if why == "model_removed":
        return _unloaded(retry_after_s)
    if why == "device_lost":
        return Rejection(
            503, "unavailable", why, "the device was lost, and no time was left for another one",
            retry_after_s=retry_after_s,
        )  # fmt: skip
    return too_late(retry_after_s)


def _unloaded(retry_after_s: float) -> Rejection:
    return Rejection(
        503, "unavailable", "model_unloaded", "the model was unloaded just now; try again",
        retry_after_s=retry_after_s,
    )  # fmt: skip


_REFUSED: Mapping[str, str] = {
    "predicted_late": "the answer would come after its deadline; try again later, or elsewhere",
    "queue_full": "the queue is full; try again later",
    "tenant_over_share": "all that may wait of this API key waits; try again later",
    "cold": "no device holds the model yet; try again when it is loaded",
    "no_device": "no device lives; try another server",
}
_SECOND: Headers = ((b"retry-after", b"1"),)
_REASONS = (
    (MissingFieldError, "missing_field"),
    (UnknownFieldError, "unknown_field"),
    (FieldValueError, "wrong_value"),
)


def as_response(rejection: Rejection, request_id: str, style: str = "json") -> Response:
    """The answer that tells a client of a rejection.

    Args:
        rejection: What to tell.
        request_id: The request's.
        style: ``json``: an object under `error`. ``oip``: the Open Inference Protocol wants a text
            under `error`; the other members stand beside it.
    """
    about: dict[str, Any] = {
        "code": rejection.code,
        "reason": rejection.reason,
        "field": rejection.field,
        "message": rejection.message,
        "request_id": request_id,
    }
    if rejection.retry_after_s is not None:
        about["retry_after_ms"] = _ms(rejection.retry_after_s)
    if style == "oip":
        where = f"{rejection.field}: " if rejection.field else ""
        body: dict[str, Any] = {"error": where + about.pop("message"), **about}
    else:
        body = {"error": about}
    headers = rejection.headers
    if rejection.retry_after_s is not None:
        headers = (*headers, *_retry_after(rejection.retry_after_s))
    return Response(rejection.status, encode(body), headers=headers, close=rejection.close)


def turned_away(
    refusal: Refusal, request_id: str, retry_after_s: float
) -> tuple[str, str, Response]:
    """Code, reason and response for a refusal of the scheduler: as `as_response`, and sooner.

    In overload most requests are refused, and what that costs is taken from those that are not.

    Args:
        refusal: Why.
        request_id: The request's.
        retry_after_s: What is told where the refusal does not say it.
    """
    after_s = refusal.retry_after_s
    if after_s is None or refusal.reason == "unknown_model":
        after_s = retry_after_s
    (status, code, reason), before, after, headers = _around(refusal.reason, after_s)
    return code, reason, Response(status, before + encode(request_id) + after, JSON, headers)


@lru_cache(64)
def _around(
    reason: RefusalReason, after_s: float
) -> tuple[tuple[int, str, str], bytes, bytes, Headers]:
    """What all who are refused for a reason and a time are told, and the body around their ids."""
    told, before, between, after = _parts(reason)
    return told, before, between + encode(_ms(after_s)) + after, _retry_after(after_s)


@cache
def _parts(reason: RefusalReason) -> tuple[tuple[int, str, str], bytes, bytes, bytes]:
    """Status, code and reason that a client is told, and the body around request id and time."""
    rejection = _refused(Refusal(reason, _AFTER_S), _AFTER_S)
    body = as_response(rejection, _ID).body
    before, _, rest = body.partition(encode(_ID))
    between, _, after = rest.rpartition(encode(_ms(_AFTER_S)))
    return (rejection.status, rejection.code, rejection.reason), before, between, after


def _ms(seconds: float) -> float:
    return math.ceil(seconds * 1e6) / 1e3


def _retry_after(seconds: float) -> Headers:
    """The header: whole seconds are what it can say.

    0 would mean at once: a pool that knows better has told it in the body.
    """
    whole = math.ceil(seconds)
    return _SECOND if whole <= 1 else ((b"retry-after", b"%d" % whole),)
