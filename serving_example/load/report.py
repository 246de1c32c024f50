"""What a load met: latencies, statuses, what the generator itself did."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from serving_example.load.histogram import Histogram
from serving_example.load.kernel import (
    EVENTS,
    LOST,
    MAX_LAG_S,
    MAX_S,
    SENT,
    UNREADABLE,
    WAITED,
    WITHIN,
    bucket,
)
from serving_example.load.state import State

if TYPE_CHECKING:
    from serving_example.load.load import Load

__all__ = ["Report", "Second"]

_NAMES = {LOST: "connection lost", UNREADABLE: "unreadable"}


@dataclass(frozen=True, slots=True)
class Second:
    """What came in a second.

    Attributes:
        at_s: Its end, from the begin of the load.
        answers: Answers 2xx.
        others: Answers of other statuses, and connections that were lost with a request.
        p50_ms: Of the answers 2xx; None without one.
        p95_ms: The same.
        in_flight: Under way at its end.
    """

    at_s: float
    answers: int
    others: int
    p50_ms: float | None
    p95_ms: float | None
    in_flight: int


class Report:
    """The figures of a run.

    Latencies count from the time at which a request was to be sent, whether or not it could be:
    a server that stalls does not make its clients come later. What has no answer at the end is
    among the latencies with the time that it has waited, which is less than the true one.

    Args:
        load: What was asked.
        state: What the loop counts.
    """

    def __init__(self, load: Load, state: State) -> None:
        self.load, self._state = load, state
        self.good, self.bad, self.lag = map(Histogram, (state.good, state.bad, state.lag))
        self.seconds: list[Second] = []
        self.elapsed_s = self.cpu_s = self._max_s = 0.0
        self.server_cpu_s: float | None = None
        self.unfinished = self.unsent = self.reopened = 0
        self._before = self.good.counts.copy(), 0
        self._began = time.process_time(), _cpu_s(load.pid)

    def tick(self, at_s: float, in_flight: int) -> bool:
        """Whether a second has passed; then it is among `seconds`."""
        if at_s < len(self.seconds) + 1:
            return False
        good, others = self.good.counts.copy(), self.others
        since = Histogram(good - self._before[0])
        self.seconds.append(
            Second(
                at_s, since.total, others - self._before[1], since.quantile_ms(0.5),
                since.quantile_ms(0.95), in_flight,
            )
        )  # fmt: skip
        self._before = good, others
        return True

    def end(self, elapsed_s: float, waiting_s: list[float], unsent: int, reopened: int) -> None:
        """The run is over.

        Args:
            elapsed_s: What it took.
            waiting_s: For how long each request that has no answer has waited.
            unsent: How many of them found no connection.
            reopened: Connections that were opened again.
        """
        self.elapsed_s, self.reopened = elapsed_s, reopened
        self.cpu_s = time.process_time() - self._began[0]
        if self._began[1] is not None:
            after = _cpu_s(self.load.pid)
            self.server_cpu_s = None if after is None else after - self._began[1]
        self.unfinished, self.unsent = len(waiting_s), unsent
        for seconds in waiting_s:
            self.good.counts[bucket(seconds)] += 1
        self._max_s = max([float(self._state.times[MAX_S]), *waiting_s])

    @property
    def statuses(self) -> dict[str, int]:
        """Answers by status; what has none by its name."""
        found = self._state.statuses.nonzero()[0]
        return {_NAMES.get(int(s), str(s)): int(self._state.statuses[s]) for s in found}

    @property
    def answers(self) -> int:
        """Answers 2xx."""
        return int(self._state.statuses[200:300].sum())

    @property
    def others(self) -> int:
        """Answers of other statuses, and requests whose connection was lost."""
        return int(self._state.statuses.sum()) - self.answers

    def figures(self) -> dict[str, Any]:
        """All of it, for a program."""
        counts, times, load = self._state.counts, self._state.times, self.load
        done = self.answers + self.others
        sent = int(counts[SENT])
        server = None if self.server_cpu_s is None else self.server_cpu_s * 1e6 / max(1, done)
        return {
            "load": asdict(load),
            "sent": sent,
            "events": int(counts[EVENTS]),
            "elapsed_s": self.elapsed_s,
            "offered_per_s": (sent + self.unsent) / load.seconds,
            "reached_per_s": self.answers / self.elapsed_s,
            "in_time_per_s": int(counts[WITHIN]) / self.elapsed_s,
            "statuses": self.statuses,
            "unfinished": self.unfinished,
            "unsent": self.unsent,
            "latency_ms": {**_quantiles(self.good), "max": self._max_s * 1e3},
            "other_latency_ms": _quantiles(self.bad),
            "lag_ms": {**_quantiles(self.lag), "max": float(times[MAX_LAG_S]) * 1e3},
            "waited_for_connection": int(counts[WAITED]),
            "reopened": self.reopened,
            "generator_us": self.cpu_s * 1e6 / max(1, sent),
            "server_us": server,
            "histogram_ms": list(self.good.rows()),
            "seconds": [asdict(second) for second in self.seconds],
        }

    def lines(self) -> Iterator[str]:
        """The figures for people."""
        told = self.figures()
        latency, lag = told["latency_ms"], told["lag_ms"]
        others = {name: n for name, n in self.statuses.items() if not name.startswith("2")}
        server = "" if told["server_us"] is None else f", server {told['server_us']:.1f} us"
        yield (
            f"offered   {told['offered_per_s']:,.0f}/s: {told['sent']:,} sent in "
            f"{self.load.seconds:g} s, {told['events']:,} of them ratings"
        )
        yield (
            f"answered  {told['reached_per_s']:,.0f}/s; within {self.load.within_ms:g} ms "
            f"{told['in_time_per_s']:,.0f}/s"
        )
        yield "latency   " + _line(latency)
        yield f"errors    {self.others:,} {others or ''}".rstrip()
        yield f"unfinished {self.unfinished:,}"
        if self.bad.total:
            yield "refusals  " + _line(told["other_latency_ms"])
        yield (
            f"generator lag {_line(lag)}; {told['waited_for_connection']:,} waited for a "
            f"connection; {self.reopened} opened again"
        )
        yield f"CPU a request: generator {told['generator_us']:.1f} us{server}"


def _quantiles(of: Histogram) -> dict[str, float | None]:
    return {f"p{100 * q:g}": of.quantile_ms(q) for q in (0.5, 0.95, 0.99)}


def _line(quantiles: dict[str, float | None]) -> str:
    return ", ".join(
        f"{name.upper() if name[0] == 'p' else name} "
        + ("-" if value is None else f"{value:.2f} ms")
        for name, value in quantiles.items()
    )


def _cpu_s(pid: int) -> float | None:
    """CPU seconds that a process has used; None if it is not there."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    # proc_pid_stat(5): fields 14 and 15, of which the first two stand before the parenthesis.
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
