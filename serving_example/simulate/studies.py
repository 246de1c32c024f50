"""What is varied, and what each policy made of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from featurelib.errors import InputError
from serving_example.simulate.outcome import Outcome
from serving_example.simulate.run import simulate
from serving_example.simulate.setting import Setting
from serving_example.simulate.trace import Trace

__all__ = ["STUDIES", "Figures", "Point", "Study", "measured", "recorded"]


@dataclass(frozen=True)
class Study:
    """One number of a setting, at several values.

    Attributes:
        title: What is asked.
        field: The field of `Setting`.
        label: What the axis says.
        values: Of the field.
        fixed: Other fields that the study needs.
        is_logarithmic: The values are drawn on such an axis.
    """

    title: str
    field: str
    label: str
    values: tuple[float, ...]
    fixed: Mapping[str, Any]
    is_logarithmic: bool = False

    def settings(self, base: Setting) -> list[tuple[float, Setting]]:
        """The value and the setting of each point; more devices get as many more requests."""
        made = [(v, replace(base, **{**self.fixed, self.field: v})) for v in self.values]
        return [
            (v, replace(s, requests=base.requests * s.devices // base.devices)) for v, s in made
        ]


STUDIES: dict[str, Study] = {
    "load": Study(
        "Load", "load", "requests offered over what the devices can do",
        (0.3, 0.5, 0.7, 0.8, 0.9, 1.0, 1.2, 1.5, 2.0), {},
    ),
    "slo": Study(
        "Objective", "slo_s", "seconds from arrival to deadline",
        (0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.4), {"load": 0.8}, is_logarithmic=True,
    ),
    "bursts": Study(
        "Bursts", "cv", "deviation of the gaps between arrivals over their mean",
        (1.0, 2.0, 4.0, 8.0), {"load": 0.7}, is_logarithmic=True,
    ),
    "spells": Study(
        "Spells and silences", "spell_s", "mean seconds of a spell, and of the silence behind it",
        (0.02, 0.05, 0.1, 0.2, 0.5), {"load": 0.7, "cv": 0.0}, is_logarithmic=True,
    ),
    "devices": Study(
        "Larger pools", "devices", "devices",
        (4, 8, 32, 100), {"load": 0.9}, is_logarithmic=True,
    ),
    "models": Study(
        "Models", "models", "models, all of which fit every device",
        (1, 2, 4, 8, 16, 32, 64), {"load": 0.8}, is_logarithmic=True,
    ),
    "memory": Study(
        "Memory", "slots", "models of 32 that a device has memory for",
        (4, 8, 12, 16, 32), {"load": 0.7, "models": 32, "zipf": 0.9, "warm_s": 10.0},
        is_logarithmic=True,
    ),
    "neighbour": Study(
        "A noisy neighbour", "neighbour", "requests of one tenant of four, over its share",
        (1.0, 2.0, 3.0, 5.0), {"load": 0.8, "tenants": 4},
    ),
}  # fmt: skip
"""By the name that the command knows."""


@dataclass(frozen=True)
class Figures:
    """What one policy made of one trace.

    Attributes:
        good: Requests answered in time.
        attainment: As a share of those that arrived.
        of_bound: As a share of the bound.
        others: Share of the requests in time of all tenants but the first.
        busy: Share of the devices' time that was used.
        mean_batch: Requests of a batch.
        p99_s: 99 of 100 answers took no longer.
        loads: Models that were loaded.
        reasons: Batches by why they were released.
        whys: Requests by why they were refused or dropped.
        events: What happened in the simulation, for its speed.
    """

    good: int
    attainment: float
    of_bound: float
    others: float
    busy: float
    mean_batch: float
    p99_s: float
    loads: int
    reasons: Mapping[str, int]
    whys: Mapping[str, int]
    events: int

    @classmethod
    def of(cls, outcome: Outcome, bound: float) -> Figures:
        """The figures of an outcome whose bound is known."""
        return cls(
            outcome.good, outcome.attainment, outcome.good / bound if bound else 1.0,
            outcome.attainment_where(outcome.trace.tenants > 0), outcome.busy, outcome.mean_batch,
            outcome.latency(0.99), len(outcome.loads),
            dict(outcome.reasons), dict(outcome.unanswered), outcome.events,
        )  # fmt: skip


@dataclass(frozen=True)
class Point:
    """One trace, and every policy on it.

    Attributes:
        value: Of the field that is varied.
        offered: Requests that arrived.
        seconds: From the first arrival to the last deadline.
        fluid: Most that can be in time, by rates alone.
        bound: The lower of that and of what the trace allows.
        policies: Figures by policy.
    """

    value: float
    offered: int
    seconds: float
    fluid: float
    bound: float
    policies: Mapping[str, Figures]


def measured(
    study: Study,
    base: Setting,
    policies: Sequence[str],
    seed: int,
    done: Callable[[], None] = lambda: None,
    *,
    admits_all: bool = False,
) -> list[Point]:
    """Runs a study.

    Args:
        study: What is varied.
        base: All that is not.
        policies: By name.
        seed: Of the traces and of noise.
        done: Called after each run of a policy.
        admits_all: See `simulate`.
    """
    return [
        _point(value, setting, setting.trace(seed), policies, seed, done, admits_all)
        for value, setting in study.settings(base)
    ]


def recorded(
    trace: Trace,
    base: Setting,
    policies: Sequence[str],
    seed: int,
    done: Callable[[], None] = lambda: None,
    *,
    admits_all: bool = False,
) -> tuple[Study, list[Point]]:
    """Every policy on a recorded trace, as a study of one point; see `measured`.

    Raises:
        InputError: A request has more rows than the largest size.
    """
    if len(trace) and trace.rows.max() > base.sizes[-1]:
        raise InputError(
            f"expected at most {base.sizes[-1]} rows a request, got {trace.rows.max()}",
            hint="give the sizes of the models: --sizes",
        )
    study = Study("A recorded trace", "devices", "devices", (base.devices,), {})
    setting = replace(base, warm_s=0.0)
    return study, [_point(base.devices, setting, trace, policies, seed, done, admits_all)]


def _point(
    value: float,
    setting: Setting,
    whole: Trace,
    policies: Sequence[str],
    seed: int,
    done: Callable[[], None],
    admits_all: bool,
) -> Point:
    begins = float(whole.times[0]) + setting.warm_s if setting.warm_s else float("-inf")
    trace, pool = whole.only(whole.times >= begins), setting.pool(whole.model_names)
    fluid, bound = setting.bounds(trace)
    figures = {}
    for policy in policies:
        outcome = simulate(
            whole, pool, policy, seed=seed, lead_s=setting.lead_s, admits_all=admits_all
        )
        figures[policy] = Figures.of(outcome.after(begins), bound)
        done()
    return Point(value, len(trace), trace.seconds, fluid, bound, figures)
