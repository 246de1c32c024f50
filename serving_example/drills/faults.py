"""One of two devices hangs, slows down by three, or dies; then it comes back."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import uvloop

from serving_example.drills.crowd import Call, Crowd, arrivals
from serving_example.drills.findings import (
    Finding,
    between,
    each_once,
    latest,
    recovery_s,
    share,
    statuses,
)
from serving_example.drills.pace import Pace
from serving_example.drills.payloads import infer
from serving_example.drills.worlds import Place

__all__ = ["FAULTS", "faults"]

FAULTS = ("hang", "slow", "kill")
SLOWER = 3.0
LOAD = 0.4
"""Of what both devices can do: one of them alone can do it."""
BACK_S = 3.0
"""Attainment is to be back within so long."""
AGAIN_S = 30.0
"""So long, at most, requests go on until a device that is well again is used: a thread that has
died is replaced after 1 s, and after 2, 4, 8 where the device was dead still."""
PIECE_S = 0.25


def faults(
    place: Place, pace: Pace, seconds: float = 4.0, names: Sequence[str] = FAULTS
) -> list[Finding]:
    """How the pool goes on without one of its devices, and takes it back.

    Args:
        place: Where the service stands.
        pace: Of devices and clients.
        seconds: Before the fault, while it lasts, and after it.
        names: Of `FAULTS`, those that are put in.
    """
    found = []
    for fault in names:
        with place("rankers", pace=pace) as world:
            found += uvloop.run(_drill(world, fault, pace, seconds * pace.slow))
    return found


async def _drill(world: Any, fault: str, pace: Pace, length_s: float) -> list[Finding]:
    due_s = arrivals(2, (LOAD * pace.most, 3 * length_s))
    crowd = Crowd(world.port())
    await crowd.gather(100)
    payload = infer(pace.objective_s)
    playing = asyncio.ensure_future(crowd.play(due_s, payload))
    await asyncio.sleep(length_s)
    await asyncio.to_thread(_break, world, fault)
    await asyncio.sleep(length_s)
    ran = len(await asyncio.to_thread(world.ran, 0))
    await asyncio.to_thread(world.heal, 0)
    calls = await playing
    for _ in range(round(AGAIN_S / PIECE_S)):
        if again := len(await asyncio.to_thread(world.ran, 0, ran)):
            break
        more_s = arrivals(len(calls), (LOAD * pace.most, PIECE_S))
        calls += await crowd.play(more_s, payload, first=len(calls))
    await crowd.close()
    return _told(fault, pace, calls, crowd.strays, calls[0].due - due_s[0], length_s, again)


def _break(world: Any, fault: str) -> None:
    if fault == "slow":
        world.slow(0, SLOWER)
    else:
        getattr(world, fault)(0)


def _told(
    fault: str,
    pace: Pace,
    calls: list[Call],
    strays: int,
    began: float,
    length_s: float,
    again: int,
) -> list[Finding]:
    name, broken, healed = f"device: {fault}", began + length_s, began + 2 * length_s
    during, before = between(calls, broken, healed), between(calls, began, broken)
    missed = [call for call in during if call.status != 200]
    back_s = recovery_s(calls, pace, broken, healed)
    after_s = recovery_s(calls, pace, healed, healed + length_s)
    most_s = BACK_S * pace.slow
    return [
        Finding(
            name, f"attainment before, at {LOAD:g} of what two paced devices can do",
            f"{share(before, pace):.3f}",
        ),
        Finding(
            name, "one device broken: until attainment >= 0.95 again", f"{back_s:.2f} s",
            f"<= {most_s:g} s", back_s <= most_s,
        ),
        Finding(name, f"not answered of {len(during):,} meanwhile", statuses(missed)),
        Finding(name, "both again: until attainment >= 0.95", f"{after_s:.2f} s",
                f"<= {most_s:g} s", after_s <= most_s),
        Finding(name, "batches on the device after that", f"{again}", "> 0", again > 0),
        each_once(name, calls, strays),
        latest(name, calls),
    ]  # fmt: skip
