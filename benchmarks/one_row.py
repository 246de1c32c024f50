"""One row, dict to filled tensors; the kernel alone; and 256 rows in one call."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numba as nb
import numpy as np

import featurelib_online as online
from benchmarks import c_peer, criteo, criteo_rows, equality
from benchmarks.criteo_rows import Tensors
from benchmarks.tables import Table, microseconds, times
from benchmarks.timing import race
from featurelib_online.cpython_api import call_program
from featurelib_online.row import RowKernel

N_ROWS = 512
FILLER = "featurelib, kernel.filler(out)(row)"
SLOW = frozenset({"pandas", "Polars, a frame of one row"})
CALLS = 1000


def measure(quick: bool) -> list[Table]:
    """The tables of this page."""
    kernel = online.compile(criteo.bundle())
    rows = criteo.rows(N_ROWS)
    return [
        _peers(kernel, rows, quick),
        _keys(kernel, rows, quick),
        _alone(kernel, quick),
        _many(kernel, rows, quick),
    ]


def _peers(kernel: RowKernel, rows: list[dict[str, Any]], quick: bool) -> Table:
    makers: dict[str, Callable[[Tensors], Any]] = {
        "C extension that reads the dict": criteo_rows.c_extension,
        "Numba by hand, row packed by struct": criteo_rows.numba_packed,
        "plain Python and xxhash": criteo_rows.python,
        "ONNX Runtime, the 13 numbers only": criteo_rows.onnx,
        "pandas": criteo_rows.pandas,
        "Polars, a frame of one row": criteo_rows.polars,
    }
    if c_peer.extension() is None:
        del makers["C extension that reads the dict"]
    fills, equal = {}, {}
    for name, make in makers.items():
        into = Tensors()
        fill = make(into)
        if fill is not None:
            equal[name] = _agreement(name, kernel, fill, into, rows[:64])
            fills[name] = fill
    quickest = {n: f for n, f in fills.items() if n not in SLOW}
    tensors = {n: t.copy() for n, t in kernel(rows[0]).tensors.items()}
    ours = {
        FILLER: kernel.filler(tensors),
        "featurelib, kernel(row).tensors": lambda row: kernel(row).tensors,
        "featurelib, kernel(row)": kernel,
    }
    work = {n: over(f, rows) for n, f in (ours | quickest).items()}
    found = race(work, rounds=3 if quick else 41, slice_s=0.002 if quick else 0.02)
    slow = {n: over(f, rows) for n, f in fills.items() if n in SLOW}
    base = FILLER
    slow_found = race({base: work[base], **slow}, rounds=3 if quick else 9, slice_s=0.02)
    limit = next(iter(makers))
    table = Table(
        "One row: dict to filled tensors",
        ("who", "us", "times the C extension", "values equal to ours"),
    )
    for name in (*ours, *quickest):
        table.rows.append(
            (
                name,
                microseconds(found.median(name)),
                times(found.ratio(name, limit)),
                equal.get(name, ""),
            )
        )
    for name in slow:
        ratio = slow_found.ratio(name, base) * found.ratio(base, limit)
        table.rows.append((name, microseconds(slow_found.median(name)), times(ratio), equal[name]))
    table.notes = [
        "13 numbers and 26 texts of 8 characters, an eighth null; 512 rows in turn; interned keys.",
        "Ours checks types, ranges and unknown keys; the C extension types; the others trust it.",
        "`filler` writes to memory of the caller, as the peers do; `.tensors` are new arrays.",
    ]
    return table


def over(fill: Callable[[dict[str, Any]], Any], rows: list[dict[str, Any]]) -> Callable[[], Any]:
    """One call with the next row."""
    following = itertools.cycle(rows).__next__
    return lambda: fill(following())


def _agreement(
    name: str, kernel: RowKernel, fill: Any, into: Tensors, rows: list[dict[str, Any]]
) -> str:
    distance = 0
    for row in rows:
        fill(row)
        ours = kernel(row).tensors
        distance = max(distance, equality.check(name, ours["dense"][0], into.dense))
        if "numbers only" not in name:
            equality.check(name, ours["ids"][0], into.ids)
    return equality.told(distance)


def _keys(kernel: RowKernel, rows: list[dict[str, Any]], quick: bool) -> Table:
    plan = kernel._free[0].plan
    ways = {
        "interned, in the order of the schema": rows,
        "parsed from JSON": [criteo.parsed(r) for r in rows],
        "parsed, in another order": [criteo.parsed(dict(reversed(r.items()))) for r in rows],
    }
    work = {}
    extension = c_peer.extension()
    for way, given in ways.items():
        work[f"read {way}"] = over(plan._read_row, given)
        work[f"serve {way}"] = over(plan._serve_row, given)
        if extension is not None:
            work[f"limit {way}"] = over(criteo_rows.c_extension(Tensors()), given)
    found = race(work, rounds=3 if quick else 31, slice_s=0.002 if quick else 0.01)
    table = Table(
        "The reader: which objects the keys are",
        ("keys of the row", "read, us", "read and compute, us", "C extension, us", "ratio"),
    )
    for way in ways:
        limit, ratio = "", ""
        if extension is not None:
            limit = microseconds(found.median(f"limit {way}"))
            ratio = times(found.ratio(f"serve {way}", f"limit {way}"))
        read, serve = (microseconds(found.median(f"{w} {way}")) for w in ("read", "serve"))
        table.rows.append((way, read, serve, limit, ratio))
    table.notes = [
        "Without what Python adds: the machine code, called as a builtin of one argument."
    ]
    return table


def _alone(kernel: RowKernel, quick: bool) -> Table:
    table = Table("The kernel alone, one row", ("who", "ns", "times C"))
    work = kernel._free[0]
    work.plan.serve(criteo.rows(1)[0])
    slots = int(work.slots.ctypes.data)
    codes = {"featurelib": kernel.kernel.machine.address}
    extension = c_peer.extension()
    if extension is not None:
        codes["C, gcc -O3"] = extension.columns_address
    # The calls are made by machine code: one from Python costs as much as the row.
    work_of = {n: (lambda a=a: _again(a, slots, CALLS)) for n, a in codes.items()}
    found = race(work_of, rounds=3 if quick else 61, slice_s=0.002 if quick else 0.01)
    for name in codes:
        ratio = times(found.ratio(name, "C, gcc -O3")) if extension is not None else ""
        table.rows.append((name, f"{1e9 * found.median(name) / CALLS:.0f}", ratio))
    table.notes = ["The same columns of one row in, the same out, again and again."]
    return table


@nb.njit
def _again(program: int, slots: int, calls: int) -> None:
    for _ in range(calls):
        call_program(program, slots, 0, 1)


def _many(kernel: RowKernel, rows: list[dict[str, Any]], quick: bool) -> Table:
    chunk = rows[:256]
    extension = c_peer.extension()
    work: dict[str, Callable[[], Any]] = {
        "featurelib, kernel.many(256 rows)": lambda: kernel.many(chunk).tensors,
        "featurelib, kernel(row) 256 times": lambda: [kernel(r) for r in chunk],
    }
    if extension is not None:
        dense, ids = np.zeros((256, 13), np.float32), np.zeros((256, 26), np.uint32)
        places = list(zip(chunk, dense, ids, strict=True))
        fill = extension.fill
        work["C extension 256 times"] = lambda: [fill(r, d, i) for r, d, i in places]
    python = criteo_rows.python(Tensors())
    work["plain Python 256 times"] = lambda: [python(r) for r in chunk]
    found = race(work, rounds=3 if quick else 41, slice_s=0.002 if quick else 0.02)
    base = next(iter(work))
    table = Table("256 dicts to filled tensors", ("who", "us", "us a row", "times the first"))
    for name in work:
        seconds = found.median(name)
        ratio = times(found.ratio(name, base))
        table.rows.append((name, microseconds(seconds), microseconds(seconds / 256), ratio))
    return table
