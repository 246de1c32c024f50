"""The models of a service: from the artifact store into the pool, and away again."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection, Iterable
from typing import Any, Protocol

import featurelib as fl
from featurelib.errors import DeviceError, FeaturelibError
from serving_example import models
from serving_example.app.http import Rejection
from serving_example.app.metrics import Metrics
from serving_example.app.served import COLD, ModelState, Placement, Served, outputs_of
from serving_example.artifacts import ArtifactStore, Lease
from serving_example.caches import ArtifactCache
from serving_example.pool import Pool, Program

__all__ = ["Companion", "Repository"]

log = logging.getLogger("serving_example")


class Companion(Protocol):
    """Has programs of its own that run beside those of models, and come and go with them."""

    def prepare(self, served: Served) -> None:
        """A model is about to take requests: what goes with it is ready when this returns.

        Called on the loading thread.

        Raises:
            FeaturelibError: It cannot be made; nothing of it is left behind.
        """
        ...

    def retired(self, served: Served) -> None:
        """A model takes no more requests."""
        ...


class Repository:
    """Loads models and keeps those that are loaded.

    A model that no device has room for is taken all the same: it is cold, and a request for it has
    it loaded if that is worth it. `load` and `unload` block: call them on a thread that may wait,
    one at a time.

    Args:
        store: The artifacts.
        pool: What runs them.
        check: Refuses what a model remembers of its inputs if the bundle does not give it that.
        metrics: Told what is loaded.
        clock: Monotonic seconds.
        pinned: Names of models that are loaded wherever they fit, and never evicted.
        load_timeout_s: For one program to be on a device.

    Attributes:
        companion: Whose programs go with the models; None if there are no others.
        served: The models that may be asked, by name. Nobody changes it: another takes its place.
    """

    def __init__(
        self,
        store: ArtifactStore | ArtifactCache,
        pool: Pool,
        check: Callable[[fl.ModelInputs], None],
        metrics: Metrics,
        clock: Callable[[], float],
        *,
        pinned: Collection[str] = (),
        load_timeout_s: float = 60.0,
    ) -> None:
        self._store, self._pool, self._check = store, pool, check
        self._metrics, self._clock = metrics, clock
        self._pinned, self._load_timeout_s = frozenset(pinned), load_timeout_s
        self.companion: Companion | None = None
        self.served: dict[str, Served] = {}
        self._leases: dict[Served, Callable[[], None]] = {}
        self._reasons: dict[str, str] = {}
        self._loading: str | None = None
        self._coming: Served | None = None
        self._one = threading.Lock()

    def get(self, name: str, version: str = "") -> Served:
        """A model that may be asked.

        Raises:
            Rejection: 404 if it is not loaded, or is another version.
        """
        served = self.served.get(name)
        if served is None:
            raise Rejection(
                404, "not_found", "unknown_model", f"no model {name[:80]!r} is loaded; there are: "
                f"{', '.join(sorted(self.served)) or 'none'}", field="model",
            )  # fmt: skip
        if version not in ("", served.digest):
            raise Rejection(
                404, "not_found", "unknown_version", f"model {name!r} is loaded in version "
                f"{served.digest}, not {version[:80]!r}", field="version",
            )  # fmt: skip
        return served

    def all(self) -> list[Served]:
        """The models that may be asked, by name."""
        return [self.served[name] for name in sorted(self.served)]

    def name_of(self, digest: str) -> str:
        """What clients call an artifact; the head of its digest if it is not loaded."""
        known = [*self.served.values(), *([self._coming] if self._coming else [])]
        return next((one.name for one in known if one.digest == digest), digest[:12])

    def index(self) -> list[ModelState]:
        """All names of the manifest and all models that are loaded, by name.

        Raises:
            FeaturelibError: The manifest cannot be read.
        """
        names, held = dict(self._store.manifest().names), self._pool.stats().models
        found = []
        for name in sorted({*names, *self.served}):
            served, reason = self.served.get(name), self._reasons.get(name, "")
            digest = served.digest if served else names[name]
            state = "READY" if served else "UNAVAILABLE"
            if self._loading == name and not served:
                state = "LOADING"
            if served is None:
                reason = reason or "unloaded"
            elif not all(held[p.model].devices for p in served.outputs.values() if p.model in held):
                reason = reason or COLD
            found.append(ModelState(name, digest, state, reason))
        return found

    def placement(self, served: Served) -> Placement:
        """Where a model lies now."""
        stats = self._pool.stats()
        held = [stats.models[p.model] for p in served.outputs.values() if p.model in stats.models]
        where = {name for one in held for name in one.devices}
        kinds = {device.name: device.kind for device in stats.devices if device.name in where}
        return Placement(kinds, sum(one.memory_bytes for one in held), self.is_pinned(served))

    def load(self, name: str) -> Served:
        """Loads what the name stands for now. If that fails, what is loaded goes on.

        Raises:
            FeaturelibError: There is no such name, the artifact is wrong, torn or foreign, its
                features are not the bundle's, or no device is large enough.
        """
        with self._one:
            self._loading = name
            try:
                return self._load(name)
            except FeaturelibError as error:
                self._reasons[name] = str(error)
                raise
            finally:
                self._loading = self._coming = None

    def unload(self, name: str) -> None:
        """Unloads a model when its last request is answered.

        Raises:
            Rejection: 404 if it is not loaded.
        """
        with self._one:
            served = self.get(name)
            self.served = {n: s for n, s in self.served.items() if n != name}
            self._reasons.pop(name, None)
            self._retire(served)

    def place(self, programs: Iterable[Program], *, is_pinned: bool) -> None:
        """Adds programs to the pool, and waits until devices hold those that there is room for.

        Raises:
            FeaturelibError: No device is large enough for one, or it cannot be loaded; none is left
                behind.
        """
        added: list[Program] = []
        try:
            for program in programs:
                self._pool.add(program, is_pinned=is_pinned)
                added.append(program)
            for program in added:
                if not self._pool.ready(program, self._load_timeout_s):
                    _check(self._pool.failure(program), program)
        except BaseException:
            self.retire(added)
            raise

    def retire(self, programs: Iterable[Program]) -> None:
        """Programs leave the devices when their last job is done."""
        for program in programs:
            self._pool.retire(program)

    def is_pinned(self, *served: Served) -> bool:
        """Whether all of some models are pinned."""
        return all(one.name in self._pinned for one in served)

    def _load(self, name: str) -> Served:
        digest = self._store.digest(name)
        before = self.served.get(name)
        if before is not None and before.digest == digest:
            for program in before.outputs.values():  # it may have been evicted
                self._pool.ready(program, self._load_timeout_s)
            return before
        lease = self._store.lease(digest)
        try:
            return self._swap(name, digest, before, lease)
        except BaseException:
            lease.release()
            raise

    def _swap(self, name: str, digest: str, before: Served | None, lease: Lease) -> Served:
        card = lease.artifact.card
        self._check(card.inputs)
        twin = self._twin(digest)
        module = models.load(lease.artifact) if twin is None else twin.module
        outputs = outputs_of(digest, module, card) if twin is None else twin.outputs
        tables: dict[str, Any] = card.config.get("shapes", {}).get("tables", {})
        bounds = {tensor: tuple(rows) for tensor, rows in tables.items()}
        served = Served(name, digest, card, module, outputs, bounds, self._clock())
        self._coming = served
        if twin is None:
            self.place(outputs.values(), is_pinned=self.is_pinned(served))
        try:
            if self.companion is not None:
                self.companion.prepare(served)
        except BaseException:
            if twin is None:
                self.retire(outputs.values())
            raise
        self.served = {**self.served, name: served}
        self._leases[served] = lease.release
        self._reasons.pop(name, None)
        self._metrics.model(name, digest, True)
        if before is not None:
            self._retire(before)
        return served

    def _twin(self, digest: str) -> Served | None:
        """A model of the same artifact under any name: its programs serve both names."""
        return next((one for one in self.served.values() if one.digest == digest), None)

    def _retire(self, served: Served) -> None:
        self._metrics.model(served.name, served.digest, False)
        self._leases.pop(served)()
        if self.companion is not None:
            self.companion.retired(served)
        if self._twin(served.digest) is None:
            self.retire(served.outputs.values())


def _check(failure: Exception | None, program: Program) -> None:
    """A program that no device holds is cold, if there was no room for it; else it is no good."""
    if isinstance(failure, FeaturelibError):
        raise failure
    if failure is not None:
        raise DeviceError(f"{program.model} cannot be loaded: {failure!r}") from failure
    log.warning("no device has room for %s: it is cold", program.model)
