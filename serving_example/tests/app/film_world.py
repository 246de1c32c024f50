"""A recommender of made-up films behind a real server: LMDB, log, tailer, towers, two rankers."""

import contextlib
import time
from typing import Any

import numpy as np

from featurelib_offline import transform
from serving_example.app.caching import CacheOptions
from serving_example.app.films import Films
from serving_example.app.server import Server
from serving_example.app.service import Service
from serving_example.caches import FeaturePolicy
from serving_example.devices import cpu_device
from serving_example.features import FilmVectors, Views, compile_stages
from serving_example.store import Batch, EventLog, LmdbLog, LmdbStore, OnlineStore, Put
from serving_example.store.redis_log import RedisLog
from serving_example.store.redis_store import RedisStore
from serving_example.store.trimming import Trimmer
from serving_example.tests.app.world import PATIENT, artifact, offline, published, running
from serving_example.tests.features.worlds import (
    SOURCES,
    START,
    as_json,
    bundle,
    catalogue,
    frame,
    pairs,
    profiles,
    ratings,
)

CACHES = CacheOptions(features=FeaturePolicy(max_bytes=1 << 20))


class FilmWorld:
    """All of it in a folder. The clock stands at the last of the made-up ratings, and then runs."""

    def __init__(
        self,
        folder: Any,
        redis: str | None = None,
        keep: int | None = None,
        caches: Any = CACHES,
        devices: Any = None,
        limits: Any = PATIENT,
        **options: Any,
    ) -> None:
        staged = compile_stages(bundle())
        views = Views.of(staged)
        self.began, self.epoch = time.monotonic(), START
        self.store: OnlineStore = LmdbStore(folder / "store", clock=self.clock)
        self.log: EventLog = LmdbLog(folder / "log", clock=self.clock)
        if redis:
            self.store = RedisStore(redis, deadline_s=5, clock=self.clock)
            self.log = RedisLog(redis, deadline_s=5, clock=self.clock)
        vectors, puts = FilmVectors(staged, views, catalogue(), self.clock), []
        for film, known in catalogue().items():
            told = views.catalogue_fields.encode(known)
            puts.append(Put(views.catalogue, film, views.catalogue.vector(told, 0, 1)))
            payload = vectors.payload(film, None, self.clock())
            puts.append(Put(views.film, film, views.film.vector(payload, 0, 0)))
        for user, known in profiles().items():
            told = views.profile_fields.encode(known)
            puts.append(Put(views.profile, user, views.profile.vector(told, 0, 1)))
        self.store.write(Batch(puts))
        self.events = ratings(5, 60)
        self.epoch = int((self.events[-1]["received_at"].timestamp() + 60) * 1e6)
        self.log.append([as_json(event) for event in self.events])
        self.models = {
            "towers": artifact("towers", of=bundle()), "ranker": artifact(of=bundle()),
            "other": artifact(seed=1, of=bundle()),
        }  # fmt: skip
        self.artifacts = published(folder / "artifacts", **self.models)
        options.setdefault("takes_turns", devices is None)  # as the command does it
        self.service = Service(
            artifacts=self.artifacts, devices=devices or [cpu_device()], id_prefix="f",
            clock=time.monotonic, check=lambda inputs: inputs.check(bundle()), limits=limits,
            **options,
        )  # fmt: skip
        trimmer = None if keep is None else Trimmer(self.log, [self.store], keep=keep)
        self.films = Films(
            self.service, bundle(), self.store, self.log, self.clock, caches=caches,
            trimmer=trimmer,
        )  # fmt: skip
        while self.films.tailer.step():
            pass
        self.films.features.films.refresh()
        assert not self.service.load()

    def clock(self) -> Any:
        """Microseconds since 1970 of this world."""
        return self.epoch + int((time.monotonic() - self.began) * 1e6)

    def expected(
        self, user: Any, films: Any, as_of: Any, model: Any = "ranker", events: Any = None
    ) -> Any:
        """Scores of an offline run: features by Polars at the moment, then torch at 128 rows."""
        return offline(self.models[model], self.tensors(user, films, as_of, events))

    def tensors(self, user: Any, films: Any, as_of: Any, events: Any = None) -> Any:
        """What an offline run gives to a model: a row for each film."""
        records = dict.fromkeys(SOURCES, frame(events or self.events))
        made = transform(bundle(), pairs([(user, film, as_of) for film in films]), events=records)
        return {
            t.name: np.stack([made[m].to_numpy() for m in t.members], 1)
            for t in bundle().layout.tensors
        }


@contextlib.contextmanager
def serving(folder: Any, **options: Any) -> Any:
    """A world and its server: gives both."""
    world = FilmWorld(folder, **options)
    made: list[Server] = []
    routes = world.films.routes(lambda function: made[0].on_loop(function))
    world.films.start()
    try:
        with running(world.service, more_routes=routes) as server:
            made.append(server)
            yield world, server
    finally:
        world.films.close()
        world.store.close()
        world.log.close()
