"""How what went wrong becomes an answer."""

from __future__ import annotations

import math

from featurelib.errors import FieldValueError, InputError, MissingFieldError, UnknownFieldError
from serving_example.app.http import Rejection, Response, encode
from serving_example.devices.executor import DeadlineError, ExecutorDownError, QueueFullError
from serving_example.devices.protocol import UnloadedError
from serving_example.store import StoreUnavailable

__all__ = ["as_rejection", "as_response"]


def as_rejection(error: Exception, retry_after_s: float = 1.0) -> Rejection:
    """The rejection for an error of a handler or of the device.

    What is not foreseen is a 500 that says nothing of the inside; the caller logs it.
    """
    if isinstance(error, Rejection):
        return error
    if isinstance(error, QueueFullError):
        return Rejection(
            503, "overloaded", "queue_full", "the device's queue is full; try again later",
            retry_after_s=retry_after_s,
        )  # fmt: skip
    if isinstance(error, ExecutorDownError):
        return Rejection(
            503, "unavailable", "device_down", "the device does not run; try another server",
            retry_after_s=retry_after_s,
        )  # fmt: skip
    if isinstance(error, UnloadedError):
        return Rejection(
            503, "unavailable", "model_unloaded", "the model was unloaded just now; try again",
            retry_after_s=retry_after_s,
        )  # fmt: skip
    if isinstance(error, StoreUnavailable):
        return Rejection(
            503, "unavailable", "store_away", "the online store does not answer; try again later",
            retry_after_s=retry_after_s,
        )  # fmt: skip
    if isinstance(error, DeadlineError):
        return Rejection(
            504, "deadline", "deadline_passed", "the deadline passed before there was an answer",
            retry_after_s=retry_after_s,
        )  # fmt: skip
    if isinstance(error, InputError):
        reason = "wrong_value"
        for kind, name in _REASONS:
            if isinstance(error, kind):
                reason = name
        return Rejection(400, "invalid", reason, str(error), field=error.field)
    return Rejection(500, "internal", "failed", "the server failed; tell us the request id")


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
    about = {
        "code": rejection.code,
        "reason": rejection.reason,
        "field": rejection.field,
        "message": rejection.message,
        "request_id": request_id,
    }
    if style == "oip":
        where = f"{rejection.field}: " if rejection.field else ""
        body = {"error": where + about.pop("message"), **about}  # type: ignore[operator]
    else:
        body = {"error": about}  # type: ignore[dict-item]
    headers = rejection.headers
    if rejection.retry_after_s is not None:
        # Whole seconds are what the header can say; 0 would mean at once.
        seconds = max(1, math.ceil(rejection.retry_after_s))
        headers = (*headers, (b"retry-after", str(seconds).encode()))
    return Response(rejection.status, encode(body), headers=headers, close=rejection.close)
