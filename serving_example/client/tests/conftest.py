"""The service in a process of its own, and a proxy before it that can be told to hurt."""

from collections.abc import Iterator

import pytest

from serving_example.client.tests.faulty import FaultyProxy
from serving_example.client.tests.process import started


@pytest.fixture(scope="session")
def service() -> Iterator[int]:
    """The port of a service that answers at once."""
    with started() as port:
        yield port


@pytest.fixture
def proxy(service: int) -> Iterator[FaultyProxy]:
    """A proxy before it; it ends with the test."""
    made = FaultyProxy(service)
    yield made
    made.stop()
