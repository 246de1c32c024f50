"""The bounds, against worked examples, a solver of linear programs, and all schedules of a few."""

import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog  # type: ignore[import-untyped]

from parity_tests.soak import examples
from serving_example.simulate import bounds
from serving_example.simulate.bounds import Stream
from serving_example.simulate.latency import Linear, Model, Pool
from serving_example.simulate.trace import Trace
from serving_example.simulate.trace_bound import least_costs, most_good


def test_the_largest_batch_by_hand() -> None:
    """l(b) = 2b + 10, D = 50: b0 = 20, and two devices do 2 * 20 / 50 rows; D = 9 allows none."""
    latency = Linear(2.0, 10.0)
    assert bounds.largest_batch(latency, 50.0) == 20
    assert bounds.capacity(latency, 50.0, 2) == 0.8
    assert bounds.largest_batch(latency, 9.0) == 0 == bounds.capacity(latency, 9.0)
    # Staggered over two devices: floor((50 * 2/3 - 10) / 2) = 11.
    assert bounds.staggered_batch(latency, 50.0, 2) == 11


@given(st.integers(1, 400), st.integers(0, 300), st.integers(1, 3000))
@examples(60, 2000)
def test_no_larger_batch_is_in_time(a: int, c: int, d: int) -> None:
    """b0 rows end by D and b0 + 1 do not, in the arithmetic that batches are timed with."""
    latency, slo = Linear(a / 1000, c / 1000), d / 1000
    batch = bounds.largest_batch(latency, slo)
    assert latency.seconds(batch + 1) > slo
    assert batch == 0 or latency.seconds(batch) <= slo


def test_a_ladder_has_its_own_rate() -> None:
    """Sizes 4 and 8 at l(b) = b + 4, D = 10: size 8 is late; requests of 3 rows fit 4 once."""
    model = Model("m", Linear(1.0, 4.0), (4, 8))
    assert bounds.device_rate(model, 10.0) == 4 / 8
    assert bounds.device_rate(model, 10.0, rows=3) == 1 / 8
    assert bounds.device_rate(model, 12.0, rows=3) == 2 / 12
    assert bounds.device_rate(model, 7.0) == 0.0


streams = st.lists(
    st.builds(
        Stream, st.floats(0.1, 50), st.floats(0.5, 40), st.floats(0.05, 3), st.integers(1, 4),
        st.floats(0.01, 3),
    ),
    min_size=1, max_size=5,
)  # fmt: skip


@given(streams, st.integers(1, 3))
@examples(40, 1000)
def test_the_mix_without_memory_is_the_linear_program(streams: Any, devices: int) -> None:
    """The greedy knapsack has the value that a solver finds."""
    found = linprog(
        [-1.0] * len(streams), [[1 / s.device_rate for s in streams]], [devices],
        bounds=[(0, s.rate) for s in streams],
    )  # fmt: skip
    assert bounds.fluid(streams, devices) == pytest.approx(-found.fun, rel=1e-6)


@given(streams, st.integers(1, 3), st.integers(1, 8))
@examples(8, 200)
def test_the_mix_with_memory_is_the_linear_program(streams: Any, devices: int, memory: int) -> None:
    """Variables g, y, n of each model as the docstring writes them; the dual is never below."""
    fits = [s for s in streams if s.memory_bytes <= memory]
    n = len(fits)
    rows, limits = [], []
    for k, s in enumerate(fits):
        row = [0.0] * (3 * n)
        row[k], row[n + k], row[2 * n + k] = 1.0, -s.rate, -s.rate * max(0.0, s.slo_s - s.load_s)
        rows.append(row)
        limits.append(0.0)
    zeros = [0.0] * n
    rows.append([1 / s.device_rate for s in fits] + zeros + [s.load_s for s in fits])
    rows.append(zeros + [float(s.memory_bytes) for s in fits] + zeros)
    limits += [devices, devices * memory]
    ranges = [(0, s.rate) for s in fits] + [(0, None)] * (2 * n)
    best = -linprog([-1.0] * n + [0.0] * (2 * n), rows, limits, bounds=ranges).fun if n else 0.0
    bound = bounds.fluid_with_memory(streams, devices, memory)
    assert best - 1e-6 <= bound <= best * (1 + 1e-4) + 1e-6
    assert bound <= bounds.fluid(fits, devices) * (1 + 1e-4) + 1e-6


