"""The service in a process of its own, and a proxy before it that can be told to hurt."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from serving_example.client.tests.faulty import FaultyProxy

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="session")
def service() -> Iterator[int]:
    """The port of a service that answers at once."""
    process = subprocess.Popen(
        [sys.executable, "-m", "serving_example.client.tests.service"], cwd=ROOT,
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        yield int(process.stdout.readline())
    finally:
        process.kill()  # it has nothing to keep, and would wait for what the proxy left behind
        process.communicate(timeout=60)


@pytest.fixture
def proxy(service: int) -> Iterator[FaultyProxy]:
    """A proxy before it; it ends with the test."""
    made = FaultyProxy(service)
    yield made
    made.stop()
