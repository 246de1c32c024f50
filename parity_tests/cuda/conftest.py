"""The device of `make test-cuda`, and what was compared on it."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture(scope="session")
def device() -> Any:
    """The first CUDA device; without one every test here fails with what is missing."""
    from featurelib_online.cuda.cuda_device import open_device

    return open_device(0)


@pytest.fixture(scope="session")
def counts() -> dict[str, Any]:
    """What tests have compared, for the record."""
    return {}
