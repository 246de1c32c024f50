"""Peers for a micro-batch: rows in, torch tensors out, each as its users would write it well.

A maker takes the tensors that may be filled and gives a function of a batch that returns ``dense``
and ``ids``, or ``dense`` alone. Whoever needs no new memory writes into the given one.
"""

from __future__ import annotations

import io
import json
import math
from array import array
from collections.abc import Callable
from operator import attrgetter, itemgetter
from typing import Any

import msgspec
import numpy as np
import torch
import xxhash

from benchmarks import c_peer
from benchmarks.criteo import BUCKETS, INTS, TEXTS
from benchmarks.criteo_forms import polars_schema
from benchmarks.micro_columns import (
    onnx_matrix,
    pandas_columns,
    polars_columns,
    sklearn_columns,
)
from benchmarks.micro_tensors import Out, Peer, Tensors, fill_packed

# --- dicts ------------------------------------------------------------------------------------


def c_dicts(out: Out) -> Peer:
    """The limit: one call of C."""
    fill_rows = c_peer.extension().fill_rows

    def fill(rows: list[dict[str, Any]]) -> Tensors:
        fill_rows(rows, out.dense_array, out.ids_array)
        return out.first(len(rows))

    return fill


def numba_dicts(out: Out) -> Peer:
    """Numba over packed rows: numbers through `array`, texts joined and encoded once."""
    return _packing(out, itemgetter(*INTS), itemgetter(*TEXTS))


def _packing(out: Out, ints: Callable[[Any], Any], texts: Callable[[Any], Any]) -> Peer:
    def fill(rows: list[Any]) -> Tensors:
        numbers = array("q", [x or 0 for row in rows for x in ints(row)])
        fill_packed(numbers, [s or "" for row in rows for s in texts(row)], False, out)
        return out.first(len(rows))

    return fill


def python_dicts(out: Out) -> Peer:
    """Plain Python and the xxhash package; the tensors are made of flat arrays."""
    ints, texts = itemgetter(*INTS), itemgetter(*TEXTS)
    log1p, digest = math.log1p, xxhash.xxh64_intdigest

    def fill(rows: list[dict[str, Any]]) -> Tensors:
        logs = [log1p(x) if x is not None and x > 0 else 0.0 for r in rows for x in ints(r)]
        ids = [digest((s or "").encode()) % BUCKETS for r in rows for s in texts(r)]
        dense = torch.frombuffer(array("f", logs), dtype=torch.float32)
        wide = torch.frombuffer(array("q", ids), dtype=torch.int64)
        return dense.view(-1, len(INTS)), wide.view(-1, len(TEXTS))

    return fill


def pandas_dicts(out: Out) -> Peer:
    """A frame of the rows through the functions of the batch."""
    import pandas as pd

    fill = pandas_columns(out)
    return lambda rows: fill(pd.DataFrame(rows))


def sklearn_dicts(out: Out) -> Peer:
    """A frame of the rows through scikit-learn's transformers."""
    import pandas as pd

    fill = sklearn_columns(out)
    return lambda rows: fill(pd.DataFrame(rows))


def polars_dicts(out: Out) -> Peer:
    """A frame of the rows through the expressions of the batch."""
    import polars as pl

    schema = polars_schema()
    fill = polars_columns(out)
    return lambda rows: fill(pl.DataFrame(rows, schema=schema))


def onnx_dicts(out: Out) -> Peer:
    """ONNX Runtime, numbers only: it has no dicts, no XXH64, and takes nulls as filled before."""
    ints, fill = itemgetter(*INTS), onnx_matrix(out)
    return lambda rows: fill(np.array([[x or 0 for x in ints(row)] for row in rows], np.int64))


# --- JSON -------------------------------------------------------------------------------------


def msgspec_numba(out: Out) -> Peer:
    """msgspec decodes typed structs, Numba computes."""
    fields: list[Any] = [(n, int | None) for n in INTS] + [(n, str | None) for n in TEXTS]
    decode = msgspec.json.Decoder(list[msgspec.defstruct("Row", fields, gc=False)]).decode  # type: ignore[misc]
    fill = _packing(out, attrgetter(*INTS), attrgetter(*TEXTS))
    return lambda text: fill(decode(text))


def msgspec_c(out: Out) -> Peer:
    """msgspec decodes dicts, the C extension reads them: no check of types by the decoder."""
    decode, fill = msgspec.json.Decoder(list[dict[str, int | str | None]]).decode, c_dicts(out)
    return lambda text: fill(decode(text))


def json_numba(out: Out) -> Peer:
    """The json module, then Numba over packed rows."""
    fill = numba_dicts(out)
    return lambda text: fill(json.loads(text))


def json_python(out: Out) -> Peer:
    """The json module, then plain Python."""
    fill = python_dicts(out)
    return lambda text: fill(json.loads(text))


def pandas_json(out: Out) -> Peer:
    """The json module and a frame."""
    fill = pandas_dicts(out)
    return lambda text: fill(json.loads(text))


def polars_json(out: Out) -> Peer:
    """Polars' own reader of JSON."""
    import polars as pl

    schema = polars_schema()
    fill = polars_columns(out)
    return lambda text: fill(pl.read_json(io.BytesIO(text), schema=schema))
