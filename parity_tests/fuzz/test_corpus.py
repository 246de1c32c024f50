"""What fuzzing found once is read again: refused by our own errors, or read as Python reads it."""

from __future__ import annotations

import pytest

from parity_tests.fuzz.bundles import Bundles
from parity_tests.fuzz.requests import Requests
from parity_tests.fuzz.target import Target, kept


@pytest.mark.parametrize("target", [Bundles(), Requests()], ids=lambda t: t.name)
def test_kept_inputs_have_no_fault(target: Target) -> None:
    """Each input is refused or read, and leaves nothing outside the reader's own memory."""
    inputs = [*target.seeds(), *kept(target)]
    assert len(inputs) > 10
    for data in inputs:
        target.check(data)
