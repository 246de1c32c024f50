"""Text and lists between Arrow's layouts and the kernel ABI's pairs of address and length.

Arrow keeps a text of up to 12 bytes inside its 16-byte view and a longer one in a buffer beside it;
kernels take any address. So columns come in without a copy of their bytes, and what a kernel made
is copied once, out of an arena that the next call uses again.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numba import types

from featurelib.jit.cache import lazy_njit
from featurelib.jit.windows.memory import put, word

Array = np.ndarray[Any, Any]
INLINE_BYTES = 12
_NO_FLAGS = np.empty(0, np.uint8)
_memcpy = types.ExternalFunction("memcpy", types.intp(types.intp, types.intp, types.intp))


@numba.njit(inline="always")
def _copy(target, source, size):  # type: ignore[no-untyped-def]
    """Copies bytes: those of most texts as four words that overlap, without a branch on the size.

    memcpy branches on it, and where texts of a column differ in length the processor guesses wrong.
    """
    if size < 8 or size > 32:
        _memcpy(target, source, size)
        return
    last = size - 8
    second = 8 if last > 8 else last
    third = last - 8 if last > 8 else 0
    words = word(source, 0), word(source + second, 0), word(source + third, 0)
    put(target + last, 0, word(source + last, 0))
    put(target, 0, words[0])
    put(target + second, 0, words[1])
    put(target + third, 0, words[2])


def _pairs_of_views(views, base, buffers, valid, has_nulls, pairs):  # type: ignore[no-untyped-def]
    for i in range(pairs.shape[0]):
        length = views[i, 0]
        if has_nulls and valid[i] == 0:
            pairs[i, 0] = base
            pairs[i, 1] = 0
        elif length <= INLINE_BYTES:
            pairs[i, 0] = base + 16 * i + 4
            pairs[i, 1] = length
        else:
            pairs[i, 0] = buffers[views[i, 2]] + views[i, 3]
            pairs[i, 1] = length


def _long_bytes(pairs, valid, has_nulls):  # type: ignore[no-untyped-def]
    total = 0
    for i in range(pairs.shape[0]):
        if (not has_nulls or valid[i] != 0) and pairs[i, 1] > INLINE_BYTES:
            total += pairs[i, 1]
    return total


def _views_of_pairs(pairs, valid, has_nulls, views_at, data_at):  # type: ignore[no-untyped-def]
    end = 0
    for i in range(pairs.shape[0]):
        view = views_at + 16 * i
        address, length = pairs[i, 0], pairs[i, 1]
        if has_nulls and valid[i] == 0:
            length = 0
        if length <= INLINE_BYTES:
            put(view, 0, length)
            put(view, 1, 0)
            _copy(view + 4, address, length)
        else:
            put(view, 0, length | (word(address, 0) << 32))
            put(view, 1, end << 32)
            _copy(data_at + end, address, length)
            end += length


def _list_offsets(pairs, valid, has_nulls, offsets):  # type: ignore[no-untyped-def]
    total = 0
    offsets[0] = 0
    for i in range(pairs.shape[0]):
        if not has_nulls or valid[i] != 0:
            total += pairs[i, 1]
        offsets[i + 1] = total


def _copy_lists(pairs, offsets, width, data_at):  # type: ignore[no-untyped-def]
    for i in range(pairs.shape[0]):
        size = (offsets[i + 1] - offsets[i]) * width
        if size > 0:
            _memcpy(data_at + offsets[i] * width, pairs[i, 0], size)


def flags_of(valid: Array | None) -> tuple[Array, bool]:
    """Flags as machine code takes them: some array, and whether to look at it."""
    return (_NO_FLAGS, False) if valid is None else (valid, True)


def pairs_of_views(
    views: Array, base: int, buffers: Array, valid: Array | None, pairs: Array
) -> None:
    """Fills `pairs` from string views at `base` over the buffers at these addresses."""
    lazy_njit(_pairs_of_views)(views, base, buffers, *flags_of(valid), pairs)


def long_bytes(pairs: Array, valid: Array | None) -> int:
    """Bytes of the texts that do not fit in a view."""
    return int(lazy_njit(_long_bytes)(pairs, *flags_of(valid)))


def views_of_pairs(pairs: Array, valid: Array | None, views_at: int, data_at: int) -> None:
    """Copies the texts of `pairs` into string views at an address, long ones beside them."""
    lazy_njit(_views_of_pairs)(pairs, *flags_of(valid), views_at, data_at)


def list_offsets(pairs: Array, valid: Array | None, offsets: Array) -> None:
    """Fills Arrow's offsets from the lengths of lists; a null has none."""
    lazy_njit(_list_offsets)(pairs, *flags_of(valid), offsets)


def copy_lists(pairs: Array, offsets: Array, width: int, data_at: int) -> None:
    """Copies the elements of lists to where their offsets say, `width` bytes each."""
    lazy_njit(_copy_lists)(pairs, offsets, width, data_at)
