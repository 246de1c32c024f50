"""What became of the requests of a trace under one policy."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from serving_example.simulate.trace import Array, Trace

__all__ = ["FATES", "GOOD", "LATE", "Load", "Outcome", "Ran"]

FATES = ("waiting", "good", "late", "refused", "dropped", "failed")
"""In time, after its deadline, refused at once, taken and never run, failed on the device."""
WAITING, GOOD, LATE, REFUSED, DROPPED, FAILED = range(len(FATES))


@dataclass(frozen=True, slots=True)
class Ran:
    """A batch that ran."""

    device: str
    model: str
    requests: int
    rows: int
    size: int
    reason: str
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Load:
    """A model that was put on a device."""

    device: str
    model: str
    start: float
    end: float


@dataclass(frozen=True, eq=False)
class Outcome:
    """See the module.

    Attributes:
        policy: Its name.
        trace: What arrived.
        fates: Of each request, an index into `FATES`; int8.
        finished: When each was answered, refused or dropped; float64, NaN if it still waits.
        whys: Why each was refused or dropped; an empty text if it was not.
        batches: In the order of their start.
        loads: In the order of their start.
        devices: How many devices.
        events: What happened: arrivals, ends of batches and loads, wake-ups.
    """

    policy: str
    trace: Trace
    fates: Array
    finished: Array
    whys: list[str]
    batches: list[Ran]
    loads: list[Load]
    devices: int
    events: int

    @property
    def good(self) -> int:
        """Requests answered in time."""
        return int((self.fates == GOOD).sum())

    @property
    def attainment(self) -> float:
        """Share of the requests that were answered in time; 1.0 if there were none."""
        return self.good / len(self.trace) if len(self.trace) else 1.0

    @property
    def mean_batch(self) -> float:
        """Requests of a batch, on average; 0.0 if none ran."""
        requests = sum(batch.requests for batch in self.batches)
        return requests / len(self.batches) if self.batches else 0.0

    @property
    def busy(self) -> float:
        """Share of the devices' time until the last deadline that batches and loads took."""
        took = sum(r.end - r.start for r in self.batches) + sum(x.end - x.start for x in self.loads)
        return took / (self.devices * self.trace.seconds) if len(self.trace) else 0.0

    @property
    def reasons(self) -> Counter[str]:
        """How many batches were released for what reason."""
        return Counter(batch.reason for batch in self.batches)

    @property
    def unanswered(self) -> Counter[str]:
        """How many requests were refused or dropped for what reason."""
        return Counter(why for why in self.whys if why)

    def latency(self, quantile: float) -> float:
        """Seconds from arrival to answer of those that were answered, in time or late; else NaN."""
        answered = (self.fates == GOOD) | (self.fates == LATE)
        if not answered.any():
            return float("nan")
        return float(np.quantile((self.finished - self.trace.times)[answered], quantile))

    def attainment_where(self, chosen: Array) -> float:
        """Share of the requests where `chosen` is True that were in time; 1.0 if there are none."""
        return float((self.fates[chosen] == GOOD).mean()) if chosen.any() else 1.0

    def after(self, seconds: float) -> Outcome:
        """The same run without the requests that arrived in its first seconds, its warm-up."""
        kept = self.trace.times >= seconds
        return Outcome(
            self.policy, self.trace.only(kept), self.fates[kept], self.finished[kept],
            [why for why, keep in zip(self.whys, kept.tolist(), strict=True) if keep],
            [b for b in self.batches if b.start >= seconds],
            [x for x in self.loads if x.start >= seconds], self.devices, self.events,
        )  # fmt: skip
