"""Answers of the service, in short."""

import json
from collections.abc import Callable
from typing import Any

from featurelib_client.wire import Failure, Reply, Sent

RECOMMENDED = {
    "user_id": 42, "items": [{"item_id": 7, "score": 0.5}, {"item_id": 3, "score": -1.0}],
    "model": {"name": "ranker", "digest": "a" * 64},
    "retrieval": {"name": "towers", "digest": "b" * 64}, "fingerprint": "c" * 64,
    "as_of": "2026-11-23T12:00:00Z", "feature_age_s": {"user_state": 1.5, "film": None},
    "flags": [], "contract_version": 2,
}  # fmt: skip


def answer(body: Any = RECOMMENDED, status: int = 200, /, **headers: str) -> Reply:
    """A reply with JSON."""
    named = {name.replace("_", "-").encode(): value.encode() for name, value in headers.items()}
    return Reply(status, named, json.dumps(body).encode())


def refusal(status: int, code: str, reason: str, **headers: str) -> Reply:
    """What the service says when it refuses."""
    about = {"code": code, "reason": reason, "field": None, "message": "no", "request_id": "r"}
    return answer({"error": about}, status, **headers)


def header(sent: Sent, name: bytes) -> bytes:
    """A header of an attempt."""
    return dict(sent.headers)[name]


Outcome = Reply | Failure
Made = Callable[..., Any]
