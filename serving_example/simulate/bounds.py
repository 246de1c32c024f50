"""What no policy can beat, by formula: rates that stay, devices that are always busy.

With l(b) = a*b + c, an objective of D seconds and N devices. A bound here knows rates only; for the
requests of one trace see `serving_example.simulate.trace_bound`, which is stricter where batches
cannot grow because too few requests wait together.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from serving_example.simulate.latency import Linear, Model, Pool
from serving_example.simulate.trace import Trace

__all__ = [
    "Stream", "capacity", "device_rate", "fluid", "fluid_with_memory", "largest_batch",
    "of_trace", "staggered_batch",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Stream:
    """The requests of one model.

    Attributes:
        rate: Requests per second that arrive.
        device_rate: Requests per second that one device completes in time, see `device_rate`.
        slo_s: Seconds from arrival to deadline.
        memory_bytes: What the model takes of a device.
        load_s: Seconds of a device for loading it.
    """

    rate: float
    device_rate: float
    slo_s: float = 0.0
    memory_bytes: int = 0
    load_s: float = 0.0


def largest_batch(latency: Linear, slo_s: float) -> int:
    """b0 = floor((D - c) / a): the largest batch that a request with all its time left survives.

    0 if not even one row is done within the objective. `a_s` is above 0.
    """
    batch = max(0, int((slo_s - latency.c_s) / latency.a_s))
    while latency.seconds(batch + 1) <= slo_s:  # the quotient is rounded, the claim is not
        batch += 1
    while batch and latency.seconds(batch) > slo_s:
        batch -= 1
    return batch


def capacity(latency: Linear, slo_s: float, devices: int = 1) -> float:
    """N * b0 / l(b0): rows per second of N devices that run nothing but the largest batches.

    A batch of b rows takes l(b) of one device, and l(b) / b falls with b; no batch in which a
    request is on time is larger than b0. So every row costs at least l(b0) / b0 seconds, and N
    devices have N seconds a second.
    """
    batch = largest_batch(latency, slo_s)
    return devices * batch / latency.seconds(batch) if batch else 0.0


def staggered_batch(latency: Linear, slo_s: float, devices: int) -> int:
    """b_s = floor((D*N / (N+1) - c) / a): what regular arrivals of one model reach.

    N devices that start in turn leave l(b) / N between two starts. A request that just missed one
    waits so long and runs for l(b): l(b) * (N+1) / N <= D.
    """
    return largest_batch(latency, slo_s * devices / (devices + 1))


def device_rate(model: Model, slo_s: float, rows: int = 1) -> float:
    """max over sizes s with l(s) <= D of floor(s / rows) / l(s): requests per second of a device.

    `capacity` for a device that runs at the sizes of a ladder only, with requests of so many rows.
    """
    return max(
        (
            (size // rows) / model.latency.seconds(size)
            for size in model.sizes
            if model.latency.seconds(size) <= slo_s
        ),
        default=0.0,
    )


def fluid(streams: Sequence[Stream], devices: int) -> float:
    """max of sum(g) with 0 <= g_m <= rate_m and sum(g_m / device_rate_m) <= N: goodput per second.

    A knapsack whose things can be cut: models whose requests cost least are served first.
    """
    left, goodput = float(devices), 0.0
    for stream in sorted(streams, key=lambda s: -s.device_rate):
        if stream.device_rate > 0:
            served = min(stream.rate, left * stream.device_rate)
            goodput += served
            left -= served / stream.device_rate
    return goodput


def fluid_with_memory(streams: Sequence[Stream], devices: int, memory_bytes: int) -> float:
    """`fluid` where a model that is on no device answers nobody, and a load takes a device's time.

    A model is somewhere for a share y of the time, and is loaded n times a second; then it can
    serve at most the share y + n*(D - load) of its requests: those that come while it is there or
    not longer before it is ready than they can wait. With memory M of each device:

        max sum(g)   g_m <= rate_m * min(1, y_m + n_m * max(0, D_m - load_m))
                     sum(g_m / device_rate_m + n_m * load_m) <= N      (device time)
                     sum(memory_m * y_m)                     <= N * M  (memory)

    The two sums are priced; for prices p >= 0 of device time and q >= 0 of memory a model is served
    wholly or not at all, and p*N + q*N*M + sum(max(0, rate*(1 - p/device_rate) - price)) is above
    every solution, where price is the cheaper of residing (q*memory) and of loading each time
    (p*load / (D - load)). The least over prices is the bound. It is about averages: where requests
    come in bursts a policy may know when to load, and get more.
    """
    usable = [s for s in streams if s.device_rate > 0 and s.memory_bytes <= memory_bytes]
    if not usable:
        return 0.0
    told = [(s.rate, s.device_rate, s.slo_s - s.load_s, s.memory_bytes, s.load_s) for s in usable]
    rate, speed, slack, size, load = np.array(told, np.float64).T
    wait = np.where(slack > 0, load / np.where(slack > 0, slack, 1.0), np.inf)

    def dual(time_price: float, memory_price: float) -> float:
        loading = time_price * wait if time_price else np.where(slack > 0, 0.0, np.inf)
        price = np.minimum(memory_price * size, loading)
        gains = np.maximum(0.0, rate * (1 - time_price / speed) - price)
        return float(devices * time_price + devices * memory_bytes * memory_price + gains.sum())

    dearest = float(np.max(rate / np.maximum(size, 1.0)))  # above it nobody would reside
    return _least(lambda p: _least(lambda q: dual(p, q), dearest), float(speed.max()))


def _least(value: Callable[[float], float], high: float) -> float:
    """The least value of a convex function on [0, high], found by thirds; never below the least."""
    low, best = 0.0, min(value(0.0), value(high))
    for _ in range(50):
        third = (high - low) / 3
        left, right = value(low + third), value(high - third)
        best = min(best, left, right)
        low, high = (low, high - third) if left <= right else (low + third, high)
    return best


def of_trace(trace: Trace, pool: Pool, *, with_memory: bool) -> float:
    """Requests of a trace in time, by the rates of its models over its whole time.

    Each model's requests are taken to have the longest objective among them and the fewest rows.

    Args:
        trace: What arrives; it names models of the pool only.
        pool: Devices and models.
        with_memory: Whether their memory counts, see `fluid_with_memory`.
    """
    known = {model.name: model for model in pool.models}
    streams = []
    for index, name in enumerate(trace.model_names):
        of = trace.models == index
        if of.any():
            model, slo_s = known[name], float((trace.deadlines - trace.times)[of].max())
            fastest = device_rate(model, slo_s, int(trace.rows[of].min()))
            rate = float(of.sum()) / trace.seconds
            streams.append(Stream(rate, fastest, slo_s, model.memory_bytes, model.load_s))
    if with_memory:
        return fluid_with_memory(streams, pool.devices, pool.memory_bytes) * trace.seconds
    return fluid(streams, pool.devices) * trace.seconds
