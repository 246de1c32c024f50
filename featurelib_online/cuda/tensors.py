"""Tensors on a device: those that a kernel makes, and those that a caller gives."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from featurelib.errors import DeviceError, InputError
from featurelib.layout import Layout
from featurelib_online.cuda.device import ArrayView, Device, Mark, Memory, Stream, location

__all__ = ["DeviceBatch", "DeviceTensor", "Part", "Target", "check_overlaps", "parts", "targets"]


class Part(NamedTuple):
    """An array that a layout asks for: a tensor, or the values or offsets of a ragged one.

    Attributes:
        name: Its name in mappings of tensors.
        shape: Its shape for the rows at hand.
        dtype: Type of its elements.
    """

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    @property
    def size(self) -> int:
        """In bytes."""
        return math.prod(self.shape) * self.dtype.itemsize

    @property
    def text(self) -> str:
        """Its dtype and shape, for people."""
        return f"{self.dtype} of shape {self.shape}"


def parts(layout: Layout, rows: int, totals: Mapping[str, int]) -> list[Part]:
    """The arrays of a layout.

    Args:
        layout: The tensors.
        rows: How many rows.
        totals: How many elements each ragged tensor has.
    """
    made = []
    for tensor in layout.tensors:
        dtype = np.dtype(tensor.dtype.storage)
        if tensor.is_ragged:
            made.append(Part(tensor.name, (totals[tensor.name],), dtype))
            made.append(Part(tensor.offsets_name, (rows + 1,), np.dtype(np.int64)))
        else:
            made.append(Part(tensor.name, (rows, tensor.width), dtype))
    return made


class Target(NamedTuple):
    """Where an array is written.

    Attributes:
        part: What is written.
        address: On the device.
        memory: Ours; None where the caller gave it.
        given: What the caller gave.
    """

    part: Part
    address: int
    memory: Memory | None
    given: Any = None


def targets(
    wanted: list[Part], out: Mapping[str, Any] | None, device: Device, stream: Stream, where: str
) -> list[Target]:
    """Memory for each array: what the caller gave, checked, or new memory.

    Args:
        wanted: The arrays.
        out: By name what has `__dlpack__` or `__cuda_array_interface__`, on the device, contiguous
            and writable, of the dtype, with room for the rows (or elements) and of the width.
        device: The device.
        stream: Where they are written.
        where: The feature set's name, for errors.

    Raises:
        InputError: Something is missing or does not fit; nothing has been written.
        DeviceMemoryError: There is no room for new ones.
    """
    if out is not None:
        _check_names(wanted, out, where)
        return [_given(part, out[part.name], device, stream, where) for part in wanted]
    memory = [device.allocate(part.size, stream) for part in wanted]
    return [Target(p, m.address, m) for p, m in zip(wanted, memory, strict=True)]


def _check_names(wanted: list[Part], out: Mapping[str, Any], where: str) -> None:
    names = [part.name for part in wanted]
    for name in [*names, *out]:
        if (name in names) != (name in out):
            what = "lacks tensor" if name in names else "has no place for"
            raise InputError(
                f"{where}: `out` {what} `{name}`",
                hint="give exactly the tensors of the layout: " + ", ".join(names),
            )


def _given(part: Part, given: Any, device: Device, stream: Stream, where: str) -> Target:
    what = f"{where}: `out[{part.name!r}]`"
    check_place(given, device, what)
    view = device.view(given, stream)
    fits = (
        _same_dtype(view.dtype, part.dtype)
        and len(view.shape) == len(part.shape)
        and view.shape[0] >= part.shape[0]
        and view.shape[1:] == part.shape[1:]
    )
    if not fits:
        shape = ", ".join([f">= {part.shape[0]}", *map(str, part.shape[1:])])
        raise InputError(
            f"{what} must be {part.dtype} of shape ({shape}), "
            f"got {view.dtype} of shape {tuple(view.shape)}"
        )
    is_aligned = view.address % part.dtype.itemsize == 0
    if not (view.is_contiguous and view.is_writable and is_aligned):
        fault = "writable" if view.is_contiguous and is_aligned else "contiguous and aligned"
        raise InputError(f"{what} is not {fault}", hint="give a tensor that owns its memory")
    return Target(part, view.address, None, given)


def check_overlaps(made: list[Target], views: Mapping[str, list[ArrayView]], where: str) -> None:
    """Refuses tensors that share memory with each other or with a column.

    Args:
        made: Where tensors are written.
        views: Columns on the device.
        where: The feature set's name, for errors.

    Raises:
        InputError: Names both.
    """
    spans = [(t.address, t.address + t.part.size, f"`out[{t.part.name!r}]`") for t in made]
    read = [
        (v.address, v.address + math.prod(v.shape) * v.dtype.itemsize, f"column `{name}`")
        for name, columns in views.items()
        for v in columns
    ]
    for i, (start, stop, what) in enumerate(spans):
        for other_start, other_stop, other in [*spans[:i], *read]:
            if max(start, other_start) < min(stop, other_stop):
                raise InputError(
                    f"{where}: {what} and {other} share memory", hint="give each memory of its own"
                )


def check_place(given: Any, device: Device, what: str) -> None:
    """Refuses an array that is not on the device.

    Raises:
        InputError: Names both places.
    """
    place = location(given)
    if place is None:
        raise InputError(
            f"{what} is no array on a device but {type(given).__name__}",
            hint="give a CUDA tensor of torch, or anything with __dlpack__",
        )
    kind, number = device.place
    if place != (kind, number) and place != (kind, -1):
        said = {1: "the CPU", 2: f"cuda:{place[1]}"}.get(place[0], f"DLPack device {place}")
        raise InputError(
            f"{what} is on {said}, the kernel on {device.label}",
            hint=f"make it there: device={device.label!r}",
        )


def _same_dtype(given: np.dtype[Any], wanted: np.dtype[Any]) -> bool:
    return given == wanted or (given == np.bool_ and wanted == np.uint8)


class DeviceTensor:
    """An array on a device, which torch and others take without a copy (`torch.from_dlpack`).

    Attributes:
        shape: Its shape.
        dtype: NumPy's name for its type.
        address: On the device.
    """

    def __init__(self, target: Target, device: Device, mark: Mark, stream: Stream) -> None:
        self.shape = target.part.shape
        self.dtype = target.part.dtype
        self.address = target.address
        self._target = target
        self._device = device
        self._mark = mark
        self._stream = stream

    def __dlpack_device__(self) -> tuple[int, int]:
        return self._device.place

    def __dlpack__(self, **asked: Any) -> Any:
        memory = self._target.memory
        if memory is None:
            raise DeviceError(
                f"`{self._target.part.name}` is memory that the caller gave",
                hint="use the tensor that was given as `out`",
            )
        return self._device.export(memory, self.shape, self.dtype, self._mark, **asked)

    def numpy(self) -> np.ndarray[Any, Any]:
        """A copy on the host; waits for the device."""
        data = self._device.copy_out(self.address, self._target.part.size, self._stream)
        return data.view(self.dtype).reshape(self.shape)

    def torch(self) -> Any:
        """The tensor as torch's, without a copy: the rows of what was given, or ours."""
        import torch

        given = self._target.given
        if isinstance(given, torch.Tensor):
            return given[: self.shape[0]]
        return torch.from_dlpack(self if given is None else given)[: self.shape[0]]

    def __repr__(self) -> str:
        return f"<{self.dtype} of shape {self.shape} on {self._device.label}>"


