"""Some devices and more models than fit: where they lie, and what is left when they have gone."""

import gc
import os
import threading
from time import monotonic
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from parity_tests.soak import amount
from serving_example.devices import PacedDevice, Recording, cpu_device
from serving_example.pool import DroppedError, FunctionProgram
from serving_example.scheduler import Admission, LoadRules, Refusal, Residency
from serving_example.tests.devices.models import Ranker
from serving_example.tests.pool.world import Clock, Held, bits, program, running, until

NEEDS = program().needs(cpu_device())
EAGER = LoadRules(load_share=1.0, min_residence_s=0.0)


def test_work_runs_on_every_device_that_holds_the_model() -> None:
    """A cpu and a paced device of the same model share what waits; both give the same bits."""
    recording = Recording("a device of the test", {128: 0.0, 256: 0.0}, 0.0, NEEDS, 10 * NEEDS)
    held = Held(0)
    devices: list[Any] = [held, PacedDevice(Held(1), recording)]
    model = program()
    with running(model, devices=devices) as (pool, asked):
        until(lambda: len(pool.stats().models[model.model].devices) == 2)
        held.hang()  # so that the other one is asked too, however fast they are
        jobs = [asked.job(model, 128, seed=n) for n in range(8)]
        until(lambda: any(job.device == "paced-cpu-1" for job in jobs))
        held.go.set()
        for n, job in enumerate(jobs):
            assert asked.wait(job).answer.tobytes() == bits(model.module, 128, seed=n)
        assert {job.device for job in jobs} == {"cpu-0", "paced-cpu-1"}
        assert [d.kind for d in pool.health().devices] == ["cpu", "paced"]


def test_a_model_is_evicted_for_one_in_demand_and_loaded_again() -> None:
    """The pinned one stays, memory is never over its budget, and who asks for a cold one learns
    when to come again.
    """
    clock, device = Clock(), Held(memory_bytes=2 * NEEDS + 8)
    pinned, one, other = (program(name=name) for name in "abc")
    options: dict[str, Any] = {"residency": Residency(EAGER), "admission": Admission()}
    with running(devices=[device], clock=clock, **options) as (pool, asked):
        pool.add(pinned, is_pinned=True)
        assert pool.ready(pinned, 10)
        pool.add(one)
        pool.add(other)
        assert pool.ready(one, 10) and not pool.ready(other, 10)

        def turn_to(model: Any) -> None:
            """Asks for a model until it is there."""
            end = monotonic() + 20.0
            while True:
                assert monotonic() < end
                clock.now += 0.3
                pool.wake()
                job = asked.offer(model, 100, within_s=0.2)
                if not isinstance(job, Refusal):
                    assert asked.wait(job).error is None
                    return
                assert job.reason == "cold" and (job.retry_after_s or 0.0) > 0.0

        for model in (other, one, other):
            turn_to(model)
            assert pool.stats().devices[0].models == (pinned.model, model.model)
            assert asked.answer(pinned).error is None
        assert device.most_bytes <= 2 * NEEDS == device.used_bytes


def test_functions_of_one_model_share_its_weights_on_a_device() -> None:
    """They are counted once, however many functions lie there, and go with the last of them."""
    module, device = Ranker(), cpu_device()
    first, second = program(module, "a"), program(module, "b")
    buffers = (128 + 256) * (3 * 4 + 8)
    with running(first, second, devices=[device]) as (pool, _):
        assert device.used_bytes == NEEDS + buffers
        pool.retire(first)
        until(lambda: device.used_bytes == NEEDS)
        pool.retire(second)
        until(lambda: device.used_bytes == 0)


def resident_bytes() -> int:
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_ten_thousand_models_come_and_go_and_leave_nothing() -> None:
    """Memory, objects, files and threads are flat; each model answers a request between."""
    device, module = cpu_device(), Ranker()
    with running(devices=[device]) as (pool, asked):

        def cycle(count: int) -> tuple[int, int, int, int]:
            for n in range(count):
                model = program(module, "0123456789abcdef"[n % 16], sizes=(4,))
                pool.add(model)
                assert pool.ready(model, 20.0) and asked.answer(model).error is None
                pool.retire(model)
                until(lambda: device.used_bytes == 0)
                asked.forget()
            gc.collect()
            files = len(os.listdir("/proc/self/fd"))
            return files, threading.active_count(), len(gc.get_objects()), resident_bytes()

        warm = cycle(amount(20, soak=500))
        end = cycle(amount(20, soak=10_000))
        assert end[:2] == warm[:2] and not pool.stats().models
        # A model that is kept is a hundred objects and more; libraries keep some for themselves.
        assert end[2] - warm[2] < 1_000 and end[3] - warm[3] < 16 * 2**20, (warm, end)


MOVES = st.lists(
    st.tuples(
        st.sampled_from(
            ["submit"] * 6 + ["cancel", "hang", "free", "kill", "later", "much later", "swap"]
        ),
        st.integers(0, 2),
        st.integers(1, 256),
    ),
    min_size=5, max_size=60,
)  # fmt: skip


@settings(max_examples=amount(12, soak=400), deadline=None)
@given(MOVES)
def test_every_job_is_delivered_once_whatever_happens(moves: list[tuple[str, int, int]]) -> None:
    """Devices hang, die and come back, models come and go, clients leave: no job is lost, none is
    answered twice, and an answer has the bits of a plain call.
    """
    clock, devices = Clock(), [Held(n, memory_bytes=2 * NEEDS + 8) for n in range(2)]
    modules = [Ranker(n) for n in range(3)]
    models: list[FunctionProgram] = [program(module, str(n)) for n, module in enumerate(modules)]
    asks: list[Any] = []
    options: dict[str, Any] = {"residency": Residency(EAGER)}
    with running(devices=list(devices), clock=clock, **options) as (pool, asked):
        for model in models:
            pool.add(model)
        for move, n, rows in moves:
            device = devices[n % 2]
            if move == "submit":
                job = asked.offer(models[n], rows, seed=rows, within_s=rows / 8)
                if isinstance(job, Refusal):
                    assert job.reason in ("cold", "no_device", "unknown_model")
                else:
                    asks.append((n, rows, job))
            elif move == "cancel" and asks:
                pool.cancel(asks[rows % len(asks)][2])
            elif move == "hang":
                device.hang()
            elif move == "free":
                device.fails = {}
                device.go.set()
            elif move == "kill":
                device.fails["run"] = SystemExit()
            elif move == "later":
                clock.now += 0.4
            elif move == "much later":
                clock.now += 12.0
            elif move == "swap":
                pool.retire(models[n])
                models[n] = program(modules[n], str(n))
                pool.add(models[n])
            pool.wake()
        for device in devices:
            device.fails = {}
            device.go.set()
        for _ in range(4):  # whoever died comes back, and what waits is done or its time is over
            clock.now += 30.0
            pool.wake()
        assert asked.each_once()
    for n, rows, job in asks:
        if job.error is None:
            wanted = bits(modules[n], rows, rows, job.size)
            assert np.asarray(job.answer).tobytes() == wanted
        else:
            assert isinstance(job.error, DroppedError) and job.answer is None
    assert all(device.most_bytes <= 2 * NEEDS and not device.used_bytes for device in devices)


def test_what_a_function_needs_is_what_its_device_counts() -> None:
    """`needs` is asked before a load; a load that is given up leaves nothing."""
    model, device = program(), cpu_device()
    steps = model.load(device)
    next(steps)
    assert device.used_bytes == model.needs(device) == NEEDS
    steps.close()
    assert device.used_bytes == 0
