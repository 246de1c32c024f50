"""From a request and records to features, whole: as training does it, and as serving does.

These engines look at the rest of a row and join its aggregates anew, so they take the rows only
whose aggregates are what the records give.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from featurelib.bundle import Bundle
from featurelib.parity.engines import Engine, Outputs
from featurelib.parity.event_engines import Answered, Events, Offline
from featurelib.parity.stream_engines import Replay, StatesByEvent
from featurelib.parity.values import Array, Rows, Values
from featurelib.windows import Definition

__all__ = ["joined_engines", "joined_rows"]

_LACKS = "aggregates that the records do not give"


@dataclass(frozen=True)
class JoinedTransform:
    """`transform(bundle, queries, events=)`.

    Attributes:
        definition: The aggregates.
        events: The records; queries are the rows.
        name: For reports.
        lacks: See `PartialEngine`.
    """

    definition: Definition = field(repr=False)
    events: Events = field(repr=False)
    name: str = "transform, events joined"
    lacks: str = _LACKS

    def takes(self, rows: Rows) -> Array:
        """True in each row whose aggregates are what the records give."""
        return _is_joined(self.definition, self.events, rows)

    def compute(self, bundle: Bundle, rows: Rows) -> Outputs:
        """See `Engine.compute`."""
        from featurelib.parity.polars_engines import frame_of, rows_values
        from featurelib_offline import RefusedRecordsWarning, transform

        frames = {name: frame_of(records) for name, records in self.events.records.items()}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RefusedRecordsWarning)  # the aggregates' check has them
            made = transform(bundle, frame_of(rows.only(bundle.request.names)), events=frames)
        outputs = bundle.program.outputs
        return {n: rows_values(made[n], node.dtype) for n, node in outputs.items()}


@dataclass(frozen=True)
class ServedRows:
    """`featurelib_online.stream.Served`: a request, and states that are told as time goes on.

    Attributes:
        definition: The aggregates.
        events: The records; queries are the rows.
        name: For reports.
        lacks: See `PartialEngine`.
    """

    definition: Definition = field(repr=False)
    events: Events = field(repr=False)
    name: str = "served with states"
    lacks: str = _LACKS

    def takes(self, rows: Rows) -> Array:
        """True in each row whose aggregates are what the records give."""
        return _is_joined(self.definition, self.events, rows)

    def compute(self, bundle: Bundle, rows: Rows) -> Outputs:
        """See `Engine.compute`."""
        from featurelib_online import stream

        served = stream.Served(bundle)
        sides = {
            name: StatesByEvent(made, self.events.records[name])
            for name, made in served.streams.items()
        }
        replays = [
            Replay(side, self.definition, name, self.events.records[name])
            for name, side in sides.items()
        ]
        given = rows.only(bundle.request.names)
        times = given.columns[self.definition.as_of].data
        made: list[Any] = [None] * len(rows)
        for row in np.argsort(times, kind="stable").tolist():
            for replay in replays:
                replay.until(int(times[row]))
            request = given.python(row)
            needed = served.entities(request)
            states = {name: sides[of.source].states.get(of.key) for name, of in needed.items()}
            made[row] = served(request, states)
        return {
            name: Values.of([row.canonical(name) for row in made], node.dtype)
            for name, node in bundle.program.outputs.items()
        }


def joined_rows(bundle: Bundle, request: Rows, answered: Answered) -> Rows:
    """Rows of a bundle's schema: a request's fields, and answers as the aggregates."""
    columns = {n: request.columns[n] for n in bundle.request.names} | dict(answered.values)
    return Rows(bundle.schema, columns, len(request))


def joined_engines(definition: Definition, events: Events) -> list[Engine]:
    """The engines that join the aggregates of these records themselves."""
    return [JoinedTransform(definition, events), ServedRows(definition, events)]


def _is_joined(definition: Definition, events: Events, rows: Rows) -> Array:
    made = Offline().answer(definition, Events(events.records, rows))
    found = np.ones(len(rows), bool)
    for name in definition.aggregates:
        found &= ~made.values[name].differs(rows.columns[name])
    return found
