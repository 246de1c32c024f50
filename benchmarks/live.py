"""A service under load while releases are swapped: the longest pause of a call, with and without.

Turns of each kind alternate in one run. A pause is what a call took, waiting for the interpreter
lock included. With many callers that wait is long by itself, and a matter of luck: who waits is not
served in turn. So many turns are compared, each by its longest pause.

Every answer is held against the releases' golden rows: one that none of them gives whole, or a call
that fails, ends the run. The releases are built in `live_releases`.
"""

from __future__ import annotations

import gc
import statistics
import threading
import time
from array import array
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from benchmarks.live_releases import SET, TEXTS, Releases
from benchmarks.tables import Table, times
from featurelib_online import live

Meanwhile = Callable[[live.LiveKernel, Releases, float], None]

MOST_TIMES = 1.2
"""Budget for eight callers: the longest pause against that without swaps."""
MOST_S = 0.005
"""Budget for one caller: the longest pause."""
NOTHING = "nothing"
_NOTES = (
    "Callers call without a rest, and hold every answer against the releases' golden rows.",
    "Had a call failed, or an answer not been whole that of one release, there were no table.",
    "Times that without: of the longest pause of a turn; the median over turns.",
    "CPU in a call: what this process computed during a call of over a millisecond, on any core.",
    "A new release has machine code that no process has seen: compiled in a child, loaded here.",
)


@dataclass
class Calls:
    """What callers saw in turns of one kind.

    Attributes:
        seconds: Of each call.
        longest: Of the longest call, a number for each turn.
        cpu: CPU seconds that this process used during calls of over a millisecond.
        swaps: Releases that were taken meanwhile.
    """

    seconds: list[np.ndarray[Any, Any]] = field(default_factory=list)
    longest: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    swaps: int = 0


