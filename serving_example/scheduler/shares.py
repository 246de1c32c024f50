"""Tenants share the devices: by what may wait, and by what has been served."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from serving_example.scheduler.errors import SchedulerError
from serving_example.scheduler.work import Work

__all__ = ["Shares"]

DEFAULT_ALPHA = 2.0
"""A lone greedy tenant fills 2/3 of what may wait; the last third is there for whoever comes."""
ACTIVE_S = 10.0
"""A tenant that has asked for nothing for so long needs no room kept free."""

FORGET_ABOVE = 256
"""Of more tenants than this, those who wait for nothing are forgotten."""


class Shares:
    """Fair shares by device time, without idling a device.

    Two rules, and neither does anything while one tenant asks alone:

    - *Room*: what of a tenant waits is at most `alpha` times his weight times what may still wait
      (the dynamic threshold of shared switch buffers). However much one sends, room is left for
      the others; and parts of a full queue are by weight, so parts of the service are.
    - *Turn*: each tenant has a virtual time, the device time he was given over his weight. While
      one who waits is more than `quantum_s` behind another who waits, the policy is offered
      only works of those who are behind, and works of others only fill their batches. A policy
      that ranks models by efficiency would otherwise starve a tenant whose models are asked for
      rarely.

    Args:
        weights: By tenant; 1.0 for those not named.
        alpha: Of the rule of room.
        quantum_s: Of the rule of turn.
    """

    def __init__(
        self,
        weights: Mapping[str, float] | None = None,
        *,
        alpha: float = DEFAULT_ALPHA,
        quantum_s: float = 0.02,
    ) -> None:
        self._weights = dict(weights or {})
        bad = {tenant: weight for tenant, weight in self._weights.items() if not weight > 0.0}
        if bad or not alpha > 0.0 or not quantum_s >= 0.0:
            raise SchedulerError(
                "expected weights and alpha above 0 and quantum_s >= 0, "
                f"got {bad or self._weights}, {alpha} and {quantum_s}"
            )
        self._alpha, self._quantum_s = alpha, quantum_s
        self._waiting: dict[str, list[float]] = {}
        """By tenant: how many works wait, and the device time that they will take."""
        self._served: dict[str, float] = {}
        self._floor = self._weight = 0.0
        self._latest: tuple[str, float] = ("", float("-inf"))
        self._other: tuple[str, float] = ("", float("-inf"))

    def asked(self, tenant: str, now: float) -> None:
        """A tenant submits work, taken or not."""
        if tenant != self._latest[0]:
            self._other = self._latest
        self._latest = (tenant, now)

    def has_room(self, tenant: str, cost_s: float, free_s: float, now: float) -> bool:
        """Whether the rule of room lets so much more of a tenant wait.

        Args:
            tenant: Whose work.
            cost_s: Device time that it takes.
            free_s: Device time that may still wait, that of the work included.
            now: The time.
        """
        last = self._latest if self._latest[0] != tenant else self._other
        if last[1] < now - ACTIVE_S:
            return True
        held = self._waiting.get(tenant)
        held_s = held[1] if held is not None else 0.0
        return held_s + cost_s <= self._alpha * self._weights.get(tenant, 1.0) * free_s

    def turn_s(self, tenant: str, cost_s: float, devices: int) -> float | None:
        """In how many seconds his part of the devices has done what waits of a tenant.

        Args:
            tenant: Who asks.
            cost_s: Device time that more work of his takes.
            devices: How many there are.

        Returns:
            None if nobody else waits: then all devices are his.
        """
        held = self._waiting.get(tenant)
        if len(self._waiting) == (held is not None):
            return None
        own = self._weights.get(tenant, 1.0)
        part = own / (self._weight + (own if held is None else 0.0))
        return ((held[1] if held is not None else 0.0) + cost_s) / (devices * part)

    def add(self, work: Work) -> None:
        """Work of a tenant waits."""
        tenant = work.tenant
        held = self._waiting.get(tenant)
        if held is None:
            # Who was away has no claim on the past: he begins beside the one served least.
            self._served[tenant] = max(self._served.get(tenant, 0.0), self._floor)
            held = self._waiting[tenant] = [0, 0.0]
            self._weight += self._weights.get(tenant, 1.0)
        held[0] += 1
        held[1] += work.cost_s

    def remove(self, works: Sequence[Work]) -> None:
        """Works wait no more."""
        for work in works:
            held = self._waiting[work.tenant]
            held[0] -= 1
            held[1] -= work.cost_s
            if not held[0]:
                del self._waiting[work.tenant]
                self._weight -= self._weights.get(work.tenant, 1.0)

    def served(self, works: Sequence[Work], row_s: float) -> None:
        """Works are given device time, so much a row."""
        given: dict[str, int] = {}
        for work in works:
            given[work.tenant] = given.get(work.tenant, 0) + work.rows
        for tenant, rows in given.items():
            seconds = rows * row_s / self._weights.get(tenant, 1.0)
            self._served[tenant] = self._served.get(tenant, 0.0) + seconds
        least = min((self._served[other] for other in self._waiting), default=self._floor)
        self._floor = max(self._floor, least)
        if len(self._served) > 2 * len(self._waiting) + FORGET_ABOVE:
            self._served = {other: self._served[other] for other in self._waiting}

    def behind(self) -> list[str]:
        """The tenants whose turn it is; empty while it is everybody's.

        It is the turn of all who are behind the one that was given most, not of the last alone:
        among those who ask for little, one who was given a little more is no neighbour's match.
        """
        if len(self._waiting) < 2:
            return []
        served = {tenant: self._served[tenant] for tenant in self._waiting}
        most = max(served.values())
        return [tenant for tenant, given in served.items() if most - given > self._quantum_s]

    def waiting_s(self) -> dict[str, float]:
        """Device time of what waits, by tenant."""
        return {tenant: held_s for tenant, (_, held_s) in sorted(self._waiting.items())}
