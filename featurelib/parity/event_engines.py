"""The ways to compute aggregates that must agree, offline; `stream_engines` has those online.

offline                 `point_in_time` over all records at once: what is expected
offline, partitions     a few records at a time, by way of temporary files
offline, shuffled       records and queries in another order
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from featurelib.dtypes import DATETIME
from featurelib.errors import MissingExtraError
from featurelib.fields import Field, InputSchema
from featurelib.parity.values import Array, Rows, Values
from featurelib.windows import Definition

__all__ = [
    "Answered",
    "EventEngine",
    "Events",
    "Offline",
    "ShuffledOffline",
    "all_event_engines",
    "alone",
    "keeping_fewer",
    "query_schema",
]

_PARTS = 20
"""Records for each event that is kept, where the definition keeps more than there are."""


@dataclass(frozen=True)
class Events:
    """Records of every source, and queries about them.

    Attributes:
        records: By source, rows of `EventSource.records`; some may have to be refused.
        queries: Query times and entities, and whatever else a request holds.
    """

    records: Mapping[str, Rows]
    queries: Rows

    def take(self, index: Any) -> Events:
        """The same records and some of the queries."""
        return Events(self.records, self.queries.take(index))

    def first(self) -> Events:
        """One query about one record of each source."""
        one = slice(0, 1)
        return Events({n: r.take(one) for n, r in self.records.items()}, self.queries.take(one))


@dataclass(frozen=True)
class Answered:
    """What an engine answered.

    Attributes:
        values: Each aggregate's value for each query.
        reasons: Each aggregate's reason for each query: text, empty where there is a value.
        refused: How many records were refused, by source and reason, those above zero.
    """

    values: Mapping[str, Values]
    reasons: Mapping[str, Array]
    refused: Mapping[str, Mapping[str, int]]

    def differs(self, other: Answered, aggregate: str) -> Array:
        """True in each query where an aggregate has other bits or another reason."""
        bits = self.values[aggregate].differs(other.values[aggregate])
        found: Array = bits | (self.reasons[aggregate] != other.reasons[aggregate])
        return found


class EventEngine(Protocol):
    """A way to answer queries about events; every one must give the same bits and reasons."""

    @property
    def name(self) -> str:
        """For reports."""
        ...

    def answer(self, definition: Definition, events: Events) -> Answered:
        """Every aggregate of every query, in the order of the queries."""
        ...


@dataclass(frozen=True)
class Offline:
    """`featurelib_offline.point_in_time`.

    Attributes:
        name: For reports.
        parts: Into how many partitions each source's records are split.
    """

    name: str = "offline"
    parts: int = 1

    def answer(self, definition: Definition, events: Events) -> Answered:
        """See `EventEngine.answer`."""
        from featurelib.parity.polars_engines import frame_of, rows_values
        from featurelib_offline import point_in_time

        most = max((len(r) for r in events.records.values()), default=0)
        found = point_in_time(
            frame_of(events.queries.only(query_schema(definition).names)),
            {name: frame_of(events.records[name]) for name in definition.sources},
            definition,
            reasons=True,
            refused="collect",
            partition_rows=max(1, most // self.parts),
        )
        values, reasons = {}, {}
        for name, plan in definition.aggregates.items():
            values[name] = rows_values(found.result[name], plan.dtype)
            told = found.result[f"{name}.reason"].fill_null("").to_list()
            reasons[name] = np.array(told, object)
        return Answered(values, reasons, found.refused)


@dataclass(frozen=True)
class ShuffledOffline:
    """`point_in_time` over records and queries in an order without meaning."""

    name: str = "offline, shuffled"

    def answer(self, definition: Definition, events: Events) -> Answered:
        """See `EventEngine.answer`."""
        rng = np.random.default_rng(len(events.queries))
        records = {n: r.take(rng.permutation(len(r))) for n, r in events.records.items()}
        order = rng.permutation(len(events.queries))
        made = Offline().answer(definition, Events(records, events.queries.take(order)))
        back = np.argsort(order)
        return Answered(
            {name: values.take(back) for name, values in made.values.items()},
            {name: reasons[back] for name, reasons in made.reasons.items()},
            made.refused,
        )


def all_event_engines() -> list[EventEngine]:
    """Every way, the expected one first.

    Raises:
        MissingExtraError: One needs a package that is not installed.
    """
    try:
        import featurelib_offline.point_in_time  # noqa: F401
        from featurelib.parity.stream_engines import STREAM_ENGINES
    except ImportError as error:
        raise MissingExtraError(
            f"parity needs {error.name}", hint='pip install "featurelib[parity]"'
        ) from error
    return [
        Offline(), Offline("offline, partitions", 7), ShuffledOffline(), *STREAM_ENGINES,
    ]  # fmt: skip


def query_schema(definition: Definition) -> InputSchema:
    """The columns that a query needs: its time, then its entities."""
    fields = {definition.as_of: Field(definition.as_of, DATETIME)}
    for plan in definition.aggregates.values():
        dtype = definition.sources[plan.source].source.key_dtype
        fields[plan.entity] = Field(plan.entity, dtype)
    return InputSchema("queries", tuple(fields.values()), "ignore")


def alone(definition: Definition, aggregate: str) -> Definition:
    """The definition of one aggregate; its source is read as it is for all."""
    plan = definition.aggregates[aggregate]
    sources = {plan.source: definition.sources[plan.source]}
    return Definition(sources, {aggregate: plan}, definition.as_of)


def keeping_fewer(definition: Definition, records: int) -> Definition | None:
    """The definition with fewer kept events, where so many records would not run over them.

    Whether engines agree about what is not kept does not depend on how much is.

    Returns:
        None where the records are enough.
    """
    fewer = max(1, records // _PARTS)
    if all(p.source.max_events <= records // 2 for p in definition.sources.values()):
        return None
    sources = {
        name: replace(
            plan, source=replace(plan.source, max_events=min(fewer, plan.source.max_events))
        )
        for name, plan in definition.sources.items()
    }
    return Definition(sources, definition.aggregates, definition.as_of)
