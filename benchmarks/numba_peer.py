"""The workload by hand in Numba, over Arrow's buffers: it knows that no text exceeds 12 bytes."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numba as nb
import numpy as np

from benchmarks.c_peer import arrow_parts
from benchmarks.criteo import BUCKETS, INTS, TEXTS

_P1, _P2, _P3 = (np.uint64(p) for p in (0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9))
_P4, _P5 = np.uint64(0x85EBCA77C2B2AE63), np.uint64(0x27D4EB2F165667C5)
_INLINE = 12


@nb.njit(inline="always")
def _rotl(x: Any, r: int) -> Any:
    return (x << np.uint64(r)) | (x >> np.uint64(64 - r))


@nb.njit(inline="always")
def _bytes(text: Any, at: int, n: int) -> Any:
    x = np.uint64(0)
    for k in range(n):
        x |= np.uint64(text[at + k]) << np.uint64(8 * k)
    return x


@nb.njit(nogil=True)
def xxh64(text: Any) -> Any:
    """XXH64 with seed 0 of fewer than 32 bytes."""
    n = len(text)
    h = _P5 + np.uint64(n)
    at = 0
    while n - at >= 8:
        h = _rotl(h ^ (_rotl(_bytes(text, at, 8) * _P2, 31) * _P1), 27) * _P1 + _P4
        at += 8
    if n - at >= 4:
        h = _rotl(h ^ (_bytes(text, at, 4) * _P1), 23) * _P2 + _P3
        at += 4
    while at < n:
        h = _rotl(h ^ (np.uint64(text[at]) * _P5), 11) * _P1
        at += 1
    h = (h ^ (h >> np.uint64(33))) * _P2
    h = (h ^ (h >> np.uint64(29))) * _P3
    return h ^ (h >> np.uint64(32))


@nb.njit(nogil=True)
def _ints(x: Any, valid: Any, out: Any) -> None:
    for i in range(len(x)):
        out[i] = math.log1p(np.float64(max(x[i] if valid[i] else 0, 0)))


@nb.njit(nogil=True)
def _views(view: Any, valid: Any, out: Any) -> bool:
    for i in range(len(view)):
        n = np.int64(view[i, 0]) if valid[i] else 0
        if n > 12:
            return False
        out[i] = xxh64(view[i, 4 : 4 + n]) % np.uint64(BUCKETS)
    return True


def batch(frame: Any, threads: int) -> dict[str, np.ndarray[Any, Any]]:
    """All columns of a Polars frame, columns side by side on threads."""

    def column(name: str) -> tuple[str, np.ndarray[Any, Any]]:
        array, at, bits, _ = arrow_parts(frame[name])
        rows = len(array)
        valid = np.ones(rows, np.uint8)
        if bits is not None:
            packed = np.frombuffer(array.buffers()[0], np.uint8)
            valid = np.unpackbits(packed, bitorder="little")[at : at + rows]
        data = array.buffers()[1]
        if name in INTS:
            out: Any = np.empty(rows, np.float32)
            _ints(np.frombuffer(data, np.int64)[at : at + rows], valid, out)
            return name, out
        out = np.empty(rows, np.uint32)
        view = np.frombuffer(data, np.uint8).reshape(-1, 16)[at : at + rows]
        if not _views(view, valid, out):
            raise ValueError(f"{name}: a text of more than {_INLINE} bytes")
        return name, out

    with ThreadPoolExecutor(threads) as pool:
        return dict(pool.map(column, (*INTS, *TEXTS)))
