"""What devices are asked for, and what they lose of it, under a placement."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from serving_example.scheduler.admission import filled_by

__all__ = ["Burden", "strain"]

FULL = 0.8
"""A device that is asked for more of its time than this loses works when they come in bursts."""


def strain(asked: float) -> float:
    """Device time in a second that a device loses which is asked for so much.

    Nothing up to `FULL`, all above 1 if it is asked for far more, and a parabola between.
    """
    width = 1.0 - FULL
    if asked <= FULL:
        return 0.0
    return (asked - FULL) ** 2 / (4.0 * width) if asked < 1.0 + width else asked - 1.0


_ROUNDING = 1e-12
"""Sums of parts that differ by less are the same: no model is loaded for it."""


class Burden:
    """Who is asked for how much, if models lie where they do.

    A model's work goes to whichever of its devices is free: those that only it can use are counted
    first, and it fills them up like water.

    Args:
        holders: By model, the devices that hold it or are loading it.
        demand_s: By model, the device time in a second that is asked for.
        devices: All devices.

    Attributes:
        asked: By device, the time in a second that it is asked for.
    """

    def __init__(
        self,
        holders: Mapping[str, Sequence[str]],
        demand_s: Mapping[str, float],
        devices: Collection[str],
    ) -> None:
        self.asked = dict.fromkeys(devices, 0.0)
        self._demand_s = demand_s
        self._parts: dict[str, dict[str, float]] = {}
        for model in sorted(holders, key=lambda model: len(holders[model])):
            parts = self._parts[model] = self._poured(model, self.asked, holders[model])
            for device, part in parts.items():
                self.asked[device] += part

    def relief(self, model: str, to: Sequence[str]) -> float:
        """Device time in a second that is lost no more if a model lies elsewhere.

        Args:
            model: The model.
            to: Its devices then, at least one.

        Returns:
            Negative if more is lost.
        """
        parts = self._parts[model]
        asked = {device: self.asked[device] for device in (*to, *parts)}
        before = sum(map(strain, asked.values()))
        for device, part in parts.items():
            asked[device] -= part
        for device, part in self._poured(model, asked, to).items():
            asked[device] += part
        better = before - sum(map(strain, asked.values()))
        return better if abs(better) > _ROUNDING else 0.0

    def _poured(
        self, model: str, asked: Mapping[str, float], holders: Sequence[str]
    ) -> dict[str, float]:
        demand = self._demand_s.get(model, 0.0)
        if len(holders) < 2:
            return dict.fromkeys(holders, demand)
        level = filled_by([asked[device] for device in holders], demand)
        return {device: max(0.0, level - asked[device]) for device in holders}
