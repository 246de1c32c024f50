"""Fixtures for pytest, which finds them where featurelib-client is installed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from featurelib_client.testing.server import FakeServer

__all__ = ["featurelib_server"]


@pytest.fixture
def featurelib_server() -> FakeServer:
    """A server without a socket; `featurelib_server.client()` asks it."""
    from featurelib_client.testing.server import FakeServer

    return FakeServer()
