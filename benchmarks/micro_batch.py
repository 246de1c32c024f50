"""Micro-batches of 1, 16, 256 and 4,096 rows: dicts, JSON or columns to the tensors of a model."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import featurelib_online as online
from benchmarks import c_peer, criteo, criteo_frames, equality, micro_columns, micro_peers
from benchmarks import criteo_forms as forms
from benchmarks.micro_tensors import Out, Peer, Tensors
from benchmarks.one_row import over
from benchmarks.tables import Table, microseconds, times
from benchmarks.timing import race
from featurelib_online.row import RowKernel
from featurelib_online.tensors import TorchBuffers

SIZES = (1, 16, 256, 4096)
_MOST_BATCHES = 32
_SLOW = ("pandas", "scikit-learn", "Polars", "json, pandas")
_NUMBERS = "the 13 numbers only"
Form = Callable[[Any], Any]
Makers = dict[str, tuple[Form, Callable[[Out], Peer]]]
"""By contestant: the form in which it is given rows, and how it is made."""


def measure(quick: bool) -> list[Table]:
    """The tables of this page."""
    kernel = online.compile(criteo.bundle(wide_ids=True))
    sizes = (1, 256) if quick else SIZES
    rows = criteo.rows(max(sizes))
    made = []
    for title, contestants in (
        ("dicts", _dicts(kernel)),
        ("JSON, an array of objects,", _json(kernel)),
        ("columns", _columns(kernel)),
    ):
        made.append(_table(title, contestants, rows, sizes, quick))
    made[0].notes += [
        "us a batch, in brackets how many times as long as the first line takes.",
        "float32 (rows, 13) and int64 (rows, 26) as torch tensors; `out=` is memory of the caller.",
        "Ours checks types, ranges and unknown keys; the C extension types; the others trust.",
    ]
    made[1].notes.append("Ours refuses repeated keys and NaN; msgspec checks types.")
    made[2].notes.append(
        "Arrow: a record batch of pyarrow. NumPy: masked int64, and texts as objects. pandas, "
        "scikit-learn and Polars are given their own frames, ONNX Runtime a matrix without nulls."
    )
    return made


def _dicts(kernel: RowKernel) -> Makers:
    peers: Makers = {
        "C extension that reads the dicts": (forms.as_dicts, micro_peers.c_dicts),
        "Numba by hand, rows packed": (forms.as_dicts, micro_peers.numba_dicts),
        "plain Python and xxhash": (forms.as_dicts, micro_peers.python_dicts),
        f"ONNX Runtime, {_NUMBERS}": (forms.as_dicts, micro_peers.onnx_dicts),
        "pandas": (forms.as_dicts, micro_peers.pandas_dicts),
        "scikit-learn": (forms.as_dicts, micro_peers.sklearn_dicts),
    }
    if criteo_frames.polars_expressions() is not None:
        peers["Polars, a frame of the rows"] = (forms.as_dicts, micro_peers.polars_dicts)
    ours = {"featurelib, kernel.many(rows, out=)": (forms.as_dicts, _ours(kernel, kernel.many))}
    return ours | _here(peers)


def _json(kernel: RowKernel) -> Makers:
    peers: Makers = {
        "msgspec to dicts, C extension": (forms.as_json, micro_peers.msgspec_c),
        "msgspec to structs, Numba by hand": (forms.as_json, micro_peers.msgspec_numba),
        "json, Numba by hand": (forms.as_json, micro_peers.json_numba),
        "json, plain Python and xxhash": (forms.as_json, micro_peers.json_python),
        "json, pandas": (forms.as_json, micro_peers.pandas_json),
    }
    if criteo_frames.polars_expressions() is not None:
        peers["Polars, read_json"] = (forms.as_json, micro_peers.polars_json)
    ours = {"featurelib, kernel.json(bytes, out=)": (forms.as_json, _ours(kernel, kernel.json))}
    return ours | _here(peers)


def _columns(kernel: RowKernel) -> Makers:
    peers: Makers = {
        "C extension, Arrow": (forms.as_arrow, micro_columns.c_arrow),
        "Numba by hand, Arrow": (forms.as_arrow, micro_columns.numba_arrow),
        "Numba by hand, NumPy": (forms.as_numpy, micro_columns.numba_numpy),
        f"ONNX Runtime, {_NUMBERS}": (forms.as_matrix, micro_columns.onnx_matrix),
        "pandas": (forms.as_pandas, micro_columns.pandas_columns),
        "scikit-learn": (forms.as_pandas, micro_columns.sklearn_columns),
    }
    if criteo_frames.polars_expressions() is not None:
        peers["Polars"] = (forms.as_polars, micro_columns.polars_columns)
    columns, two = kernel.columns, partial(kernel.columns, threads=2)
    ours = {
        "featurelib, Arrow": (forms.as_arrow, _ours(kernel, columns)),
        "featurelib, Arrow, threads=2": (forms.as_arrow, _ours(kernel, two)),
        "featurelib, a matrix of numbers, Arrow texts": (forms.as_store, _ours(kernel, columns)),
        "featurelib, NumPy": (forms.as_numpy, _ours(kernel, columns)),
    }
    return ours | _here(peers)


def _here(peers: Makers) -> Makers:
    """Without what needs a C compiler where there is none."""
    if c_peer.extension() is not None:
        return peers
    return {name: peer for name, peer in peers.items() if "C extension" not in name}


def _ours(kernel: RowKernel, call: Callable[..., Any]) -> Callable[[Out], Peer]:
    def make(out: Out) -> Peer:
        buffers = TorchBuffers(kernel.bundle.layout, len(out.dense))

        def fill(given: Any) -> Tensors:
            return tuple(buffers.first(len(call(given, out=buffers.arrays))).values())

        return fill

    return make


def _table(
    title: str, makers: Makers, rows: list[dict[str, Any]], sizes: tuple[int, ...], quick: bool
) -> Table:
    base = next(iter(makers))
    batches = {n: _cut(rows, n) for n in sizes}
    cells: dict[str, list[str]] = {name: [] for name in makers}
    distance = dict.fromkeys(makers, 0)
    for size in sizes:
        work: dict[str, Callable[[], Any]] = {}
        expected: Tensors = ()
        for name, (form, make) in makers.items():
            given = [form(batch) for batch in batches[size]]
            peer = make(Out(size))
            got = tuple(tensor.clone() for tensor in peer(given[0]))
            expected = expected or got
            distance[name] = max(distance[name], _distance(name, expected, got))
            work[name] = over(peer, given)
        found = _raced(work, base, quick)
        for name, (seconds, ratio) in found.items():
            cells[name].append(f"{microseconds(seconds)} ({times(ratio)})")
            if size == sizes[-1]:
                cells[name].append(f"{1e9 * seconds / size:,.0f}")
    table = Table(
        f"Micro-batches from {title} to torch tensors",
        (
            "who",
            *(f"{n:,} row{'s' if n > 1 else ''}, us" for n in sizes),
            f"ns a row of {sizes[-1]:,}",
            "values equal to ours",
        ),
    )
    for name in makers:
        equal = "" if name.startswith("featurelib") else equality.told(distance[name])
        table.rows.append((name, *cells[name], equal))
    return table


def _cut(rows: list[dict[str, Any]], size: int) -> list[list[dict[str, Any]]]:
    """Batches that are given in turn."""
    starts = range(0, len(rows) - size + 1, size)
    return [rows[start : start + size] for start in starts][:_MOST_BATCHES]


def _distance(name: str, expected: Tensors, got: Tensors) -> int:
    if len(got) < len(expected) and _NUMBERS not in name:
        raise equality.WrongPeerError(f"{name}: it made {len(got)} tensors of {len(expected)}")
    pairs = zip(expected, got, strict=False)
    return max(equality.check(name, ours.numpy(), theirs.numpy()) for ours, theirs in pairs)


def _raced(
    work: dict[str, Callable[[], Any]], base: str, quick: bool
) -> dict[str, tuple[float, float]]:
    """Seconds of a call, and times the base; who takes long has fewer turns, beside the base."""
    slow = {n: w for n, w in work.items() if n.startswith(_SLOW) and n != base}
    quickest = {n: w for n, w in work.items() if n not in slow}
    made = {}
    for group, rounds in ((quickest, 15), (slow | {base: work[base]}, 5)):
        found = race(group, rounds=2 if quick else rounds, slice_s=0.0 if quick else 0.01)
        for name in group:
            if name not in made:
                made[name] = (found.median(name), found.ratio(name, base))
    return {name: made[name] for name in work}
