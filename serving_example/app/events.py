"""Ratings in: checked, appended to the log, and durable before they are acknowledged."""

from __future__ import annotations

import datetime as dt
import queue
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any

import msgspec

from featurelib.windows import EventSource
from serving_example.app.http import Pending, Rejection, Request, Response, decode, encode
from serving_example.app.limits import Limits
from serving_example.app.metrics import Metrics
from serving_example.instants import instant
from serving_example.store import Clock, EventLog

__all__ = ["EventWriter", "Events"]

_GATHER = 256
"""Requests whose events are made durable together."""


class EventWriter:
    """Appends events of many requests with one sync of the disk.

    Args:
        log: The log.
        on_loop: Runs a function on the event loop, from any thread.
        max_waiting: Requests that may wait.
    """

    def __init__(
        self,
        log: EventLog,
        on_loop: Callable[[Callable[[], None]], None],
        max_waiting: int = 4_096,
    ) -> None:
        self._log, self._on_loop, self._max_waiting = log, on_loop, max_waiting
        self._waiting: queue.SimpleQueue[_Append | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="event writer", daemon=True)
        self._thread.start()

    @property
    def is_alive(self) -> bool:
        return self._thread.is_alive()

    def append(
        self, records: Sequence[bytes], done: Callable[[Sequence[int]], Response]
    ) -> Pending:
        """Appends events; `done` makes the response from their offsets.

        Raises:
            Rejection: Too many requests wait.
        """
        if self._waiting.qsize() >= self._max_waiting:
            raise Rejection(
                503, "overloaded", "log_full", "the event log is behind; try again later",
                retry_after_s=1.0,
            )  # fmt: skip
        pending = Pending()
        self._waiting.put((records, pending, done))
        return pending

    def close(self) -> None:
        """Appends what waits, and ends the thread."""
        self._waiting.put(None)
        self._thread.join()

    def _run(self) -> None:
        while True:
            first = self._waiting.get()
            taken = [first]
            while first is not None and len(taken) < _GATHER and not self._waiting.empty():
                taken.append(self._waiting.get_nowait())
            self._append([one for one in taken if one is not None])
            if None in taken:
                return

    def _append(self, taken: list[_Append]) -> None:
        records = [record for some, _, _ in taken for record in some]
        results: list[Response | Exception] = []
        try:
            offsets = self._log.append(records) if records else []
            at = 0
            for some, _, done in taken:
                results.append(done(offsets[at : at + len(some)]))
                at += len(some)
        except Exception as error:
            # Nobody is told that his events were taken. Sent again, they count once: they have ids.
            results = [error for _ in taken]
        self._on_loop(lambda: _settle(taken, results))


_Append = tuple[Sequence[bytes], Pending, Callable[[Sequence[int]], Response]]


def _settle(taken: list[_Append], results: list[Response | Exception]) -> None:
    for (_, pending, _), result in zip(taken, results, strict=True):
        pending.set(result)


class Events:
    """Answers ``POST /v1/events``.

    A rating comes with the id that its sender gave it: sent twice, it counts once. The service adds
    what it knows better: the film's genres, and when the rating arrived.

    Args:
        writer: The log's.
        source: The events' times and how late or early they may come.
        record: The type of one event in a request.
        catalogue: What a film is, by its id.
        clock: Microseconds since 1970.
        limits: How many events at once.
        metrics: Told what became of them.
    """

    def __init__(
        self,
        writer: EventWriter,
        source: EventSource,
        record: type[msgspec.Struct],
        catalogue: Mapping[int, Mapping[str, Any]],
        clock: Clock,
        limits: Limits,
        metrics: Metrics,
    ) -> None:
        many = list[record]  # type: ignore[valid-type]
        sized = msgspec.Meta(min_length=1, max_length=limits.events)
        self.request = msgspec.defstruct(
            "EventsRequest", [("events", Annotated[many, sized])], forbid_unknown_fields=True
        )
        self._writer, self._source, self._catalogue = writer, source, catalogue
        self._clock, self._metrics = clock, metrics

    def post(self, request: Request) -> Pending:
        """Takes all events of a request, or none.

        Raises:
            Rejection: One is wrong: `field` says which, and what of it.
        """
        call: Any = decode(request.body, self.request)
        now = instant(self._clock())
        try:
            records = [self._record(event, i, now) for i, event in enumerate(call.events)]
        except Rejection:
            self._metrics.events("refused", len(call.events))
            raise

        def done(offsets: Sequence[int]) -> Response:
            self._metrics.events("taken", len(offsets))
            body = {"accepted": len(offsets), "first_offset": offsets[0], "offset": offsets[-1]}
            return Response(202, encode(body))

        return self._writer.append(records, done)

    def _record(self, event: msgspec.Struct, i: int, now: dt.datetime) -> bytes:
        told = msgspec.structs.asdict(event)
        film = self._catalogue.get(told["item_id"])
        if film is None:
            raise Rejection(
                400, "invalid", "unknown_item", f"there is no film {told['item_id']}",
                field=f"body.events[{i}].item_id",
            )  # fmt: skip
        at, source = told[self._source.time], self._source
        ahead, late = source.max_ahead, source.max_lateness
        if (ahead is not None and at - now > ahead) or (late is not None and now - at > late):
            raise Rejection(
                400, "invalid", "out_of_time", f"{at.isoformat()} is more than {late} before or "
                f"{ahead} after now, {now.isoformat()}", field=f"body.events[{i}].{source.time}",
            )  # fmt: skip
        return encode({**told, "genres": film["genres"], source.arrival: now})
