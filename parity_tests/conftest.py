"""Rules for the whole suite."""

import compileall
import re
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[1]
_ADDRESS = re.compile(r"\bat 0x[0-9a-f]+")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A name is the same in every process: pytest-xdist compares the names of its workers."""
    for item in items:
        if _ADDRESS.search(item.nodeid):
            raise pytest.UsageError(f"{item.nodeid}: an address in a test's name; give it an id")


def pytest_configure(config: pytest.Config) -> None:
    """Bytecode is there before tests start processes, which may be forbidden to write it."""
    if not hasattr(config, "workerinput"):
        for package in ("featurelib", "featurelib_offline", "featurelib_online"):
            compileall.compile_dir(_ROOT / package, quiet=2)
