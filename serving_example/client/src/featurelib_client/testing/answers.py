"""Answers and failures as a server and a network give them, for tests that script them."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from typing import Any

from featurelib_client.wire import Failure, Reply

__all__ = ["LOST", "NO_ANSWER", "NO_SERVER", "answer", "recommended", "refused"]

NO_SERVER = Failure("connect", "connection refused", is_sent=False)
"""Nobody listens. What is not safe to repeat may be sent again."""
LOST = Failure("disconnect", "connection reset", is_sent=True)
"""The connection broke after the request was sent: the server may have seen it."""
NO_ANSWER = Failure("timeout", "no answer in time", is_sent=True)
"""The deadline passed on the wire."""
MODEL = "0" * 64
"""The digest of the model that ranks."""
KEPT = "private, max-age=2, stale-while-revalidate=8, stale-if-error=60"
"""What the service says of answers that a client may keep."""


def answer(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    """An answer with JSON.

    Args:
        body: What becomes its JSON; bytes are sent as they are.
        status: The HTTP status.
        headers: Its headers by name.
    """
    made = {name.lower().encode(): text.encode() for name, text in (headers or {}).items()}
    return Reply(status, made, body if isinstance(body, bytes) else json.dumps(body).encode())


def recommended(
    user_id: int,
    items: Mapping[int, float] | Iterable[tuple[int, float]],
    *,
    version: int = 2,
    flags: Iterable[str] = (),
    as_of: str = "2026-01-01T00:00:00Z",
) -> Reply:
    """Films for a user, as the service says it.

    Args:
        user_id: To whom.
        items: Films and their scores, the best first.
        version: Of the contract, 1 or 2.
        flags: What the answer says of itself: ``stale``, ``behind``, ...
        as_of: The moment of which the features tell.
    """
    pairs = list(items.items()) if isinstance(items, Mapping) else list(items)
    headers = {"X-Contract-Version": str(version)}
    if version == 1:
        body: dict[str, Any] = {
            "user_id": user_id, "items": [item for item, _ in pairs],
            "scores": [score for _, score in pairs], "model": MODEL,
        }  # fmt: skip
        return answer(body, headers=headers)
    told = list(flags)
    headers["Cache-Control"] = "no-store" if {"stale", "behind"}.intersection(told) else KEPT
    body = {
        "user_id": user_id,
        "items": [{"item_id": item, "score": score} for item, score in pairs],
        "model": {"name": "ranker", "digest": MODEL}, "retrieval": None,
        "fingerprint": "f" * 64, "as_of": as_of, "feature_age_s": {}, "flags": told,
        "contract_version": version,
    }  # fmt: skip
    return answer(body, headers=headers)


def refused(
    status: int,
    code: str,
    reason: str,
    *,
    message: str = "refused by a test",
    field: str | None = None,
    retry_after_s: float | None = None,
    headers: Mapping[str, str] | None = None,
) -> Reply:
    """A refusal, as the service says it: ``refused(503, "overloaded", "queue_full")``.

    Args:
        status: The HTTP status.
        code: What kind.
        reason: Which case of it.
        message: For people.
        field: The part of the request at fault.
        retry_after_s: After how long to try again.
        headers: More headers.
    """
    about: dict[str, Any] = {
        "code": code, "reason": reason, "field": field, "message": message, "request_id": "fake",
    }  # fmt: skip
    told = dict(headers or {})
    if retry_after_s is not None:
        about["retry_after_ms"] = retry_after_s * 1000
        told["Retry-After"] = str(max(1, math.ceil(retry_after_s)))
    return answer({"error": about}, status, told)
