"""Arrow's validity bits and offsets of texts as kernels read them: bytes, and pairs.

A micro-batch has dozens of columns of few rows, where each call of NumPy costs more than its work:
here a column takes one call.
"""

from __future__ import annotations

import numba
import numpy as np
from numba.core import types
from numba.core.extending import intrinsic

from featurelib.jit.arrow_text import Array, flags_of
from featurelib.jit.cache import lazy_njit


@intrinsic
def _pointer(typingctx, address):  # type: ignore[no-untyped-def]
    """An address as the pointer that `numba.carray` takes."""

    def build(context, b, sig, args):  # type: ignore[no-untyped-def]
        return b.inttoptr(args[0], context.get_value_type(sig.return_type))

    return types.voidptr(types.int64), build


def _expand(bits_at, first, out):  # type: ignore[no-untyped-def]
    bits = numba.carray(_pointer(bits_at), (first + len(out) + 7) >> 3, np.uint8)
    zeros = 0
    for i in range(len(out)):
        bit = (bits[(first + i) >> 3] >> ((first + i) & 7)) & 1
        out[i] = bit
        zeros += 1 - bit
    return zeros


def _pairs_of_offsets(ends_at, is_wide, data_at, valid, has_nulls, pairs):  # type: ignore[no-untyped-def]
    rows = pairs.shape[0]
    wide = numba.carray(_pointer(ends_at), rows + 1 if is_wide else 0, np.int64)
    narrow = numba.carray(_pointer(ends_at), 0 if is_wide else rows + 1, np.int32)
    for i in range(rows):
        start = wide[i] if is_wide else np.int64(narrow[i])
        stop = wide[i + 1] if is_wide else np.int64(narrow[i + 1])
        pairs[i, 0] = data_at + start
        pairs[i, 1] = 0 if has_nulls and valid[i] == 0 else stop - start


def expand(bits_at: int, first: int, out: Array) -> int:
    """Bits from `first` on as bytes of 0 and 1.

    Args:
        bits_at: Address of the bitmap, the lowest bit of a byte first.
        first: The first bit.
        out: uint8; as many bits as it is long.

    Returns:
        How many are 0.
    """
    return int(lazy_njit(_expand)(bits_at, first, out))


def pairs_of_offsets(
    ends_at: int, is_wide: bool, data_at: int, valid: Array | None, pairs: Array
) -> None:
    """Fills `pairs` from offsets of 4 or 8 bytes into the texts at `data_at`; a null is empty."""
    lazy_njit(_pairs_of_offsets)(ends_at, is_wide, data_at, *flags_of(valid), pairs)
