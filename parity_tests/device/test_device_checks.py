"""What `make test-cuda` checks on a device passes on interpreted PTX, and can fail."""

from __future__ import annotations

from typing import Any

import pytest

from featurelib.errors import ParityError
from parity_tests.device import device_checks as checks
from parity_tests.device.ptx_device import PtxDevice


def test_golden_cases_are_replayed() -> None:
    """A family's cases, with tables, through the host side."""
    assert checks.golden_cases(PtxDevice(), "geo") > 10


def test_a_wrong_golden_value_is_found() -> None:
    """A device that flips a bit gives other values than the oracle's."""

    class Wrong(PtxDevice):
        def copy_out(self, address: int, size: int, stream: Any) -> Any:
            made = super().copy_out(address, size, stream).copy()
            made[7:8] ^= 128
            return made

    with pytest.raises(ParityError, match=r"^geo/\w+@1\.jsonl:\d+: "):
        checks.golden_cases(Wrong(), "geo")


def test_ops_agree_on_generated_rows() -> None:
    """Golden arguments and generated rows of a family."""
    assert checks.every_op(PtxDevice(), "rounding", 30, 30) == 60


def test_calls_under_way_keep_their_bytes() -> None:
    """Five calls with room for three."""
    assert checks.calls_under_way(PtxDevice(), 5, 10) == 60


def test_columns_may_be_on_the_device() -> None:
    """What one kernel leaves there is a column of another."""
    assert checks.columns_on_the_device(PtxDevice(), 130) == 130


def test_memory_may_run_out() -> None:
    """A device of a million bytes."""
    assert checks.memory_that_runs_out(PtxDevice(total=10**6), 10**6) == 1


def test_tensors_of_flights_agree() -> None:
    """A whole feature set, into new tensors and into given ones."""
    from featurelib_offline import fit
    from parity_tests.feature_sets.flights import flights, load_flights

    frame = load_flights()
    bundle = flights.bind(fit(flights, frame.head(20_000)))
    assert checks.tensors(PtxDevice(), bundle, frame.gather_every(2500)) == 135
