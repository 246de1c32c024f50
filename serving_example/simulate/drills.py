"""Trouble in simulated time, and how soon requests are answered in time again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from serving_example.simulate.faults import Fault
from serving_example.simulate.outcome import GOOD, Outcome
from serving_example.simulate.run import simulate
from serving_example.simulate.setting import Setting
from serving_example.simulate.trace import Array

__all__ = ["DRILLS", "Course", "Drill", "course_of", "drilled"]

BUCKET_S = 0.1
"""Requests that arrive within so long are looked at together."""
WELL = 0.99
"""Attainment from which on a pool counts as well."""


@dataclass(frozen=True)
class Drill:
    """What befalls a pool; before it and behind it are times of equal length.

    Attributes:
        title: What it is.
        fixed: Fields of `Setting` that it needs.
        third_s: A third of the trace; the trouble begins when the first is over.
        kind: Of the fault of the first device; None for a step of the load.
        seconds: For how long the fault lasts; a step lasts for the second third.
    """

    title: str
    fixed: Mapping[str, Any]
    third_s: float
    kind: Literal["slow", "hang", "kill"] | None = None
    seconds: float = 0.0

    def setting(self, base: Setting) -> Setting:
        """The pool and its traffic."""
        made = replace(base, **self.fixed)
        return replace(made, requests=int(3 * self.third_s * made.load * made.top_rate))

    def faults(self, setting: Setting) -> list[Fault]:
        """What befalls the devices."""
        begins = setting.warm_s + self.third_s
        return [] if self.kind is None else [Fault(self.kind, 0, begins, self.seconds)]


DRILLS: dict[str, Drill] = {
    "step": Drill("Load 0.5, then 3, then 0.5", {"load": 0.5, "step": 3.0}, 2.0),
    "slow": Drill("A device is slow by 3 for 4 s", {"load": 0.7}, 4.0, "slow", 4.0),
    "hang": Drill("A device hangs for 6 s, and is lost after 5", {"load": 0.7}, 6.0, "hang", 6.0),
    "kill": Drill("A device's thread dies, and is back in 1 s", {"load": 0.7}, 6.0, "kill", 1.0),
}
"""By the name that the command knows."""


@dataclass(frozen=True, eq=False)
class Course:
    """How a trouble went.

    Attributes:
        begins: When it began.
        ends: When it ended.
        times: Middles of the buckets, in seconds behind its beginning.
        attained: Share of the requests of each that were in time; 1.0 where none arrived.
        before: Attainment of what arrived before it.
        during: While it lasted.
        after: Behind it, in the rest of the trace.
        back_s: From when on, behind its beginning, each bucket is well; 0.0 if none was not.
        behind_s: When the last request arrived that was not in time, behind its end; at least 0.
        longest_s: The longest that a request waited for whatever end it had; infinite if one had
            none.
    """

    begins: float
    ends: float
    times: Array
    attained: Array
    before: float
    during: float
    after: float
    back_s: float
    behind_s: float
    longest_s: float


def course_of(outcome: Outcome, begins: float, ends: float) -> Course:
    """Reads a run.

    Args:
        outcome: The run, whose first request arrived before the trouble.
        begins: When the trouble began.
        ends: When it ended.
    """
    times, good = outcome.trace.times, outcome.fates == GOOD
    place = np.floor((times - begins) / BUCKET_S).astype(np.int64)
    first, count = int(place.min()), int(place.max() - place.min()) + 1
    all_of = np.bincount(place - first, minlength=count)
    good_of = np.bincount(place - first, good, count)
    attained = np.where(all_of > 0, good_of / np.maximum(all_of, 1), 1.0)
    places = np.arange(first, first + count)
    ill = places[(attained < WELL) & (places >= 0)]
    late = times[~good & (times >= ends)]
    waited = outcome.finished - times
    return Course(
        begins, ends, (places + 0.5) * BUCKET_S, attained,
        outcome.attainment_where(times < begins),
        outcome.attainment_where((times >= begins) & (times < ends)),
        outcome.attainment_where(times >= ends),
        float((ill[-1] + 1) * BUCKET_S) if len(ill) else 0.0,
        float(late[-1] - ends) if len(late) else 0.0,
        float("inf") if np.isnan(waited).any() else float(waited.max()),
    )  # fmt: skip


def drilled(
    drill: Drill,
    base: Setting,
    policies: Sequence[str],
    seed: int,
    done: Callable[[], None] = lambda: None,
) -> dict[str, Course]:
    """Runs a drill; the course by policy.

    Args:
        drill: What befalls the pool.
        base: All else.
        policies: By name.
        seed: Of the trace and of noise.
        done: Called after each run.
    """
    setting = drill.setting(base)
    trace, pool, faults = setting.trace(seed), setting.pool(), drill.faults(setting)
    begins = setting.warm_s + drill.third_s
    ends = begins + (drill.seconds if faults else drill.third_s)
    made = {}
    for policy in policies:
        outcome = simulate(
            trace, pool, policy, seed=seed, lead_s=setting.lead_s, faults=faults
        ).after(setting.warm_s)
        made[policy] = course_of(outcome, begins, ends)
        done()
    return made
