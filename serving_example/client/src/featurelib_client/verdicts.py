"""What an outcome of an attempt means: an answer or an error, and whether to try again."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from featurelib_client.backoff import retry_after
from featurelib_client.calls import ONCE, Call
from featurelib_client.errors import (
    AuthenticationError,
    CallError,
    ContractError,
    ContractVersionError,
    DeadlineError,
    OverloadError,
    RefusedError,
    UnavailableError,
)
from featurelib_client.wire import Failure, Reply

__all__ = ["Verdict", "judge"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an outcome means.

    Attributes:
        error: What the caller is told if there is no other attempt; None: it is the answer.
        may_repeat: Another attempt is safe, and may help.
        is_throttled: The server said that it has too much to do.
        is_failure: Whether the server failed; None: this says nothing of the server.
    """

    error: CallError | None
    may_repeat: bool = False
    is_throttled: bool = False
    is_failure: bool | None = False


_ANSWER = Verdict(None)


def judge(outcome: Reply | Failure, call: Call[Any], *, is_late: bool) -> Verdict:
    """The verdict on one attempt.

    Args:
        outcome: What came of it.
        call: What was asked.
        is_late: The call's deadline has passed.
    """
    if isinstance(outcome, Failure):
        return _failed(outcome, call, is_late)
    status = outcome.status
    if 200 <= status < 300 or status in call.also:
        return _ANSWER
    is_safe = call.repeat != ONCE
    told = _told(outcome)
    code, reason, message = told["code"], told["reason"], told["message"]
    after = retry_after(outcome)
    if status == 429:
        # Refused before any work, so that nothing is done twice.
        error: CallError = OverloadError(message, reason=reason, retry_after_s=after)
        return Verdict(error, may_repeat=True, is_throttled=True)
    if status == 503 and (code == "overloaded" or after is not None):
        error = OverloadError(message, reason=reason, retry_after_s=after)
        return Verdict(error, may_repeat=is_safe, is_throttled=True, is_failure=True)
    if status == 504 and code == "deadline":
        return Verdict(DeadlineError(message, reason=reason), is_failure=True)
    if status >= 500:
        error = UnavailableError(f"{status}: {message}", reason=reason, retry_after_s=after)
        return Verdict(error, may_repeat=is_safe and status != 501, is_failure=True)
    if status in (401, 403):
        return Verdict(AuthenticationError(message, reason=reason))
    if status < 400:
        error = ContractError(
            f"status {status} is none of the contract; redirects are not followed",
            body=outcome.body, reason="status",
        )  # fmt: skip
        return Verdict(error)
    if reason == "contract_version" and call.contract is not None:
        return Verdict(ContractVersionError((call.contract,), _versions(outcome), outcome.body))
    error = RefusedError(
        message, reason=reason, status=status, code=code, field=told["field"] or None
    )
    return Verdict(error, may_repeat=status == 408 and is_safe)


def _failed(outcome: Failure, call: Call[Any], is_late: bool) -> Verdict:
    may_repeat = (call.repeat != ONCE or not outcome.is_sent) and outcome.reason != "tls"
    if outcome.reason == "too_long":
        return Verdict(ContractError(outcome.message, body=b"", reason="too_long"))
    if outcome.reason == "timeout" or is_late:
        error: CallError = DeadlineError(outcome.message, reason="timeout")
        return Verdict(error, is_failure=True)
    error = UnavailableError(outcome.message, reason=outcome.reason)
    return Verdict(error, may_repeat=may_repeat, is_failure=True)


def _versions(reply: Reply) -> tuple[int, ...]:
    """The versions of the contract that a server says it answers."""
    parts = reply.headers.get(b"x-contract-versions", b"").split(b",")
    return tuple(int(part) for part in map(bytes.strip, parts) if part.isdigit() and len(part) < 5)


def _told(reply: Reply) -> dict[str, str]:
    """What a refusal tells, in the service's form or the Open Inference Protocol's, or in none."""
    made = {"code": "", "reason": f"status_{reply.status}", "message": "", "field": ""}
    try:
        body = json.loads(reply.body)
    except (ValueError, RecursionError):
        body = None
    about = body.get("error") if isinstance(body, dict) else None
    if isinstance(about, str):
        about = {**body, "message": about}
    if isinstance(about, dict):
        for name in made:
            if isinstance(about.get(name), str) and about[name]:
                made[name] = about[name][:500]
    if not made["message"]:
        text = reply.body[:200].decode("utf-8", "replace")
        made["message"] = f"status {reply.status}" + (f": {text!r}" if text else "")
    return made
