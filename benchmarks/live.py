"""A service under load while releases are swapped: the longest pause of a call, with and without.

Turns of both kinds alternate in one run. A pause is what a call took, waiting for the interpreter
lock included. With one caller the CPU time that this process used during its longest calls is given
too: it leaves out what else runs on the machine.
"""

from __future__ import annotations

import gc
import threading
import time
from array import array
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

import featurelib as fl
from benchmarks.tables import Table
from featurelib.bundle import Bundle
from featurelib.parity.golden_features import record
from featurelib.parity.values import Rows
from featurelib.release import Registry
from featurelib_online import live

NUMBERS, TEXTS = 13, 26
STEP = {"by": "the benchmark", "at": "2024-01-01T00:00:00Z"}


class Request(fl.Schema):
    """Thirteen numbers and twenty-six texts."""

    __annotations__ = {
        **{f"n{i}": float | None for i in range(NUMBERS)},
        **{f"s{i}": str for i in range(TEXTS)},
    }


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
    turns, turn_s, new, each = (1, 0.3, 1, 3) if quick else (6, 10.0, 6, TEXTS)
    rest_s = 0.001 if quick else 0.0
    table = Table(
        f"Calls while releases are swapped, {turns} turns of {turn_s:g} s of each kind",
        ("callers", "meanwhile", "swaps", "calls", "P99.9, ms", "longest, ms",
         "longest of a turn (median), ms", "most CPU in a call, ms"),
    )  # fmt: skip
    with TemporaryDirectory() as folder:
        registry = Registry(folder)
        channel = registry.channel("requests", "stable")
        _release(registry, Path(folder), range(1, 3), each)
        channel.promote("1.1.0", **STEP)
        with live.follow(registry, "requests", every_s=0.1) as service, ExitStack() as stack:
            gc.collect()
            stack.callback(gc.unfreeze)
            gc.freeze()  # as a service should after its start: a full collection is then short
            for callers in (2, 1) if quick else (8, 1):
                found = {"nothing": Calls(), "a swap every second": Calls()}
                for _ in range(turns):
                    _turn(service, callers, turn_s, rest_s, found["nothing"], lambda until: None)
                    _turn(service, callers, turn_s, rest_s, found["a swap every second"],
                          lambda until: _alternate(service, channel, until))  # fmt: skip
                numbers = range(3 + 100 * callers, 3 + 100 * callers + new)
                _release(registry, Path(folder), numbers, each)
                made = found["new releases, compiled in a child"] = Calls()
                for number in numbers:
                    _turn(service, callers, 0.0, rest_s, made,
                          lambda until, n=number: _take(service, channel, f"1.{n}.0"))  # fmt: skip
                for name, calls in found.items():
                    table.rows.append((str(callers), name, *_shown(calls, callers)))
    cpu = (
        "CPU in a call: what this process computed while a call took over a millisecond. It bounds "
        "the pause that is its own, other work of the machine left out (one caller only)."
    )
    table.notes = [cpu, "Each new release has machine code that no process has seen."]
    return [table]


def _shown(calls: Calls, callers: int) -> tuple[str, ...]:
    seconds = np.concatenate(calls.seconds)
    ms = [np.quantile(seconds, 0.999), seconds.max(), np.median(calls.longest)]
    cpu = f"{1e3 * max(calls.cpu, default=0.0):.1f}" if callers == 1 else ""
    return (f"{calls.swaps}", f"{len(seconds):,}", *(f"{1e3 * v:.2f}" for v in ms), cpu)


def _turn(
    service: live.LiveKernel,
    callers: int,
    turn_s: float,
    rest_s: float,
    calls: Calls,
    meanwhile: Callable[[float], Any],
) -> None:
    """Callers call for a while, and something else happens meanwhile.

    Callers that rest between calls leave the machine to the child, which lets others go first.
    """
    end = threading.Event()
    ended = partial(end.wait, rest_s) if rest_s else end.is_set
    seen = [array("d") for _ in range(callers)]
    request = {f"n{i}": float(i) for i in range(NUMBERS)} | {f"s{i}": "abc" for i in range(TEXTS)}

    def call(mine: array[float]) -> None:
        clock, cpu_clock, stopped = time.perf_counter, time.process_time, ended
        add, add_cpu = mine.append, calls.cpu.append
        while not stopped():
            cpu, start = cpu_clock(), clock()
            service(request)
            taken = clock() - start
            add(taken)
            if taken > 0.001:
                add_cpu(cpu_clock() - cpu)

    before = service.metrics["taken"]
    threads = [threading.Thread(target=call, args=(mine,)) for mine in seen]
    for thread in threads:
        thread.start()
    until = time.monotonic() + turn_s
    meanwhile(until)
    time.sleep(max(0.0, until - time.monotonic()))
    end.set()
    for thread in threads:
        thread.join()
    calls.swaps += service.metrics["taken"] - before
    calls.seconds += [np.array(mine) for mine in seen]
    calls.longest.append(max(max(mine) for mine in seen))


def _alternate(service: live.LiveKernel, channel: Any, until: float) -> None:
    while time.monotonic() < until:
        other = "1.2.0" if service.current.version == "1.1.0" else "1.1.0"
        channel.promote(other, **STEP)
        time.sleep(1.0)


def _take(service: live.LiveKernel, channel: Any, version: str) -> None:
    channel.promote(version, **STEP)
    while service.current.version != version:
        assert service.status().refused is None, service.status()
        time.sleep(0.05)


def _release(registry: Registry, folder: Path, numbers: range, each: int) -> None:
    for number in numbers:
        bundle = _bundle(number, each)
        row = {f"n{i}": 0.5 * i for i in range(NUMBERS)} | {f"s{i}": b"x" for i in range(TEXTS)}
        golden = record(bundle, Rows.of([row], bundle.schema), folder / f"golden-{number}")
        registry.release(bundle, golden.read_bytes())


def _bundle(number: int, each: int) -> Bundle:
    """A set of so many features of each kind, whose constants are the version's."""
    numbers = [
        (fl.col(f"n{i}").fill_null(0.0).clip(0.0, 1e6) + float(number)).log1p().cast(fl.Float32)
        for i in range(NUMBERS)[:each]
    ]
    texts = [
        (fl.col(f"s{i}").hash64(seed=number) % 100_000).fill_null(0) for i in range(TEXTS)[:each]
    ]
    parts = {"dense": numbers, "ids": texts}
    named = {f"{part}{i}": e for part, made in parts.items() for i, e in enumerate(made)}
    features = [fl.Feature(name, version=1, expr=e) for name, e in named.items()]
    return fl.FeatureSet(
        "requests", version=f"1.{number}.0", inputs=Request, features=features,
        layout={part: [n for n in named if n.startswith(part)] for part in parts},
    ).bind()  # fmt: skip