def measure(quick: bool) -> list[Table]:
    """The table of this page."""
    turns, turn_s, rest_s, each = (1, 0.3, 0.001, 3) if quick else (12, 5.0, 0.0, TEXTS)
    table = Table(
        f"Calls while releases are swapped, {turns} turns of {turn_s:g} s of each kind",
        ("callers", "meanwhile", "swaps", "calls", "P99.9, ms", "longest, ms",
         "longest of a turn (median), ms", "times that without", "most CPU in a call, ms"),
    )  # fmt: skip
    kinds: dict[str, Meanwhile] = {
        NOTHING: lambda service, releases, until: None,
        "forth and back, a swap a second": _alternate,
        "new releases, compiled in a child": _renew,
    }
    with Releases(each) as releases:
        releases.promote(1)
        with live.follow(releases.registry, SET, every_s=0.1) as service, ExitStack() as stack:
            gc.collect()
            stack.callback(gc.unfreeze)
            gc.freeze()  # as a service should after its start: a full collection is then short
            _settle(service, releases)
            for callers in (2, 1) if quick else (8, 1):
                found = {name: Calls() for name in kinds}
                for turn in range(turns * len(kinds)):
                    name = list(kinds)[(turn + turn // len(kinds)) % len(kinds)]
                    _turn(service, releases, callers, turn_s, rest_s, found[name], kinds[name])
                for name, calls in found.items():
                    table.rows.append((str(callers), name, *_shown(calls, found, callers)))
                table.notes.append(_verdict(found, callers))
    table.notes += _NOTES
    return [table]


def _shown(calls: Calls, found: dict[str, Calls], callers: int) -> tuple[str, ...]:
    seconds = np.concatenate(calls.seconds)
    ms = [np.quantile(seconds, 0.999), seconds.max(), np.median(calls.longest)]
    cpu = f"{1e3 * max(calls.cpu, default=0.0):.1f}" if callers == 1 else ""
    ratio = times(_ratio(calls, found[NOTHING]))
    return (f"{calls.swaps}", f"{len(seconds):,}", *(f"{1e3 * v:.2f}" for v in ms), ratio, cpu)


def _ratio(calls: Calls, base: Calls) -> float:
    return statistics.median(a / b for a, b in zip(calls.longest, base.longest, strict=True))


def _verdict(found: dict[str, Calls], callers: int) -> str:
    """Whether the budget is kept; a machine that is busy by itself gives no verdict."""
    swapped = [calls for name, calls in found.items() if name != NOTHING]
    if callers > 1:
        most = max(_ratio(calls, found[NOTHING]) for calls in swapped)
        said = "kept" if most <= MOST_TIMES else "MISSED"
        return (
            f"{callers} callers: the longest pause is {times(most)} that without swaps, budget "
            f"{times(MOST_TIMES)}: {said}."
        )
    base_s = max(found[NOTHING].longest)
    most_s = max(max(calls.longest) for calls in swapped)
    said = "kept" if most_s <= MOST_S else "MISSED"
    if said == "MISSED" and base_s > MOST_S:
        said = "the machine was too busy to tell"
    return (
        f"One caller: the longest pause is {1e3 * most_s:.1f} ms, without swaps "
        f"{1e3 * base_s:.1f} ms, budget {1e3 * MOST_S:g} ms: {said}."
    )


def _turn(
    service: live.LiveKernel,
    releases: Releases,
    callers: int,
    turn_s: float,
    rest_s: float,
    calls: Calls,
    meanwhile: Meanwhile,
) -> None:
    """Callers call for a while, and something else happens meanwhile.

    Callers that rest between calls leave the machine to the child, which lets others go first.
    """
    end = threading.Event()
    ended = partial(end.wait, rest_s) if rest_s else end.is_set
    seen = [array("d") for _ in range(callers)]
    failed: list[BaseException] = []

    def call(mine: array[float]) -> None:
        clock, cpu_clock, stopped = time.perf_counter, time.process_time, ended
        add, add_cpu = mine.append, calls.cpu.append
        request, check = releases.request, releases.check
        try:
            while not stopped():
                cpu, start = cpu_clock(), clock()
                answer = service(request)
                taken = clock() - start
                add(taken)
                if taken > 0.001:
                    add_cpu(cpu_clock() - cpu)
                check(answer)
        except BaseException as error:
            failed.append(error)
            end.set()

    releases.prepare()
    before = service.metrics["taken"]
    threads = [threading.Thread(target=call, args=(mine,)) for mine in seen]
    for thread in threads:
        thread.start()
    until = time.monotonic() + turn_s
    try:
        meanwhile(service, releases, until)
        end.wait(max(0.0, until - time.monotonic()))
    finally:
        end.set()
        for thread in threads:
            thread.join()
    if failed:
        raise failed[0]
    calls.swaps += service.metrics["taken"] - before
    calls.seconds += [np.array(mine) for mine in seen]
    calls.longest.append(max(max(mine) for mine in seen))
    _settle(service, releases)


def _alternate(service: live.LiveKernel, releases: Releases, until: float) -> None:
    """The release before is kept by the service: nothing is compiled or loaded."""
    number = releases.newest
    while (begin := time.monotonic()) < until:
        number = 2 * releases.newest - 1 - number
        _take(service, releases, number, until)
        time.sleep(max(0.0, min(begin + 1.0, until) - time.monotonic()))


def _renew(service: live.LiveKernel, releases: Releases, until: float) -> None:
    while time.monotonic() < until and releases.has_new:
        _take(service, releases, releases.renew(), until)


def _settle(service: live.LiveKernel, releases: Releases) -> None:
    """Serves the newest release, with the one before it at hand."""
    _take(service, releases, releases.newest, float("inf"))


def _take(service: live.LiveKernel, releases: Releases, number: int, until: float) -> None:
    version = releases.promote(number)
    while service.current.version != version and time.monotonic() < until:
        assert service.status().refused is None, service.status()
        time.sleep(0.02)