def trace_of(requests: Any) -> Trace:
    """From (arrival, time left, model) in tenths of a second."""
    requests = sorted(requests)
    times = np.array([r[0] for r in requests]) / 10
    left = np.array([r[1] for r in requests]) / 10
    models = np.array([r[2] for r in requests], np.int64)
    ones = np.ones(len(requests), np.int64)
    return Trace(times, models, ones, times + left, 0 * ones, ("a", "b"))


def best_schedule(trace: Trace, pool: Pool) -> int:
    """The most requests in time over all schedules: every order of batches, on every device.

    A batch starts when its device is free and its last request is there: later helps nobody.
    """

    def best(left: frozenset[int], free: tuple[float, ...]) -> int:
        most = 0
        for model in pool.models:
            of = [i for i in left if trace.model_names[trace.models[i]] == model.name]
            for count in range(1, min(len(of), model.sizes[-1]) + 1):
                took = model.latency.seconds(model.size_for(count))
                for works in itertools.combinations(of, count):
                    for k in range(len(free)):
                        end = max(free[k], *(trace.times[i] for i in works)) + took
                        if end <= min(trace.deadlines[i] for i in works):
                            after = (*free[:k], end, *free[k + 1 :])
                            most = max(most, count + best(left - set(works), after))
        return most

    return best(frozenset(range(len(trace))), (0.0,) * pool.devices)


POOL = (Model("a", Linear(0.1, 0.2), (1, 2, 4)), Model("b", Linear(0.3, 0.1), (1, 2)))
requests = st.lists(
    st.tuples(st.integers(0, 12), st.integers(2, 12), st.integers(0, 1)), min_size=1, max_size=5
)


@given(requests, st.integers(1, 2))
@examples(25, 600)
def test_no_schedule_answers_more_than_the_bound(requests: Any, devices: int) -> None:
    """All schedules of up to five requests of two models are tried."""
    trace, pool = trace_of(requests), Pool(POOL, devices)
    assert best_schedule(trace, pool) <= most_good(trace, pool) + 1e-9


def test_the_bound_knows_that_few_wait_together() -> None:
    """Two requests 0.35 s apart with 0.6 s each: at size 2 (0.4 s) they wait together for no time
    (0.35 > 0.6 - 0.4), so each costs l(1) = 0.3; 0.1 s apart each costs half of l(2).
    """
    model = Pool(POOL[:1])
    apart, near = trace_of([(0, 6, 0), (3.5, 6, 0)]), trace_of([(0, 6, 0), (1, 6, 0)])
    assert least_costs(apart, model) == pytest.approx([0.3, 0.3])
    assert least_costs(near, model) == pytest.approx([0.2, 0.2])
    assert least_costs(trace_of([(0, 2, 0)]), model).tolist() == [math.inf]


@given(
    st.lists(st.tuples(st.integers(0, 30), st.just(8), st.integers(0, 1)), min_size=1, max_size=9),
       st.integers(1, 2))  # fmt: skip
@examples(20, 500)
def test_the_poured_work_is_the_linear_program(requests: Any, devices: int) -> None:
    """A solver that gives each request work between arrival and deadline finds as much.

    But for the rounding of costs, which is at most 1 %.
    """
    trace, pool = trace_of(requests), Pool(POOL, devices)
    costs = least_costs(trace, pool)
    edges = np.unique(np.concatenate([trace.times, trace.deadlines]))
    slots = [*itertools.pairwise(edges)]
    n = len(trace)
    worth = np.repeat(-1 / costs, len(slots))
    rows = [np.repeat(np.eye(n)[i], len(slots)) for i in range(n)]
    rows += [np.tile(np.eye(len(slots))[s], n) for s in range(len(slots))]
    limits = [*costs, *(devices * (end - start) for start, end in slots)]
    ranges = [
        (0, None if trace.times[i] <= start and end <= trace.deadlines[i] else 0)
        for i in range(n)
        for start, end in slots
    ]
    best = -linprog(worth, np.array(rows), limits, bounds=ranges).fun
    assert best - 1e-6 <= most_good(trace, pool) <= best * 1.0101 + 1e-6
