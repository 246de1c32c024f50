"""When to send, when to wait, when to give up: the rules of a call, without any I/O.

`plan` is a generator. It yields `Send` and gets a `Reply` or a `Failure`; it yields `Sleep` and
gets nothing; it returns the reply, or raises what the caller is told. Two small loops run it, one
in a thread and one on an event loop, so both have the same rules.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

from featurelib_client.backoff import Backoff, retry_after
from featurelib_client.breaker import Breaker
from featurelib_client.budget import AGAIN, THROTTLED, RetryBudget
from featurelib_client.calls import READ, Call
from featurelib_client.errors import CallError, CircuitOpenError
from featurelib_client.latency import Latencies
from featurelib_client.settings import Settings
from featurelib_client.verdicts import Verdict, judge
from featurelib_client.wire import Clock, Failure, Headers, Reply, Sent

__all__ = ["Progress", "Rules", "Send", "Sleep", "plan"]


@dataclass(frozen=True, slots=True)
class Send:
    """Send this now.

    Attributes:
        sent: What to send.
        hedge_after_s: If no answer is there after this, send what `hedge` gives beside it; the
            first answer counts. None: do not.
        hedge: The same once more; None: the budget has nothing left for it.
    """

    sent: Sent
    hedge_after_s: float | None
    hedge: Callable[[], Sent | None]


@dataclass(frozen=True, slots=True)
class Sleep:
    """Wait so long."""

    seconds: float


class Rules:
    """What all calls of a client share.

    Args:
        settings: The knobs.
        clock: Monotonic seconds.
        random: From 0.0 to 1.0.
    """

    def __init__(self, settings: Settings, clock: Clock, random: Callable[[], float]) -> None:
        self.settings, self.clock = settings, clock
        self.budget = RetryBudget(settings.retry_budget)
        self.backoff = Backoff(settings.backoff_s, settings.max_backoff_s, random)
        self.latencies = Latencies()
        self.breaker = Breaker(
            rate=settings.breaker_rate, calls=settings.breaker_calls,
            window_s=settings.breaker_window_s, open_s=settings.breaker_open_s, clock=clock,
        )  # fmt: skip


@dataclass(slots=True)
class Progress:
    """How far a call is; the plan writes it, and who runs the plan reads it.

    Attributes:
        request_id: Of the call.
        began: Time of the clock.
        until: Its deadline.
        attempts: How often it was sent.
        retries: Why it was sent again, once for each time.
    """

    request_id: str
    began: float
    until: float
    attempts: int = 0
    retries: list[str] | None = None

    def again(self, reason: str) -> None:
        """It is sent once more."""
        self.retries = [*(self.retries or ()), reason]


def plan(
    call: Call[Any], rules: Rules, progress: Progress, headers: Headers
) -> Generator[Send | Sleep, Any, Reply]:
    """The steps of one call.

    Args:
        call: What is asked.
        rules: Of the client.
        progress: Of this call; written.
        headers: Of all attempts.

    Returns:
        The reply that is the answer.

    Raises:
        CallError: Why there is none.
    """
    last: CallError | None = None
    while True:
        admission = rules.breaker.admit()
        if admission.wait_s is not None:
            raise CircuitOpenError(
                "most of the last calls failed, so the server is left alone", reason="circuit_open",
                retry_after_s=admission.wait_s,
            ) from last  # fmt: skip
        progress.attempts += 1
        began = rules.clock()
        verdict: Verdict | None = None
        try:
            outcome: Reply | Failure = yield _send(call, rules, progress, headers, began)
            verdict = judge(outcome, call, is_late=rules.clock() >= progress.until)
        finally:
            if verdict is None or verdict.is_failure is None:
                rules.breaker.leave(admission)
            else:
                rules.breaker.record(admission, is_failure=verdict.is_failure)
        if verdict.error is None:
            assert isinstance(outcome, Reply)
            rules.budget.answered()
            rules.latencies.add(rules.clock() - began)
            return outcome
        wait = _wait(outcome, verdict, rules, progress)
        if wait is None:
            raise verdict.error from last
        last = verdict.error
        progress.again(verdict.error.reason)
        yield Sleep(wait)


def _send(call: Call[Any], rules: Rules, progress: Progress, headers: Headers, now: float) -> Send:
    def sent(now: float) -> Sent:
        number, left_ms = progress.attempts, int((progress.until - now) * 1000)
        name = progress.request_id if number == 1 else f"{progress.request_id}.{number}"
        mine = [
            *headers,
            (b"X-Request-Id", name.encode()),
            # Nobody waits longer, so the server need not work longer.
            (b"X-Timeout-Ms", b"%d" % min(max(1, left_ms), 9_999_999)),
        ]
        return Sent(call.method, call.target, mine, call.body, progress.until)

    def hedge() -> Sent | None:
        if not rules.budget.take(AGAIN):
            return None
        progress.attempts += 1
        progress.again("hedge")
        return sent(rules.clock())

    may = rules.settings.hedge and call.repeat == READ and progress.attempts == 1
    return Send(sent(now), rules.latencies.p95 if may else None, hedge)


def _wait(
    outcome: Reply | Failure, verdict: Verdict, rules: Rules, progress: Progress
) -> float | None:
    """The seconds to wait before another attempt; None: there is none."""
    if not verdict.may_repeat or progress.attempts >= rules.settings.max_attempts:
        return None
    wait = rules.backoff.after(progress.attempts)
    asked = retry_after(outcome) if isinstance(outcome, Reply) else None
    if asked is not None:
        wait = max(wait, min(asked, rules.settings.max_retry_after_s))
    left = progress.until - rules.clock() - wait
    # An attempt that would be cut off is load for the server and no answer for anyone.
    if left <= (rules.latencies.median or 0.0):
        return None
    if not rules.budget.take(THROTTLED if verdict.is_throttled else AGAIN):
        return None
    return wait
