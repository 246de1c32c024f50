"""The thread that owns a device: batches, loads step by step, unloads."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Generator
from queue import Empty, SimpleQueue
from typing import Any, Literal, Protocol, cast

from featurelib.errors import DeviceError
from serving_example.devices.protocol import Device
from serving_example.pool.health import DeviceHealth
from serving_example.pool.job import Job
from serving_example.pool.program import Placed, Program
from serving_example.scheduler import Batch, Clock

__all__ = ["Owner", "Turns", "Worker"]

log = logging.getLogger("serving_example")

TIMES_EXPECTED = 20.0
"""A batch that takes so many times as long as expected, and longer than `stuck_after_s`, hangs."""
MAX_REGAIN_S = 60.0
"""A device that fails again and again is tried at least once a minute."""

Command = tuple[Literal["run", "load", "unload", "lost", "end"], Any]

Turns = Callable[[Callable[[], None]], bool]
"""Runs a function soon on the thread that batches share with others, one after another. False: it
was not taken, there is no such thread now."""


class Owner(Protocol):
    """Who is told what a device's thread did; called on that thread."""

    def ran(
        self, batch: Batch, answers: list[Any], error: Exception | None, started: float
    ) -> None:
        """A batch ended: an answer or an exception for each of its works, or why there is none."""
        ...

    def turn(self, worker: Worker) -> None:
        """A thread that runs batches for a device has time for one: it may be given one now."""
        ...

    def loaded(self, device: str, program: Program, error: Exception | None) -> None:
        """A load ended."""
        ...

    def regained(self, worker: Worker) -> None:
        """A device that was lost is empty and ready."""
        ...

    def ended(self) -> None:
        """A thread ends, whatever the reason."""
        ...


