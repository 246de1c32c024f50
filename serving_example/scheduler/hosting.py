"""Which device holds which model: what residency decides, done."""

from __future__ import annotations

from collections.abc import Sequence

from serving_example.scheduler.interface import Executor
from serving_example.scheduler.line import Order
from serving_example.scheduler.profiles import Profiles
from serving_example.scheduler.queues import ModelQueue, Station
from serving_example.scheduler.residency import Residency
from serving_example.scheduler.specs import DeviceSpec, ModelSpec
from serving_example.scheduler.work import Batch

__all__ = ["Hosting"]


class Hosting:
    """The devices, the queues, and who serves whom; it commands loads and unloads.

    Attributes:
        stations: The devices by name.
        queues: The models that may be asked for.
    """

    def __init__(
        self,
        devices: Sequence[DeviceSpec],
        residency: Residency,
        profiles: Profiles,
        executor: Executor,
        now: float,
    ) -> None:
        self.stations = {device.name: Station(device) for device in devices}
        self.queues: dict[str, ModelQueue] = {}
        self._residency, self._profiles, self._executor = residency, profiles, executor
        for device in devices:
            profiles.know(device.name, device.kind)
            residency.add_device(device, now)

    def add(self, spec: ModelSpec, order: Order, now: float) -> None:
        """A model, and the loads that it is worth at once."""
        self._residency.add_model(spec, now)
        queue = self.queues[spec.model] = ModelQueue(spec, order, now)
        self._set_hosts(queue, [])
        self.place(now, is_spreading=False)  # more models may be added in a moment

    def remove(self, queue: ModelQueue, now: float) -> None:
        """A model whose queue is empty leaves all devices, but for one where it runs."""
        del self.queues[queue.spec.model]
        self._residency.remove_model(queue.spec.model)
        self._profiles.forget(queue.spec.model)
        for host in queue.hosts:
            if host.batch is None or host.batch.model != queue.spec.model:
                self.evict(host, queue.spec.model)
        self._set_hosts(queue, [])
        self.place(now)

    def place(self, now: float, *, is_spreading: bool = True) -> None:
        """Begins the loads that are worth it now; copies only while it is spreading."""
        kept: dict[str, set[str]] = {}
        for name, station in self.stations.items():
            kept[name] = {
                model for model, queue in station.queues.items()
                if queue.line.count and len(queue.hosts) == 1  # it was promised to its works
            }  # fmt: skip
            if station.batch is not None:
                kept[name].add(station.batch.model)
        asked = {
            model: (queue.asked_rows, queue.takes_per_s) for model, queue in self.queues.items()
        }
        for move in self._residency.plan(asked, kept, now, is_spreading=is_spreading):
            station = self.stations[move.device]
            for model in move.evicted:
                queue = station.queues.pop(model)
                self._set_hosts(queue, [host for host in queue.hosts if host is not station])
                self._executor.unload(move.device, model)
            station.begin_load(move.model, self._residency.load_s(move.model), now)
            self._executor.load(move.device, move.model)

    def evict(self, station: Station, model: str) -> None:
        """A removed model leaves a device."""
        del station.queues[model]
        self._residency.evicted(station.spec.name, model)
        self._executor.unload(station.spec.name, model)

    def loaded(self, station: Station, model: str, now: float, *, is_loaded: bool) -> None:
        """A load that this object commanded has ended."""
        device, station.loading = station.spec.name, None
        if self._residency.loaded(device, model, now, is_loaded=is_loaded):
            queue = self.queues.get(model)
            if queue is None:  # removed meanwhile
                self._residency.evicted(device, model)
                self._executor.unload(device, model)
            else:
                station.queues[model] = queue
                self._set_hosts(queue, [*queue.hosts, station])
        self.place(now)

    def lose(self, station: Station, now: float) -> Batch | None:
        """A device is lost with all that it holds; gives the batch that ran."""
        batch, queues = station.batch, list(station.queues.values())
        station.is_alive, station.batch, station.queues = False, None, {}
        station.loading = station.wait_until = None
        self._residency.lose(station.spec.name)
        for queue in queues:
            self._set_hosts(queue, [host for host in queue.hosts if host is not station])
        self.place(now)
        return batch

    def regain(self, station: Station, now: float) -> None:
        """A device is back, empty."""
        station.is_alive, station.is_called = True, False
        self._residency.regain(station.spec.name)
        self.place(now)

    def time_again(self, queue: ModelQueue) -> None:
        """Profiles have moved."""
        queue.time_again(self._profiles, list(self.stations.values()))

    def ready_s(self, model: str, now: float) -> float | None:
        """In how many seconds a load brings a model that no device holds; None if none does.

        A load is begun if it is worth it.
        """
        coming = self._residency.ready_s(model, now)
        if coming is None and self._residency.may_think(now):
            self.place(now)
            coming = self._residency.ready_s(model, now)
        return coming

    @property
    def is_alive(self) -> bool:
        """Some device lives."""
        return any(station.is_alive for station in self.stations.values())

    def _set_hosts(self, queue: ModelQueue, hosts: list[Station]) -> None:
        queue.set_hosts(hosts, self._profiles, list(self.stations.values()))
