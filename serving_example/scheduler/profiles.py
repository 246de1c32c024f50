"""Latency profiles: learned from every batch, stored, and watched for drift."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from serving_example.scheduler.curve import Curve
from serving_example.scheduler.errors import SchedulerError

__all__ = ["Drift", "Profiles"]

FORMAT = 1
TRUST_S, DOUBT_S = 1.0, 0.01
"""So long a belief is not put to the test; then a window of 64 slow batches is forgotten in two
thirds of a second. A device that is as slow as that answers one work late in a second or two."""
MIN_BATCHES = 16
"""Fewer batches of a size say nothing of drift."""


@dataclass(frozen=True, slots=True)
class Drift:
    """A size that does not take as long any more as the profile was told.

    Attributes:
        model: The model.
        device: The device's name.
        size: The size of the ladder.
        told_s: Seconds that were told: from the stored profile.
        seen_s: Seconds of the last batches.
    """

    model: str
    device: str
    size: int
    told_s: float
    seen_s: float


class Profiles:
    """How long each model takes on each device, at each size.

    A device is asked for by name. Until it has been seen itself, what was told of its name is the
    answer, then the median of what was told of its kind and what other devices of its kind were
    seen to take: if one of them is slow the others are not.

    Args:
        quantile: Which of the last batches stands for a size.
        guess_s: What a batch takes while nothing at all is known of it. Too low a guess runs a
            batch late once; too high a one refuses work until the first batch has run.
        drift: A seen time above `drift` times the told one, or below its inverse, is an alarm.
    """

    def __init__(
        self, *, quantile: float = 0.9, guess_s: float = 0.005, drift: float = 1.5
    ) -> None:
        if not 0.0 < quantile <= 1.0 or not guess_s > 0.0 or not drift > 1.0:
            raise SchedulerError(
                "expected 0 < quantile <= 1, guess_s > 0 and drift > 1, "
                f"got {quantile}, {guess_s} and {drift}"
            )
        self._quantile, self._guess_s, self._drift = quantile, guess_s, drift
        self._curves: dict[tuple[str, str], Curve] = {}
        self._kinds: dict[str, str] = {}
        self._due: dict[tuple[str, str], float] = {}
        """By model and device, when what is believed of them is doubted next."""
        self._of_kinds: dict[str, dict[tuple[str, int], float | None]] = {}
        """By model, what its kind says of a size; until something of the model changes. Without it
        each of 100 devices would ask the 99 others whenever one of them is seen to have moved."""

    def know(self, device: str, kind: str) -> None:
        """Tells of what kind a device is."""
        self._kinds[device] = kind
        self._of_kinds.clear()

    def tell(self, model: str, device: str, seconds: Mapping[int, float]) -> None:
        """Says how long sizes take, until they are seen.

        Args:
            model: The model.
            device: A device's name, or a kind.
            seconds: Size to seconds, all above 0.

        Raises:
            SchedulerError: A time is not above 0.
        """
        for size, s in seconds.items():
            if not 0.0 < s < math.inf:
                raise SchedulerError(
                    f"model {model} on {device}: expected seconds above 0 of size {size}, got {s}"
                )
            self._curve(model, device).tell(size, s)
        self._of_kinds.pop(model, None)

    def observe(self, model: str, device: str, size: int, seconds: float) -> bool:
        """Remembers what a batch took; True if answers may have changed.

        A time that is not above 0 comes from a clock that was set back, and says nothing.
        """
        if not 0.0 < seconds < math.inf:
            return False
        self._due.pop((model, device), None)
        kind = self._kinds.get(device, device)
        moved = self._curve(model, device).observe(size, seconds)
        its_kind_moved = kind != device and self._curve(model, kind).observe(size, seconds)
        if moved or its_kind_moved:
            self._of_kinds.pop(model, None)
        return moved

    def doubt(self, model: str, device: str, now: float) -> bool:
        """A device idles, and works of a model are refused because its batches take too long there.

        They may have taken so long for a reason that has gone, and nothing would show it: a batch
        that never runs is never seen. So the belief falls until one runs.

        Returns:
            Whether answers may have changed: not in the first second without a batch, and then a
            hundred times a second.
        """
        due = self._due.get((model, device))
        if due is None or due - now > TRUST_S:  # the clock was set back
            self._due[model, device] = now + TRUST_S
            return False
        if now < due:
            return False
        self._due[model, device] = now + DOUBT_S
        for name in {device, self._kinds.get(device, device)}:
            curve = self._curves.get((model, name))
            if curve is not None:
                curve.doubt(self._guess_s)
        self._of_kinds.pop(model, None)
        return True

    def seconds(self, model: str, device: str, size: int) -> float:
        """How long a batch of that size takes there, as far as is known."""
        own = self._curves.get((model, device))
        kin = self._curves.get((model, self._kinds.get(device, device)))
        found = None if own is None else own.known(size)
        if found is None:
            found = self._of_kin(model, device, size, kin)
        if found is not None:
            return found
        curves = [curve for curve in (own, kin) if curve is not None]
        if not curves:
            return self._guess_s
        return max(curves, key=Curve.points).on_line(size)

    def table(self, model: str, device: str, sizes: tuple[int, ...]) -> tuple[float, ...]:
        """Seconds for each size, never falling: a smaller batch could be padded to the larger."""
        made: list[float] = []
        longest = 0.0
        for size in sizes:
            longest = max(longest, self.seconds(model, device, size))
            made.append(longest)
        return tuple(made)

    def forget(self, model: str) -> None:
        """Drops all that is known of a model."""
        for key in [key for key in self._curves if key[0] == model]:
            del self._curves[key]
        for key in [key for key in self._due if key[0] == model]:
            del self._due[key]
        self._of_kinds.pop(model, None)

    def drifts(self) -> list[Drift]:
        """The sizes that have drifted from what was told of their device or its kind."""
        found: list[Drift] = []
        for (model, device), curve in sorted(self._curves.items()):
            if device not in self._kinds:
                continue  # a kind: its devices are judged one by one
            kin = self._curves.get((model, self._kinds[device]))
            told = curve.told if kin is None else kin.told | curve.told
            for size, seen_s in sorted(curve.seen.items()):
                told_s = told.get(size, seen_s)
                is_near = told_s / self._drift <= seen_s <= told_s * self._drift
                if not is_near and curve.count(size) >= MIN_BATCHES:
                    found.append(Drift(model, device, size, told_s, seen_s))
        return found

    def to_json(self) -> str:
        """All that is known, for `from_json` of a later process."""
        known = [
            {
                "model": model,
                "device": device,
                "seconds": {str(size): s for size, s in sorted((curve.told | curve.seen).items())},
            }
            for (model, device), curve in sorted(self._curves.items())
        ]
        return json.dumps({"format": FORMAT, "profiles": known}, indent=1)

    def read_json(self, text: str) -> None:
        """Is told what `to_json` wrote.

        Raises:
            SchedulerError: It is no such file; nothing was told.
        """
        try:
            content = json.loads(text)
            if content["format"] != FORMAT:
                raise ValueError(f"format {content['format']!r}, expected {FORMAT}")
            told = [
                (str(one["model"]), str(one["device"]), _seconds(one["seconds"]))
                for one in content["profiles"]
            ]
        except (ValueError, KeyError, TypeError) as error:
            raise SchedulerError(
                f"latency profiles cannot be read: {error!r}",
                hint="remove the file: profiles are learned again",
            ) from error
        for model, device, seconds in told:
            self.tell(model, device, seconds)

    def _of_kin(self, model: str, device: str, size: int, kin: Curve | None) -> float | None:
        """The lower median of what its kind was told and what each device of it has seen."""
        kind = self._kinds.get(device)
        known = self._of_kinds.setdefault(model, {})
        if (kind or device, size) in known:
            return known[kind or device, size]
        curves = [
            self._curves.get((model, other)) for other, its in self._kinds.items() if its == kind
        ]
        found = [curve.seen[size] for curve in curves if curve is not None and size in curve.seen]
        if kin is not None and size in kin.told:
            found.append(kin.told[size])
        found.sort()
        median = found[(len(found) - 1) // 2] if found else None
        known[kind or device, size] = median
        return median

    def _curve(self, model: str, device: str) -> Curve:
        found = self._curves.get((model, device))
        if found is None:
            found = self._curves[model, device] = Curve(self._quantile)
        return found


def _seconds(given: dict[str, Any]) -> dict[int, float]:
    made = {int(size): float(s) for size, s in given.items()}
    if not all(size > 0 and 0.0 < s < math.inf for size, s in made.items()):
        raise ValueError(f"sizes and seconds are above 0, got {given}")
    return made
