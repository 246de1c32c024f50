"""Doubles of a server, for tests of code that calls one: no socket, no wait, no patch."""

from featurelib_client.testing.answers import (
    LOST,
    NO_ANSWER,
    NO_SERVER,
    answer,
    recommended,
    refused,
)
from featurelib_client.testing.server import FakeServer
from featurelib_client.testing.transport import (
    AsyncFakeTransport,
    FakeTransport,
    ManualClock,
    Request,
)

__all__ = [
    "LOST", "NO_ANSWER", "NO_SERVER", "AsyncFakeTransport", "FakeServer", "FakeTransport",
    "ManualClock", "Request", "answer", "recommended", "refused",
]  # fmt: skip
