"""Which load is worth most: a ranking by demand that is not served."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from serving_example.scheduler.shelf import LoadRules, Shelf
from serving_example.scheduler.specs import ModelSpec

__all__ = ["Move", "Ranking"]

FULL = 0.7
"""A device that is asked for more of its time than this has no room for bursts: it is relieved."""

NOWHERE = 1e-9
"""That a model lies somewhere is worth a little though nobody asks for it: more than a copy."""


@dataclass(frozen=True, slots=True)
class Move:
    """A load, and what is evicted for it.

    Attributes:
        device: Where.
        model: What is loaded.
        evicted: What leaves before, if anything.
    """

    device: str
    model: str
    evicted: tuple[str, ...] = ()


class Ranking:
    """What each load would win at one moment.

    A model's demand is divided evenly among the devices that hold it or are loading it.

    Args:
        shelves: The devices that live.
        specs: All models.
        load_s: By model, how long a load takes.
        demand_s: By model, the device time in a second that is asked for.
        rules: When models are loaded.
        now: The time.
    """

    def __init__(
        self,
        shelves: Sequence[Shelf],
        specs: Mapping[str, ModelSpec],
        load_s: Mapping[str, float],
        demand_s: Mapping[str, float],
        rules: LoadRules,
        now: float,
    ) -> None:
        self._specs, self._load_s, self._demand_s = specs, load_s, demand_s
        self._rules, self._now = rules, now
        self._holders: dict[str, list[Shelf]] = {model: [] for model in specs}
        for shelf in shelves:
            coming = [shelf.loading.model] if shelf.loading is not None else []
            for model in [*shelf.held, *coming]:
                self._holders.setdefault(model, []).append(shelf)
        self._asked = {shelf.spec.name: 0.0 for shelf in shelves}
        for model, found in self._holders.items():
            for shelf in found:
                self._asked[shelf.spec.name] += demand_s.get(model, 0.0) / len(found)

    def win(self, model: str, shelf: Shelf) -> float:
        """Device time in a second that is served if a device which lacks the model loads it.

        Of a model that no device holds, all its demand. Of one that others hold, what they are
        asked for above `FULL`, as far as this device has room.
        """
        found, demand = self._holders[model], self._demand_s.get(model, 0.0)
        if not found:
            return demand + NOWHERE
        moved = demand / (len(found) + 1) / len(found)
        relief = sum(min(moved, max(0.0, self._asked[h.spec.name] - FULL)) for h in found)
        return min(relief, self._room(shelf))

    def loss(self, model: str, shelf: Shelf) -> float:
        """Device time in a second that is not served any more if this device evicts the model."""
        found, demand = self._holders[model], self._demand_s.get(model, 0.0)
        if len(found) == 1:
            return demand + NOWHERE
        room = sum(self._room(holder) for holder in found if holder is not shelf)
        return max(0.0, demand / len(found) - room)

    def best(
        self, shelf: Shelf, kept: Collection[str], *, is_spreading: bool = True
    ) -> Move | None:
        """The load that wins most on a device which loads nothing now; None if none is worth it.

        Free memory is filled, first with what wins most, then with what the fewest devices hold:
        the more devices could run a work, the sooner one does. A model takes the place of others
        only if it wins `LoadRules.gain` times what they lose, and the budget for loads has room. A
        device that stands still for a load, and has something to do, must win the time back.

        Args:
            shelf: The device.
            kept: Models that must not leave it now.
            is_spreading: Models that other devices hold count too.
        """
        wins = sorted(
            (
                (-self.win(model, shelf), len(self._holders[model]), at, model)
                for at, (model, spec) in enumerate(self._specs.items())
                if (
                    not self._holders[model] or (is_spreading and shelf not in self._holders[model])
                )
                and shelf.cools_for_s(model, self._now) == 0.0
                and spec.memory_bytes <= shelf.spec.memory_bytes
            ),
        )
        best: tuple[float, Move] | None = None
        for minus, _, _, model in wins:
            won = -minus
            if best is not None and won <= best[0]:
                break
            found = self._move(shelf, model, won, kept)
            if found is not None and (best is None or found[0] > best[0]):
                best = found
        return None if best is None else best[1]

    def make_room(
        self, shelf: Shelf, model: str, kept: Collection[str]
    ) -> tuple[float, tuple[str, ...]] | None:
        """What leaves so that a model has room, at the least loss; None if it cannot have it.

        Returns:
            The loss and the models.
        """
        need, free, lost = self._specs[model].memory_bytes, shelf.free_bytes, 0.0
        evicted: list[str] = []
        if free < need:
            for loss, held in sorted(
                (self.loss(held, shelf), held)
                for held in shelf.held
                if held not in kept and shelf.may_evict(held, self._now)
            ):
                free, lost = free + shelf.size_of(held), lost + loss
                evicted.append(held)
                if free >= need:
                    break
        return (lost, tuple(evicted)) if free >= need else None

    def _move(
        self, shelf: Shelf, model: str, won: float, kept: Collection[str]
    ) -> tuple[float, Move] | None:
        room = self.make_room(shelf, model, kept)
        if room is None:
            return None
        lost, evicted = room
        load_s = self._load_s[model]
        is_worth = not evicted or (
            won > self._rules.gain * lost and shelf.budget_in_s(load_s, self._now) == 0.0
        )
        if shelf.spec.is_blocked_by_loads and self._asked[shelf.spec.name] > 0.0:
            is_worth = is_worth and (won - lost) * self._rules.horizon_s > load_s
        return (won - lost, Move(shelf.spec.name, model, evicted)) if is_worth else None

    def _room(self, shelf: Shelf) -> float:
        return max(0.0, FULL - self._asked[shelf.spec.name])
