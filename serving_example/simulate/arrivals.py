"""Traces that are drawn: when requests arrive, and for which model.

The same generator state gives the same trace. Rates are requests per second, over all models.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from featurelib.errors import InputError
from serving_example.simulate.trace import Array, Trace

__all__ = ["drawn", "gamma", "on_off", "poisson", "steps", "zipf"]


def poisson(rate: float, seconds: float, generator: np.random.Generator) -> Array:
    """Times of users who know nothing of each other; sorted, in [0, seconds)."""
    count = int(generator.poisson(rate * seconds))
    return np.sort(generator.uniform(0.0, seconds, count))


def gamma(rate: float, seconds: float, cv: float, generator: np.random.Generator) -> Array:
    """Times with gaps of a Gamma distribution.

    Args:
        rate: Mean requests per second.
        seconds: Until when.
        cv: Deviation of a gap over its mean: 1 is Poisson, 8 comes in bursts.
        generator: Of the gaps.

    Raises:
        InputError: `cv` is not above 0.
    """
    if not cv > 0:
        raise InputError(f"expected cv > 0, got cv={cv}")
    shape = 1.0 / cv**2
    parts: list[Array] = []
    last, block = 0.0, max(64, int(rate * seconds))
    while last < seconds:
        times = last + np.cumsum(generator.gamma(shape, 1.0 / (shape * rate), block))
        parts.append(times)
        last = float(times[-1])
    times = np.concatenate(parts)
    return times[times < seconds]


def on_off(
    rate: float, seconds: float, on_s: float, off_s: float, generator: np.random.Generator
) -> Array:
    """Poisson arrivals in spells, silence between; both last exponentially long.

    Args:
        rate: Mean over spells and silence; within a spell it is (on_s + off_s) / on_s as much.
        seconds: Until when.
        on_s: Mean length of a spell.
        off_s: Mean length of a silence.
        generator: Of lengths and times.
    """
    parts: list[Array] = [np.empty(0)]
    at, inside = 0.0, rate * (on_s + off_s) / on_s
    while at < seconds:
        length = float(generator.exponential(on_s))
        parts.append(at + poisson(inside, length, generator))
        at += length + float(generator.exponential(off_s))
    times = np.concatenate(parts)
    return times[times < seconds]


def steps(plan: Sequence[tuple[float, float]], generator: np.random.Generator) -> Array:
    """Poisson arrivals at one rate after another.

    Args:
        plan: Pairs (rate, seconds).
        generator: Of the times.
    """
    parts: list[Array] = [np.empty(0)]
    at = 0.0
    for rate, seconds in plan:
        parts.append(at + poisson(rate, seconds, generator))
        at += seconds
    return np.concatenate(parts)


def zipf(count: int, exponent: float) -> Array:
    """Shares of `count` models that sum to 1: the k-th most asked has 1 / k**exponent of the first.

    Exponent 0 is an even mix.
    """
    weights = np.arange(1, count + 1, dtype=np.float64) ** -exponent
    shares: Array = weights / weights.sum()
    return shares


def drawn(
    times: Array,
    generator: np.random.Generator,
    *,
    models: Sequence[str],
    shares: Array,
    slo_s: float | Sequence[float],
    rows: int = 1,
    tenant: str = "",
) -> Trace:
    """A trace with a model drawn for each time, independently.

    Args:
        times: When requests arrive, sorted.
        generator: Of the models.
        models: Their names.
        shares: How likely each is; they sum to 1.
        slo_s: Seconds from arrival to deadline, one for all or one a model.
        rows: Of each request.
        tenant: Whose requests they are.
    """
    count = len(times)
    picked = generator.choice(len(models), count, p=shares).astype(np.int64)
    slo = np.broadcast_to(np.asarray(slo_s, np.float64), len(models))[picked]
    return Trace(
        np.asarray(times, np.float64), picked, np.full(count, rows, np.int64), times + slo,
        np.zeros(count, np.int64), tuple(models), (tenant,),
    )  # fmt: skip
