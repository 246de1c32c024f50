"""Trace headers of the request that is being served, passed on to the servers that it asks."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping
from contextvars import ContextVar

from featurelib_client.wire import Headers

__all__ = ["passed_on", "passing_on"]

_NAMES = ("traceparent", "tracestate", "baggage")
_VALUE = re.compile(r"[\x20-\x7e]{1,8192}\Z")
_current: ContextVar[Headers] = ContextVar("featurelib_client_trace", default=[])  # noqa: B039


@contextlib.contextmanager
def passing_on(headers: Mapping[str, str]) -> Iterator[None]:
    """Within it, calls carry the W3C trace headers of these, whatever their case.

    Each thread and each task has its own. Other headers are left out, and so are values that no
    header can have: a trace is never a reason to fail a call.
    """
    lower = {name.lower(): value for name, value in headers.items()}
    kept = [
        (name.encode(), lower[name].encode())
        for name in _NAMES
        if name in lower and _VALUE.match(lower[name])
    ]
    token = _current.set(kept)
    try:
        yield
    finally:
        _current.reset(token)


def passed_on(more: Headers = ()) -> Headers:  # type: ignore[assignment]
    """The trace headers of the calls made here and now.

    Args:
        more: Those of a span that was opened for the call: they stand for the trace's own.
    """
    if not more:
        return _current.get()
    own = {name for name, _ in more}
    if b"traceparent" in own:  # the state belongs to its trace
        own.add(b"tracestate")
    return [*(header for header in _current.get() if header[0] not in own), *more]
