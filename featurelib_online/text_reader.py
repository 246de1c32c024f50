"""Text and lists out of a kernel's columns, in machine code: one tuple of bytes for a row.

A program leaves an address and a length; what lies there lasts until the arena is used again. One
function, compiled once a machine, copies all of a row's at once: a call through ctypes for each
took more time than the program. What it reads is a table of int64: the count, then for each output
the address of its flag (0: never null), the address of its pair, and the bytes of one element.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from featurelib.jit.cache import plain_address
from featurelib_online import reader
from featurelib_online.cpython_api import (
    bytes_new,
    long_as_address,
    object_drop,
    object_hold,
    peek_i64,
    peek_u8,
    tuple_get,
    tuple_new,
    tuple_set,
)

_RECORD = 24


@lru_cache(maxsize=1)
def _address() -> int:
    def read_texts(self: Any, none: Any) -> Any:
        table = long_as_address(tuple_get(self, 0))
        count = peek_i64(table)
        made = tuple_new(count)
        if made == 0:
            return 0
        for i in range(count):
            at = table + 8 + _RECORD * i
            flag, pair = peek_i64(at), peek_i64(at + 8)
            if flag != 0 and peek_u8(flag) == 0:
                item = none
                object_hold(none)
            else:
                item = bytes_new(peek_i64(pair), peek_i64(pair + 8) * peek_i64(at + 16))
                if item == 0:  # no memory; the exception is set
                    object_drop(made)
                    return 0
            tuple_set(made, i, item)
        return made

    return plain_address(read_texts, str(reader.STAMP_VALUE))


def text_reader(
    places: Sequence[tuple[np.ndarray[Any, Any] | None, np.ndarray[Any, Any], int]],
) -> Callable[[None], tuple[bytes | None, ...]]:
    """A function that copies texts and lists from where a program leaves them.

    Args:
        places: For each output the byte of its flag (None: never null), the two int64 of its pair,
            and the bytes of one element.

    Returns:
        To be called with None; gives the bytes of each, None for null.
    """
    words = [len(places)]
    for flag, pair, size in places:
        words += [0 if flag is None else flag.ctypes.data, pair.ctypes.data, size]
    table = np.array(words, np.int64)
    self = (int(table.ctypes.data), table, places)
    return reader.builtin_of("read_texts", _address(), self)
