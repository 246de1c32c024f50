"""Device kernels on a CUDA device: rows/s against the time to move their inputs, and bandwidth.

python -m benchmarks.device [--quick] [--device 0]

It is no page of `make bench`, which runs on machines without a device; without one it fails and
says so. For each set and number of rows:

- columns: from NumPy on the host to tensors on the device, all of it;
- border: reading and checking the columns on the host, which is part of it;
- copy: the block alone, from pinned memory to the device, as fast as the driver does it;
- on device: the same call with columns that are on the device already (for the set of numbers);
- of bandwidth: bytes that the kernel must read and write, over its time, as a share of what a copy
  within the device reaches.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

import numpy as np

import featurelib as fl
from benchmarks.tables import Table
from benchmarks.timing import race
from featurelib.bundle import Bundle
from featurelib.fields import InputSchema
from featurelib_online import cuda
from featurelib_online.columns import read_columns
from featurelib_online.cuda.cuda_device import CudaDevice, open_device

_NUMBERS = 16


def numbers() -> Bundle:
    """Sixteen floats, on a log scale and centred: what bandwidth bounds."""
    names = [f"x{i}" for i in range(_NUMBERS)]
    features = [
        fl.Feature(f"log_{n}", version=1, expr=fl.col(n).abs().log1p().cast(fl.Float32))
        for n in names
    ]
    schema = InputSchema.from_fields(dict.fromkeys(names, float))
    layout = {"dense": [f.name for f in features]}
    return fl.FeatureSet(
        "numbers", version="1.0.0", inputs=schema, features=features, layout=layout
    ).bind()


def number_columns(rows: int) -> dict[str, Any]:
    """Columns for `numbers`."""
    random = np.random.default_rng(0)
    return {f"x{i}": random.standard_normal(rows) for i in range(_NUMBERS)}


def flights(rows: int) -> tuple[Bundle, Any]:
    """The flights with text, zones and vocabularies; rows are repeated as often as needed."""
    from featurelib_offline import fit
    from parity_tests.feature_sets.flights import flights as features
    from parity_tests.feature_sets.flights import load_flights

    frame = load_flights()
    bundle = features.bind(fit(features, frame))
    return bundle, frame[np.arange(rows) % len(frame)]


def measure(device: CudaDevice, quick: bool) -> list[Table]:
    """The tables for a device."""
    sizes = (1_000,) if quick else (256, 4_096, 65_536, 1_048_576)
    rounds, slice_s = (2, 0.01) if quick else (9, 0.2)
    lines = []
    peak = _peak(device, rounds, slice_s)
    for rows in sizes:
        columns = number_columns(rows)
        lines.append(_line(device, "16 numbers", numbers(), columns, rows, rounds, slice_s, peak))
        bundle, frame = flights(rows)
        lines.append(_line(device, "flights", bundle, frame, rows, rounds, slice_s, peak))
    heads = (
        *("set", "rows", "columns, ms", "Mrows/s", "border, ms", "copy, ms"),
        *("on device, ms", "on device, Mrows/s", "of bandwidth"),
    )
    title = f"Device kernels on {device.name}, {device.driver}, {peak / 1e9:,.0f} GB/s within it"
    return [Table(title, heads, lines)]


def _line(
    device: CudaDevice,
    name: str,
    bundle: Bundle,
    data: Any,
    rows: int,
    rounds: int,
    slice_s: float,
    peak: float,
) -> tuple[str, ...]:
    """One set at one number of rows."""
    kernel = cuda.compile(bundle, device)
    out = dict(kernel.columns(data))
    size = _sent(bundle, data)
    pinned, memory = device.pinned(size), device.allocate(size, device.stream(None))
    stream = device.stream(None)

    def copy() -> None:
        device.copy_in(memory.address, pinned.array[:size], stream)
        device.mark(stream).wait()

    contestants: dict[str, Callable[[], object]] = {
        "columns": lambda: kernel.columns(data, out=out).wait(),
        "border": lambda: read_columns(data, bundle),
        "copy": copy,
    }
    there = _on_device(kernel, data) if name == "16 numbers" else None
    if there is not None:
        contestants["kernel"] = lambda: kernel.columns(there, out=out).wait()
    timed = race(contestants, rounds=rounds, slice_s=slice_s)
    seconds = {n: timed.median(n) for n in contestants}
    inside = seconds.get("kernel")
    moved = size + sum(t.dtype.itemsize * _count(t) for t in out.values())
    return (
        name,
        f"{rows:,}",
        f"{1e3 * seconds['columns']:.3f}",
        f"{rows / seconds['columns'] / 1e6:.2f}",
        f"{1e3 * seconds['border']:.3f}",
        f"{1e3 * seconds['copy']:.3f}",
        "" if inside is None else f"{1e3 * inside:.3f}",
        "" if inside is None else f"{rows / inside / 1e6:.2f}",
        "" if inside is None else f"{moved / inside / peak:.0%}",
    )


def _count(tensor: Any) -> int:
    return int(np.prod(tensor.shape))


def _sent(bundle: Bundle, data: Any) -> int:
    """Bytes of the columns that a call sends."""
    columns, _ = read_columns(data, bundle)
    total = 0
    for field in bundle.schema.fields:
        column = columns[field.name]
        total += column.values.nbytes + (0 if column.valid is None else column.valid.nbytes)
        if field.dtype.kind == "v":
            total += int(column.values[:, 1].sum()) * max(field.dtype.bits // 8, 1)
    return max(total, 1)


class _Column:
    """A column on the device, as another library would hand it over."""

    def __init__(self, device: CudaDevice, values: np.ndarray[Any, Any]) -> None:
        stream = device.stream(None)
        self._memory = device.allocate(values.nbytes, stream)
        pinned = device.pinned(values.nbytes)
        pinned.array[:] = values.view(np.uint8)
        device.copy_in(self._memory.address, pinned.array, stream)
        device.mark(stream).wait()
        self.__cuda_array_interface__ = {
            "shape": values.shape,
            "typestr": values.dtype.str,
            "data": (self._memory.address, False),
            "version": 3,
        }


def _on_device(kernel: cuda.DeviceKernel, data: Any) -> dict[str, Any]:
    device = kernel.device
    assert isinstance(device, CudaDevice)
    return {name: _Column(device, values) for name, values in data.items()}


def _peak(device: CudaDevice, rounds: int, slice_s: float) -> float:
    """Bytes a second, read and written, of a copy within the device."""
    size = 1 << 28
    stream = device.stream(None)
    from cuda.bindings import driver as api

    source, target = (device.allocate(size, stream) for _ in range(2))

    def copy() -> None:
        with device.current("copying within it"):
            api.cuMemcpyDtoDAsync(target.address, source.address, size, stream.handle)
        device.mark(stream).wait()

    return 2 * size / race({"copy": copy}, rounds=rounds, slice_s=slice_s).median("copy")


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.device", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few rows, few turns: does it run?")
    parser.add_argument("--device", type=int, default=0, help="number of the CUDA device")
    given = parser.parse_args()
    for table in measure(open_device(given.device), given.quick):
        print(table.markdown())


if __name__ == "__main__":
    main()
