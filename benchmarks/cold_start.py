"""From the start of a process to the first answer of the recommender, everything from its files."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from benchmarks.import_time import with_bytecode
from benchmarks.serving import process_cpu, served
from benchmarks.serving_world import make_world
from benchmarks.tables import Table
from serving_example.artifacts import ArtifactStore

MODELS = 16


def measure(quick: bool) -> list[Table]:
    """The table of this page."""
    taken: list[tuple[float, float]] = []
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        make_world(folder)
        store = ArtifactStore(folder / "artifacts")
        ranker = store.digest("ranker")
        more = MODELS - len(store.manifest().names)
        store.publish({f"ranker-{i}": ranker for i in range(more)})
        env = dict(os.environ) if quick else with_bytecode(folder)
        for _ in range(1 if quick else 6):
            began = time.perf_counter()
            with served(folder, env=env) as (pid, port, _):
                _answered(f"http://127.0.0.1:{port}/v1/recommend/1")
                taken.append((time.perf_counter() - began, process_cpu(pid)))
    seconds, cpu = zip(*taken[-5:], strict=True)  # the first one writes bytecode
    table = Table("Cold start of the recommender", ("models", "s", "CPU, s"))
    median = statistics.median
    table.rows.append((str(MODELS), f"{median(seconds):.2f}", f"{median(cpu):.2f}"))
    table.notes = [
        f"From the start of the process to its first recommendation, {len(seconds)} times.",
        "Bundle, machine code, store and models lie in files; every size of every model has run.",
    ]
    return [table]


def _answered(url: str) -> None:
    """Waits for the first answer: the port opens a moment after the service says where."""
    while True:
        try:
            urllib.request.urlopen(url).read()
        except urllib.error.URLError:
            time.sleep(0.002)
        else:
            return
