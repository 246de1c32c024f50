"""What drills are run on: a ranker asked by tensors on paced devices, or a recommender of films."""

from __future__ import annotations

import contextlib
import multiprocessing
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from multiprocessing.managers import BaseManager
from pathlib import Path
from typing import Any

import torch

from serving_example import models
from serving_example.app.caching import CacheOptions
from serving_example.app.limits import Limits
from serving_example.app.service import Service
from serving_example.caches import Policy
from serving_example.devices import Device, PacedDevice, Recording, cpu_device
from serving_example.drills.faulty import FaultyDevice
from serving_example.drills.pace import ASSUMED, Pace
from serving_example.drills.standing import Standing
from serving_example.tests.app.film_world import FilmWorld
from serving_example.tests.app.world import bundle, published

__all__ = ["KEPT_S", "Place", "apart", "films", "here", "rankers"]

KEPT_S = 0.5
PATIENCE_S = 120.0
"""Thousands have to come before the one answer is made: nobody gives up meanwhile."""
SILENT_S = 600.0
"""Connections are opened before they are used; 10 s without a byte would end them."""
SOURCE = "assumed: serving_example.drills.pace.ASSUMED"
Place = Callable[..., contextlib.AbstractContextManager[Any]]


def rankers(pace: Pace | None = None) -> Standing:
    """Rankers `a` and `b`, asked by the Open Inference Protocol.

    Args:
        pace: Of its devices; None: one device, as fast as it is.
    """
    folder = Path(tempfile.mkdtemp(prefix="drill-"))
    shapes = models.shapes_of(bundle()).to_json()
    made = {}
    for name in ("a", "b"):
        torch.manual_seed(ord(name))
        module = models.make("ranker", {"shapes": shapes, "embedding": 4, "hidden": [16]})
        made[name] = models.artifact_of(
            module, name=name, bundle=bundle(), ladder=tuple(ASSUMED), metrics={}
        )
    inner: list[Device] = [cpu_device(i) for i in range(1 if pace is None else pace.devices)]
    stuck_after_s = 5.0
    if pace is not None:
        recording = Recording(SOURCE, pace.run_s, 0.05, 1 << 20, 16 << 20)
        inner = [PacedDevice(device, recording) for device in inner]
        stuck_after_s = pace.stuck_after_s
    faulty = [FaultyDevice(device) for device in inner]
    service = Service(
        artifacts=published(folder, **made), devices=faulty, clock=time.monotonic, id_prefix="d",
        check=lambda inputs: inputs.check(bundle()), stuck_after_s=stuck_after_s,
        limits=Limits(connections=20_000, in_flight=20_000, head_s=SILENT_S, answer_s=60.0),
    )  # fmt: skip
    service.load()
    return Standing(service, faulty, after=lambda: shutil.rmtree(folder))


def films() -> Standing:
    """A recommender whose answers are kept for `KEPT_S`, on one device that is as fast as it is."""
    folder = Path(tempfile.mkdtemp(prefix="drill-"))
    device = FaultyDevice(cpu_device())
    policy = Policy(soft_s=KEPT_S, hard_s=KEPT_S, early=0.0, audit_share=0.0)
    limits = Limits(
        connections=20_000, in_flight=20_000, compute_s=PATIENCE_S, answer_s=2 * PATIENCE_S,
        head_s=SILENT_S,
    )  # fmt: skip
    world = FilmWorld(
        folder, caches=CacheOptions(policy), devices=[device], limits=limits,
        stuck_after_s=2 * PATIENCE_S,
    )  # fmt: skip
    world.films.start()

    def after() -> None:
        world.films.close()
        world.store.close()
        world.log.close()
        shutil.rmtree(folder)

    return Standing(world.service, [device], world.films.routes, world.films.caches.results, after)


class _Child(BaseManager):
    """A process that a standing service has for itself."""


_WORLDS: dict[str, Callable[..., Standing]] = {"rankers": rankers, "films": films}
for _name, _world in _WORLDS.items():
    _Child.register(_name, _world)


@contextlib.contextmanager
def here(name: str, **options: Any) -> Iterator[Standing]:
    """A world in this process, on threads of its own."""
    made = _WORLDS[name](**options)
    with contextlib.closing(made):
        yield made


@contextlib.contextmanager
def apart(name: str, **options: Any) -> Iterator[Any]:
    """A world in a child process: clients and server share no interpreter."""
    with _Child(ctx=multiprocessing.get_context("spawn")) as child:
        made = getattr(child, name)(**options)
        try:
            yield made
        finally:
            made.close()
