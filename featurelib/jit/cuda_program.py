"""Device machines: the PTX of a program, kept on disk, and machine code made from it."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from featurelib.errors import CompileError
from featurelib.jit import cache
from featurelib.jit.compile import NO_PLACES, digest
from featurelib.jit.cuda_entry import emit_entry
from featurelib.jit.cuda_nvvm import OPTIONS, Capability, to_cubin, to_ptx, versions
from featurelib.jit.device_rules import arena_bytes, makes_arrays_of_columns, refuse
from featurelib.jit.places import Place
from featurelib.jit.progress import progress
from featurelib.jit.slots import Slots
from featurelib.program import Program

__all__ = ["CAPABILITIES", "DeviceMachine", "compile_device"]

CAPABILITIES: tuple[Capability, ...] = ((8, 0), (9, 0))
"""What PTX is made for, and tested for in CI; a device takes the newest that it has."""

_lock = threading.Lock()
_compiled: dict[str, DeviceMachine] = {}


@dataclass(frozen=True)
class DeviceMachine:
    """A program for devices, without its fitted state.

    Attributes:
        ptx: Its code, for people, for tests and for the assembler.
        entry: Name of the kernel, ``void entry(int64 *slots, int64 rows)``.
        slots: The order of the slots.
        cc: Compute capability that the PTX is made for.
        arena_bytes: Size of a slice of the arena (see `featurelib.jit.cuda_entry`); 0 if none.
        arena_by_row: Whether each row has a slice, else each thread of the grid.
        from_cache: Whether the PTX came from the disk cache.
    """

    ptx: str
    entry: str
    slots: Slots
    cc: Capability
    arena_bytes: int
    arena_by_row: bool
    from_cache: bool

    def cubin(self, cc: Capability | None = None) -> bytes:
        """Machine code for a device, kept on disk too.

        Args:
            cc: Compute capability of the device; by default that of the PTX.

        Raises:
            CompileError: The assembler refuses it, or the device is older than the PTX.
        """
        device = cc or self.cc
        if device < self.cc:
            raise CompileError(
                f"code for compute capability {_text(self.cc)} does not run on a device "
                f"of {_text(device)}",
                hint=f"compile_device(..., cc={device})",
            )
        content = hashlib.sha256(self.ptx.encode()).hexdigest()
        path = _path("cubin", f"{content}:{device}")
        made = cache.read(path)
        if made is None:
            made = to_cubin(self.ptx, device)
            cache.write(path, made)
        return made


def compile_device(
    program: Program, places: Mapping[str, Place] = NO_PLACES, cc: Capability = CAPABILITIES[-1]
) -> DeviceMachine:
    """The machine of a program for devices, made once per process; its PTX is kept on disk.

    No device and no driver are needed.

    Args:
        program: What to compute.
        places: Where outputs lie, by name; those that are not named stand in columns.
        cc: Compute capability of the device.

    Raises:
        CompileError: An op cannot run on a device (names every feature, op and reason), or the
            device is too old.
        MissingExtraError: NVIDIA's compiler libraries are not installed.
        UnsafeCacheError: The cache directory can be written by others.
    """
    refuse(program)
    usable = [c for c in CAPABILITIES if c <= cc]
    if not usable:
        raise CompileError(
            f"device kernels need compute capability {_text(CAPABILITIES[0])} or later, the device "
            f"has {_text(cc)}",
            hint="compute these features in a row kernel",
        )
    target = usable[-1]
    key = f"{digest(program, places, False)}:{target}"
    with _lock:
        if key not in _compiled:
            _compiled[key] = _compile(program, places, key, target)
        return _compiled[key]


def _compile(
    program: Program, places: Mapping[str, Place], key: str, target: Capability
) -> DeviceMachine:
    entry = f"program_{key[:16]}"
    path = _path("ptx", key)
    made = cache.read(path)
    if made is None:
        with progress(f"compiling {len(program.outputs)} features for a device"):
            ptx = to_ptx(emit_entry(program, places, entry).modules, target)
        cache.write(path, ptx.encode())
    else:
        ptx = made.decode()
    return DeviceMachine(
        ptx,
        entry,
        Slots.of(program),
        target,
        arena_bytes(program),
        makes_arrays_of_columns(program, places),
        made is not None,
    )


def _path(what: str, key: str) -> Path:
    """The file of what is made from the key with these sources, versions and options."""
    text = repr((cache.generator_hash(), versions(), sorted(OPTIONS.items()), key))
    name = f"device-{hashlib.sha256(text.encode()).hexdigest()[:32]}.{what}"
    return cache.directory() / name


def _text(capability: Capability) -> str:
    return ".".join(map(str, capability))
