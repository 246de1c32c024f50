"""One queue for each model, and the devices that take from them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from serving_example.scheduler.line import Line, Order
from serving_example.scheduler.profiles import Profiles
from serving_example.scheduler.rates import Rate
from serving_example.scheduler.specs import DeviceSpec, ModelSpec
from serving_example.scheduler.work import Batch, Work

__all__ = ["ModelQueue", "Station"]

RATE_TAU_S = 1.0
"""Policies plan for the traffic of about a second."""
SLO_SHARE = 0.05
"""What the newest work weighs in the mean of what deadlines leave."""

GATHER = 0.7
"""Of the time that deadlines leave, in which a batch gathers; in the rest it runs. By simulation:
with it four and eight models on a device lose where they are said to ask for more than it has."""

LONGEST_SLO_S = 86_400.0
"""A work that may wait for a day has no deadline that says anything."""


class Station:
    """A device as it is now.

    Attributes:
        spec: What it is.
        is_alive: It may be given work.
        batch: What runs.
        queues: The models that it holds.
        loading: The model that it loads; see `begin_load`.
        queued_s: Time that the works waiting for its models will take of it: each model's time is
            divided evenly among the devices that hold it.
        wait_until: While it is free and its policy waits for more work: until when.
        is_called: Its executor takes no batch now, and says when it does: until then nothing is
            looked at.
        busy_s: How long its batches have run in all.
    """

    __slots__ = (
        "_load_s", "_loaded_at", "batch", "busy_s", "is_alive", "is_called", "loading", "queued_s",
        "queues", "spec", "wait_until",
    )  # fmt: skip

    def __init__(self, spec: DeviceSpec) -> None:
        self.spec = spec
        self.is_alive, self.is_called = True, False
        self.batch: Batch | None = None
        self.queues: dict[str, ModelQueue] = {}
        self.loading: str | None = None
        self._load_s = self._loaded_at = 0.0
        self.queued_s = self.busy_s = 0.0
        self.wait_until: float | None = None

    @property
    def is_free(self) -> bool:
        """It could run a batch now."""
        if self.batch is not None or not self.is_alive:
            return False
        return self.loading is None or not self.spec.is_blocked_by_loads

    def begin_load(self, model: str, load_s: float, now: float) -> None:
        """It loads a model, behind what runs there if it cannot do both.

        Args:
            model: The model.
            load_s: How long that is expected to take.
            now: The time.
        """
        if self.spec.is_blocked_by_loads:
            load_s += self.busy_for(now)
        self.loading, self._load_s, self._loaded_at = model, load_s, now + load_s

    def busy_for(self, now: float) -> float:
        """For how much longer its batch is expected to run, and a load that lets none run.

        What is over its time is expected to need as long again as it is over: a device that
        hangs looks longer and longer, one that is a little slow does not. A clock that was set back
        makes nothing longer.
        """
        batch, busy = self.batch, 0.0
        if batch is not None:
            left = batch.started + batch.expected_s - now
            busy = min(left, batch.expected_s) if left >= 0.0 else -left
        if self.loading is not None and self.spec.is_blocked_by_loads:
            left = self._loaded_at - now
            busy = max(busy, min(left, self._load_s) if left >= 0.0 else -left)
        return busy


class ModelQueue:
    """The works that wait for one model, and what they will cost.

    Attributes:
        spec: The model.
        line: All its works.
        hosts: The living devices that hold it, the fastest first.
        tables: By device, the seconds of each size.
        least: The least of those, size by size.
        table: The mean of those; before any device holds it, of a device that could.
        cost_s: Device time that all its works will take, in batches as full as may be.
        part_s: What each host has of it.
        slo_s: What deadlines leave a work when it arrives, of late.
        row_s: Device time of a row in a full batch.
        asked_rows: Rows that have arrived in all, refused ones too.
        asked_works: The works that they came in.
    """

    __slots__ = (
        "_has_slo", "_lanes", "_only", "_rate", "asked_rows", "asked_works", "cost_s", "hosts",
        "least", "line", "part_s", "row_s", "slo_s", "spec", "table", "tables",
    )  # fmt: skip

    def __init__(self, spec: ModelSpec, order: Order, now: float) -> None:
        self.spec = spec
        self.line = Line(order)
        self._lanes: dict[str, Line] = {}
        self._only = ""
        """Whose all works are, while there are some and no lanes."""
        self.hosts: list[Station] = []
        self.tables: dict[str, tuple[float, ...]] = {}
        self.table: tuple[float, ...] = ()
        self.least: tuple[float, ...] = ()
        self.cost_s = self.part_s = 0.0
        self.slo_s, self._has_slo = 1.0, False
        self._rate = Rate(RATE_TAU_S, now)
        self.asked_rows = self.asked_works = 0
        self.row_s = 0.0

    def arrived(self, work: Work, now: float) -> None:
        """Counts a work that asks for the model, taken or not."""
        self.asked_rows += work.rows
        self.asked_works += 1
        slack = work.deadline - now
        if 0.0 < slack < LONGEST_SLO_S:
            self.slo_s += SLO_SHARE * (slack - self.slo_s) if self._has_slo else slack - self.slo_s
            self._has_slo = True

    def add(self, work: Work) -> None:
        """Puts a work into its place."""
        line = self.line
        if not line.count:
            self._only = work.tenant
        elif work.tenant != self._only and not self._lanes:
            for waiting in line:  # a second tenant: now each has a line beside the common one
                self._lane_of(waiting).add(waiting)
        line.add(work)
        if self._lanes:
            self._lane_of(work).add(work)
        self._cost_again()

    def remove(self, works: Sequence[Work]) -> None:
        """Takes out works that wait here."""
        self.line.remove(works)
        if not self.line.count:
            self._lanes = {}  # tenants come and go; whoever comes first needs no lane
        elif self._lanes:
            gone: dict[str, list[Work]] = {}
            for work in works:
                gone.setdefault(work.tenant, []).append(work)
            for tenant, theirs in gone.items():
                self._lanes[tenant].remove(theirs)
        self._cost_again()

    def rows_per_s(self, now: float) -> float:
        """Rows that arrive in a second, of late."""
        return self._rate.per_s(self.asked_rows, now)

    def takes_per_s(self, rows_per_s: float) -> float:
        """Device time in a second that so many rows a second take.

        Their batches are as full as deadlines let them grow: who comes within `GATHER` of what
        these leave runs together. A model that is asked for rarely costs far more for a row.
        """
        if not rows_per_s:
            return 0.0
        least = self.asked_rows / self.asked_works if self.asked_works else 1.0
        rows = max(least, rows_per_s * GATHER * self.slo_s)
        at = max(0, bisect_right(self.spec.sizes, rows) - 1)
        return rows_per_s * self.table[at] / min(rows, self.spec.sizes[at])

    def lane(self, tenant: str) -> Line | None:
        """The works of one tenant; None if he has none here."""
        if self._lanes:
            lane = self._lanes.get(tenant)
            return lane if lane is not None and lane.count else None
        return self.line if self.line.count and self._only == tenant else None

    def seconds_for(self, rows: int) -> float:
        """How long a batch of so many rows takes on the mean host."""
        return self.table[bisect_left(self.spec.sizes, rows)]

    def set_hosts(self, hosts: list[Station], profiles: Profiles, others: list[Station]) -> None:
        """Tells which devices hold it now.

        Args:
            hosts: Those that do.
            profiles: How fast they are.
            others: Devices to judge its cost by while none does.
        """
        for host in self.hosts:
            host.queued_s -= self.part_s
        self.part_s = 0.0
        self.hosts = hosts
        self.time_again(profiles, others)

    def time_again(self, profiles: Profiles, others: list[Station]) -> None:
        """Reads the profiles again, which may have moved."""
        model, sizes = self.spec.model, self.spec.sizes
        self.tables = {
            station.spec.name: profiles.table(model, station.spec.name, sizes)
            for station in self.hosts or others
        }
        tables = list(self.tables.values())
        self.table = tuple(sum(column) / len(tables) for column in zip(*tables, strict=True))
        self.least = tuple(min(column) for column in zip(*tables, strict=True))
        self.row_s = self.table[-1] / sizes[-1]
        self.hosts.sort(key=lambda host: self.tables[host.spec.name])
        self._cost_again()

    def _lane_of(self, work: Work) -> Line:
        return self._lanes.setdefault(work.tenant, Line(self.line.order))

    def _cost_again(self) -> None:
        full, rest = divmod(self.line.rows, self.spec.sizes[-1])
        cost = full * self.table[-1]
        if rest:
            cost += self.table[bisect_left(self.spec.sizes, rest)]
        self.cost_s = cost
        if self.hosts:
            part = cost / len(self.hosts)
            more = part - self.part_s
            self.part_s = part
            for host in self.hosts:
                host.queued_s += more
