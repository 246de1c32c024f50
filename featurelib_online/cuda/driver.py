"""Whether CUDA devices are there: asked of NVIDIA's driver, with nothing else imported."""

from __future__ import annotations

from typing import Any

from featurelib.errors import MissingExtraError, NoDeviceError

__all__ = ["INSTEAD", "devices"]

INSTEAD = "featurelib_online.compile serves the same bits from the CPU"


def devices() -> int:
    """How many devices are present.

    Raises:
        NoDeviceError: There is no driver, or it cannot start.
        MissingExtraError: numba-cuda, which brings the driver's Python API, is not installed.
    """
    try:
        from cuda.bindings import driver as api
    except ImportError as error:
        raise MissingExtraError(
            f"device kernels need numba-cuda, and its cuda.bindings cannot be imported: {error}",
            hint="pip install 'featurelib[cuda]'",
        ) from error
    try:
        code, found = _start(api)
    except RuntimeError as error:  # cuda.bindings' own error: the driver's library is not there
        raise NoDeviceError(f"no CUDA driver on this machine: {error}", hint=INSTEAD) from error
    if code != api.CUresult.CUDA_SUCCESS:
        raise NoDeviceError(f"the CUDA driver does not start: {code.name}", hint=INSTEAD)
    return int(found)


def _start(api: Any) -> tuple[Any, Any]:
    (code,) = api.cuInit(0)
    if code == api.CUresult.CUDA_ERROR_NO_DEVICE:
        return api.CUresult.CUDA_SUCCESS, 0
    return (code, 0) if code else api.cuDeviceGetCount()
