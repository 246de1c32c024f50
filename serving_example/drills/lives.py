"""What a process holds after ten thousand loads, and after half an hour of work."""

from __future__ import annotations

import asyncio
import http.client
from collections.abc import Sequence
from typing import Any

import numpy as np
import uvloop

from serving_example.drills.crowd import Call, Crowd, arrivals
from serving_example.drills.findings import Finding, each_once, statuses
from serving_example.drills.pace import Pace
from serving_example.drills.payloads import infer
from serving_example.drills.standing import TOKEN, Vitals
from serving_example.drills.worlds import Place

__all__ = ["cycles", "flat", "soak"]

WARM_UP = 0.2
"""This part of the samples is not looked at: allocators and caches fill."""
GROWTH = 0.02
"""Memory that grows by less than this between the first sample that is looked at and the last one,
on the line through all of them, is flat."""
SOAK_LOAD = 0.4
PATIENCE_S = 600.0
NOTHING = 1e-9
"""A slope below this is the rounding of the fit."""


def cycles(place: Place, count: int = 10_000, samples: int = 40) -> list[Finding]:
    """A model is unloaded and loaded again through HTTP, again and again.

    Args:
        place: Where the service stands.
        count: How often.
        samples: How often in between it is looked at what the process holds.
    """
    name = "load, unload"
    with place("rankers") as world:
        connection = http.client.HTTPConnection("127.0.0.1", world.admin_port(), timeout=PATIENCE_S)
        known = {"Authorization": f"Bearer {TOKEN}"}
        told, failed = list[Vitals](), 0
        for number in range(count):
            if number % max(1, count // samples) == 0:
                told.append(world.vitals())
            for word in ("unload", "load"):
                connection.request("POST", f"/v2/repository/models/b/{word}", headers=known)
                answer = connection.getresponse()
                answer.read()
                failed += answer.status != 200
        told.append(world.vitals())
        connection.close()
    return [
        Finding(name, f"failed of {count:,} cycles over HTTP", f"{failed}", "0", not failed),
        *flat(name, told, count, "cycle"),
    ]


def soak(place: Place, pace: Pace, seconds: float = 1800.0, samples: int = 40) -> list[Finding]:
    """Requests at less than what the devices can do, some of whose clients hang up.

    Args:
        place: Where the service stands.
        pace: Of devices and clients.
        seconds: For how long.
        samples: How often in between it is looked at what the process holds.
    """
    name = "soak"
    with place("rankers", pace=pace) as world:
        calls, told = uvloop.run(_soak(world, pace, seconds, samples))
    stayed = [call for call in calls if not call.left]
    return [
        Finding(name, f"answers to those who waited, {seconds:,.0f} s", statuses(stayed)),
        each_once(name, calls, 0),
        *flat(name, told, seconds / 60, "minute"),
    ]


async def _soak(
    world: Any, pace: Pace, seconds: float, samples: int
) -> tuple[list[Call], list[Vitals]]:
    crowd, told, calls = Crowd(world.port()), list[Vitals](), list[Call]()
    piece_s = seconds / samples
    for piece in range(samples):
        due_s = arrivals(piece, (SOAK_LOAD * pace.most, piece_s))
        payload = infer(pace.objective_s)
        made = await crowd.play(due_s, payload, leave_s=lambda n: None if n % 10 else 0.01)
        for call in made:
            call.head = call.body = b""
        calls += made
        await crowd.close()
        await asyncio.to_thread(world.forget)
        told.append(await asyncio.to_thread(world.vitals))
    return calls, told


def flat(drill: str, told: Sequence[Vitals], length: float, unit: str) -> list[Finding]:
    """Whether what a process holds does not grow.

    Args:
        drill: Its name.
        told: Samples at equal distances.
        length: From the first to the last.
        unit: Of the length.
    """
    kept = told[int(WARM_UP * len(told)) :]
    at = np.linspace(0.0, length * (len(kept) - 1) / max(1, len(told) - 1), len(kept))
    found = []
    for name in Vitals._fields:
        values = np.array([getattr(one, name) for one in kept], float)
        slope = float(np.polyfit(at, values, 1)[0]) if len(kept) > 1 else 0.0
        slope = 0.0 if abs(slope) < NOTHING else slope
        grown = slope * at[-1]
        is_memory = name == "rss_mib"
        is_flat = grown <= GROWTH * values[0] if is_memory else values[-1] <= values[0]
        ends = ", ".join(
            f"{value:.1f}" if is_memory else f"{value:.0f}" for value in values[[0, -1]]
        )
        what = f"{name}: start, end, slope a {unit}"
        found.append(Finding(drill, what, f"{ends}, {slope:+.1g}", "flat", bool(is_flat)))
    return found
