"""The host's side of the scratch arena: makes it, and gives its blocks back.

Machine code grows an arena by chaining blocks from malloc (`arena_reserve` in `intrinsics_cpu`);
each block begins with the address of the one before it.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable

import numpy as np

from featurelib.jit.addresses import address_of
from featurelib.jit.intrinsics_cpu import ARENA_BLOCK, ARENA_END, ARENA_LIMIT, ARENA_NEXT

DEFAULT_LIMIT = 65536
MAX_LIMIT = 1 << 30
"""Bytes; a text of that length is no feature of one row."""
_libc = ctypes.CDLL(None)
_libc.free.argtypes = [ctypes.c_void_p]
_libc.free.restype = None


class ScratchArena:
    """Memory for text and lists that a call makes; one per thread and call.

    Args:
        limit: The row limit in bytes: a longer result is null.

    Attributes:
        address: Of the struct that machine code reads.
    """

    __slots__ = ("_fields", "_first", "_words", "address")

    def __init__(self, limit: int = DEFAULT_LIMIT) -> None:
        self._fields = np.zeros(4, np.int64)
        self._fields[ARENA_LIMIT] = limit
        self.address = address_of(self._fields)
        self._words = self._fields.data
        self._first = 0

    def reset(self) -> None:
        """Forgets what was made; every view into it ends here. A first block is used again."""
        words = self._words
        block = words[ARENA_BLOCK]
        if block == self._first:
            words[ARENA_NEXT] = block + 8 if block else 0
        elif ctypes.c_int64.from_address(block).value:
            self.free()
        else:
            self._first = block
            words[ARENA_NEXT] = block + 8

    def free(self) -> None:
        """Gives all blocks back; every view into them ends here."""
        block = int(self._fields[ARENA_BLOCK])
        self._fields[ARENA_NEXT] = self._fields[ARENA_END] = self._fields[ARENA_BLOCK] = 0
        self._first = 0
        while block:
            previous = ctypes.c_int64.from_address(block).value
            _libc.free(block)
            block = previous

    def __del__(self, is_finalizing: Callable[[], bool] = sys.is_finalizing) -> None:
        if not is_finalizing():  # the globals that `free` needs may be gone by then
            self.free()