class DeviceBatch(Mapping[str, DeviceTensor]):
    """The tensors of a layout for some rows, on a device; the kernel may still be at work.

    Work on the stream that the kernel was given comes after it. Other streams wait by themselves
    where tensors go through DLPack; `wait` is for the host.

    Attributes:
        rows: How many.
    """

    def __init__(
        self, made: list[Target], rows: int, device: Device, mark: Mark, stream: Stream
    ) -> None:
        self.rows = rows
        self._mark = mark
        self._tensors = {t.part.name: DeviceTensor(t, device, mark, stream) for t in made}

    @property
    def is_done(self) -> bool:
        """Whether the device has filled the tensors."""
        return self._mark.is_done

    def wait(self) -> None:
        """Returns when the device has filled the tensors."""
        self._mark.wait()

    def torch(self) -> dict[str, Any]:
        """The tensors as torch's, without a copy."""
        return {name: tensor.torch() for name, tensor in self._tensors.items()}

    def numpy(self) -> dict[str, np.ndarray[Any, Any]]:
        """Copies on the host; waits for the device."""
        return {name: tensor.numpy() for name, tensor in self._tensors.items()}

    def __getitem__(self, name: str) -> DeviceTensor:
        return self._tensors[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._tensors)

    def __len__(self) -> int:
        return len(self._tensors)

    def __repr__(self) -> str:
        return f"<{self.rows} rows: {', '.join(self._tensors)}>"