class Worker:
    """Does what it is told to, in order; of a load it does a step when there is nothing else.

    A device that hangs or whose thread has died is lost: what it was told is void. A thread that
    comes back, or the next one, first empties the device and then says that it is regained.

    Args:
        device: The device.
        owner: Who is told.
        clock: Seconds.
        stuck_after_s: What takes longer than this, and much longer than expected, hangs.
        regain_after_s: A thread that has died is replaced after so long, then twice as long, ...
            until a batch has run.
        turns: What runs its batches; None: its thread does. Loads stay on its thread.

    Attributes:
        device: As given.
        is_lost: It is given nothing to do.
        has_ended: Its thread has ended.
        turn: Whether a turn on another thread is asked for, or is here: `run` may be called.
        restarts_at: When a thread that has ended is replaced; None until `back_off` says it.
    """

    def __init__(
        self,
        device: Device,
        owner: Owner,
        clock: Clock,
        stuck_after_s: float,
        regain_after_s: float,
        turns: Turns | None = None,
    ) -> None:
        self.device = device
        self._turns = turns
        self._entered = 0
        """The thread that has entered the device last."""
        self._owner, self._clock = owner, clock
        self._stuck_after_s, self._regain_after_s = stuck_after_s, regain_after_s
        self._inbox = SimpleQueue[Command]()
        self._placed: dict[str, Placed] = {}
        self._loading: Program | None = None
        self._steps: Generator[None, None, Placed] | None = None
        self._doing: tuple[float, float] | None = None
        """Since when its thread does what it does, and how long that may take."""
        self._running: tuple[float, float] | None = None
        """The same of the batch that another thread runs for it."""
        self._given: Batch | None = None
        self.turn: Literal["none", "asked", "here"] = "none"
        self._ends = 0
        self._thread: threading.Thread | None = None
        self.is_lost = self.has_ended = False
        self.restarts_at: float | None = None

    def start(self) -> None:
        """Starts a thread: the first, or one in the place of another that has ended."""
        self.has_ended, self.restarts_at = False, None
        self._thread = threading.Thread(
            target=self._main, name=f"device {self.device.name}", daemon=True
        )
        try:
            self._thread.start()
        except RuntimeError:  # the machine has no thread left; later it may
            log.exception("device %s: no thread can be started", self.device.name)
            self.has_ended = True

    def run(self, batch: Batch) -> None:
        """Runs a batch before it goes on with a load, or beside it where another thread runs it."""
        if self.turn == "here":
            self._given = batch
        else:
            self._inbox.put(("run", batch))

    def takes(self) -> bool:
        """Whether a batch would begin at once; else a turn is asked for, in which one would."""
        if self.turn == "none" and self._turns is not None and self._turns(self._take_turn):
            self.turn = "asked"
        return self.turn != "asked"

    def load(self, program: Program) -> None:
        """Loads a program."""
        self._inbox.put(("load", program))

    def unload(self, model: str) -> None:
        """Unloads a program that was loaded."""
        self._inbox.put(("unload", model))

    def end(self) -> None:
        """Empties the device and ends the thread, after all that it was told before."""
        self._inbox.put(("end", None))

    def join(self, timeout_s: float) -> bool:
        """Waits for the thread's end; whether it has ended."""
        if self._thread is not None and self._thread.ident is not None:
            self._thread.join(timeout_s)
        return self._thread is None or not self._thread.is_alive()

    def hangs(self, now: float) -> bool:
        """Whether what it does takes longer than it may."""
        return any(
            one is not None and now - one[0] > one[1] for one in (self._doing, self._running)
        )

    def back_off(self, now: float) -> None:
        """Its thread has ended, whether it was lost before or not: when the next one starts."""
        self._ends += 1
        wait_s = self._regain_after_s * 2.0 ** min(self._ends - 1, 30)
        self.restarts_at = now + min(wait_s, MAX_REGAIN_S)

    def lose(self) -> None:
        """What it was told is void; called under the lock under which it is told."""
        self.is_lost = True  # before the new inbox is there: a thread that reads it goes on at once
        void, self._inbox = self._inbox, SimpleQueue[Command]()
        void.put(("lost", None))

    def health(self, now: float) -> DeviceHealth:
        """How it is now."""
        doing = self._running or self._doing
        is_there = self._thread is not None and not self.has_ended
        busy_s = max(0.0, now - doing[0]) if doing is not None and is_there else 0.0
        name, kind, is_lost = self.device.name, self.device.kind, self.is_lost
        return DeviceHealth(name, kind, is_there and not is_lost, is_there and is_lost, busy_s)

    def _main(self) -> None:
        try:
            self._begin(0.0)
            self._enter()
            while True:
                self._wait_for_turn()
                self._clear()
                if self.is_lost:
                    self._owner.regained(self)
                if not self._live():
                    self._clear()
                    return
        except BaseException:
            log.exception("device %s: its thread has ended", self.device.name)
        finally:
            self.has_ended = True
            self._owner.ended()

    def _enter(self) -> None:
        self.device.enter()
        self._entered = threading.get_ident()

    def _wait_for_turn(self) -> None:
        """What hangs on another thread ends before the device is emptied and used again."""
        over = threading.Event()
        if self._running is not None and self._turns is not None and self._turns(over.set):
            over.wait()

    def _live(self) -> bool:
        """Does what it is told until the device is lost; False if it was told to end."""
        inbox = self._inbox
        while not self.is_lost:
            try:
                kind, what = inbox.get(self._steps is None)
            except Empty:
                self._step()
                continue
            if kind == "end":
                return False
            if not self.is_lost:
                self._obey(kind, what)
            del what  # a batch that is done is not kept until the next one comes
        return True

    def _obey(self, kind: str, what: Any) -> None:
        if kind == "run":
            self._run(what)
        elif kind == "load":
            self._loading, self._steps = what, what.load(self.device)
        elif kind == "unload":
            self._unload(self._placed.pop(what))

    def _take_turn(self) -> None:
        """Runs what the scheduler gives now, on a thread that is not the device's own."""
        self._owner.turn(self)
        batch, self._given = self._given, None
        if batch is None:
            return
        self._running = self._until(batch.expected_s)
        started = self._running[0]
        try:
            answers, error = self._made(batch)
        finally:
            self._running = None
        self._owner.ran(batch, answers, error, started)

    def _run(self, batch: Batch) -> None:
        started = self._begin(batch.expected_s)
        answers, error = self._made(batch)
        self._doing = None
        self._owner.ran(batch, answers, error, started)

    def _made(self, batch: Batch) -> tuple[list[Any], Exception | None]:
        """The answers of a batch, or why there are none."""
        jobs = cast(list[Job], batch.works)
        answers: list[Any] = []
        error: Exception | None = None
        try:
            if self._entered != threading.get_ident():
                self._enter()
            answers = list(self._placed[batch.model].run([job.given for job in jobs]))
            if len(answers) != len(jobs):
                raise DeviceError(
                    f"model {batch.model}: expected an answer for each of {len(jobs)} jobs, "
                    f"got {len(answers)}"
                )
            self._ends = 0
        except Exception as failed:  # a poisoned batch: the next one may go well
            error = failed
        return answers, error

    def _step(self) -> None:
        """One step of the load that goes on."""
        program, steps = self._loading, self._steps
        assert program is not None and steps is not None
        self._begin(program.load_s)
        error: Exception | None = None
        try:
            next(steps)
            self._doing = None
            return
        except StopIteration as end:
            self._placed[program.model] = end.value
        except Exception as failed:
            error = failed
        self._doing = self._loading = self._steps = None
        self._owner.loaded(self.device.name, program, error)

    def _begin(self, expected_s: float) -> float:
        self._doing = self._until(expected_s)
        return self._doing[0]

    def _until(self, expected_s: float) -> tuple[float, float]:
        """What begins now, and may take so long."""
        return self._clock(), max(self._stuck_after_s, TIMES_EXPECTED * expected_s)

    def _clear(self) -> None:
        """Empties the device, and forgets a load that went on."""
        steps, self._steps, self._loading = self._steps, None, None
        if steps is not None:
            steps.close()
        while self._placed:
            self._unload(self._placed.popitem()[1])
        self._doing = None

    def _unload(self, placed: Placed) -> None:
        try:
            placed.unload()
        except Exception:  # its memory may be gone; the device refuses what does not fit the rest
            log.exception("device %s: a model could not be unloaded", self.device.name)
