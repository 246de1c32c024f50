"""Peers for a micro-batch of columns: NumPy, Arrow or a frame in, torch tensors out."""

from __future__ import annotations

import ctypes
import math
from typing import Any

import numba as nb
import numpy as np
import torch
from numba.extending import intrinsic

from benchmarks import c_peer, criteo_frames, onnx_peer
from benchmarks.criteo import BUCKETS, INTS, TEXTS
from benchmarks.micro_tensors import Out, Peer, Tensors, fill_packed
from benchmarks.numba_peer import xxh64

_CAPSULE = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.py_object, ctypes.c_char_p)(
    ("PyCapsule_GetPointer", ctypes.pythonapi)
)


def pandas_columns(out: Out) -> Peer:
    """pandas and NumPy over a pandas frame."""

    def fill(frame: Any) -> Tensors:
        made = criteo_frames.pandas(frame)
        dense, ids = (
            made[list(INTS)].to_numpy(copy=True),
            made[list(TEXTS)].to_numpy(np.int64, copy=True),
        )
        return torch.from_numpy(dense), torch.from_numpy(ids)

    return fill


def sklearn_columns(out: Out) -> Peer:
    """scikit-learn over a pandas frame, fitted before."""
    pipeline = criteo_frames.sklearn_pipeline()
    is_fitted = False

    def fill(frame: Any) -> Tensors:
        nonlocal is_fitted
        frame = frame.assign(**{n: frame[n].astype(np.float64) for n in INTS})
        made = pipeline.transform(frame) if is_fitted else pipeline.fit_transform(frame)
        is_fitted = True
        dense = np.ascontiguousarray(made[:, : len(INTS)], np.float32)
        return torch.from_numpy(dense), torch.from_numpy(made[:, len(INTS) :].astype(np.int64))

    return fill


def polars_columns(out: Out) -> Peer:
    """Polars over a Polars frame."""
    import polars as pl

    expressions = criteo_frames.polars_expressions()
    assert expressions is not None

    def fill(frame: Any) -> Tensors:
        made = frame.select(expressions)
        dense = made.select(INTS).to_numpy(order="c")
        ids = made.select(TEXTS).cast(pl.Int64).to_numpy(order="c")
        return torch.from_numpy(dense), torch.from_numpy(ids)

    return fill


def onnx_matrix(out: Out) -> Peer:
    """ONNX Runtime over a matrix of int64 without nulls."""
    run = onnx_peer.session().run
    return lambda numbers: (torch.from_numpy(run(None, {"x": numbers})[0]),)


def numba_numpy(out: Out) -> Peer:
    """Numba over NumPy columns: masked int64, and texts as objects."""

    def fill(columns: dict[str, Any]) -> Tensors:
        numbers = np.concatenate([columns[n].filled(0) for n in INTS])
        values = [s or "" for n in TEXTS for s in columns[n].tolist()]
        fill_packed(numbers, values, True, out)
        return out.first(len(columns[INTS[0]]))

    return fill


def _address(capsule: Any) -> int:
    """Where the struct of Arrow's C data interface lies."""
    made: int = _CAPSULE(capsule, b"arrow_array")
    return made


def c_arrow(out: Out) -> Peer:
    """The limit: one call of C over a record batch."""
    ptr = ctypes.c_void_p
    call = ctypes.CFUNCTYPE(None, ptr, ptr, ptr)(c_peer.extension().tensors_address)
    dense, ids = out.dense_array.ctypes.data, out.ids_array.ctypes.data

    def fill(batch: Any) -> Tensors:
        _, capsule = batch.__arrow_c_array__()
        call(_address(capsule), dense, ids)
        return out.first(batch.num_rows)

    return fill


def numba_arrow(out: Out) -> Peer:
    """Numba over a record batch, one call; it reads the struct as words."""

    def fill(batch: Any) -> Tensors:
        _, capsule = batch.__arrow_c_array__()
        _arrow(_address(capsule), out.dense_array, out.ids_array)
        return out.first(batch.num_rows)

    return fill


@intrinsic
def _pointer(_context: Any, address: Any) -> Any:
    """An address as the pointer that `carray` takes."""

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.inttoptr(arguments[0], context.get_value_type(signature.return_type))

    return nb.types.voidptr(address), build


@nb.njit(inline="always")
def _words(address: int, count: int) -> Any:
    return nb.carray(_pointer(address), count, np.int64)


@nb.njit(nogil=True)
def _arrow(table: int, dense: Any, ids: Any) -> None:
    head = _words(table, 7)
    length, offset, width = head[0], head[2], head[4]
    columns = _words(head[6], width)
    for k in range(width):
        column = _words(columns[k], 7)
        buffers = _words(column[5], column[3])
        start, stop = offset + column[2], offset + column[2] + length
        has_nulls = buffers[0] != 0
        bits = nb.carray(_pointer(buffers[0]), (stop + 7) // 8, np.uint8)
        if k < dense.shape[1]:
            x = _words(buffers[1], stop)
            for i in range(start, stop):
                there = not has_nulls or (bits[i >> 3] >> (i & 7)) & 1
                dense[i - start, k] = math.log1p(np.float64(max(x[i], 0))) if there else 0.0
        else:
            ends = nb.carray(_pointer(buffers[1]), stop + 1, np.int32)
            text = nb.carray(_pointer(buffers[2]), ends[stop], np.uint8)
            for i in range(start, stop):
                there = not has_nulls or (bits[i >> 3] >> (i & 7)) & 1
                end = ends[i + 1] if there else ends[i]
                ids[i - start, k - dense.shape[1]] = xxh64(text[ends[i] : end]) % np.uint64(BUCKETS)
