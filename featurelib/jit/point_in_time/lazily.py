"""Machine code that is compiled, or read from the cache, when it is first called."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from featurelib.jit.cache import cached_njit
from featurelib.jit.environment import check_float_environment

_lock = threading.Lock()


class Lazily:
    """A function of one signature; importing its module compiles nothing.

    Args:
        fn: The function.
        signature: Its Numba signature.
    """

    def __init__(self, fn: Callable[..., Any], signature: Any) -> None:
        self.__doc__ = fn.__doc__
        self._fn, self._signature = fn, signature
        self._made: Callable[..., Any] | None = None

    def __call__(self, *args: Any) -> Any:
        """Calls it; threads that do not compute as IEEE 754 says are refused."""
        check_float_environment()
        with _lock:
            if self._made is None:
                self._made = cached_njit(self._signature, nogil=True, error_model="numpy")(self._fn)
        return self._made(*args)


def lazily(signature: Any) -> Callable[[Callable[..., Any]], Lazily]:
    """Decorator of a function for machine code.

    Args:
        signature: Its Numba signature.
    """
    return lambda fn: Lazily(fn, signature)
