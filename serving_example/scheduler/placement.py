"""Which load is worth most: a ranking by demand that is not served."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from serving_example.scheduler.burden import Burden
from serving_example.scheduler.shelf import LoadRules, Shelf
from serving_example.scheduler.specs import ModelSpec

__all__ = ["Move", "Ranking"]

_Losses = Sequence[tuple[float, str]]

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
        self._holders: dict[str, list[str]] = {model: [] for model in specs}
        for shelf in shelves:
            coming = [shelf.loading.model] if shelf.loading is not None else []
            for model in [*shelf.held, *coming]:
                self._holders.setdefault(model, []).append(shelf.spec.name)
        self._burden = Burden(self._holders, demand_s, [shelf.spec.name for shelf in shelves])

    def win(self, model: str, shelf: Shelf) -> float:
        """Device time in a second that is served if a device which lacks the model loads it.

        Of a model that no device holds, all its demand: others make room for it. Of one that others
        hold, what they lose and would not any more.
        """
        found = self._holders[model]
        if not found:
            return self._demand_s.get(model, 0.0) + NOWHERE
        return max(0.0, self._burden.relief(model, [*found, shelf.spec.name]))

    def loss(self, model: str, shelf: Shelf) -> float:
        """Device time in a second that is not served any more if this device evicts the model."""
        found = self._holders[model]
        if len(found) == 1:
            return self._demand_s.get(model, 0.0) + NOWHERE
        left = [name for name in found if name != shelf.spec.name]
        return max(0.0, -self._burden.relief(model, left))

    def best(
        self, shelf: Shelf, kept: Collection[str], *, is_spreading: bool = True
    ) -> Move | None:
        """The load that wins most on a device which loads nothing now; None if none is worth it.

        Free memory is filled, first with what wins most, then with what the fewest devices hold:
        the more devices could run a work, the sooner one does. A model takes the place of others
        only if it wins `LoadRules.gain` times what they lose, and the budget for loads has room. A
        copy in the place of others must win back the time of its load, and so must each load on
        a device which stands still for it and has something to do.

        Args:
            shelf: The device.
            kept: Models that must not leave it now.
            is_spreading: Models that other devices hold count too.
        """
        losses = self._losses(shelf, kept)
        ranked: list[tuple[float, int, int, Move]] = []
        for at, (model, spec) in enumerate(self._specs.items()):
            found = self._holders[model]
            if (
                shelf.spec.name not in found
                and (is_spreading or not found)
                and spec.memory_bytes <= shelf.spec.memory_bytes
                and shelf.cools_for_s(model, self._now) == 0.0
            ):
                made = self._move(shelf, model, losses)
                if made is not None:
                    ranked.append((-made[0], len(found), at, made[1]))
        return min(ranked)[-1] if ranked else None

    def make_room(
        self, shelf: Shelf, model: str, kept: Collection[str]
    ) -> tuple[float, tuple[str, ...]] | None:
        """What leaves so that a model has room, at the least loss; None if it cannot have it.

        Returns:
            The loss and the models.
        """
        return self._room(shelf, model, self._losses(shelf, kept))

    def _losses(self, shelf: Shelf, kept: Collection[str]) -> _Losses:
        """What is lost by each model that may leave a device, the least first."""
        return sorted(
            (self.loss(held, shelf), held)
            for held in shelf.held
            if held not in kept and shelf.may_evict(held, self._now)
        )

    def _room(
        self, shelf: Shelf, model: str, losses: _Losses
    ) -> tuple[float, tuple[str, ...]] | None:
        need, free, lost = self._specs[model].memory_bytes, shelf.free_bytes, 0.0
        evicted: list[str] = []
        for loss, held in losses:
            if free >= need:
                break
            free, lost = free + shelf.size_of(held), lost + loss
            evicted.append(held)
        return (lost, tuple(evicted)) if free >= need else None

    def _move(self, shelf: Shelf, model: str, losses: _Losses) -> tuple[float, Move] | None:
        room = self._room(shelf, model, losses)
        if room is None:
            return None
        lost, evicted = room
        won, load_s = self.win(model, shelf), self._load_s[model]
        is_worth = not evicted or (
            won > self._rules.gain * lost and shelf.budget_in_s(load_s, self._now) == 0.0
        )
        stands_still = shelf.spec.is_blocked_by_loads and self._burden.asked[shelf.spec.name] > 0.0
        if stands_still or (evicted and self._holders[model]):
            is_worth = is_worth and (won - lost) * self._rules.horizon_s > load_s
        return (won - lost, Move(shelf.spec.name, model, evicted)) if is_worth else None
