"""Device kernels as engines, where there is a device to run them.

    device kernel           features as columns: numbers, flags, and text that rows pass on

A feature that a device cannot compute (`featurelib.jit.device_rules`) is left out; which ones these
are says `left_out`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from featurelib.bundle import Bundle
from featurelib.dtypes import DType
from featurelib.errors import FeaturelibError
from featurelib.jit.device_rules import node_reason
from featurelib.jit.kernel import Column
from featurelib.layout import Layout
from featurelib.parity.engines import Engine, Outputs, pieces
from featurelib.parity.values import Rows, Values
from featurelib.program import Program, topological

__all__ = ["NAME", "DeviceKernelEngine", "device_engines", "left_out", "on_device"]

NAME = "device kernel"


def left_out(bundle: Bundle) -> dict[str, str]:
    """Why features cannot run on a device, by the name of each that cannot."""
    made = {}
    for name, node in bundle.program.outputs.items():
        nodes = topological([node], through_fits=False)
        reasons = [r for below in nodes if (r := node_reason(below)) is not None]
        if reasons:
            made[name] = reasons[0]
    return made


def on_device(bundle: Bundle) -> Bundle:
    """The features that a device can compute, without tensors."""
    out = left_out(bundle)
    kept = {n: node for n, node in bundle.program.outputs.items() if n not in out}
    return replace(bundle, program=Program(kept), layout=Layout())


@dataclass(frozen=True)
class DeviceKernelEngine:
    """The kernel on a device, in pieces of many lengths; results are copied back.

    Attributes:
        device: What runs it, a `featurelib_online.cuda.device.Device`.
        name: For reports.
    """

    device: Any = field(repr=False)
    name: str = NAME

    def compute(self, bundle: Bundle, rows: Rows) -> Outputs:
        """See `Engine.compute`; features that a device cannot compute are not among them."""
        from featurelib_online.cuda.program import DeviceProgram

        program = on_device(bundle).program
        kernel = DeviceProgram(self.device, program, bundle.state)
        columns = {name: rows.columns[name].column() for name in kernel.inputs}
        parts = [
            self._piece(
                kernel, {n: _sliced(c, start, stop) for n, c in columns.items()}, stop - start
            )
            for start, stop in pieces(len(rows))
        ]
        return {
            name: Values(
                node.dtype,
                np.concatenate([p[name].data for p in parts]),
                np.concatenate([p[name].valid for p in parts]),
            )
            for name, node in program.outputs.items()
        }

    def _piece(self, kernel: Any, columns: dict[str, Column], rows: int) -> Outputs:
        from featurelib_online.cuda.program import Address

        stream = self.device.stream(None)
        memory, outputs = {}, []
        for name, node in kernel.program.outputs.items():
            width = 16 if node.dtype.kind == "v" else node.dtype.bits // 8
            values = self.device.allocate(rows * width, stream)
            valid = self.device.allocate(rows, stream)
            memory[name] = values, valid
            outputs.append(Address(values.address, valid.address))
        launched = kernel.run(columns, outputs, rows, stream)
        launched.mark.wait()
        seen = _Seen(self.device, launched.memory, stream)
        made = {}
        for name, node in kernel.program.outputs.items():
            values, valid = (
                self.device.copy_out(m.address, m.size if i == 0 else rows, stream)
                for i, m in enumerate(memory[name])
            )
            made[name] = _values(values, valid if node.nullable else None, node.dtype, rows, seen)
        return made


class _Seen:
    """Memory that pairs lead into, copied to the host when a pair first does."""

    def __init__(self, device: Any, memory: Any, stream: Any) -> None:
        self._device, self._memory, self._stream = device, memory, stream
        self._copies: dict[int, bytes] = {}

    def bytes(self, address: int, size: int) -> bytes:
        """So many bytes from an address of the device."""
        for part in self._memory:
            start = address - part.address
            if start >= 0 and start + size <= part.size:
                if part.address not in self._copies:
                    copied = self._device.copy_out(part.address, part.size, self._stream)
                    self._copies[part.address] = copied.tobytes()
                return self._copies[part.address][start : start + size]
        raise IndexError(f"a pair leads to {address:#x}, {size} bytes: no memory of the call")


def _values(values: Any, valid: Any, dtype: DType, rows: int, seen: _Seen) -> Values:
    flags = np.ones(rows, bool) if valid is None else valid[:rows] != 0
    if dtype.kind != "v":
        data = values[: rows * dtype.bits // 8].view(dtype.storage).copy()
        data[~flags] = 0
        return Values(dtype, data, flags)
    width = max(dtype.bits // 8, 1)
    made = np.empty(rows, object)
    pairs = values[: 16 * rows].view(np.int64).reshape(-1, 2).tolist()
    for i, (address, length) in enumerate(pairs):
        made[i] = seen.bytes(address, length * width) if flags[i] and length else b""
    return Values(dtype, made, flags)


def _sliced(column: Column, start: int, stop: int) -> Column:
    valid = None if column.valid is None else column.valid[start:stop]
    return Column(column.values[start:stop], valid, column)


def device_engines(*, required: bool = False) -> list[Engine]:
    """The engine of the first device; none where there is no device that can run it.

    Args:
        required: Raise what is wrong instead.

    Raises:
        FeaturelibError: `required`, and there is no device, driver or numba-cuda.
    """
    from featurelib_online.cuda.driver import devices

    try:
        devices()
        from featurelib_online.cuda.cuda_device import open_device

        return [DeviceKernelEngine(open_device())]
    except FeaturelibError:
        if required:
            raise
        return []
