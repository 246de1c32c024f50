"""Refuses threads that do not compute as IEEE 754 says: torch can switch subnormals off."""

from __future__ import annotations

import threading

from featurelib.errors import FloatEnvironmentError


def check_float_environment(
    half: float = 0.5,
    one: float = 1.0,
    smallest_normal: float = 2.0**-1022,
    half_ulp: float = 2.0**-53,
    more_than_half_ulp: float = 1.5 * 2.0**-53,
) -> None:
    """Refuses a thread that flushes subnormals to zero or does not round to nearest even.

    It looks at each call, since any code may switch either at any time: three operations of the
    thread's own arithmetic take less time than to remember that a thread was looked at. The
    operands are arguments because Python would work out constants when it compiles.

    Raises:
        FloatEnvironmentError: With the name of what is wrong.
    """
    # A product that is flushed is zero; one that is read as zero compares equal to it.
    if smallest_normal * half == 0.0:
        raise FloatEnvironmentError(
            f"thread {threading.current_thread().name!r} flushes subnormal numbers to zero",
            hint="torch.set_flush_denormal(False), or run kernels in a thread of their own",
        )
    # The first fails where sums are rounded up, the second where they are cut.
    if one + half_ulp != one or one + more_than_half_ulp == one:
        raise FloatEnvironmentError(
            f"thread {threading.current_thread().name!r} does not round to the nearest even number",
            hint="restore the default rounding mode: fesetround(FE_TONEAREST)",
        )
