"""The device kernel as a parity engine: the host side of a device, its real PTX, every op."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from featurelib.errors import NoDeviceError, ParityError
from featurelib.parity.device_engine import DeviceKernelEngine, left_out, on_device
from featurelib.parity.engines import Reference, all_engines
from featurelib.parity.run import check_rows
from featurelib.parity.values import Rows
from parity_tests.device.device_programs import DEVICE_FAMILIES
from parity_tests.device.device_record import read_record, record
from parity_tests.device.ptx_device import PtxDevice
from parity_tests.parity.op_bundles import FAMILIES, family_bundle

ROWS = 24
"""Golden arguments of each family, spread evenly; `test_device_programs` runs more rows without the
host side."""


@pytest.fixture(scope="module")
def engine() -> DeviceKernelEngine:
    return DeviceKernelEngine(PtxDevice())


@pytest.mark.parametrize("family", DEVICE_FAMILIES)
def test_ops_of_a_family_agree_through_the_host_side(
    family: str, engine: DeviceKernelEngine
) -> None:
    """Columns are staged, computed on the device and copied back: the reference's bits."""
    bundle, golden = family_bundle(family)
    section = check_rows(bundle, _spread(golden), [engine], family)
    assert section.passed, "\n".join(line for m in section.mismatches for line in m.lines())


def _spread(rows: Rows) -> Rows:
    return rows.take(np.linspace(0, len(rows) - 1, min(len(rows), ROWS)).astype(int))


def test_a_wrong_value_is_found() -> None:
    """A device that flips one bit of what it computes does not pass."""

    class Wrong(PtxDevice):
        def copy_out(self, address: int, size: int, stream: Any) -> Any:
            made = super().copy_out(address, size, stream).copy()
            made[:1] ^= 1
            return made

    bundle, golden = family_bundle("rounding")
    section = check_rows(bundle, _spread(golden), [DeviceKernelEngine(Wrong())], "golden")
    assert not section.passed


def test_features_without_a_device_are_named() -> None:
    """They are left out of the engine, each with its reason."""
    named: dict[str, str] = {}
    for family in FAMILIES:
        bundle = family_bundle(family)[0]
        out = left_out(bundle)
        assert (
            on_device(bundle).program.outputs.keys() == bundle.program.outputs.keys() - out.keys()
        )
        named |= out
    assert any(name.startswith("str.to_uppercase@1") for name in named)
    assert all(named.values())


def test_the_engine_is_listed_where_there_is_a_device() -> None:
    """Elsewhere it is no engine, and asking for it by name says what is missing."""
    names = [e.name for e in all_engines()]
    assert names[0] == Reference().name
    if "device kernel" not in names:
        with pytest.raises(NoDeviceError):
            all_engines(["device kernel"])
    with pytest.raises(ParityError, match="no engine `abacus`"):
        all_engines(["abacus"])


def test_a_run_on_a_device_is_recorded(tmp_path: Path) -> None:
    """The record names the device, its driver and what was compared, and reads back."""
    device = PtxDevice()
    path = record(tmp_path, device, {"golden cases": 3, "rows": {"flights": 7}})
    assert path.name == "ptx-interpreter.json"
    found = read_record(path)
    assert found["device"] == "PTX interpreter"
    assert found["compute capability"] == "9.0"
    assert found["counts"] == {"golden cases": 3, "rows": {"flights": 7}}
    assert found["driver"] == "none"
    first = path.read_bytes()
    assert record(tmp_path, device, {"golden cases": 3, "rows": {"flights": 7}}) == path
    assert path.read_bytes() == first
