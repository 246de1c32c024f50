"""What lies in one device's memory, and when it may load more."""

from __future__ import annotations

from dataclasses import dataclass

from serving_example.scheduler.errors import SchedulerError
from serving_example.scheduler.specs import DeviceSpec, ModelSpec

__all__ = ["LoadRules", "Shelf"]

BUDGET_WINDOW_S = 60.0
"""The share of time for loads is over about a minute."""


@dataclass(frozen=True, slots=True)
class LoadRules:
    """When models are loaded and evicted.

    Attributes:
        load_share: The share of time that a device may spend on loads that evict something; loads
            into free memory are not counted.
        min_residence_s: What was loaded stays at least so long: a load that is undone at once
            was for nothing.
        cooldown_s: After a load that failed, the next one waits so long, then twice as long, ...
        max_cooldown_s: ... up to this.
        horizon_s: Over so many seconds a load must win more than it costs.
        gain: A model takes the place of others only if its demand is this much higher; near
            equals would change places for ever.
    """

    load_share: float = 0.2
    min_residence_s: float = 5.0
    cooldown_s: float = 1.0
    max_cooldown_s: float = 60.0
    horizon_s: float = 30.0
    gain: float = 1.5

    def __post_init__(self) -> None:
        positive = (self.cooldown_s, self.max_cooldown_s, self.horizon_s, self.gain)
        if not 0.0 < self.load_share <= 1.0 or min(positive) <= 0.0 or self.min_residence_s < 0.0:
            raise SchedulerError(f"expected shares in (0, 1] and times above 0, got {self}")


class Shelf:
    """The models of one device: those that lie there, and the one that is being loaded.

    What lies there and what is being loaded is never more than the device's memory.

    Args:
        spec: The device.
        rules: When it may load.
        now: The time.

    Attributes:
        spec: The device.
        held: The models that are loaded, and since when.
        loading: The model that is being loaded.
        used_bytes: What all of these take.
        loads: How many loads were begun.
        is_alive: It may load.
    """

    def __init__(self, spec: DeviceSpec, rules: LoadRules, now: float) -> None:
        self.spec = spec
        self.held: dict[str, float] = {}
        self.loading: ModelSpec | None = None
        self.used_bytes = self.loads = 0
        self.is_alive = True
        self._rules = rules
        self._since = now
        self._sizes: dict[str, int] = {}
        self._failures: dict[str, tuple[int, float]] = {}
        self._burst_s = self._tokens_s = rules.load_share * BUDGET_WINDOW_S
        self._filled_at = now

    @property
    def free_bytes(self) -> int:
        """Memory that nothing takes."""
        return self.spec.memory_bytes - self.used_bytes

    def size_of(self, model: str) -> int:
        """What a model that lies here takes."""
        return self._sizes[model]

    def begin(self, spec: ModelSpec, now: float, *, load_s: float) -> None:
        """A load begins.

        Args:
            spec: The model.
            now: The time.
            load_s: What it is expected to take of the budget for loads; 0.0 if it is free.

        Raises:
            SchedulerError: Another load goes on, it lies here, or there is no room.
        """
        if self.loading is not None or spec.model in self.held or not self.is_alive:
            raise SchedulerError(f"device {self.spec.name} cannot load {spec.model} now")
        if spec.memory_bytes > self.free_bytes:
            raise SchedulerError(
                f"device {self.spec.name} has {self.free_bytes} bytes left, model {spec.model} "
                f"takes {spec.memory_bytes}"
            )
        self._fill(now)
        self._tokens_s -= load_s
        self.loading, self._since = spec, now
        self.used_bytes += spec.memory_bytes
        self._sizes[spec.model] = spec.memory_bytes
        self.loads += 1

    def ended(self, now: float, *, is_loaded: bool) -> float:
        """The load ended; gives how long it took.

        After a failure the model cools down here. The first load after that is a probe: if it
        fails too, the next wait is twice as long.
        """
        assert self.loading is not None
        model, self.loading = self.loading.model, None
        if is_loaded:
            self.held[model] = now
            self._failures.pop(model, None)
        else:
            self._free(model)
            count = self._failures.get(model, (0, 0.0))[0] + 1
            wait = self._rules.cooldown_s * 2.0 ** min(count - 1, 30)
            self._failures[model] = (count, now + min(wait, self._rules.max_cooldown_s))
        return now - self._since

    def evict(self, model: str) -> None:
        """A model that lies here does so no more."""
        del self.held[model]
        self._free(model)

    def forget(self, model: str) -> None:
        """A model is removed: its failures are nobody's any more."""
        self._failures.pop(model, None)

    def empty(self) -> None:
        """All that lay here is gone, and so is the load that went on."""
        self.held, self.loading, self._sizes, self.used_bytes = {}, None, {}, 0

    def loading_for_s(self, now: float) -> float:
        """For how long the load has gone on."""
        return max(0.0, now - self._since)

    def cools_for_s(self, model: str, now: float) -> float:
        """For how much longer a model that failed here is not tried again."""
        until = self._failures.get(model, (0, now))[1]
        return min(max(0.0, until - now), self._rules.max_cooldown_s)

    def budget_in_s(self, load_s: float, now: float) -> float:
        """In how many seconds there is budget for a load that evicts something.

        A load that is longer than the whole budget may begin when the budget is full; the next one
        pays for it.
        """
        self._fill(now)
        missing = min(load_s, self._burst_s) - self._tokens_s
        return max(0.0, missing / self._rules.load_share)

    def may_evict(self, model: str, now: float) -> bool:
        """Whether a model has lain here for long enough."""
        return not 0.0 <= now - self.held[model] < self._rules.min_residence_s

    def _fill(self, now: float) -> None:
        passed = max(0.0, now - self._filled_at)
        self._tokens_s = min(self._burst_s, self._tokens_s + passed * self._rules.load_share)
        self._filled_at = now

    def _free(self, model: str) -> None:
        self.used_bytes -= self._sizes.pop(model)
