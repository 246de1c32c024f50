"""Functions of plain words: compiled at the first use, kept on disk, called by their address."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable
from functools import cached_property
from typing import Any

from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

from featurelib.jit.bodies import FLAGS
from featurelib.jit.cache import plain_address
from featurelib.jit.progress import progress

_I64 = ir.IntType(64)
_lock = threading.RLock()


class Plain:
    """A function of int64s that gives an int64; importing its module compiles nothing.

    Args:
        fn: The function. Calling this object calls its machine code, without the interpreter lock.
    """

    def __init__(self, fn: Callable[..., int]) -> None:
        self.__doc__ = fn.__doc__
        self._fn = fn
        self.n_args = fn.__code__.co_argcount
        self._address = 0

    @cached_property
    def address(self) -> int:
        """Where its machine code lies."""
        with _lock:
            if not self._address:
                with progress("compiling the state of entities"):
                    self._address = plain_address(self._fn, **FLAGS)
            return self._address

    @cached_property
    def _call(self) -> Any:
        return ctypes.CFUNCTYPE(ctypes.c_int64, *[ctypes.c_int64] * self.n_args)(self.address)

    def __call__(self, *args: int) -> int:
        return int(self._call(*args))


@intrinsic
def call_plain(typingctx: Any, address: Any, a: Any, b: Any, c: Any, d: Any, e: Any) -> Any:
    """Calls a plain function of five words at an address."""

    def build(context: Any, builder: ir.IRBuilder, sig: Any, args: Any) -> ir.Value:
        fnty = ir.FunctionType(_I64, [_I64] * 5)
        return builder.call(builder.inttoptr(args[0], fnty.as_pointer()), list(args[1:]))

    return types.int64(*[types.int64] * 6), build
