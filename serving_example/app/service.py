"""The parts of a service, put together from what it is given."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import featurelib as fl
from serving_example.app import health, oip, recommend
from serving_example.app.application import Application
from serving_example.app.health import Readiness
from serving_example.app.keys import ApiKey, Keys
from serving_example.app.limits import Limits
from serving_example.app.metrics import Metrics
from serving_example.app.oip_infer import Inference
from serving_example.app.oip_models import Models
from serving_example.app.repository import Repository, Served
from serving_example.app.routes import Route, Routes
from serving_example.app.statistics import Statistics
from serving_example.app.work import LoopDelivery
from serving_example.artifacts import ArtifactStore
from serving_example.caches import ArtifactCache
from serving_example.dashboard import Timeline, snapshot
from serving_example.dashboard import routes as dashboard_routes
from serving_example.devices import Batcher, Device, Executor, Job

__all__ = ["Service"]

log = logging.getLogger("serving_example")


class Service:
    """Everything behind the ports.

    Args:
        artifacts: The models.
        device: What runs them.
        check: Refuses what a model remembers of its inputs if the bundle does not give it that.
        clock: Monotonic seconds.
        id_prefix: Of request ids.
        keys: Who may ask; None for anyone.
        limits: What a client may ask.
        batcher: The policy of the device's queue.
        stuck_after_s: A batch that takes longer makes the server not ready.
        max_queued_rows: Rows that may wait.
        objective_s: In which an answer should be given; the dashboard measures against it.

    Attributes:
        executor: Of the device.
        repository: The models that are loaded.
        metrics: What was counted.
        keys: The API keys.
        caches: That of the models' artifacts, if there is one.
        readiness: What `/readyz` says.
        before_swap: Called with each model before it takes requests.
    """

    def __init__(
        self,
        *,
        artifacts: ArtifactStore | ArtifactCache,
        device: Device,
        check: Callable[[fl.ModelInputs], None],
        clock: Callable[[], float],
        id_prefix: str,
        keys: list[ApiKey] | None = None,
        limits: Limits | None = None,
        batcher: Batcher | None = None,
        stuck_after_s: float = 5.0,
        max_queued_rows: int = 65_536,
        objective_s: float = 0.05,
    ) -> None:
        self.caches = [artifacts] if isinstance(artifacts, ArtifactCache) else []
        self.limits, self.clock, self._id_prefix = limits or Limits(), clock, id_prefix
        self._objective_s, self._timeline = objective_s, Timeline(self._name_of)
        self.metrics, self.keys = Metrics(), Keys(keys, clock)
        self.delivery, self.statistics = LoopDelivery(), Statistics()
        self.executor = Executor(
            device, batcher, clock=clock, deliver=self._deliver, observe=self.metrics.batch,
            stuck_after_s=stuck_after_s, max_queued_rows=max_queued_rows,
        ).start()  # fmt: skip
        self.before_swap: list[Callable[[Served], None]] = []
        self.repository = Repository(
            artifacts, self.executor, check, self.metrics, clock, before_swap=self._prepare
        )
        self._threads = ThreadPoolExecutor(1, "loader")
        self.is_draining = False
        self.readiness = Readiness(
            {
                "device": lambda: self.executor.health().is_ready,
                "models": lambda: bool(self.repository.all()),
                "accepting": lambda: not self.is_draining,
            }
        )
        self.metrics.watch(
            "queued_rows", "Rows that wait.", lambda: float(self.executor.health().queued_rows)
        )
        self.metrics.watch("ready", "Whether it can answer.", lambda: float(self.readiness()))

    def _deliver(self, jobs: Sequence[Job]) -> None:
        self.statistics.add(jobs)
        self._timeline.add(self.executor.device.name, jobs)
        self.delivery(jobs)

    def _name_of(self, digest: str) -> str:
        names = (m.name for m in self.repository.all() if m.digest == digest)
        return next(names, digest[:12])

    def devices(self) -> list[dict[str, Any]]:
        """How each device is, and which models lie on it."""
        device, health = self.executor.device, self.executor.health()
        about = {
            "name": device.name, "kind": device.kind, "memory_bytes": device.memory_bytes,
            "used_bytes": device.used_bytes, "queued_rows": health.queued_rows,
            "busy_s": health.busy_s, "is_ready": health.is_ready,
        }  # fmt: skip
        return [{**about, "models": [m.name for m in self.repository.all()]}]

    def _prepare(self, served: Served) -> None:
        for prepare in self.before_swap:
            prepare(served)

    def load(self, names: list[str] | None = None) -> list[str]:
        """Loads models before the ports open.

        Args:
            names: Which; None for all of the manifest.

        Returns:
            The names that were refused; why stands in the log and in the index.
        """
        refused = []
        for state in self.repository.index():
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
        models = Models(self.repository, self._threads, on_loop, self.readiness, self.statistics)
        inference = Inference(self.repository, self.executor, self.limits)
        return [
            *health.routes(self.readiness, self.metrics),
            *oip.routes(models, inference),
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
        if not self.executor.stop(timeout_s):
            log.error("the device's thread did not end in %s s", timeout_s)
