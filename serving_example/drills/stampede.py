"""Thousands wait for one answer that is kept no more."""

from __future__ import annotations

import asyncio
from typing import Any

import uvloop

from featurelib.errors import DeviceError
from serving_example.drills.crowd import Call, Crowd
from serving_example.drills.findings import Finding, each_once, statuses
from serving_example.drills.payloads import recommend
from serving_example.drills.worlds import KEPT_S, Place

__all__ = ["stampede"]

NAME = "stampede"
USER = 3
OTHER = recommend(4)
TRIES = 20


def stampede(place: Place, waiters: int = 5_000) -> list[Finding]:
    """How often an answer is made for all who wait for it.

    Args:
        place: Where the service stands.
        waiters: How many.
    """
    with place("films") as world:
        calls, strays, once, made = uvloop.run(_play(world, waiters))
    bodies = {call.body for call in calls if call.status == 200}
    good = sum(call.status == 200 for call in calls)
    return [
        Finding(NAME, "batches of the ranker for one answer, alone", f"{once}"),
        Finding(
            NAME, f"batches of the ranker for {waiters:,} waiters on one expired key",
            f"{made}", "as for one", made == once,
        ),
        Finding(NAME, "answers", statuses(calls), f"{waiters:,} with 200", good == waiters),
        Finding(NAME, "different answers", f"{len(bodies)}", "1", len(bodies) == 1),
        each_once(NAME, calls, strays),
    ]  # fmt: skip


async def _play(world: Any, waiters: int) -> tuple[list[Call], int, int, int]:
    asked = recommend(USER)
    crowd = Crowd(world.port())
    await crowd.gather(waiters)
    for _ in range(TRIES):
        # The first request of a process may wait for machine code, longer than it may wait.
        (first,) = await crowd.play([0.0], lambda number, late_s: OTHER)
        if first.status == 200:
            break
    else:
        raise DeviceError(f"the service answered {first.status}: {first.body[:200]!r}")
    begun = await asyncio.to_thread(_batches, world)
    await crowd.play([0.0], lambda number, late_s: asked)
    once = await asyncio.to_thread(_batches, world) - begun
    await asyncio.sleep(1.1 * KEPT_S)
    joined = await asyncio.to_thread(world.joined)
    await asyncio.to_thread(world.hang, 0)
    playing = asyncio.ensure_future(crowd.play([0.0] * waiters, lambda number, late_s: asked))
    while await asyncio.to_thread(world.joined) - joined < waiters - 1 and not playing.done():
        await asyncio.sleep(0.01)
    await asyncio.to_thread(world.heal, 0)
    calls = await playing
    made = await asyncio.to_thread(_batches, world) - begun - once
    await crowd.close()
    return calls, crowd.strays, once, made


def _batches(world: Any) -> int:
    """How many batches the ranker has scored."""
    return sum(batch.part == "score" for batch in world.ran(0))
