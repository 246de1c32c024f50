"""What the pool adds to a request: ``python -m serving_example.tests.pool.measure``.

CPU time of the two threads that a request passes: that which submits, and the device's, from the
end of one batch to the start of the next, with the delivery of its jobs. The program does nothing.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Generator, Sequence
from time import thread_time
from typing import Any

from serving_example.devices import Device, Ladder, cpu_device
from serving_example.pool import Job, Placed, Pool, Program, RefusedError

SIZES = (128, 256, 512, 1024, 2048, 3072)
ROWS, JOBS = 100, 12
"""Candidates of a request, and requests that wait together at 10,000/s and 1.2 ms a batch."""
FAR_S = 5.0


class Nothing(Program):
    """Answers with what it was given, when it is let go.

    Args:
        model: Its name.
        turn: When its batches end.
    """

    part, digest, ladder, load_s = "nothing", "0" * 64, Ladder(SIZES), 0.001

    def __init__(self, model: str, turn: Turn) -> None:
        self.model, self._turn = model, turn

    def needs(self, device: Device) -> int:
        """No memory."""
        return 0

    def load(self, device: Device) -> Generator[None, None, Placed]:
        """At once."""
        yield
        return self

    def run(self, given: Sequence[Any]) -> Sequence[Any]:
        """What it was given."""
        self._turn.take()
        return given

    def unload(self) -> None:
        """Nothing lies there."""


class Turn:
    """Batches go one at a time, when they are told to.

    Attributes:
        spent: Seconds of the device's thread between two batches.
    """

    def __init__(self) -> None:
        self._go, self._entered = threading.Semaphore(0), threading.Semaphore(0)
        self._ended: float | None = None
        self.spent: list[float] = []

    def take(self) -> None:
        """A batch; on the device's thread."""
        if self._ended is not None:
            self.spent.append(thread_time() - self._ended)
        self._entered.release()
        self._go.acquire()
        self._ended = thread_time()

    def begun(self) -> None:
        """Waits until a batch has begun."""
        self._entered.acquire()

    def next(self) -> None:
        """Ends the batch that runs, and waits until the next has begun."""
        self._go.release()
        self.begun()

    def open(self) -> None:
        """Batches end at once from now on."""
        self._go.release(1_000_000)


def main() -> None:
    """Prints what a job costs, and what a refusal does."""
    print(
        f"{ROWS} rows, {JOBS} jobs a batch; us of CPU time, the tenth percentile of 2,000 batches"
    )
    for models, tenants in ((1, 1), (4, 3)):
        submit, end = measured(models, tenants)
        print(f"{models} models, {tenants} tenants: submit {submit:.2f}, part of the end {end:.2f}")
    print(f"a refusal: {refused():.2f}")


def measured(models: int, tenants: int, batches: int = 2_000) -> tuple[float, float]:
    """Microseconds of a submit, and of a job's part of a batch's end."""
    turn = Turn()
    programs = [Nothing(f"m{n}", turn) for n in range(models)]
    pool, deadline = held(programs), time.monotonic() + 3_600.0
    submits: list[float] = []
    pool.submit(Job(programs[0], None, ROWS, deadline, lambda job: None))
    turn.begun()
    for n in range(batches):
        jobs = [
            Job(programs[n % models], None, ROWS, deadline, lambda job: None, f"t{i % tenants}")
            for i in range(JOBS)
        ]
        began = thread_time()
        for job in jobs:
            pool.submit(job)
        submits.append((thread_time() - began) / JOBS)
        turn.next()
    turn.open()
    assert pool.stop()
    return tenth(submits), tenth([seconds / JOBS for seconds in turn.spent[:batches]])


def refused(rounds: int = 2_000) -> float:
    """Microseconds of a submit that is refused, with its error."""
    turn = Turn()
    program = Nothing("m", turn)
    pool = held([program])
    turn.open()
    spent: list[float] = []
    for _ in range(rounds):
        jobs = [Job(program, None, ROWS, 0.0, lambda job: None) for _ in range(JOBS)]
        began = thread_time()
        for job in jobs:
            try:
                pool.submit(job)
            except RefusedError:
                continue
        spent.append((thread_time() - began) / JOBS)
    assert pool.stop()
    return tenth(spent)


def held(programs: Sequence[Program]) -> Pool:
    """A pool of one device that holds programs."""
    pool = Pool([cpu_device()]).start()
    for program in programs:
        pool.add(program)
        assert pool.ready(program, 10.0)
    return pool


def tenth(seconds: list[float]) -> float:
    """The tenth percentile in microseconds: what the work costs where nothing was in the way."""
    return sorted(seconds)[len(seconds) // 10] * 1e6


if __name__ == "__main__":
    main()
