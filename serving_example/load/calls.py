"""Functions of the C library, for machine code that talks to sockets.

`kernel` waits, sends and receives without the interpreter. Numba calls these by address; arguments
that are pointers are addresses as integers. None of them sets anything but ``errno``.
"""

from __future__ import annotations

import ctypes
import platform
from typing import Any

import llvmlite.binding
from numba.core import types

from featurelib.errors import CompileError

__all__ = ["EVENT_FD_AT", "EVENT_WORDS", "clock_gettime", "epoll_wait", "nanosleep", "recv", "send"]

EVENT_WORDS, EVENT_FD_AT = (3, 1) if platform.machine() == "x86_64" else (4, 2)
"""Words of 32 bits of a ``struct epoll_event``, and which one the descriptor is: epoll_event(3type)
says that it is packed on x86-64; elsewhere its second member is aligned to 8 bytes."""


def _external(name: str, result: Any, *arguments: Any) -> Any:
    try:
        address = ctypes.cast(getattr(ctypes.CDLL(None), name), ctypes.c_void_p).value
    except AttributeError:
        raise CompileError(f"the C library of this process has no function {name}") from None
    llvmlite.binding.add_symbol(name, address)
    return types.ExternalFunction(name, result(*arguments))


clock_gettime = _external("clock_gettime", types.int32, types.int32, types.uintp)
epoll_wait = _external(
    "epoll_wait", types.int32, types.int32, types.uintp, types.int32, types.int32
)
nanosleep = _external("nanosleep", types.int32, types.uintp, types.uintp)
recv = _external("recv", types.intp, types.int32, types.uintp, types.uintp, types.int32)
send = _external("send", types.intp, types.int32, types.uintp, types.uintp, types.int32)
