"""Memory at addresses, of which only what belongs to somebody may be read or written.

Machine code that follows an address into what is not its own may go on unnoticed. The same
functions run in Python (`python_form.py`) over these loads and stores, which refuse such an
address.
"""

from __future__ import annotations

import ctypes
import struct
from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np


class Region(NamedTuple):
    """Bytes that a function may touch."""

    start: int
    stop: int
    is_writable: bool


def of_array(values: np.ndarray[Any, Any]) -> Region:
    """The memory of an array, which may be written."""
    return Region(values.ctypes.data, values.ctypes.data + values.nbytes, True)


def of_text(text: bytes) -> Region:
    """The bytes of a text and the zero behind them."""
    start = ctypes.cast(ctypes.c_char_p(text), ctypes.c_void_p).value
    assert start is not None
    return Region(start, start + len(text) + 1, False)


class Memory:
    """Loads and stores, each inside one region.

    Args:
        lasting: What may be touched at any time.
    """

    def __init__(self, lasting: Sequence[Region]) -> None:
        self._lasting = list(lasting)
        self._pending = False
        self.hold()

    def hold(self, *regions: Region) -> None:
        """Names what may be touched besides, until the next call."""
        self._regions = sorted([*self._lasting, *regions])
        self._starts = [r.start for r in self._regions]

    def _region(self, address: int, size: int, is_store: bool) -> Region:
        found = self._regions[max(bisect_right(self._starts, address) - 1, 0)]
        is_inside = found.start <= address and address + size <= found.stop
        if not is_inside or (is_store and not found.is_writable):
            what = "store to" if is_store else "load from"
            raise AssertionError(f"{what} {size} bytes at {address - found.start:+} of {found}")
        return found

    def _load(self, code: str, size: int) -> Callable[[int], Any]:
        unpack = struct.Struct("<" + code).unpack

        def load(address: int) -> Any:
            self._region(address, size, False)
            return unpack(ctypes.string_at(address, size))[0]

        return load

    def _store(self, code: str) -> Callable[[int, Any], None]:
        dtype = np.dtype(code)
        mask = (1 << 8 * dtype.itemsize) - 1

        def store(address: int, value: Any) -> None:
            self._region(address, dtype.itemsize, True)
            if dtype.kind == "f":
                raw = np.array(value, dtype).tobytes()
            else:
                raw = (int(value) & mask).to_bytes(dtype.itemsize, "little")
            ctypes.memmove(address, raw, dtype.itemsize)

        return store

    def functions(self) -> dict[str, Callable[..., Any]]:
        """What stands for the intrinsics and C functions that a reader of text calls, by name."""
        return {
            "peek_u8": self._load("B", 1),
            "peek_i64": self._load("q", 8),
            "peek_u64": self._load("Q", 8),
            "peek_f64": self._load("d", 8),
            "poke_i8": self._store("<i1"),
            "poke_i16": self._store("<i2"),
            "poke_i32": self._store("<i4"),
            "poke_i64": self._store("<i8"),
            "poke_f32": self._store("<f4"),
            "poke_f64": self._store("<f8"),
            "float_of_text": self._float_of_text,
            "error_occurred": lambda: int(self._pending),
            "error_clear": self._clear,
        }

    def _clear(self) -> None:
        self._pending = False

    def _float_of_text(self, address: int, end: int, overflow: int) -> float:
        """CPython's `PyOS_string_to_double` on what stands from an address to the next zero."""
        text = ctypes.string_at(address, self._region(address, 1, False).stop - 1 - address)
        convert = ctypes.pythonapi.PyOS_string_to_double
        convert.restype = ctypes.c_double
        convert.argtypes = (ctypes.c_char_p, ctypes.POINTER(ctypes.c_char_p), ctypes.c_void_p)
        held, behind = ctypes.c_char_p(text), ctypes.c_char_p()
        begin = ctypes.cast(held, ctypes.c_void_p).value or 0
        try:
            value = convert(held, ctypes.byref(behind), None)
        except ValueError:
            self._pending = True
            return -1.0
        read = (ctypes.cast(behind, ctypes.c_void_p).value or 0) - begin
        self._store("<i8")(end, address + read)
        return float(value)
