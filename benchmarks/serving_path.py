"""What a computed recommendation costs on the device's thread, stage by stage.

The stages are the service's own (`serving_example.app.rank_program`), on MovieLens with models of a
quick training. Their clock is the thread's CPU time: what else runs on the machine counts little.
"""

from __future__ import annotations

import contextlib
import random
import statistics
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import featurelib as fl
from benchmarks.serving_world import USERS, make_world
from benchmarks.tables import Table
from serving_example.app.cases import Wanted
from serving_example.app.films import Films
from serving_example.app.http import Response, encode
from serving_example.app.rank_program import RankProgram
from serving_example.app.service import Service
from serving_example.artifacts import ArtifactStore
from serving_example.devices import cpu_device
from serving_example.store import open_log, open_store, wall_clock

BATCHES = (1, 4, 10, 30)


def measure(quick: bool) -> list[Table]:
    """The table of this page."""
    with TemporaryDirectory() as place:
        folder = Path(place)
        make_world(folder)
        return [stages(folder, 3 if quick else 200)]


def stages(folder: Path, rounds: int) -> Table:
    """The table of a world that `make_world` made."""
    table = Table("A recommendation of 100 candidates of 1,682 films: us of CPU a request", ())
    with opened(folder) as films:
        for size in BATCHES:
            told = _run(films, size, rounds)
            names = list(told[0])
            us = {n: 1e6 * statistics.median(t[n] for t in told) / size for n in names}
            if not table.header:
                table.header = ("requests at once", *names, "in all")
            cells = [f"{us[name]:.0f}" for name in names]
            table.rows.append((str(size), *cells, f"{sum(us.values()):.0f}"))
    table.notes = [
        "Users are drawn by Zipf's law over the 943 of MovieLens 100k; medians over batches.",
        "Ends at the bytes of the body. HTTP, the queue and the event loop come on top.",
    ]
    return table


@contextlib.contextmanager
def opened(folder: Path) -> Iterator[Films]:
    """A service over a world, with its models loaded and no port."""
    bundle = fl.load(folder / "bundle.json")
    store, log = open_store(str(folder / "store")), open_log(str(folder / "log"))
    service = Service(
        artifacts=ArtifactStore(folder / "artifacts"), devices=[cpu_device()], clock=time.monotonic,
        check=lambda inputs: inputs.check(bundle), id_prefix="b",
    )  # fmt: skip
    films = Films(service, bundle, store, log, wall_clock)
    service.load(["towers", "ranker"])
    try:
        yield films
    finally:
        films.close()
        service.close()
        store.close()
        log.close()


def draws(size: int, rounds: int) -> list[list[int]]:
    """Users of batches."""
    users, draw = list(range(1, USERS + 1)), random.Random(0)
    draw.shuffle(users)
    weights = [1 / rank for rank in range(1, USERS + 1)]
    return [draw.choices(users, weights, k=size) for _ in range(rounds)]


def _run(films: Films, size: int, rounds: int) -> list[dict[str, float]]:
    """The seconds of each stage of each batch."""
    services = replace(films.services, clock=time.thread_time)
    models, device = films.service.repository, cpu_device()
    device.enter()
    program = RankProgram(models.get("ranker"), models.get("towers"), services).placed(device)

    def answer(made: Any) -> Response:
        return Response(body=encode(made))

    def batch(users: list[int]) -> dict[str, float]:
        made = program.run([Wanted(user, 10, None, answer) for user in users])
        for one in made:
            if isinstance(one, Exception):
                raise one
        return dict(made[0].stages)

    for users in draws(size, 5):
        batch(users)
    return [batch(users) for users in draws(size, rounds)]
