"""The most that one trace allows.

It knows each arrival, and that a batch is made of those who wait together.

Two steps. Each is kind to the policies: what it leaves out would only lower the bound.

1. **What a request costs at least.** A batch of size s with request i starts at some t with
   arrival_i <= t and t + l(s) <= deadline_i, and so for all its members. Let k be the most rows of
   the model for which this holds at one t. The batch holds at most min(s, k) rows, so the share of
   i, with r rows, is at least r * l(s) / min(s, k); the least over s is its cost.
2. **How many costs fit.** Devices are poured together to one of speed N that may share itself
   between requests and stop at any time. Requests then ask for work in [arrival, deadline]. The
   amounts of work that can be done form a polymatroid, so the greedy order by requests per second
   of work is the best: with v_1 > v_2 > ... those rates, and W_k the most work of the requests that
   are worth v_k or more, the bound is sum((v_k - v_{k+1}) * W_k). Where all have the same time D,
   W_k is what a queue does that takes from each arrival what it ends within D:
   added = min(cost, N * D - backlog). Where times differ, D is the longest of them.
"""

from __future__ import annotations

import numpy as np

from serving_example.simulate.latency import Model, Pool
from serving_example.simulate.trace import Array, Trace

__all__ = ["least_costs", "most_good"]

_ROUNDING_S = 1e-9
"""A batch may end so long after a deadline: sums of seconds are rounded, here and in schedulers."""
_STEP = 0.01
"""Costs are rounded down to powers of 1 + _STEP, so that few of them are distinct."""


def most_good(trace: Trace, pool: Pool) -> float:
    """An upper bound on the requests of a trace that can be answered in time, of any policy.

    Models are taken to be on every device.
    """
    costs = least_costs(trace, pool)
    able = np.isfinite(costs)
    if not able.any():
        return 0.0
    times, costs = trace.times[able], costs[able]
    levels = np.floor(np.log(costs) / np.log1p(_STEP)).astype(np.int64)
    worths, classes = np.unique(-levels, return_inverse=True)  # rising worth: falling cost
    values = np.exp(worths * np.log1p(_STEP))  # requests per second of work
    # Work of one request at its rounded cost, so that values times work counts requests.
    work = 1.0 / values[classes]
    slo = float((trace.deadlines - trace.times)[able].max())
    done = _most_work(times, work, classes, len(values), pool.devices, slo)
    return float(np.sum(np.diff(values, prepend=0.0) * done))


def _most_work(
    times: Array, work: Array, classes: Array, count: int, devices: int, slo_s: float
) -> Array:
    """The most work of the classes from k on, for each k."""
    backlog, done = np.zeros(count), np.zeros(count)
    room, before = devices * slo_s, float(times[0])
    for now, asked, last in zip(times.tolist(), work.tolist(), classes.tolist(), strict=True):
        np.maximum(backlog - devices * (now - before), 0.0, out=backlog)
        added = np.minimum(asked, room - backlog[: last + 1])
        backlog[: last + 1] += added
        done[: last + 1] += added
        before = now
    return done


def least_costs(trace: Trace, pool: Pool) -> Array:
    """Seconds of a device that each request takes at least; infinite if it cannot be on time."""
    known = {model.name: model for model in pool.models}
    costs = np.full(len(trace), np.inf)
    for index, name in enumerate(trace.model_names):
        places = np.flatnonzero(trace.models == index)
        if len(places) and name in known:
            costs[places] = _model_costs(
                trace.times[places], trace.deadlines[places], trace.rows[places], known[name]
            )
    return costs


def _model_costs(times: Array, deadlines: Array, rows: Array, model: Model) -> Array:
    costs = np.full(len(times), np.inf)
    is_even = bool((rows == rows[0]).all())
    for size in model.sizes:
        seconds = model.latency.seconds(size)
        last_starts = deadlines - seconds + _ROUNDING_S
        able = np.flatnonzero((last_starts >= times) & (rows <= size))
        if not len(able):
            continue
        waiting = _most_waiting(times[able], last_starts[able], rows[able])
        room = size // int(rows[0]) * int(rows[0]) if is_even else size
        costs[able] = np.minimum(costs[able], rows[able] * seconds / np.minimum(waiting, room))
    return costs


def _most_waiting(starts: Array, ends: Array, rows: Array) -> Array:
    """For each interval the most rows of intervals that hold at one time with it.

    That number rises at starts only, so the starts that lie in the interval are looked at.
    """
    order = np.argsort(ends, kind="stable")
    gone = np.concatenate([[0], np.cumsum(rows[order])])
    come = np.concatenate([[0], np.cumsum(rows)])
    there = come[np.searchsorted(starts, starts, "right")]
    there = there - gone[np.searchsorted(ends[order], starts, "left")]
    first = np.searchsorted(starts, starts, "left")
    last = np.searchsorted(starts, ends, "right")
    return _range_max(there, first, last)


def _range_max(values: Array, first: Array, last: Array) -> Array:
    """The greatest of values[first:last] for each pair; no range is empty."""
    levels = [values]
    while 2 ** len(levels) <= len(values):
        half = 2 ** (len(levels) - 1)
        levels.append(np.maximum(levels[-1][:-half], levels[-1][half:]))
    depth = np.frexp(last - first)[1] - 1
    result = np.empty(len(first), values.dtype)
    for level, table in enumerate(levels):
        at = np.flatnonzero(depth == level)
        result[at] = np.maximum(table[first[at]], table[last[at] - 2**level])
    return result
