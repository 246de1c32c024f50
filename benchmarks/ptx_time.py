"""Device kernels: how long a layout's features take to become PTX, and PTX machine code.

No device is needed. Each time is of a new process, after its imports. Run as a script it is that
process: python -m benchmarks.ptx_time BUNDLE
"""

from __future__ import annotations

import importlib.util
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import compile_time, criteo
from benchmarks.import_time import with_bytecode
from benchmarks.tables import Table


def measure(quick: bool) -> list[Table]:
    """The table of this page."""
    if importlib.util.find_spec("numba_cuda") is None:
        print("no PTX: pip install 'featurelib[cuda]'")
        return []
    sets: dict[str, Callable[[Path], None]] = {"Criteo-shaped rows": save_criteo}
    if not quick:
        sets["flights, the layout of the demo"] = save_flights
        sets[f"{compile_time.N_FEATURES} distinct features"] = save_wide
    table = Table(
        "Device kernels: to PTX for sm_90, and to machine code, in s",
        ("what", "to PTX", "PTX from the cache", "PTX to cubin", "PTX, kB", "cubin, kB"),
    )
    for name, save in sets.items():
        with tempfile.TemporaryDirectory() as place:
            path = Path(place) / "bundle.json"
            save(path)
            found: list[tuple[dict[str, Any], dict[str, Any]]] = []
            for turn in range(1 if quick else 2):
                cache = Path(place) / f"cache{turn}"
                cache.mkdir(mode=0o700)
                found.append((_run(path, cache, quick), _run(path, cache, quick)))
        cold, warm = ([pair[i] for pair in found] for i in (0, 1))
        table.rows.append(
            (
                name,
                f"{statistics.median(c['ptx_s'] for c in cold):.2f}",
                f"{statistics.median(w['ptx_s'] for w in warm):.3f}",
                f"{statistics.median(c['cubin_s'] for c in cold):.2f}",
                f"{cold[0]['ptx_bytes'] / 1000:,.0f}",
                f"{cold[0]['cubin_bytes'] / 1000:,.0f}",
            )
        )
    table.notes = [
        "In a new process each time, after its imports and after the bundle is read.",
        "Only what stands in a tensor is computed. No device was used: the assembler is a wheel.",
    ]
    return [table]


def save_criteo(path: Path) -> None:
    """13 numbers and 26 hashes."""
    criteo.bundle(wide_ids=True).save(path)


def save_flights(path: Path) -> None:
    """The set of the demo, fitted."""
    from featurelib_offline import fit
    from parity_tests.feature_sets.flights import flights, load_flights

    flights.bind(fit(flights, load_flights())).save(path)


def save_wide(path: Path) -> None:
    """The features of `compile_time` but those that make text, side by side in tensors."""
    compile_time.save(path, compile_time.N_FEATURES, for_device=True)


def _run(bundle: Path, cache: Path, quick: bool) -> dict[str, Any]:
    env = dict(os.environ) if quick else with_bytecode(bundle.parent)
    env |= {"FEATURELIB_CACHE_DIR": str(cache)}
    command = [sys.executable, "-m", "benchmarks.ptx_time", str(bundle)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=env)
    made: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return made


def child(path: str) -> None:
    """What a process measures."""
    import numba.cuda  # noqa: F401

    import featurelib as fl
    from featurelib.jit.cuda_program import compile_device
    from featurelib.jit.places import PlacedProgram

    bundle = fl.load(path)
    placed = PlacedProgram.of(bundle.program, bundle.layout, bundle.schema, only_tensors=True)
    start = time.perf_counter()
    machine = compile_device(placed.program, placed.places, (9, 0))
    between = time.perf_counter()
    cubin = machine.cubin()
    times = {"ptx_s": between - start, "cubin_s": time.perf_counter() - between}
    print(json.dumps(times | {"ptx_bytes": len(machine.ptx), "cubin_bytes": len(cubin)}))


if __name__ == "__main__":
    child(*sys.argv[1:])
