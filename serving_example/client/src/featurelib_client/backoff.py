"""How long to wait before another attempt."""

from __future__ import annotations

import re
from collections.abc import Callable

from featurelib_client.wire import Reply

__all__ = ["Backoff", "retry_after"]

_MS = re.compile(rb'"retry_after_ms" ?: ?([0-9]{1,9}(?:\.[0-9]{1,9})?) ?[,}]')


class Backoff:
    """Exponential waits with full jitter: anything from nothing to a bound that doubles.

    tenacity has the bound; the chance in it is ours, so that a test can give it.

    Args:
        first_s: The bound before the second attempt.
        most_s: The largest bound.
        random: From 0.0 to 1.0.
    """

    def __init__(self, first_s: float, most_s: float, random: Callable[[], float]) -> None:
        # It brings asyncio, so it is imported when a client is made.
        from tenacity import RetryCallState
        from tenacity.wait import wait_exponential

        self._state = RetryCallState
        self._bound = wait_exponential(multiplier=first_s, max=most_s)
        self._random = random

    def after(self, attempt: int) -> float:
        """Seconds to wait after an attempt; the first is 1."""
        state = self._state(None, None, (), {})  # type: ignore[arg-type]
        state.attempt_number = attempt
        return self._bound(state) * self._random()


def retry_after(reply: Reply) -> float | None:
    """The seconds for which a refusal asks to wait; None if it does not, or not readably.

    The service says it in milliseconds in the body (``retry_after_ms``), which the header rounds up
    to whole seconds; the body counts. A date is measured against the date of the same answer, so
    this machine's clock does not matter.
    """
    found = _MS.search(reply.body) if reply.status >= 400 else None
    if found is not None:
        return float(found.group(1)) / 1000
    text = reply.headers.get(b"retry-after", b"").strip().decode("latin-1")
    if text.isascii() and text.isdigit():
        return float(text[:9])
    if not text or b"date" not in reply.headers:
        return None
    from email.utils import parsedate_to_datetime  # it brings sockets, and few servers say a date

    try:
        until = parsedate_to_datetime(text)
        now = parsedate_to_datetime(reply.headers[b"date"].decode("latin-1"))
        return max(0.0, (until - now).total_seconds())
    except (ValueError, TypeError, OverflowError):  # no date, or one of the two without its zone
        return None
