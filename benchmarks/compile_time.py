"""Compiling 300 distinct features: on a new machine, with bodies cached, from the whole cache.

Each time is of a new process, after its imports. Run as a script it is that process:
python -m benchmarks.compile_time BUNDLE KIND
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.import_time import with_bytecode
from benchmarks.tables import Table

N_FEATURES = 300
BUDGETS_S = {"a new machine": 10.0, "bodies cached": 4.0, "whole kernel from the cache": 0.4}
KINDS = ("row", "columns", "compile")


def features(count: int, for_device: bool = False) -> list[Any]:
    """Distinct features over 60 columns: each third one has text, each sixth one a local time.

    Args:
        count: How many.
        for_device: Without text in lower case, which a device does not make; and as Float32, so
            that all stand in one tensor.
    """
    import featurelib as fl

    made = [_expression(k, not for_device) for k in range(count)]
    if for_device:
        made = [e.cast(fl.Float32).fill_null(-1.0) for e in made]
    return [fl.Feature(f"f{k}", version=1, expr=e) for k, e in enumerate(made)]


def _expression(k: int, lowers: bool) -> Any:
    import featurelib as fl

    x, y, s, t = (fl.col(f"{kind}{k % 15}") for kind in "xyst")
    a, b = float(k + 1), k + 2
    match k % 6:
        case 0:
            return ((x.fill_null(a) - a).clip(-a, 2 * a) / (a + 1)).log1p().cast(fl.Float32)
        case 1:
            end = s.fill_null("").str.slice(k % 5)
            return (end.str.to_lowercase() if lowers else end).hash_bucket(1000 + k)
        case 2:
            return (x * a + y.cast(fl.Float64)).abs().sqrt().fill_null(-a)
        case 3:
            hour = t.dt.convert_time_zone("America/New_York").dt.hour()
            return hour.is_between(k % 7, 12 + k % 9)
        case 4:
            return fl.when(y > b).then(x.exp()).when(y % b == 0).then(a).otherwise(x.sin() + a)
        case _:
            return s.str.starts_with(f"p{k}") | (s.str.len_chars() > k % 11) | (y == b)


def save(path: Path, count: int, for_device: bool = False) -> None:
    """Writes the bundle that the processes read; see `features`."""
    import featurelib as fl
    from featurelib import dtypes
    from featurelib.fields import Field, InputSchema

    kinds = {
        "x": dtypes.FLOAT64,
        "y": dtypes.INT64,
        "s": dtypes.STRING,
        "t": dtypes.datetime_type("UTC"),
    }
    fields = [Field(f"{k}{i}", t, nullable=k != "t") for k, t in kinds.items() for i in range(15)]
    inputs = InputSchema("Wide", tuple(fields))
    made = features(count, for_device)
    layout = {"dense": [f.name for f in made]} if for_device else None
    fl.FeatureSet("wide", version="1.0.0", inputs=inputs, features=made, layout=layout).bind().save(
        path
    )


def measure(quick: bool) -> list[Table]:
    """The table of this page."""
    count, rounds = (6, 1) if quick else (N_FEATURES, 2)
    table = Table(
        f"Compiling {count} distinct features, in s",
        ("state of the cache", "row kernel", "column kernel", "compile(bundle)", "budget"),
    )
    found: dict[str, dict[str, list[float]]] = {s: {k: [] for k in KINDS} for s in BUDGETS_S}
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "wide.json"
        save(path, count)
        for turn in range(rounds):
            for kind in KINDS[:1] if quick else KINDS:
                cache = Path(place) / f"{kind}{turn}"
                cache.mkdir(mode=0o700)
                run = partial(_seconds, path, kind, cache, quick)
                found["a new machine"][kind].append(run())
                for file in cache.glob("program-*"):
                    file.unlink()
                found["bodies cached"][kind].append(run())
                found["whole kernel from the cache"][kind].append(
                    _seconds(path, kind, cache, quick)
                )
                shutil.rmtree(cache)
    for state, kinds in found.items():
        cells = (f"{statistics.median(kinds[k]):.2f}" if kinds[k] else "" for k in KINDS)
        table.rows.append((state, *cells, f"{BUDGETS_S[state]:.1f}"))
    table.notes = [
        "In a new process each time, after its imports and after the bundle is read.",
        "`compile(bundle)` is what a service calls: the row kernel, and the reader of dicts.",
    ]
    return [table]


def _seconds(bundle: Path, kind: str, cache: Path, quick: bool) -> float:
    env = dict(os.environ) if quick else with_bytecode(bundle.parent)
    env |= {"FEATURELIB_CACHE_DIR": str(cache), "NUMBA_CACHE_DIR": str(cache / "numba")}
    command = [sys.executable, "-m", "benchmarks.compile_time", str(bundle), kind]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=env)
    return float(done.stdout.split()[-1])


def child(path: str, kind: str) -> None:
    """What a process measures."""
    import featurelib as fl
    import featurelib_online as online
    from featurelib.jit.kernel import Kernel

    bundle = fl.load(path)
    start = time.perf_counter()
    if kind == "compile":
        online.compile(bundle)
    else:
        Kernel(bundle.program, bundle.state, wide=kind == "columns")
    print(time.perf_counter() - start)


if __name__ == "__main__":
    child(*sys.argv[1:])
