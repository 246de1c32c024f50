"""A batch of the Criteo-shaped rows: frame in, 39 columns out."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl

from benchmarks import c_peer, criteo, criteo_frames, equality, numba_peer, onnx_peer
from benchmarks.criteo import INTS, TEXTS
from benchmarks.tables import Table, times
from benchmarks.timing import race
from featurelib.jit.kernel import Kernel, empty_column
from featurelib_offline import transform
from featurelib_offline.columns import series_column

_CALL = ctypes.CFUNCTYPE(None, ctypes.c_int64, ctypes.c_int64, ctypes.c_int64)
STREAMING = "Polars by hand, streaming"
_NUMBERS = "13 numbers only"


def measure(quick: bool) -> list[Table]:
    """The tables of this page."""
    rows = 20_000 if quick else 1_000_000
    frame = criteo.frame(rows)
    return [_frames(frame, quick), _alone(frame, quick)]


def _frames(frame: pl.DataFrame, quick: bool) -> Table:
    bundle, threads = criteo.bundle(), pl.thread_pool_size()
    own = criteo_frames.polars_expressions(own_hash=True)
    assert own is not None
    quickest: dict[str, Callable[[], Any]] = {
        "featurelib, streaming": lambda: transform(bundle, frame, engine="streaming"),
        "featurelib, in memory": lambda: transform(bundle, frame),
        "Polars by hand, streaming, its own hash (other ids)": (
            lambda: criteo_frames.polars(frame, own, "streaming")
        ),
        "Numba by hand over Arrow": lambda: numba_peer.batch(frame, threads),
    }
    expressions = criteo_frames.polars_expressions()
    if expressions is not None:
        quickest[STREAMING] = lambda: criteo_frames.polars(frame, expressions, "streaming")
        quickest["Polars by hand, in memory"] = lambda: criteo_frames.polars(
            frame, expressions, "in-memory"
        )
    if c_peer.extension() is not None:
        quickest["C by hand over Arrow, gcc -O3"] = lambda: c_peer.batch(frame, threads)
    pandas_frame = frame.to_pandas()
    numbers = frame.select(pl.col(INTS).fill_null(0)).to_numpy().astype(np.int64)
    slow: dict[str, Callable[[], Any]] = {
        "pandas": lambda: criteo_frames.pandas(pandas_frame),
        "scikit-learn": lambda: criteo_frames.sklearn_pipeline().fit_transform(pandas_frame),
        f"ONNX Runtime, {_NUMBERS}, from a matrix": (
            lambda: onnx_peer.session().run(None, {"x": numbers})[0]
        ),
    }
    ours = transform(bundle, frame)
    equal = {n: _agreement(n, ours, w()) for n, w in (quickest | slow).items()}
    found = race(quickest, rounds=2 if quick else 11, slice_s=0.0)
    base = "featurelib, streaming"
    found_slow = race({base: quickest[base], **slow}, rounds=2 if quick else 3, slice_s=0.0)
    limit = (
        STREAMING
        if STREAMING in quickest
        else "Polars by hand, streaming, its own hash (other ids)"
    )
    table = Table(
        f"A batch: {len(frame):,} Criteo-shaped rows, {threads} threads",
        ("who", "s", "million rows/s", "rate of Polars streaming", "values equal to ours"),
    )
    for name in (*quickest, *slow):
        if name in quickest:
            seconds, ratio = found.median(name), found.ratio(limit, name)
        else:
            seconds = found_slow.median(name)
            ratio = found.ratio(limit, base) / found_slow.ratio(name, base)
        rate = len(frame) / seconds / 1e6
        table.rows.append((name, f"{seconds:.3f}", f"{rate:.2f}", times(ratio), equal[name]))
    table.notes = [
        "Polars by hand takes XXH64 from the plugin polars-hash.",
        "Polars' own hash is quicker and gives other ids, which no service can repeat.",
        "Numba and C by hand give arrays and no frame, and read the columns without a check.",
    ]
    return table


def _agreement(name: str, ours: pl.DataFrame, theirs: Any) -> str:
    distance = 0
    for feature in ours.columns:
        source = feature.split("_")[0]
        if source in TEXTS and (_NUMBERS in name or "other ids" in name):
            continue
        if isinstance(theirs, np.ndarray):
            values = theirs[:, (*INTS, *TEXTS).index(source)]
        else:
            key = feature if feature in getattr(theirs, "columns", ()) else source
            values = theirs[key].to_numpy() if hasattr(theirs[key], "to_numpy") else theirs[key]
        expected = ours[feature].to_numpy()
        distance = max(distance, equality.check(name, expected, values.astype(expected.dtype)))
    return equality.told(distance)


def _alone(frame: pl.DataFrame, quick: bool) -> Table:
    """Columns in memory to columns in memory, one thread: no Arrow, no frame."""
    bundle, rows = criteo.bundle(), len(frame)
    kernel = Kernel(bundle.program, bundle.state)
    inputs = [series_column(frame[n], node.dtype) for n, node in bundle.program.inputs.items()]
    there = np.ones(rows, np.uint8)
    inputs = [c if c.valid is not None else c._replace(valid=there) for c in inputs]
    outputs = [empty_column(n.dtype, n.nullable, rows) for n in kernel.slots.outputs]
    slots = kernel.fill_slots(inputs, outputs, 0)
    codes = {"featurelib": _CALL(kernel.machine.address)}
    extension = c_peer.extension()
    if extension is not None:
        codes["C, gcc -O3"] = _CALL(extension.columns_address)
    work = {n: (lambda f=f: f(slots.ctypes.data, 0, rows)) for n, f in codes.items()}
    first: list[Any] = []
    for name, run in work.items():
        run()
        first = first or [c.values.copy() for c in outputs]
        for column, expected in zip(outputs, first, strict=True):
            equality.check(name, expected, column.values)
    found = race(work, rounds=2 if quick else 15, slice_s=0.0)
    table = Table(
        "The kernel alone over columns, one thread", ("who", "million rows/s", "times C's time")
    )
    for name in work:
        ratio = times(found.ratio(name, "C, gcc -O3")) if extension is not None else ""
        table.rows.append((name, f"{rows / found.median(name) / 1e6:.2f}", ratio))
    table.notes = ["Texts as pairs of address and length, flags as bytes: the kernel ABI."]
    return table
