"""Half of the clients hang up while they wait."""

from __future__ import annotations

from typing import Any

import numpy as np
import uvloop

from serving_example.drills.crowd import Call, Crowd, arrivals
from serving_example.drills.faulty import Ran
from serving_example.drills.findings import Finding, each_once, latest, share
from serving_example.drills.pace import Pace
from serving_example.drills.payloads import infer
from serving_example.drills.worlds import Place

__all__ = ["dead_share", "hangups"]

NAME = "hang-up"
LOAD = 1.5
"""More than the devices can do, so that there is a wait to hang up in."""
WANTED = 0.01


def hangups(place: Place, pace: Pace, seconds: float = 6.0) -> list[Finding]:
    """How much of the devices' time goes to requests whose clients had gone before.

    Args:
        place: Where the service stands.
        pace: Of devices and clients.
        seconds: For how long clients come.
    """
    with place("rankers", pace=pace) as world:
        calls, strays = uvloop.run(_play(world, pace, seconds * pace.slow))
        ran = [batch for device in range(pace.devices) for batch in world.ran(device)]
    left = {call.number: call.left for call in calls if call.left}
    dead_s, all_s = dead_share(ran, left)
    stayed = [call for call in calls if not call.left]
    return [
        Finding(
            NAME, f"clients who hung up while they waited, of {len(calls):,}",
            f"{len(left) / len(calls):.2f}",
        ),
        Finding(
            NAME, "device time (paced) on requests whose client was gone before their batch began",
            f"{100 * dead_s / all_s:.2f} %", f"< {100 * WANTED:g} %", dead_s < WANTED * all_s,
        ),
        Finding(NAME, f"attainment of the others, at {LOAD:g}x", f"{share(stayed, pace):.3f}"),
        each_once(NAME, calls, strays),
        latest(NAME, calls),
    ]  # fmt: skip


def dead_share(ran: list[Ran], left: dict[int, float]) -> tuple[float, float]:
    """Device seconds on rows of requests whose client had left before the batch began, and all.

    Args:
        ran: The batches; a mark is the number of a request.
        left: When the client of a request left, by its number.
    """
    dead_s = all_s = 0.0
    for batch in ran:
        seconds = batch.ended - batch.began
        all_s += seconds
        gone = [left.get(int(mark), np.inf) < batch.began for mark in batch.marks]
        dead = sum(rows for rows, is_gone in zip(batch.rows, gone, strict=True) if is_gone)
        dead_s += seconds * dead / sum(batch.rows)
    return dead_s, all_s


async def _play(world: Any, pace: Pace, length_s: float) -> tuple[list[Call], int]:
    due_s = arrivals(3, (LOAD * pace.most, length_s))
    draw = np.random.default_rng(4)
    goes = draw.random(len(due_s)) < 0.5
    after_s = draw.uniform(0.0, pace.objective_s / 2, len(due_s))

    def leave_s(number: int) -> float | None:
        return float(after_s[number - 1]) if goes[number - 1] else None

    crowd = Crowd(world.port())
    await crowd.gather(200)
    calls = await crowd.play(due_s, infer(pace.objective_s), leave_s=leave_s, first=1)
    await crowd.close()
    return calls, crowd.strays
