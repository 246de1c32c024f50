"""How what went wrong becomes an answer."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from featurelib.errors import FieldValueError, InputError, MissingFieldError, UnknownFieldError
from serving_example.app.http import Rejection, Response, encode
from serving_example.devices.protocol import UnloadedError
from serving_example.pool import DroppedError, PoolDownError, RefusedError
from serving_example.scheduler import Refusal
from serving_example.store import StoreUnavailable

__all__ = ["as_rejection", "as_response", "too_late"]


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
        about["retry_after_ms"] = math.ceil(rejection.retry_after_s * 1e6) / 1e3
    if style == "oip":
        where = f"{rejection.field}: " if rejection.field else ""
        body: dict[str, Any] = {"error": where + about.pop("message"), **about}
    else:
        body = {"error": about}
    headers = rejection.headers
    if rejection.retry_after_s is not None:
        # Whole seconds are what the header can say, and 0 would mean at once: a pool that knows
        # better has told it above.
        seconds = max(1, math.ceil(rejection.retry_after_s))
        headers = (*headers, (b"retry-after", str(seconds).encode()))
    return Response(rejection.status, encode(body), headers=headers, close=rejection.close)
