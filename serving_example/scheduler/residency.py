"""Which models lie on which device, and which should."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from serving_example.scheduler.demand import Demand, hour_of_clock
from serving_example.scheduler.errors import SchedulerError
from serving_example.scheduler.placement import Move, Ranking
from serving_example.scheduler.shelf import LoadRules, Shelf
from serving_example.scheduler.specs import DeviceSpec, ModelSpec

__all__ = ["Residency"]

TICK_S = 0.25
"""How often placement is thought over: demand is an average over half a minute."""

MIN_THINK_S = 0.01
"""A flood of requests for cold models does not make it think more often than this."""


class Residency:
    """The models of all devices: bytes, pins, loads, and what demand makes of them.

    It only keeps books and says what to do; the scheduler does it, and tells how it went.

    Args:
        rules: When models are loaded and evicted.
        tick_s: How often placement is thought over.
        hour_of: The hour of the day, 0.0 to 24.0, of a time of the scheduler's clock.

    Attributes:
        shelves: By device.
        rules: As given.
    """

    def __init__(
        self,
        rules: LoadRules | None = None,
        *,
        tick_s: float = TICK_S,
        hour_of: Callable[[float], float] = hour_of_clock,
    ) -> None:
        self.rules = rules or LoadRules()
        self.shelves: dict[str, Shelf] = {}
        self._tick_s, self._hour_of = tick_s, hour_of
        self._specs: dict[str, ModelSpec] = {}
        self._demand: dict[str, Demand] = {}
        self._load_s: dict[str, float] = {}
        self._planned_at: float | None = None
        self._asked_at: float | None = None

    def add_device(self, spec: DeviceSpec, now: float) -> None:
        """A device, empty."""
        self.shelves[spec.name] = Shelf(spec, self.rules, now)

    def add_model(self, spec: ModelSpec, now: float) -> None:
        """A model, which lies nowhere.

        Raises:
            SchedulerError: It is known, no device is large enough for it, or it is pinned and other
                pinned models leave no room for it on any device.
        """
        if spec.model in self._specs:
            raise SchedulerError(f"model {spec.model} is known already")
        pinned = sum(one.memory_bytes for one in self._specs.values() if one.is_pinned)
        largest = max(shelf.spec.memory_bytes for shelf in self.shelves.values())
        needs = spec.memory_bytes + (pinned if spec.is_pinned else 0)
        if needs > largest:
            raise SchedulerError(
                f"model {spec.model} needs {spec.memory_bytes} bytes beside "
                f"{needs - spec.memory_bytes} of pinned models, the largest device has {largest}",
                hint="unpin a model, or give the pool a larger device",
            )
        self._specs[spec.model] = spec
        self._demand[spec.model] = Demand(now, self._hour_of)
        self._load_s[spec.model] = spec.load_s

    def remove_model(self, model: str) -> None:
        """A model takes no more work; where it lies still, `evicted` is told when it leaves."""
        del self._specs[model], self._demand[model], self._load_s[model]
        for shelf in self.shelves.values():
            shelf.forget(model)

    def due_s(self, now: float) -> float | None:
        """In how many seconds placement is to be thought over; None if there is nothing to think.

        There is nothing while every model lies on every device that lives.
        """
        if all(shelf.held.keys() >= self._specs.keys() for shelf in self._living()):
            return None
        if self._planned_at is None:
            return 0.0
        return min(self._tick_s, max(0.0, self._planned_at + self._tick_s - now))

    def may_think(self, now: float) -> bool:
        """Whether a request for a model that lies nowhere has placement thought over."""
        last = self._asked_at
        if last is not None and 0.0 <= now - last < MIN_THINK_S:
            return False
        self._asked_at = now
        return True

    def plan(
        self,
        asked: Mapping[str, tuple[int, Callable[[float], float]]],
        kept: Mapping[str, Collection[str]],
        now: float,
        *,
        is_spreading: bool = True,
    ) -> list[Move]:
        """Begins the loads that are worth it now, at most one a device; they are in the books.

        Args:
            asked: By model, the rows that were asked for in all, taken or not, and what gives
                the device time in a second that so many rows a second take.
            kept: By device, models that must not leave it now.
            now: The time.
            is_spreading: What others hold may be loaded too, where there is room.

        Returns:
            What is to be done, in this order.
        """
        self._planned_at = now
        if not any(rows for rows, _ in asked.values()):
            # Nobody has asked for anything: a pool that waits for its first traffic would take the
            # wait for a part of the average, and the traffic for a small one.
            for demand in self._demand.values():
                demand.begin(now)
        demand_s = {
            model: takes_s(self._demand[model].per_s(rows, now))
            for model, (rows, takes_s) in asked.items()
        }
        moves: list[Move] = []
        pinned = [model for model, spec in self._specs.items() if spec.is_pinned]
        for shelf in self._living():
            if shelf.loading is not None or shelf.held.keys() >= self._specs.keys():
                continue
            ranking = Ranking(self._living(), self._specs, self._load_s, demand_s, self.rules, now)
            fixed = {*kept.get(shelf.spec.name, ()), *pinned}
            move = self._pin(shelf, pinned, ranking, fixed, now)
            move = move or ranking.best(shelf, fixed, is_spreading=is_spreading)
            if move is not None:
                self._begin(shelf, move, now)
                moves.append(move)
        return moves

    def loaded(self, device: str, model: str, now: float, *, is_loaded: bool) -> bool:
        """A load ended.

        Returns:
            Whether the model lies there now; False too if nobody waits for this load any more.
        """
        shelf = self.shelves[device]
        if shelf.loading is None or shelf.loading.model != model:
            return False
        took = shelf.ended(now, is_loaded=is_loaded)
        if is_loaded and model in self._load_s and took > 0.0:
            # Up at once, down by halves: a load that is promised too early is waited for in vain.
            self._load_s[model] = max(took, (self._load_s[model] + took) / 2.0)
        return is_loaded

    def evicted(self, device: str, model: str) -> None:
        """A model has left a device."""
        self.shelves[device].evict(model)

    def lose(self, device: str) -> None:
        """A device is lost, with all that lies there."""
        shelf = self.shelves[device]
        shelf.is_alive = False
        shelf.empty()

    def regain(self, device: str) -> None:
        """A device is back, empty."""
        self.shelves[device].is_alive = True

    def load_s(self, model: str) -> float:
        """How long a load of the model is expected to take."""
        return self._load_s[model]

    def ready_s(self, model: str, now: float) -> float | None:
        """In how many seconds a load that goes on has brought the model; None if none goes on.

        A load that is over its time is expected to need as long again as it is over.
        """
        waits = [
            abs(self._load_s[model] - shelf.loading_for_s(now))
            for shelf in self._living()
            if shelf.loading is not None and shelf.loading.model == model
        ]
        return min(waits, default=None)

    def retry_s(self, model: str, now: float) -> float:
        """In how many seconds a model that no device holds or loads may be there, at best."""
        load_s = self._load_s[model]
        starts = [
            max(shelf.cools_for_s(model, now), shelf.budget_in_s(load_s, now))
            for shelf in self._living()
        ]
        return load_s + min(starts, default=self.rules.max_cooldown_s)

    def _pin(
        self, shelf: Shelf, pinned: list[str], ranking: Ranking, kept: Collection[str], now: float
    ) -> Move | None:
        """The first pinned model that a device lacks and has room for, whatever leaves for it."""
        for model in pinned:
            if model not in shelf.held and shelf.cools_for_s(model, now) == 0.0:
                room = ranking.make_room(shelf, model, kept)
                if room is not None:
                    return Move(shelf.spec.name, model, room[1])
        return None

    def _begin(self, shelf: Shelf, move: Move, now: float) -> None:
        for model in move.evicted:
            shelf.evict(model)
        cost_s = self._load_s[move.model] if move.evicted else 0.0
        shelf.begin(self._specs[move.model], now, load_s=cost_s)

    def _living(self) -> list[Shelf]:
        return [shelf for shelf in self.shelves.values() if shelf.is_alive]
