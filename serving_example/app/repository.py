"""The models of a service: from the artifact store onto the device, and away again."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import featurelib as fl
from featurelib.errors import FeaturelibError
from featurelib.layout import Layout
from serving_example import models
from serving_example.app.http import Rejection
from serving_example.app.metrics import Metrics
from serving_example.artifacts import ArtifactStore, Lease, ModelCard
from serving_example.caches import ArtifactCache
from serving_example.devices.executor import Executor
from serving_example.devices.ladder import Ladder
from serving_example.devices.protocol import Loaded

__all__ = ["ModelState", "Repository", "Served"]

PARTS: Mapping[str, Mapping[str, tuple[str, tuple[str, ...] | None]]] = {
    "ranker": {"score": ("forward", None)},
    "towers": {
        "score": ("forward", None),
        "user": ("user", ("user", "user_ids")),
        "film": ("film", ("film", "film_ids")),
    },
}
"""Of each kind of model its outputs: the function, and the tensors that it reads (None: all)."""


@dataclass(frozen=True, slots=True, eq=False)
class Served:
    """A model that is loaded.

    Attributes:
        name: What clients call it.
        digest: Its artifact.
        card: What is known of it.
        outputs: The loaded function of each output.
        inner: Functions that programs call: see `serving_example.models.layers.Sides.inner`.
        id_bounds: Of each tensor of ids how many rows the embedding table of each column has.
        since: Time of the service's clock at which it was ready.
    """

    name: str
    digest: str
    card: ModelCard
    outputs: Mapping[str, Loaded]
    inner: Mapping[str, Loaded]
    id_bounds: Mapping[str, tuple[int, ...]]
    since: float

    @property
    def layout(self) -> Layout:
        """All tensors that it can be given."""
        return self.card.inputs.layout


@dataclass(frozen=True, slots=True)
class ModelState:
    """A name of the manifest.

    Attributes:
        name: The name.
        digest: What it stands for: loaded if it is, else as the manifest says.
        state: ``READY``, ``LOADING``, ``UNAVAILABLE``.
        reason: Why it is not ready, or why a newer artifact was refused; empty otherwise.
    """

    name: str
    digest: str
    state: str
    reason: str


class Repository:
    """Loads models and keeps those that are loaded.

    `load` and `unload` block: call them on a thread that may wait, one at a time.

    Args:
        store: The artifacts.
        executor: Of the device that runs them.
        check: Refuses what a model remembers of its inputs if the bundle does not give it that.
        metrics: Told what is loaded.
        clock: Monotonic seconds.
        before_swap: Called on the loading thread with a model that is about to take requests: what
            is computed with it ahead of requests is ready when the old one goes.
    """

    def __init__(
        self,
        store: ArtifactStore | ArtifactCache,
        executor: Executor,
        check: Callable[[fl.ModelInputs], None],
        metrics: Metrics,
        clock: Callable[[], float],
        *,
        before_swap: Callable[[Served], None] = lambda served: None,
    ) -> None:
        self._store, self._executor, self._check = store, executor, check
        self._metrics, self._clock = metrics, clock
        self._before_swap = before_swap
        self._served: dict[str, Served] = {}
        self._leases: dict[Served, Callable[[], None]] = {}
        self._reasons: dict[str, str] = {}
        self._loading: str | None = None
        self._one = threading.Lock()

    def get(self, name: str, version: str = "") -> Served:
        """A model that is loaded.

        Raises:
            Rejection: 404 if it is not, or is another version.
        """
        served = self._served.get(name)
        if served is None:
            raise Rejection(
                404, "not_found", "unknown_model", f"no model {name[:80]!r} is loaded; there are: "
                f"{', '.join(sorted(self._served)) or 'none'}", field="model",
            )  # fmt: skip
        if version not in ("", served.digest):
            raise Rejection(
                404, "not_found", "unknown_version", f"model {name!r} is loaded in version "
                f"{served.digest}, not {version[:80]!r}", field="version",
            )  # fmt: skip
        return served

    def all(self) -> list[Served]:
        """The models that are loaded, by name."""
        return [self._served[name] for name in sorted(self._served)]

    def index(self) -> list[ModelState]:
        """All names of the manifest and all models that are loaded, by name.

        Raises:
            FeaturelibError: The manifest cannot be read.
        """
        names = dict(self._store.manifest().names)
        found = []
        for name in sorted({*names, *self._served}):
            served, reason = self._served.get(name), self._reasons.get(name, "")
            digest = served.digest if served else names[name]
            state = "READY" if served else "UNAVAILABLE"
            if self._loading == name and not served:
                state = "LOADING"
            found.append(ModelState(name, digest, state, reason or ("" if served else "unloaded")))
        return found

    def load(self, name: str) -> Served:
        """Loads what the name stands for now. If that fails, what is loaded goes on.

        Raises:
            FeaturelibError: There is no such name, the artifact is wrong, torn or foreign, its
                features are not the bundle's, or the device has no room.
        """
        with self._one:
            self._loading = name
            try:
                return self._load(name)
            except FeaturelibError as error:
                self._reasons[name] = str(error)
                raise
            finally:
                self._loading = None

    def unload(self, name: str) -> None:
        """Unloads a model when its last request is answered.

        Raises:
            Rejection: 404 if it is not loaded.
        """
        with self._one:
            served = self.get(name)
            self._served = {n: s for n, s in self._served.items() if n != name}
            self._reasons.pop(name, None)
            self._retire(served)

    def _load(self, name: str) -> Served:
        digest = self._store.digest(name)
        before = self._served.get(name)
        if before is not None and before.digest == digest:
            return before
        lease = self._store.lease(digest)
        try:
            return self._swap(name, digest, before, lease)
        except BaseException:
            lease.release()
            raise

    def _swap(self, name: str, digest: str, before: Served | None, lease: Lease) -> Served:
        artifact = lease.artifact
        card = artifact.card
        self._check(card.inputs)
        module = models.load(artifact)
        made, inner, whole = dict[str, Loaded](), dict[str, Loaded](), card.inputs.layout
        try:
            for output, (part, names) in PARTS[card.kind].items():
                read = (t for t in whole.tensors if names is None or t.name in names)
                made[output] = self._load_part(digest, module, card, part, Layout(tuple(read)))
            for function, (part, layout) in module.inner(whole).items():
                inner[function] = self._load_part(digest, module, card, part, layout)
            tables: dict[str, Any] = card.config.get("shapes", {}).get("tables", {})
            bounds = {tensor: tuple(rows) for tensor, rows in tables.items()}
            served = Served(name, digest, card, made, inner, bounds, self._clock())
            self._before_swap(served)
        except BaseException:
            for loaded in (*made.values(), *inner.values()):
                self._executor.retire(loaded)
            raise
        self._served = {**self._served, name: served}
        self._leases[served] = lease.release
        self._reasons.pop(name, None)
        self._metrics.model(name, digest, True)
        if before is not None:
            self._retire(before)
        return served

    def _load_part(
        self, digest: str, module: Any, card: ModelCard, part: str, layout: Layout
    ) -> Loaded:
        ladder, device = Ladder(card.ladder), self._executor.device
        loaded = self._executor.call(
            lambda: device.load(digest, module, layout, ladder, part)
        ).result()
        for size in ladder:  # one task a size: requests of other models run in between
            self._executor.call(lambda size=size: device.warm(loaded, size)).result()  # type: ignore[misc]
        return loaded

    def _retire(self, served: Served) -> None:
        self._metrics.model(served.name, served.digest, False)
        self._leases.pop(served)()
        for loaded in (*served.outputs.values(), *served.inner.values()):
            self._executor.retire(loaded)
