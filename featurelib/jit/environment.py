"""Refuses threads that do not compute as IEEE 754 says: torch can switch subnormals off."""

from __future__ import annotations

import threading

import numpy as np

from featurelib.errors import FloatEnvironmentError

_checked = threading.local()


def check_float_environment() -> None:
    """Refuses a thread that flushes subnormals to zero or does not round to nearest even.

    It is looked at once a thread.

    Raises:
        FloatEnvironmentError: With the name of what is wrong.
    """
    if getattr(_checked, "good", False):
        return
    tiny = np.float64(5e-324)
    thread = threading.current_thread().name
    if (
        tiny * np.float64(1.0) != tiny
        or np.float64(2.2250738585072014e-308) / np.float64(2.0) == 0.0
    ):
        raise FloatEnvironmentError(
            f"thread {thread!r} flushes subnormal numbers to zero",
            hint="torch.set_flush_denormal(False), or run kernels in a thread of their own",
        )
    one = np.float64(1.0)
    half_ulp = np.float64(2.0**-53)
    if one + half_ulp != one or one + half_ulp * np.float64(1.5) == one or -one - half_ulp != -one:
        raise FloatEnvironmentError(
            f"thread {thread!r} does not round to the nearest even number",
            hint="restore the default rounding mode: fesetround(FE_TONEAREST)",
        )
    _checked.good = True
