"""The service of `service.py` in a process of its own."""

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[3]


@contextlib.contextmanager
def started() -> Iterator[int]:
    """A service that answers at once, inside; gives its port."""
    process = subprocess.Popen(
        [sys.executable, "-m", "serving_example.client.tests.service"], cwd=ROOT,
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        yield int(process.stdout.readline())
    finally:
        process.kill()  # it has nothing to keep, and would wait for connections left behind
        process.communicate(timeout=60)
