"""A device that computes here and takes the time of another."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from featurelib.errors import DefinitionError, DeviceError, DeviceMemoryError
from serving_example.devices import Ladder, PacedDevice, Recording, TorchDevice, cpu_device
from serving_example.tests.devices.models import LAYOUT, Ranker, rows_of

RECORDING = Recording("a device of the test", {128: 0.02, 256: 0.03}, 1.5, 400, 1000)


class Time:
    """A clock that stands still but for who sleeps, and for what is added to it."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


class Slow(TorchDevice):
    """The CPU, with a second of its own for each batch."""

    def __init__(self, time: Time) -> None:
        super().__init__("cpu-0", "cpu", 2**30)
        self.time = time

    def run(self, loaded: Any, requests: Any) -> Any:
        self.time.now += 1.0
        return super().run(loaded, requests)


def paced(time: Time, inner: Any = None) -> Any:
    return PacedDevice(inner or cpu_device(), RECORDING, clock=time, sleep=time.sleep)


def loaded_on(device: Any, digest: str = "d") -> Any:
    return device.load(digest * 64, Ranker(), LAYOUT, Ladder((128, 256)))


def test_it_gives_the_bits_of_the_device_that_computes_after_the_recorded_time() -> None:
    """100 rows wait for size 128, 200 for size 256; the scores are torch's on this machine."""
    time, plain = Time(), cpu_device()
    device = paced(time)
    loaded, wanted = loaded_on(device), plain.load("d" * 64, Ranker(), LAYOUT, Ladder((128, 256)))
    time.slept.clear()
    for rows, seconds in ((100, 0.02), (200, 0.03)):
        got = device.run(loaded, [rows_of(rows)])
        assert got.tobytes() == plain.run(wanted, [rows_of(rows)]).tobytes()
        assert time.slept.pop() == pytest.approx(seconds)
    assert device.late_batches == 0


def test_a_batch_that_took_longer_here_is_counted() -> None:
    """Nothing is waited for, and the count says that the figures are not those of the recording."""
    time = Time()
    device = paced(time, Slow(time))
    loaded = loaded_on(device)
    time.slept.clear()
    device.run(loaded, [rows_of(3)])
    assert (device.late_batches, time.slept) == (1, [])


def test_loading_and_warming_take_their_time() -> None:
    """A load takes what was recorded, and each size that is warmed takes its batch."""
    time = Time()
    device = paced(time)
    loaded = loaded_on(device)
    device.warm(loaded, 256)
    assert time.slept == pytest.approx([1.5, 0.03])


def test_the_budget_is_counted_in_recorded_bytes() -> None:
    """Two models of 400 bytes fit 1,000, a third does not until one is gone; the kind is paced."""
    device = paced(Time())
    first = loaded_on(device)
    loaded_on(device, "e")
    with pytest.raises(DeviceMemoryError, match="needs 400 bytes, 200 of 1000 are free"):
        loaded_on(device, "f")
    device.unload(first)
    device.unload(first)
    assert device.used_bytes == 400
    loaded_on(device, "f")
    assert (device.kind, device.name, device.used_bytes) == ("paced", "paced-cpu-0", 800)
    with pytest.raises(DeviceError, match="unloaded"):
        device.run(first, [rows_of(1)])


def test_a_size_that_was_not_recorded_is_refused() -> None:
    """No size is guessed: the message says which there are. No other device's model is run."""
    device = paced(Time())
    with pytest.raises(DefinitionError, match="no seconds of size 512"):
        device.load("d" * 64, Ranker(), LAYOUT, Ladder((128, 512)))
    foreign = cpu_device().load("d" * 64, Ranker(), LAYOUT, Ladder((128,)))
    with pytest.raises(DeviceError, match="that a paced device loaded"):
        device.run(foreign, [{"dense": np.zeros((1, 3))}])


def test_a_recording_is_read_as_it_was_written(tmp_path: Path) -> None:
    """The file says where its figures are from; a file that is none is refused by its place."""
    path = tmp_path / "recorded.json"
    RECORDING.dump(path)
    assert Recording.read(path) == RECORDING
    path.write_text('{"run_s": {}}')
    with pytest.raises(DefinitionError, match=r"recorded\.json: no recording"):
        Recording.read(path)
    with pytest.raises(DefinitionError, match="expected seconds"):
        Recording("x", {128: -1.0}, 0.0, 0, 0)
