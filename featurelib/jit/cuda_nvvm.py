"""LLVM to PTX with NVVM, and PTX to machine code with nvJitLink. Neither needs a device.

Contraction is off, subnormals are kept and division and square root round to nearest: each
floating-point operation is the one that the body wrote. NVIDIA's library of functions (libdevice)
is not linked, so that code which asks for one of them does not assemble.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from functools import cache

from featurelib.errors import CompileError, MissingExtraError

try:
    import numba_cuda
    from cuda.bindings import nvjitlink
    from cuda.bindings import nvvm as bindings
    from cuda.pathfinder import DynamicLibNotFoundError
    from numba.cuda.cudadrv.nvvm import CompilationUnit, llvm_replace
except ImportError as error:
    raise MissingExtraError(
        f"device kernels need numba-cuda with NVVM and nvJitLink, and it lacks a part: {error}",
        hint="pip install 'featurelib[cuda]'",
    ) from error

__all__ = ["OPTIONS", "Capability", "to_cubin", "to_ptx", "versions"]

Capability = tuple[int, int]
"""Compute capability of a device: major and minor number."""

OPTIONS = {"opt": 3, "fma": 0, "ftz": 0, "prec-div": 1, "prec-sqrt": 1}
"""NVVM's options for every kernel."""


def to_ptx(
    modules: Sequence[str], capability: Capability, options: dict[str, int] = OPTIONS
) -> str:
    """The PTX of LLVM modules that are linked together.

    Args:
        modules: LLVM as text; one holds a kernel.
        capability: What the PTX may use.
        options: NVVM's.

    Raises:
        CompileError: NVVM refuses it, with its words.
    """
    major, minor = capability
    unit = CompilationUnit({"arch": f"compute_{major}{minor}", **options})
    try:
        for text in modules:
            unit.add_module(llvm_replace(text).encode())
        unit.verify()
        return str(unit.compile().decode()).strip("\0\n ") + "\n"
    except bindings.nvvmError as error:
        raise CompileError(
            f"NVVM refuses code for compute capability {major}.{minor}: {error}\n{unit.get_log()}"
        ) from error


def to_cubin(ptx: str, capability: Capability) -> bytes:
    """Machine code of PTX for devices of one compute capability.

    It is what a device is given to load: its driver need not know this version of PTX.

    Args:
        ptx: Made for this capability or an older one.
        capability: Of the device.

    Raises:
        CompileError: The assembler refuses it, with its words.
    """
    major, minor = capability
    options = [f"-arch=sm_{major}{minor}", "-O3", "-fma=0"]
    content = ptx.encode()
    with _linker(options) as handle:
        try:
            nvjitlink.add_data(handle, nvjitlink.InputType.PTX, content, len(content), "program")
            nvjitlink.complete(handle)
        except nvjitlink.nvJitLinkError as error:
            log = bytearray(nvjitlink.get_error_log_size(handle))
            nvjitlink.get_error_log(handle, log)
            raise CompileError(
                f"nvJitLink refuses code for compute capability {major}.{minor}: {error}\n"
                + log.decode(errors="replace").strip("\0\n ")
            ) from error
        cubin = bytearray(nvjitlink.get_linked_cubin_size(handle))
        nvjitlink.get_linked_cubin(handle, cubin)
        return bytes(cubin)


@contextlib.contextmanager
def _linker(options: list[str]) -> Iterator[int]:
    handle = nvjitlink.create(len(options), options)
    try:
        yield handle
    finally:
        nvjitlink.destroy(handle)


@cache
def versions() -> tuple[object, ...]:
    """Versions of what turns LLVM into PTX and machine code.

    Raises:
        MissingExtraError: NVIDIA's libraries are not installed.
    """
    try:
        parts = bindings.version(), bindings.ir_version(), nvjitlink.version()
    except DynamicLibNotFoundError as error:
        raise MissingExtraError(
            f"device kernels need NVIDIA's compiler libraries: {error}",
            hint="pip install 'featurelib[cuda]'",
        ) from error
    return (numba_cuda.__version__, *parts)
