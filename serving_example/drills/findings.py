"""What a drill has found, what was wanted, and the table of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from serving_example.drills.crowd import Call
from serving_example.drills.pace import Pace

__all__ = [
    "Finding", "attained", "between", "each_once", "latest", "p95_ms", "recovery_s", "share",
    "statuses", "table", "windows",
]  # fmt: skip

WANTED, SPAN = 0.95, 10


@dataclass(frozen=True, slots=True)
class Finding:
    """A figure of a drill.

    Attributes:
        drill: Its name.
        what: What was measured.
        value: What was found, with its unit.
        aim: What was wanted; empty where the figure is only told.
        is_met: Whether it is as wanted.
    """

    drill: str
    what: str
    value: str
    aim: str = ""
    is_met: bool = True


def table(findings: Iterable[Finding]) -> str:
    """Findings as a table of Markdown."""
    lines = ["| drill | what | found | aim | met |", "|---|---|---:|---|---|"]
    for f in findings:
        met = ("yes" if f.is_met else "**no**") if f.aim else ""
        lines.append(f"| {f.drill} | {f.what} | {f.value} | {f.aim} | {met} |")
    return "\n".join(lines) + "\n"


def attained(call: Call, pace: Pace) -> bool:
    """Whether it was answered, and in time from when it was to be sent."""
    return call.status == 200 and call.done - call.due <= pace.objective_s


def share(calls: Sequence[Call], pace: Pace) -> float:
    """How many of some calls were answered in time."""
    return sum(attained(call, pace) for call in calls) / max(1, len(calls))


def between(calls: Sequence[Call], begins: float, ends: float) -> list[Call]:
    """Those that were due in a time."""
    return [call for call in calls if begins <= call.due < ends]


def windows(
    calls: Sequence[Call], pace: Pace, begins: float, ends: float
) -> list[tuple[float, float]]:
    """Attainment of those who were due in each window: (its beginning, share)."""
    width_s = pace.window_s
    count = round((ends - begins) / width_s)
    good, all_ = np.zeros(count), np.zeros(count)
    for call in calls:
        at = int((call.due - begins) / width_s)
        if call.due >= begins and at < count:
            all_[at] += 1
            good[at] += attained(call, pace)
    return [
        (begins + i * width_s, float(good[i] / all_[i])) for i in range(count) if all_[i]
    ]  # fmt: skip


def recovery_s(calls: Sequence[Call], pace: Pace, since: float, until: float) -> float:
    """How long after a moment attainment is what is wanted for good.

    Args:
        calls: All.
        pace: With the time for an answer.
        since: The moment.
        until: How far there are calls.

    Returns:
        Seconds to the end of the last window that is not as wanted among ten that together are not;
        infinite if that is the last one of all.
    """
    shares = windows(calls, pace, since, until)
    ends = since
    for i in range(max(1, len(shares) - SPAN + 1)):
        ten = shares[i : i + SPAN]
        if np.mean([share for _, share in ten]) < WANTED:
            ends = max(at + pace.window_s for at, share in ten if share < WANTED)
    is_last = bool(shares) and ends > shares[-1][0]
    return float("inf") if is_last or not shares else ends - since


def each_once(drill: str, calls: Sequence[Call], strays: int) -> Finding:
    """Whether every request whose client waited got one answer, and nobody a second one."""
    lost = sum(not call.left and call.answers != 1 for call in calls)
    value = f"{lost} lost, {strays} twice, of {len(calls):,}"
    return Finding(
        drill, "requests without exactly one answer", value, "0", not lost and not strays
    )


def latest(drill: str, calls: Sequence[Call]) -> Finding:
    """How late a request was sent at most: a drill on a machine that stood still says nothing."""
    late_s = max((call.sent - call.due for call in calls if call.sent), default=0.0)
    return Finding(drill, "a request was sent late by, at most", f"{1000 * late_s:.0f} ms")


def statuses(calls: Sequence[Call]) -> str:
    """How many calls had which answer."""
    counts = Counter(call.status for call in calls)
    return (
        ", ".join(f"{count:,} with {status}" for status, count in sorted(counts.items())) or "none"
    )


def p95_ms(seconds: Sequence[float]) -> float:
    """The 0.95 quantile in milliseconds; 0.0 of nothing."""
    return 1000 * float(np.quantile(seconds, 0.95, method="higher")) if seconds else 0.0
