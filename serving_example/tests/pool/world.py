"""Models and programs whose batches tests hold, let go and break; and short words to use a pool."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

from serving_example.devices import Device, Ladder, TorchDevice, cpu_device
from serving_example.pool import FunctionProgram, Job, Pool, RefusedError
from serving_example.scheduler import Admission, Refusal
from serving_example.tests.devices.models import LAYOUT, Ranker, rows_of

SIZES = (128, 256)
SOON_S = 20.0
"""So long a test waits for what should come at once."""
FAR_S = 600.0


class Gate(Ranker):
    """A model that waits until it is let go, and fails where told.

    Attributes:
        go: Set while batches run through.
        entered: Set when a batch has begun.
        fails: What a batch raises, whatever it is.
    """

    def __init__(self, seed: int = 0, *, is_open: bool = True) -> None:
        super().__init__(seed)
        self.go, self.entered = threading.Event(), threading.Event()
        self.fails: BaseException | None = None
        if is_open:
            self.go.set()

    def forward(self, tensors: Any) -> Any:
        self.entered.set()
        assert self.go.wait(SOON_S)
        if self.fails is not None:
            raise self.fails
        return super().forward(tensors)

    def shut(self) -> None:
        """Batches wait from now on."""
        self.entered.clear()
        self.go.clear()


class Clock:
    """Time that stands still until it is set forward."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


class Held(TorchDevice):
    """The CPU as a device that can be made to hang, to fail and to die.

    Attributes:
        go: Set while batches run through.
        entered: Set when a batch has begun.
        fails: By the name of a method, what it raises.
        most_bytes: The most that lay there.
        entries: How many threads have entered it, or tried to.
    """

    def __init__(self, index: int = 0, memory_bytes: int = 2**30) -> None:
        super().__init__(f"cpu-{index}", "cpu", memory_bytes, 1)
        self.go, self.entered = threading.Event(), threading.Event()
        self.go.set()
        self.fails: dict[str, BaseException] = {}
        self.most_bytes = self.entries = 0

    def enter(self) -> None:
        self.entries += 1
        self._may_fail("enter")
        super().enter()

    def load(self, *given: Any) -> Any:
        self._may_fail("load")
        made = super().load(*given)
        self.most_bytes = max(self.most_bytes, self.used_bytes)
        return made

    def unload(self, loaded: Any) -> None:
        super().unload(loaded)
        self._may_fail("unload")

    def warm(self, loaded: Any, size: int) -> None:
        self._may_hang()
        super().warm(loaded, size)

    def run(self, loaded: Any, requests: Any) -> Any:
        self._may_hang()
        self._may_fail("run")
        return super().run(loaded, requests)

    def hang(self) -> None:
        """What is run from now on waits."""
        self.entered.clear()
        self.go.clear()

    def _may_hang(self) -> None:
        self.entered.set()
        assert self.go.wait(SOON_S)

    def _may_fail(self, what: str) -> None:
        if what in self.fails:
            raise self.fails[what]


def program(module: Any = None, name: str = "d", sizes: Any = SIZES) -> FunctionProgram:
    """A program of a small ranker."""
    return FunctionProgram(name * 64, module or Ranker(), LAYOUT, Ladder(sizes))


def bits(module: Any, rows: int, seed: int = 0, size: int = 128) -> bytes:
    """What a plain call of a model gives for the rows of `job`, padded with zeros."""
    padded = {
        n: np.concatenate([a, np.zeros((size - rows, a.shape[1]), a.dtype)])
        for n, a in rows_of(rows, seed).items()
    }
    with torch.no_grad():
        made = Ranker.forward(module, {n: torch.from_numpy(a) for n, a in padded.items()})
    return bytes(made.numpy()[:rows].tobytes())


class Asked:
    """Jobs that were submitted, and what came of them.

    Attributes:
        done: The jobs that were delivered, each as often as it was.
    """

    def __init__(self, pool: Pool, clock: Callable[[], float] = time.monotonic) -> None:
        self.pool, self._clock = pool, clock
        self.done: list[Job] = []
        self._futures: dict[int, Future[Job]] = {}
        self._jobs: list[Job] = []

    def job(self, of: FunctionProgram, rows: int = 1, seed: int = 0, **more: Any) -> Job:
        """Submits a job, which must be taken."""
        deadline = self._clock() + more.pop("within_s", FAR_S)
        job = Job(of, rows_of(rows, seed), rows, deadline, self._done, **more)
        self._futures[id(job)] = Future()
        self._jobs.append(job)
        try:
            self.pool.submit(job)
        except BaseException:
            self._jobs.remove(job)
            raise
        return job

    def offer(
        self, of: FunctionProgram, rows: int = 1, seed: int = 0, **more: Any
    ) -> Job | Refusal:
        """Submits a job, or says why it was refused."""
        try:
            return self.job(of, rows, seed, **more)
        except RefusedError as error:
            return error.refusal

    def wait(self, job: Job) -> Job:
        """A job when it is done."""
        return self._futures[id(job)].result(SOON_S)

    def answer(self, of: FunctionProgram, rows: int = 1, seed: int = 0, **more: Any) -> Job:
        """Submits a job and waits for it."""
        return self.wait(self.job(of, rows, seed, **more))

    def forget(self) -> None:
        """All that was asked until now is done, and is not counted any more."""
        assert self.each_once()
        self.done, self._futures, self._jobs = [], {}, []

    def each_once(self) -> bool:
        """Whether all jobs that were taken were delivered, each once; waits for them."""
        for job in self._jobs:
            self.wait(job)
        return sorted(map(id, self.done)) == sorted(map(id, self._jobs))

    def _done(self, job: Job) -> None:
        self.done.append(job)
        if len([one for one in self.done if one is job]) == 1:
            self._futures[id(job)].set_result(job)


def until(condition: Callable[[], bool], pool: Pool | None = None) -> None:
    """Waits until something holds; looks at what is due in a pool meanwhile."""
    end = time.monotonic() + SOON_S
    while not condition():
        assert time.monotonic() < end, "it does not come to hold"
        if pool is not None:
            pool.wake()
        time.sleep(0.001)


@contextmanager
def running(
    *programs: FunctionProgram, devices: Sequence[Device] | None = None, **options: Any
) -> Iterator[tuple[Pool, Asked]]:
    """A pool that holds programs; nothing is refused for being late unless a test says so."""
    options.setdefault("admission", Admission(is_on=False))
    pool = Pool(devices if devices is not None else [cpu_device()], **options).start()
    asked = Asked(pool, options.get("clock", time.monotonic))
    try:
        for one in programs:
            pool.add(one)
        for one in programs:
            assert pool.ready(one, SOON_S), pool.failure(one)
        yield pool, asked
    finally:
        for one in programs:
            if isinstance(one.module, Gate):
                one.module.go.set()
        for device in devices or []:
            if isinstance(device, Held):
                device.fails = {}
                device.go.set()
        assert pool.stop(SOON_S)
        assert asked.each_once()
