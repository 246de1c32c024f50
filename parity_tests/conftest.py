"""Rules for the whole suite."""

import re

import pytest

_ADDRESS = re.compile(r"\bat 0x[0-9a-f]+")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A name is the same in every process: pytest-xdist compares the names of its workers."""
    for item in items:
        if _ADDRESS.search(item.nodeid):
            raise pytest.UsageError(f"{item.nodeid}: an address in a test's name; give it an id")
