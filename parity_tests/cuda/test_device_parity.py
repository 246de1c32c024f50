"""The parity suite on a CUDA device. A record is written when all of it has passed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from featurelib.parity.device_engine import on_device
from featurelib.parity.values import Rows, Values
from featurelib_online import cuda
from parity_tests.device import device_checks as checks
from parity_tests.device.device_record import FOLDER, record
from parity_tests.online import layouts
from parity_tests.parity.op_bundles import FAMILIES

pytestmark = pytest.mark.cuda

Counts = dict[str, Any]
CHECKS = ("golden cases", "every op", "flights", "layouts", "calls", "columns", "memory", "streams")


@pytest.mark.parametrize("family", FAMILIES)
def test_golden_cases(family: str, device: Any, counts: Counts) -> None:
    """Every golden case of every op that a device has."""
    counts.setdefault("golden cases", {})[family] = checks.golden_cases(device, family)


@pytest.mark.parametrize("family", FAMILIES)
def test_every_op(family: str, device: Any, counts: Counts) -> None:
    """Every op on golden arguments and on generated rows, edges first."""
    counts.setdefault("every op", {})[family] = checks.every_op(device, family, 20_000, 500)


def test_flights_whole(device: Any, counts: Counts) -> None:
    """All 336,776 flights: the features as columns, and the tensors of the layout."""
    from featurelib_offline import fit
    from featurelib_offline.columns import series_column
    from parity_tests.feature_sets.flights import flights, load_flights

    frame = load_flights()
    bundle = flights.bind(fit(flights, frame))
    types = {f.name: f.dtype for f in bundle.schema.fields}
    columns = {
        n: Values.of_column(series_column(frame[n].rechunk(), t), t) for n, t in types.items()
    }
    rows = Rows(bundle.schema, columns, len(frame))
    assert on_device(bundle).program.outputs
    counts["flights"] = {
        "features": checks.agree(device, bundle, rows, 500),
        "tensors": checks.tensors(device, bundle, frame),
    }


def test_layouts(device: Any, counts: Counts) -> None:
    """Layouts of every shape, of any number of rows."""
    done = counts["layouts"] = {"layouts": 0}

    @settings(max_examples=60, deadline=None)
    @given(layouts.layouts().filter(bool), st.integers(0, 300))
    def check(layout: layouts.Layout, rows: int) -> None:
        kernel = cuda.compile(layouts.bundle_of(layout), device)
        given_rows = layouts.random_rows(rows)
        made = kernel.columns(layouts.as_columns(given_rows)).numpy()
        layouts.assert_tensors(made, layouts.expected(kernel.bundle, layout, given_rows))
        done["layouts"] += 1

    check()


def test_calls_under_way(device: Any, counts: Counts) -> None:
    """Staging is never written over while the device reads it."""
    counts["calls"] = checks.calls_under_way(device, 40, 500)


def test_columns_on_the_device(device: Any, counts: Counts) -> None:
    """What one kernel leaves on the device is a column of the next."""
    counts["columns"] = checks.columns_on_the_device(device, 3000)


def test_memory_that_runs_out(device: Any, counts: Counts) -> None:
    """More than the device has: an error that says how much, and the next call is right."""
    counts["memory"] = checks.memory_that_runs_out(device, 200 << 30)


def test_streams_of_others(device: Any, counts: Counts) -> None:
    """Streams of cuda.core, by object and by address; what is made on one is read from another."""
    import cuda.core as core
    from cuda.core.utils import StridedMemoryView

    bundle = layouts.bundle_of(layouts.FULL)
    kernel = cuda.compile(bundle, device)
    with device.current("making streams") as opened:
        streams = [opened.create_stream() for _ in range(4)]
    assert isinstance(streams[0], core.Stream)
    for i, stream in enumerate(streams):
        rows = layouts.random_rows(1000 + i, seed=i)
        queue = stream if i % 2 else int(stream.handle)
        made = kernel.columns(layouts.as_columns(rows), stream=queue)
        other = int(streams[i - 1].handle)
        view = StridedMemoryView.from_dlpack(made["dense"], stream_ptr=other)
        assert view.ptr == made["dense"].address
        layouts.assert_tensors(made.numpy(), layouts.expected(bundle, layouts.FULL, rows))
    counts["streams"] = len(streams)


def test_the_run_is_recorded(device: Any, counts: Counts) -> None:
    """All that stands above has run and passed: device, driver and counts go to golden_data."""
    lacking = [name for name in CHECKS if name not in counts]
    assert not lacking, f"not run, or not passed: {', '.join(lacking)}"
    assert counts["golden cases"].keys() == counts["every op"].keys() == set(FAMILIES)
    assert record(FOLDER, device, counts).is_file()


def test_torch_takes_tensors_without_a_copy(device: Any) -> None:
    """torch with CUDA sees the kernel's memory on its own stream; its tensors may be filled."""
    import torch

    assert torch.cuda.is_available(), f"torch {torch.__version__} has no CUDA device"
    layout = {"dense": ["half", "kind"], "ids": ["bucket"]}
    kernel = cuda.compile(layouts.bundle_of(layout), device)
    rows = layouts.random_rows(2000)
    wanted = layouts.expected(kernel.bundle, layout, rows)
    stream = torch.cuda.Stream()
    made = kernel.columns(layouts.as_columns(rows), stream=stream)
    tensors = made.torch()
    assert tensors["dense"].data_ptr() == made["dense"].address
    assert tensors["dense"].cpu().numpy().tobytes() == wanted["dense"].tobytes()
    out = {
        "dense": torch.full((2048, 4), 7.0, device="cuda"),
        "ids": torch.full((2048, 1), 7, dtype=torch.uint32, device="cuda"),
    }
    filled = kernel.columns(layouts.as_columns(rows), out=out).torch()
    assert filled["ids"].data_ptr() == out["ids"].data_ptr()
    assert filled["dense"].cpu().numpy().tobytes() == wanted["dense"].tobytes()
    assert np.all(out["dense"][2000:].cpu().numpy() == 7.0)
