"""A scheduler moved by hand: its clock is set, and its devices answer when they are told to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from serving_example.scheduler import (
    Admission,
    Batch,
    DeviceSpec,
    DropReason,
    ModelSpec,
    Policy,
    Profiles,
    Residency,
    Scheduler,
    Shares,
    Work,
    make_policy,
)

SIZES = (1, 2, 4, 8)
"""What a batch of these takes in the tests, unless they say otherwise: 10, 12, 16 and 24 ms."""
SECONDS = {1: 0.010, 2: 0.012, 4: 0.016, 8: 0.024}


@dataclass
class Manual:
    """An executor that remembers what it was told, and a clock that is set."""

    now: float = 0.0
    running: dict[str, Batch] = field(default_factory=dict)
    loading: dict[str, str] = field(default_factory=dict)
    held: dict[str, set[str]] = field(default_factory=dict)
    dropped: list[tuple[Work, DropReason]] = field(default_factory=list)
    batches: list[Batch] = field(default_factory=list)

    def clock(self) -> float:
        return self.now

    def takes(self, device: str) -> bool:
        """All at once."""
        return True

    def run(self, batch: Batch) -> None:
        assert batch.device not in self.running, "one batch at a time"
        assert batch.model in self.held[batch.device], "it was loaded"
        self.running[batch.device] = batch
        self.batches.append(batch)

    def load(self, device: str, model: str) -> None:
        assert device not in self.loading, "one load at a time"
        self.loading[device] = model

    def unload(self, device: str, model: str) -> None:
        running = self.running.get(device)
        assert running is None or running.model != model, "it runs"
        self.held[device].remove(model)

    def drop(self, work: Work, why: DropReason) -> None:
        self.dropped.append((work, why))


class World:
    """A scheduler with its manual executor, and short words for what tests do with them."""

    def __init__(
        self,
        policy: Policy | str = "fifo",
        *,
        devices: Mapping[str, int] | None = None,
        models: Mapping[str, tuple[int, ...]] | None = None,
        seconds: Mapping[int, float] = SECONDS,
        admission: Admission | None = None,
        shares: Shares | None = None,
        residency: Residency | None = None,
        is_loaded: bool = True,
        memory: int = 1,
    ) -> None:
        self.hands = Manual()
        devices = {"d": 1_000} if devices is None else devices
        self.profiles = Profiles()
        self.scheduler = Scheduler(
            [DeviceSpec(name, "cpu", room) for name, room in devices.items()],
            policy=make_policy(policy) if isinstance(policy, str) else policy,
            profiles=self.profiles,
            executor=self.hands,
            clock=self.hands.clock,
            admission=admission,
            shares=shares,
            residency=residency,
        )
        self.hands.held = {name: set() for name in devices}
        for model, sizes in ({"m": SIZES} if models is None else models).items():
            self.profiles.tell(model, "cpu", {s: seconds[s] for s in sizes if s in seconds})
            self.scheduler.add_model(ModelSpec(model, sizes, memory, load_s=1.0))
        if is_loaded:
            self.load_all()

    def load_all(self) -> None:
        """All loads that go on, and those that follow, succeed at once."""
        while self.hands.loading:
            self.end_load(next(iter(self.hands.loading)))

    def end_load(self, device: str, error: Exception | None = None) -> None:
        model = self.hands.loading.pop(device)
        if error is None:
            self.hands.held[device].add(model)
        self.scheduler.loaded(device, model, error)

    def work(self, deadline: float = 10.0, model: str = "m", rows: int = 1, **more: object) -> Work:
        return Work(model, rows, deadline, **more)  # type: ignore[arg-type]

    def submit(self, *works: Work) -> None:
        """Submits works that are all taken."""
        for work in works:
            assert self.scheduler.submit(work) is None

    def finish(self, device: str = "d", error: Exception | None = None) -> list[Work]:
        """The batch of a device ends."""
        return self.scheduler.finished(self.hands.running.pop(device), error)

    def pass_s(self, seconds: float) -> float | None:
        """Time passes, and the scheduler is woken."""
        self.hands.now += seconds
        return self.scheduler.wake()

    @property
    def last(self) -> Batch:
        return self.hands.batches[-1]
