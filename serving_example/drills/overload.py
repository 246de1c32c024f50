"""Half of what the pool can do, three times as much, half of it again."""

from __future__ import annotations

import uvloop

from serving_example.drills.crowd import Call, Crowd, arrivals
from serving_example.drills.findings import (
    Finding,
    attained,
    between,
    each_once,
    latest,
    p95_ms,
    recovery_s,
    share,
)
from serving_example.drills.pace import Pace
from serving_example.drills.payloads import infer
from serving_example.drills.worlds import Place

__all__ = ["overload"]

NAME = "overload"


def overload(place: Place, pace: Pace, seconds: float = 4.0) -> list[Finding]:
    """How a step up and down is answered.

    Args:
        place: Where the service stands.
        pace: Of devices and clients.
        seconds: Of each of the three steps, and of one before them that is not looked at: the
            pool learns what its devices take.
    """
    most, length_s = pace.most, seconds * pace.slow
    phases = [(times * most, length_s) for times in (0.5, 0.5, 3.0, 0.5)]
    with place("rankers", pace=pace) as world:
        calls, strays, began = uvloop.run(_play(world.port(), arrivals(1, *phases), pace))
    up, down = began + 2 * length_s, began + 3 * length_s
    before, over = between(calls, began + length_s, up), between(calls, up, down)
    refused = [call for call in over if call.status == 503]
    goodput = sum(attained(call, pace) for call in over) / length_s
    took_s = recovery_s(calls, pace, down, down + length_s)
    silent = sum(not call.retry_after for call in refused)
    return [
        Finding(
            NAME, f"attainment at 0.5x of the {most:.0f}/s of {pace.devices} paced devices",
            f"{share(before, pace):.3f}",
        ),
        Finding(NAME, "goodput at 3x over what full batches can do", f"{goodput / most:.2f}"),
        Finding(
            NAME, f"step down to attainment >= 0.95, objective {1000 * pace.objective_s:.0f} ms",
            f"{took_s * 1000:.0f} ms", f"<= {2000 * pace.objective_s:.0f} ms",
            took_s <= 2 * pace.objective_s,
        ),
        Finding(
            NAME, "refusals at 3x without Retry-After", f"{silent} of {len(refused):,}", "0",
            bool(refused) and not silent,
        ),
        Finding(
            NAME, "P95 of the time to a refusal",
            f"{p95_ms([call.done - call.sent for call in refused]):.1f} ms",
        ),
        each_once(NAME, calls, strays),
        latest(NAME, calls),
    ]  # fmt: skip


async def _play(port: int, due_s: list[float], pace: Pace) -> tuple[list[Call], int, float]:
    crowd = Crowd(port)
    await crowd.gather(200)
    calls = await crowd.play(due_s, infer(pace.objective_s))
    await crowd.close()
    return calls, crowd.strays, calls[0].due - due_s[0]
