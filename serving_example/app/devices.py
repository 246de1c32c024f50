"""The devices that are asked for by name: ``cpu``, ``2*cpu``, ``cuda:1``, ``paced:FILE``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from featurelib.errors import FeaturelibError
from serving_example.devices import Device, PacedDevice, Recording, cpu_device, cuda_device

__all__ = ["devices_of"]

_MIB = 1 << 20
_GIVEN = re.compile(r"(?:([1-9][0-9]{0,2})\*)?(cpu|cuda|cuda:[0-9]{1,2}|paced:.+)\Z")


def devices_of(given: Sequence[str], memory_mib: float | None = None) -> list[Device]:
    """The devices of a pool, each with a name of its own.

    Args:
        given: A kind each, with how many of it before an asterisk.
        memory_mib: What models may take of each; None for what there is of it. A recorded device
            has the memory of its recording.

    Raises:
        FeaturelibError: One cannot be had, is named twice, or has no memory.
    """
    if memory_mib is not None and not 0.0 < memory_mib < float("inf"):
        raise FeaturelibError(f"expected --memory above 0, got {memory_mib}")
    memory = None if memory_mib is None else int(memory_mib * _MIB)
    made: list[Device] = []
    for text in given:
        found = _GIVEN.match(text)
        if found is None:
            raise FeaturelibError(
                f"expected --device cpu, cuda, cuda:N or paced:FILE, got {text!r}",
                hint="so many of it: --device 2*cpu",
            )
        for _ in range(int(found[1] or 1)):
            made.append(_device(found[2], len(made), memory))
    names = [device.name for device in made]
    if len(set(names)) < len(names):
        raise FeaturelibError(f"expected each --device once, got {', '.join(names)}")
    return made


def _device(name: str, index: int, memory: int | None) -> Device:
    kind, _, what = name.partition(":")
    if kind == "cuda":
        return cuda_device(int(what or 0), memory_bytes=memory)
    inner = cpu_device(index) if memory is None else cpu_device(index, memory_bytes=memory)
    return inner if kind == "cpu" else PacedDevice(inner, Recording.read(Path(what)))
