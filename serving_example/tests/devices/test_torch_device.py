"""Models on the CPU as a device."""

from typing import Any

import numpy as np
import pytest
import torch

from featurelib.errors import (
    DefinitionError,
    DeviceError,
    DeviceMemoryError,
    InputError,
    NoDeviceError,
)
from featurelib.layout import Layout
from serving_example.devices import Ladder, cpu_device, cuda_device
from serving_example.tests.devices.models import LAYOUT, Ranker, rows_of


def loaded_on(device: Any, module: Any = None, ladder: Any = (128, 256)) -> Any:
    return device.load("d" * 64, module or Ranker(), LAYOUT, Ladder(ladder))


@pytest.mark.parametrize("rows", [1, 100, 128, 129, 256])
def test_scores_are_those_of_torch_at_the_padded_size(rows: Any) -> None:
    """The bits equal a plain call of the model on the rows with zeros behind them."""
    device, module = cpu_device(), Ranker()
    loaded = loaded_on(device, module)
    given = rows_of(rows)
    size = 128 if rows <= 128 else 256
    padded = {n: np.zeros((size, a.shape[1]), a.dtype) for n, a in given.items()}
    for name, array in given.items():
        padded[name][:rows] = array
    with torch.no_grad():
        wanted = module({n: torch.from_numpy(a) for n, a in padded.items()}).numpy()[:rows]
    assert device.run(loaded, [given]).tobytes() == wanted.tobytes()


def test_requests_of_one_batch_get_their_own_scores() -> None:
    """Three requests run together have the bits that each has alone."""
    device = cpu_device()
    loaded = loaded_on(device)
    requests = [rows_of(n, seed=n) for n in (3, 100, 40)]
    alone = [device.run(loaded, [request]) for request in requests]
    together = device.run(loaded, requests)
    assert together.tobytes() == np.concatenate(alone).tobytes()


def test_an_answer_is_not_written_over_by_the_next_batch() -> None:
    """The array that a run gave belongs to who asked."""
    device = cpu_device()
    loaded = loaded_on(device)
    first = device.run(loaded, [rows_of(5, seed=1)])
    kept = first.copy()
    device.run(loaded, [rows_of(5, seed=2)])
    assert first.tobytes() == kept.tobytes()


def test_what_is_written_into_the_devices_memory_is_run() -> None:
    """The same bits as of a copy; of the batch before nothing is seen. No room without a model."""
    device = cpu_device()
    loaded = loaded_on(device)
    given = rows_of(60, seed=1)
    wanted = device.run(loaded, [given])
    device.run(loaded, [rows_of(128, seed=3)])
    room = device.room(loaded, 60)
    for name, array in given.items():
        assert room[name].shape == array.shape
        room[name][...] = array
    assert device.run(loaded, [room]).tobytes() == wanted.tobytes()
    later = {name: array[1:] for name, array in room.items()}
    assert device.run(loaded, [later]).tobytes() == wanted[1:].tobytes()  # a copy, to the front
    with pytest.raises(InputError, match="rows <= 256"):
        device.room(loaded, 257)
    device.unload(loaded)
    with pytest.raises(DeviceError, match="was unloaded"):
        device.room(loaded, 1)


def test_a_part_of_a_model_gives_vectors() -> None:
    """A function of a model other than forward is loaded by its name."""
    device = cpu_device()
    layout = Layout(LAYOUT.tensors[1:])
    loaded = device.load("d" * 64, Ranker(), layout, Ladder((4,)), part="user")
    assert device.run(loaded, [{"ids": np.array([[3], [3], [4]])}]).shape == (3, 8)


def test_a_row_has_the_same_score_at_every_size_and_place() -> None:
    """What other requests of a batch bring, and what the batch before left behind, never shows."""
    device = cpu_device()
    loaded = loaded_on(device, ladder=(128, 256, 512))
    few = rows_of(128)
    alone = device.run(loaded, [few]).tobytes()
    for size in (256, 512):
        for at in (1, 60, size - 128 - 1):
            around = [rows_of(at, seed=1), few, rows_of(size - 128 - at, seed=2)]
            assert device.run(loaded, around)[at : at + 128].tobytes() == alone


@pytest.mark.parametrize(
    "tensors, message",
    [
        ({"dense": np.zeros((2, 4), np.float32)}, r"`dense`: expected float32 of shape \(2, 3\)"),
        ({"dense": np.zeros((2, 3))}, "got float64"),
        ({"ids": np.zeros((1, 1), np.int64)}, r"`ids`: expected int64 of shape \(2, 1\)"),
    ],
)
def test_a_tensor_of_another_shape_or_type_is_refused(tensors: Any, message: Any) -> None:
    """Nothing is cast, cut or repeated."""
    device = cpu_device()
    with pytest.raises(InputError, match=message):
        device.run(loaded_on(device), [rows_of(2) | tensors])


def test_a_model_that_does_not_fit_the_budget_is_refused() -> None:
    """The message says how much it needs; nothing is taken. Unloading gives memory back."""
    device = cpu_device(memory_bytes=20_000)
    first = loaded_on(device, ladder=(128,))
    assert 0 < device.used_bytes == first.memory_bytes < 20_000
    with pytest.raises(DeviceMemoryError, match=r"needs \d+ bytes"):
        device.load("e" * 64, Ranker(), LAYOUT, Ladder((1024,)))
    assert device.used_bytes == first.memory_bytes
    device.unload(first)
    device.unload(first)
    assert device.used_bytes == 0
    with pytest.raises(DeviceError, match="was unloaded"):
        device.run(first, [rows_of(1)])


def test_a_model_without_the_function_or_with_lists_is_refused() -> None:
    """Both are errors of who loads, and say which."""
    device = cpu_device()
    with pytest.raises(DefinitionError, match="no function `film`"):
        device.load("d" * 64, Ranker(), LAYOUT, Ladder(), part="film")
    ragged = Layout.from_json([["seen", ["s"], "Int64", [0]]])
    with pytest.raises(DefinitionError, match="`seen` holds Lists"):
        device.load("d" * 64, Ranker(), ragged, Ladder())


def test_a_model_that_gives_fewer_rows_fails_by_name() -> Any:
    """A sum over the batch is no score for each row."""
    device = cpu_device()

    class Sum(Ranker):
        def forward(self, tensors: Any) -> Any:
            return tensors["dense"].sum(dim=0)

    with pytest.raises(DeviceError, match=r"expected 128 rows .* shape \(3,\)"):
        device.run(loaded_on(device, Sum()), [rows_of(2)])


def test_a_cuda_device_that_is_not_there_is_refused() -> None:
    """The error counts the devices and names the way out."""
    with pytest.raises(NoDeviceError, match="--device cpu"):
        cuda_device(torch.cuda.device_count())
