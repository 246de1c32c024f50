"""Rows of values through machine code and through the reference, so that equal means equal bits."""

from __future__ import annotations

import ctypes
import math
import struct
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

import featurelib as fl
from featurelib import borders
from featurelib.evaluate import Evaluator
from featurelib.intrinsics import Arena
from featurelib.jit.kernel import Column, Kernel
from parity_tests.core.small_sets import ROW, Trip

SCHEMA = Trip.input_schema()
TEXTS = [b"", b"UA", "Zürich".encode(), "ß".encode() * 40, None]
EDGES = {
    "b": [True, False, None],
    "f": [0.0, -0.0, math.nan, math.inf, -math.inf, 5e-324, 1.5, -733.25, None],
    "v": TEXTS,
}


def edge_rows(count: int = 40) -> list[dict]:
    """Rows of canonical values that walk through the edges of each type at its own pace."""
    rows = []
    for i in range(count):
        row = {}
        for k, f in enumerate(SCHEMA):
            if f.dtype.is_integer:
                low, high = f.dtype.bounds
                edges = [low, high, 0, 1, 7, None]
            elif f.dtype.name in ("Date", "Datetime"):
                start = borders.canonical(ROW[f.name], f)
                edges = [start, 0, -1, start + 1, None]
            else:
                edges = EDGES[f.dtype.kind]
            edges = [e for e in edges if e is not None or f.nullable]
            row[f.name] = edges[(i * (k + 1) + i // len(edges)) % len(edges)]
        row["small"] = float(np.float32(row["small"]))
        rows.append(row)
    return rows


def bits(value: Any) -> Any:
    """A value so that equal means equal bits."""
    if isinstance(value, float):
        return ("f", struct.pack("<d", value))
    if isinstance(value, tuple):
        return tuple(map(bits, value))
    return (type(value).__name__, value)


def column(values: Sequence[Any], of: Any) -> Column:
    """Canonical values of an input node as the column that a kernel reads."""
    valid = np.array([v is not None for v in values], np.uint8) if of.nullable else None
    if of.dtype.kind != "v":
        kept = [0 if v is None else v for v in values]
        return Column(np.array(kept, of.dtype.storage), valid)
    texts = [v or b"" for v in values]
    data = np.frombuffer(b"".join(texts) + b"\0", np.uint8)
    ends = np.cumsum([len(t) for t in texts], dtype=np.int64)
    pairs = np.zeros((len(texts), 2), np.int64)
    for i, text in enumerate(texts):
        pairs[i] = data.ctypes.data + ends[i] - len(text), len(text)
    return Column(pairs, valid, data)


def read(made: Column, dtype: fl.DType, row: int) -> Any:
    """One value of an output column, as the reference evaluator gives it."""
    if made.valid is not None and not made.valid[row]:
        return None
    if dtype.kind == "v":
        address, length = map(int, made.values[row])
        size = max(dtype.bits // 8, 1)
        data = ctypes.string_at(address, length * size) if length else b""
        if dtype.name == "String":
            return data
        return tuple(np.frombuffer(data, dtype.storage).tolist())
    value = made.values[row].item()
    return bool(value) if dtype.name == "Bool" else value


def machine_rows(
    program: Any,
    state: Mapping[str, Any],
    rows: Sequence[Mapping[str, Any]],
    *,
    wide: bool = True,
    limit: int = 65536,
) -> list[dict[str, Any]]:
    """Rows of canonical values through machine code, in the form that `reference_rows` gives."""
    kernel = Kernel(program, state, wide=wide, limit=limit)
    columns = [column([r[n] for r in rows], program.inputs[n]) for n in kernel.inputs]
    made = kernel.run(columns, len(rows))
    return [
        {
            name: bits(read(out, program.outputs[name].dtype, i))
            for name, out in zip(program.outputs, made, strict=True)
        }
        for i in range(len(rows))
    ]


def reference_rows(
    program: Any, state: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], limit: int = 65536
) -> list[dict[str, Any]]:
    """Rows of canonical values through the reference evaluator."""
    evaluator = Evaluator(program, state, Arena(limit))
    return [{n: bits(v) for n, v in evaluator.row(r).items()} for r in rows]
