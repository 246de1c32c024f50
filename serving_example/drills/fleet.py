"""Clients who try again, and an outage: do they come back as a storm?"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any

import uvloop

from featurelib_client import AsyncClient, CallError, Settings
from featurelib_client.address import read_address
from featurelib_client.transport import AsyncHttpTransport
from featurelib_client.wire import Failure, Reply, Sent
from serving_example.drills.crowd import arrivals
from serving_example.drills.findings import Finding
from serving_example.drills.pace import ROWS, Pace
from serving_example.drills.worlds import Place
from serving_example.tests.app.world import rows_of

__all__ = ["OUTAGES", "fleet", "ratios"]

OUTAGES = ("server", "devices")
"""Nobody listens; or all devices hang, and the server refuses."""
CLIENTS = 40
LOAD = 0.4
PATIENCE = 15.0
"""The deadline of a call in objectives: a client who is told to wait has time to try again."""
NEVER = 2.0
"""The share of failures at which the circuit opens: more than all."""
WANTED = 1.1


def fleet(
    place: Place,
    pace: Pace,
    outage_s: float = 10.0,
    after_s: float = 10.0,
    outages: Sequence[str] = OUTAGES,
    *,
    is_compared: bool = True,
) -> list[Finding]:
    """How much is offered over what is asked for, after an outage.

    The clients are those of `featurelib_client`, as they are, for whom there is an aim; and, to be
    told beside them, without their circuit breaker, so that only the budget holds them back.

    Args:
        place: Where the service stands.
        pace: Of devices and clients.
        outage_s: How long it lasts, at any pace.
        after_s: For how long is counted after it, at any pace.
        outages: Of `OUTAGES`, those that happen.
        is_compared: Also without the circuit breaker.
    """
    found = []
    without = [(", no breaker", {"breaker_rate": NEVER})] if is_compared else []
    for outage in outages:
        for words, settings in [("", dict[str, Any]()), *without]:
            with place("rankers", pace=pace) as world:
                told = uvloop.run(_play(world, outage, pace, settings, outage_s, after_s))
            aim = "" if settings else f"<= {WANTED}"
            found += _findings(f"fleet: {outage}{words}", aim, *told, outage_s, after_s)
    return found


def ratios(
    calls: Sequence[float], sent: Sequence[float], begins: float, length_s: float
) -> tuple[float, float]:
    """Attempts over calls in a time, and the most of any second of it.

    Args:
        calls: When calls began.
        sent: When attempts were sent.
        begins: Where the time begins.
        length_s: How long it is.
    """

    def ratio(begins: float, ends: float) -> float:
        organic = sum(begins <= at < ends for at in calls)
        return sum(begins <= at < ends for at in sent) / max(1, organic)

    seconds = range(max(1, int(length_s)))
    return (
        ratio(begins, begins + length_s),
        max(ratio(begins + i, begins + i + 1) for i in seconds),
    )


class _Counted:
    """A transport that notes when it sends."""

    def __init__(self, url: str, settings: dict[str, Any], sent: list[float]) -> None:
        self._inner = AsyncHttpTransport(read_address(url), Settings.read(settings))
        self._sent = sent

    async def send(self, sent: Sent) -> Reply | Failure:
        self._sent.append(time.monotonic())
        return await self._inner.send(sent)

    async def aclose(self) -> None:
        await self._inner.aclose()


async def _play(
    world: Any,
    outage: str,
    pace: Pace,
    settings: dict[str, Any],
    outage_s: float,
    after_s: float,
) -> tuple[list[float], list[float], float, float, list[tuple[float, bool]]]:
    """When calls began and attempts were sent, the outage's begin and end, and each outcome."""
    url, sent = f"http://127.0.0.1:{world.port()}", list[float]()
    given = {**settings, "timeout_s": PATIENCE * pace.objective_s}
    clients = [AsyncClient(url, transport=_Counted(url, given, sent), **given)
               for _ in range(CLIENTS)]  # fmt: skip
    begun, ended, inputs = list[float](), list[tuple[float, bool]](), rows_of(ROWS)

    async def call(client: AsyncClient) -> None:
        at = time.monotonic()
        begun.append(at)
        try:
            await client.infer("a", inputs)
            ended.append((at, True))
        except CallError:
            ended.append((at, False))

    async def organic(stop: asyncio.Event) -> None:
        async with asyncio.TaskGroup() as tasks:
            began = time.monotonic()
            for i, due_s in enumerate(arrivals(5, (LOAD * pace.most, 600.0))):
                await asyncio.sleep(max(0.0, began + due_s - time.monotonic()))
                if stop.is_set():
                    return
                tasks.create_task(call(clients[i % CLIENTS]))

    stop = asyncio.Event()
    asking = asyncio.create_task(organic(stop))
    await asyncio.sleep(after_s / 4)
    down = time.monotonic()
    await asyncio.to_thread(_end, world, outage, pace.devices)
    await asyncio.sleep(outage_s)
    await asyncio.to_thread(_begin, world, outage, pace.devices)
    up = time.monotonic()
    await asyncio.sleep(after_s)
    stop.set()
    await asking
    for client in clients:
        await client.aclose()
    return begun, sent, down, up, ended


def _end(world: Any, outage: str, devices: int) -> None:
    if outage == "server":
        world.shut()
    else:
        for device in range(devices):
            world.hang(device)


def _begin(world: Any, outage: str, devices: int) -> None:
    if outage == "server":
        world.open()
        return
    for device in range(devices):
        world.heal(device)
    while not all(world.is_alive(device) for device in range(devices)):
        time.sleep(0.01)


def _findings(
    name: str,
    aim: str,
    begun: list[float],
    sent: list[float],
    down: float,
    up: float,
    ended: list[tuple[float, bool]],
    outage_s: float,
    after_s: float,
) -> list[Finding]:
    during, _ = ratios(begun, sent, down, outage_s)
    after, most = ratios(begun, sent, up, after_s)
    late = [is_good for at, is_good in ended if up + after_s / 2 <= at < up + after_s]
    lost = len(begun) - len(ended)
    share = sum(late) / max(1, len(late))
    return [
        Finding(name, f"offered over organic in {outage_s:g} s of outage", f"{during:.2f}"),
        Finding(
            name, f"offered over organic in the {after_s:g} s after it", f"{after:.3f}",
            aim, not aim or after <= WANTED,
        ),
        Finding(name, "the most of any second of those", f"{most:.2f}"),
        Finding(
            name, "answered of the calls of the later half", f"{share:.3f}", ">= 0.95",
            share >= 0.95,
        ),
        Finding(name, f"calls without an end, of {len(begun):,}", f"{lost}", "0", not lost),
    ]  # fmt: skip
