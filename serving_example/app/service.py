"""The parts of a service, put together from what it is given."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import featurelib as fl
from serving_example.app import health, oip, recommend
from serving_example.app.application import Application
from serving_example.app.delivery import LoopDelivery
from serving_example.app.health import Readiness
from serving_example.app.idempotency import Idempotency
from serving_example.app.keys import ApiKey, Keys
from serving_example.app.limits import Limits
from serving_example.app.metrics import Metrics
from serving_example.app.oip_infer import Inference
from serving_example.app.oip_models import Models
from serving_example.app.pool_metrics import PoolMetrics, names, told_of
from serving_example.app.profile_file import ProfileFile
from serving_example.app.repository import Repository
from serving_example.app.routes import Route, Routes
from serving_example.app.statistics import Statistics
from serving_example.app.work import Background
from serving_example.artifacts import ArtifactStore
from serving_example.caches import ArtifactCache
from serving_example.dashboard import Timeline, snapshot
from serving_example.dashboard import routes as dashboard_routes
from serving_example.devices import Device
from serving_example.pool import Door, Job, Pool
from serving_example.scheduler import Admission, Batch

__all__ = ["Service"]

log = logging.getLogger("serving_example")


class Service:
    """Everything behind the ports.

    Args:
        artifacts: The models.
        devices: What runs them.
        check: Refuses what a model remembers of its inputs if the bundle does not give it that.
        clock: Monotonic seconds.
        id_prefix: Of request ids.
        keys: Who may ask; None for anyone.
        limits: What a client may ask.
        pinned: Names of models that are loaded wherever they fit, and never evicted.
        policy: Which works run next: a name of `scheduler.policies`.
        is_admitting: Work that would be late is refused at once; False takes all there is room for.
        max_queued_rows: Rows that may wait.
        profiles: What is known of latencies, and where it is kept; None: it is learned anew.
        takes_turns: Batches run on the event loop, between requests: for one device that is a CPU.
        stuck_after_s: A device that comes back from nothing for longer is given no more work.
        objective_s: In which an answer should be given; the dashboard measures against it.

    Attributes:
        pool: The devices, under the scheduler.
        door: Where requests come to the pool, on the event loop.
        repository: The models that are loaded.
        background: Runs what the service itself wants to know.
        metrics: What was counted.
        keys: The API keys.
        caches: That of the models' artifacts, if there is one.
        readiness: What `/readyz` says.
        load_first: The model that others are loaded with, and so before them.
    """

    def __init__(
        self,
        *,
        artifacts: ArtifactStore | ArtifactCache,
        devices: Sequence[Device],
        check: Callable[[fl.ModelInputs], None],
        clock: Callable[[], float],
        id_prefix: str,
        keys: list[ApiKey] | None = None,
        limits: Limits | None = None,
        pinned: Collection[str] = (),
        policy: str = "hybrid",
        is_admitting: bool = True,
        max_queued_rows: int = 65_536,
        profiles: ProfileFile | None = None,
        takes_turns: bool = False,
        stuck_after_s: float = 5.0,
        objective_s: float = 0.05,
    ) -> None:
        self.caches = [artifacts] if isinstance(artifacts, ArtifactCache) else []
        self.limits, self.clock, self._id_prefix = limits or Limits(), clock, id_prefix
        self._objective_s, self._profiles = objective_s, profiles
        self._pinned, self.load_first = frozenset(pinned), ""
        self.metrics, self.keys = Metrics(), Keys(keys, clock)
        self.delivery, self.statistics = LoopDelivery(clock), Statistics()
        self.pool = Pool(
            devices, clock=clock, deliver=self._deliver, observe=self._observe, policy=policy,
            profiles=None if profiles is None else profiles.read(),
            admission=Admission(max_rows=max_queued_rows, is_on=is_admitting),
            stuck_after_s=stuck_after_s, turns=self.delivery.turns if takes_turns else None,
        )  # fmt: skip
        self.delivery.lagged, self.door = self.pool.lagged, Door(self.pool, clock)
        self.pool.start()
        self.background = Background(self.pool, clock)
        self.repository = Repository(
            artifacts, self.pool, check, self.metrics, clock, pinned=pinned
        )
        self._timeline = Timeline(self.repository.name_of)
        self._threads = ThreadPoolExecutor(1, "loader")
        self.idempotency = Idempotency(clock)
        self.is_draining = False
        self.readiness = Readiness(
            {
                "device": lambda: self.pool.health().is_ready,
                "models": lambda: bool(self.repository.all()),
                "accepting": lambda: not self.is_draining,
            }
        )
        self.metrics.registry.register(PoolMetrics(self.pool, self.repository.name_of))
        self.metrics.watch("ready", "Whether it can answer.", lambda: float(self.readiness()))

    def _deliver(self, jobs: Sequence[Job]) -> None:
        self.statistics.add(jobs)
        self.metrics.jobs(jobs)
        self._timeline.add(jobs)
        self.delivery(jobs)

    def _observe(self, batch: Batch, seconds: float) -> None:
        name, part = names(batch.model, self.repository.name_of)
        self.metrics.batch(batch, name, part, seconds)

    def devices(self) -> list[dict[str, Any]]:
        """How each device is, and which models lie on it."""
        return told_of(self.pool, self.repository.name_of)

    def save_profiles(self) -> None:
        """Keeps what is known of latencies for the next process."""
        if self._profiles is not None:
            self._profiles.write(self.pool)

    def load(self, names: list[str] | None = None) -> list[str]:
        """Loads models before the ports open.

        Args:
            names: Which; None for all of the manifest.

        Returns:
            The names that were refused; why stands in the log and in the index.
        """
        refused = []
        first = [self.load_first, *sorted(self._pinned)]  # what stays goes before what fills
        known = self.repository.index()
        for state in sorted(known, key=lambda m: (m.name not in first, m.name != first[0])):
            if names is None or state.name in names:
                try:
                    self.repository.load(state.name)
                except fl.FeaturelibError as error:
                    log.error("model %s is not served: %s", state.name, error)
                    refused.append(state.name)
        return refused

    def routes(self, on_loop: Callable[[Callable[[], None]], None]) -> list[Route]:
        """All routes.

        Args:
            on_loop: Runs a function on the event loop, from any thread.
        """
        models = Models(
            self.repository, self.pool, self._threads, on_loop, self.readiness, self.statistics
        )
        inference = Inference(self.repository, self.door, self.limits)
        return [
            *health.routes(self.readiness, self.metrics),
            *oip.routes(models, inference, self.idempotency),
            *recommend.model_routes(self.repository),
            *dashboard_routes(self._snapshot),
        ]

    def _snapshot(self) -> dict[str, Any]:
        return snapshot(
            self.metrics.registry, self.devices, self._timeline, self.clock, self._objective_s
        )

    def application(self, routes: Routes, admin_token: str | None = None) -> Application:
        """An application over routes; with a token that of the admin port."""
        options: dict[str, Any] = {"limits": self.limits, "keys": self.keys, "clock": self.clock}
        return Application(
            routes, metrics=self.metrics, id_prefix=self._id_prefix, admin_token=admin_token,
            **options,
        )  # fmt: skip

    def drain(self) -> None:
        """The server takes no more requests soon: it is not ready from now on."""
        self.is_draining = True

    def close(self, timeout_s: float = 5.0) -> None:
        """Ends the threads; jobs that were taken are done first."""
        self._threads.shutdown(wait=True, cancel_futures=True)
        self.save_profiles()
        if not self.pool.stop(timeout_s):
            log.error("the devices' threads did not end in %s s", timeout_s)
