"""Device kernels through their real host side, on interpreted PTX: tensors, staging, streams."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from featurelib_online import cuda
from parity_tests.device.ptx_device import DeviceArray, PtxDevice
from parity_tests.online import layouts


def kernel_of(layout: layouts.Layout, device: PtxDevice | None = None, **more: Any) -> Any:
    """A device kernel of the offers in the interpreter."""
    return cuda.compile(layouts.bundle_of(layout), device or PtxDevice(), **more)


@pytest.fixture(scope="module")
def full() -> Any:
    return kernel_of(layouts.FULL)


@pytest.mark.parametrize("rows", [0, 1, 2, 127, 128, 129, 700])
def test_tensors_are_those_of_the_reference(full: Any, rows: int) -> None:
    """Any number of rows: none, around a block, and more than a launch has threads (512)."""
    given_rows = layouts.random_rows(rows)
    made = full.columns(layouts.as_columns(given_rows))
    wanted = layouts.expected(full.bundle, layouts.FULL, given_rows)
    layouts.assert_tensors(made.numpy(), wanted)
    assert made.rows == rows


@settings(max_examples=12, deadline=None)
@given(layouts.layouts().filter(bool), st.integers(0, 9))
def test_any_layout_is_filled(layout: layouts.Layout, rows: int) -> None:
    """Tensors in any order with any members: strides, repeats, Arrays, inputs and Lists."""
    kernel = kernel_of(layout)
    given_rows = layouts.random_rows(rows)
    made = kernel.columns(layouts.as_columns(given_rows)).numpy()
    layouts.assert_tensors(made, layouts.expected(kernel.bundle, layout, given_rows))


def test_one_copy_brings_all_columns() -> None:
    """Numbers, flags, text and slots travel at once; nothing waits for the device."""
    device = PtxDevice()
    kernel = kernel_of({"dense": ["half", "heavy", "kind"], "ids": ["bucket"]}, device)
    waits = device.waits
    device.copies.clear()
    made = kernel.columns(layouts.as_columns(layouts.random_rows(50)))
    assert len(device.copies) == len(device.launches) == 1
    assert device.waits == waits
    assert not made.is_done
    made.wait()
    assert made.is_done


def test_calls_under_way_have_staging_of_their_own() -> None:
    """Bytes that the device has not copied yet are never written over, whatever comes meanwhile."""
    device = PtxDevice()
    layout = {"dense": ["half", "kind"], "tags": ["tags"]}
    kernel = kernel_of(layout, device, calls_in_flight=3)
    waits = device.waits
    batches = [layouts.random_rows(20, seed=i) for i in range(8)]
    made = [kernel.columns(layouts.as_columns(rows)) for rows in batches]
    assert device.waits == waits + 8 - 3  # the fourth call and each after it waits for the oldest
    for rows, batch in zip(batches, made, strict=True):
        layouts.assert_tensors(batch.numpy(), layouts.expected(kernel.bundle, layout, rows))


def test_staging_is_used_again() -> None:
    """A kernel that is called again and again takes no more memory than its tensors."""
    device = PtxDevice()
    kernel = kernel_of({"dense": ["half"]}, device)
    used = []
    for _ in range(6):
        kernel.columns(layouts.as_columns(layouts.random_rows(40))).wait()
        device.work(device.begun)
        used.append(device.used)
    assert len(set(used)) == 1


def test_memory_lives_as_long_as_work_on_it() -> None:
    """A kernel and its batch may be dropped while the device still works: nothing fails."""
    device = PtxDevice()
    kernel = kernel_of({"dense": ["half", "kind"]}, device)
    kernel.columns(layouts.as_columns(layouts.random_rows(40)))
    del kernel
    device.work(device.begun)
    assert device.used == 0


def test_threads_may_share_a_kernel() -> None:
    """Calls from several threads at once give each its own tensors."""
    device = PtxDevice()
    layout = {"dense": ["half", "kind", "heavy"], "scores": ["scores"]}
    kernel = kernel_of(layout, device, calls_in_flight=2)
    found: dict[int, Any] = {}

    def work(seed: int) -> None:
        rows = layouts.random_rows(30, seed=seed)
        found[seed] = kernel.columns(layouts.as_columns(rows)).numpy()

    threads = [threading.Thread(target=work, args=(i,)) for i in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for seed in range(6):
        rows = layouts.random_rows(30, seed=seed)
        layouts.assert_tensors(found[seed], layouts.expected(kernel.bundle, layout, rows))


def test_work_is_queued_on_the_stream_of_the_caller() -> None:
    """Copies and the launch stand on one stream, and on no other."""
    device = PtxDevice()
    kernel = kernel_of({"dense": ["half"], "tags": ["tags"]}, device)
    device.streams.clear()
    kernel.columns(layouts.as_columns(layouts.random_rows(3)), stream=77)
    assert device.streams == {77}


def test_tensors_go_to_torch_without_a_copy(full: Any) -> None:
    """torch sees the very memory that the kernel wrote, in the types of the layout."""
    rows = layouts.random_rows(5)
    made = full.columns(layouts.as_columns(rows))
    tensors = made.torch()
    again = made.torch()
    for name, wanted in layouts.expected(full.bundle, layouts.FULL, rows).items():
        assert tensors[name].numpy().tobytes() == wanted.tobytes()
        assert tensors[name].shape == wanted.shape
        assert tensors[name].data_ptr() == again[name].data_ptr()
    assert tensors["dense"].dtype == torch.float32


def test_given_tensors_are_filled_and_their_other_rows_left_alone() -> None:
    """`out` may have room for more rows; these keep what they held."""
    device = PtxDevice()
    layout = {"dense": ["half", "pair"], "tags": ["tags"]}
    kernel = kernel_of(layout, device)
    rows = layouts.random_rows(6)
    dense = DeviceArray(device, np.full((10, 3), 7, np.float32))
    tags = DeviceArray(device, np.full(64, -7, np.int64))
    offsets = DeviceArray(device, np.full(9, -7, np.int64))
    out = {"dense": dense, "tags": tags, "tags.offsets": offsets}
    made = kernel.columns(layouts.as_columns(rows), out=out)
    wanted = layouts.expected(kernel.bundle, layout, rows)
    layouts.assert_tensors(made.numpy(), wanted)
    total = len(wanted["tags"])
    assert dense.array[:6].tobytes() == wanted["dense"].tobytes()
    assert (dense.array[6:] == 7).all()
    assert (tags.array[:total] == wanted["tags"]).all()
    assert (tags.array[total:] == -7).all()
    assert (offsets.array[7:] == -7).all()
    assert made.torch()["dense"].shape == (6, 3)


def test_columns_on_the_device_are_read_where_they_are() -> None:
    """Numbers of an online store that keeps vectors on the device: the same bits, no copy."""
    device = PtxDevice()
    layout = {"dense": ["half", "heavy", "kind"], "more": ["more", "stock"], "flags": ["is_old"]}
    kernel = kernel_of(layout, device)
    rows = layouts.random_rows(130)
    columns: dict[str, Any] = layouts.as_columns(rows)
    wanted = kernel.columns(columns).numpy()
    sent = device.copies[-1]
    valid = np.array([row["weight"] is not None for row in rows])
    weights = np.array([row["weight"] if v else 9.0 for row, v in zip(rows, valid, strict=True)])
    columns |= {
        "price": DeviceArray(device, np.array([row["price"] for row in rows])),
        "weight": (DeviceArray(device, weights.astype(np.float32)), DeviceArray(device, valid)),
        "stock": DeviceArray(device, np.array([row["stock"] for row in rows], np.int16)),
        "is_new": DeviceArray(device, np.array([row["is_new"] for row in rows])),
    }
    layouts.assert_tensors(kernel.columns(columns).numpy(), wanted)
    assert device.copies[-1] < sent


def test_a_nullable_column_on_the_device_without_flags_has_no_nulls() -> None:
    """What has no flags is all there."""
    device = PtxDevice()
    kernel = kernel_of({"dense": ["heavy"]}, device)
    rows = layouts.random_rows(9)
    for row in rows:
        row["weight"] = 0.5
    columns: dict[str, Any] = layouts.as_columns(rows)
    columns["weight"] = DeviceArray(device, np.full(9, 0.5, np.float32))
    assert (kernel.columns(columns).numpy()["dense"] == 0.5).all()
