"""Aggregates with types: what both sides compile. Made by `define`, held by bundles as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from featurelib.dtypes import DType
from featurelib.errors import DefinitionError
from featurelib.fields import Field, InputSchema
from featurelib.program import Program
from featurelib.windows.aggregates import Aggregate
from featurelib.windows.over import WindowAggregate
from featurelib.windows.plan_events import EventPlan, Reads, plan_events
from featurelib.windows.source import EventSource
from featurelib.windows.window import Calendar, Window

AS_OF = "as_of"
"""The query time's column, unless a feature set names another."""


@dataclass(frozen=True)
class AggregatePlan:
    """One aggregate with its types.

    Attributes:
        name: Its name, and that of the column that it fills.
        source: The event source's name.
        window: Which events.
        aggregate: What is computed of them.
        arguments: Indices of its arguments among the source's.
        filter: Index of its filter among the source's, or None.
        entity: The request's field that names the entity.
        dtype: Type of the values; every one may be null.
    """

    name: str
    source: str
    window: Window
    aggregate: Aggregate
    arguments: tuple[int, ...]
    filter: int | None
    entity: str
    dtype: DType

    @property
    def has_totals(self) -> bool:
        """Whether it is answered over all events, kept or not (**Totals** in docs/windows.md)."""
        return self.aggregate.merges and self.window.has_totals


@dataclass(frozen=True)
class Definition:
    """Aggregates over event sources: all that the state, the stream and the offline pass read.

    Attributes:
        sources: What is read of each source's records, by name.
        aggregates: The aggregates by name, in order.
        as_of: The request's field (the column of queries) that holds the query time.
    """

    sources: Mapping[str, EventPlan]
    aggregates: Mapping[str, AggregatePlan]
    as_of: str = AS_OF

    @cached_property
    def fingerprints(self) -> dict[str, str]:
        """A digest for each aggregate of all that can change its value, and of nothing else."""
        from featurelib.windows.fingerprint import aggregate_fingerprints

        return aggregate_fingerprints(self)

    @cached_property
    def state_fingerprints(self) -> dict[str, str]:
        """A digest for each source of all that decides what the state of an entity holds."""
        from featurelib.windows.fingerprint import state_fingerprints

        return state_fingerprints(self)

    @property
    def fields(self) -> tuple[Field, ...]:
        """The columns that the aggregates fill, all nullable."""
        return tuple(Field(p.name, p.dtype, True) for p in self.aggregates.values())

    @property
    def programs(self) -> tuple[Program, ...]:
        """Every program in it: those over records, and those that find starts of calendars."""
        windows = (p.window for p in self.aggregates.values())
        starts = (w.start for w in windows if isinstance(w, Calendar))
        return (*(s.program for s in self.sources.values()), *starts)

    def of(self, source: str) -> tuple[AggregatePlan, ...]:
        """The aggregates over one source, in order."""
        return tuple(p for p in self.aggregates.values() if p.source == source)

    def check_request(self, schema: InputSchema, where: str) -> None:
        """Refuses a request schema without the query time or an entity's key.

        Raises:
            DefinitionError: A field is not there, may be null, has the wrong type, or has the name
                of an aggregate.
        """
        _check_field(schema, self.as_of, "Datetime", None, f"{where}: as_of=")
        for plan in self.aggregates.values():
            if plan.name in schema.by_name or plan.name in {s.name for s in schema.structs}:
                raise DefinitionError(
                    f"{where}: aggregate `{plan.name}` has the name of an input column",
                    hint="rename the aggregate",
                )
            key = self.sources[plan.source].source.key_dtype
            about = f"{where}.{plan.name}: the entity's field "
            _check_field(schema, plan.entity, str(key), key, about)

    def with_request(self, request: InputSchema) -> InputSchema:
        """What features read: the request's fields, then the aggregates."""
        fields = (*request.fields, *self.fields)
        return InputSchema(request.name, fields, request.extra, request.structs)

    def request_of(self, schema: InputSchema) -> InputSchema:
        """What a request gives, of the schema that features read.

        Raises:
            DefinitionError: The schema does not end with the columns that the aggregates fill.
        """
        count = len(schema) - len(self.aggregates)
        fields = schema.fields[: max(count, 0)]
        request = InputSchema(schema.name, fields, schema.extra, schema.structs)
        if self.with_request(request) != schema:
            raise DefinitionError(f"schema `{schema.name}` lacks columns of the aggregates")
        self.check_request(request, schema.name)
        return request

    def to_json(self) -> dict[str, Any]:
        """Plain JSON data that `from_json` reads back."""
        from featurelib.windows.definition_json import to_json

        return to_json(self)

    @staticmethod
    def from_json(data: Any) -> Definition:
        """The definition that `to_json` wrote; its types are found again and compared.

        Raises:
            BundleFormatError: The data is no definition.
            UnknownOpError: It names an op or aggregate that is not installed.
        """
        from featurelib.windows.definition_json import from_json

        return from_json(data)

    def __reduce__(self) -> Any:
        return Definition.from_json, (self.to_json(),)

    def __repr__(self) -> str:
        return f"<{len(self.aggregates)} aggregates over {', '.join(self.sources)}>"


def define(aggregates: Mapping[str, WindowAggregate], *, as_of: str = AS_OF) -> Definition:
    """Aggregates with types, ready for `point_in_time` and for a stream.

    Args:
        aggregates: What ``source.over(window).mean(...)`` gave, by name.
        as_of: The request's field that holds the query time.

    Raises:
        DefinitionError: No aggregates, a bad name, or two sources of one name.
        FeatureTypeError: Types do not fit; the message names aggregate, op, type and line.
    """
    if not isinstance(as_of, str) or not as_of:
        raise DefinitionError(f"as_of is a field's name, got {as_of!r}")
    sources: dict[str, EventSource] = {}
    for name, made in aggregates.items():
        _check_aggregate(name, made)
        known = sources.setdefault(made.source.name, made.source)
        if known != made.source:
            raise DefinitionError(
                f"aggregate `{name}`: two event sources are named `{known.name}`",
                hint="a name stands for one source: use one object for all aggregates over it",
            )
    if not sources:
        raise DefinitionError("expected aggregates, got none")
    plans: dict[str, EventPlan] = {}
    reads: dict[str, Reads] = {}
    for source in sources.values():
        mine = {n: a for n, a in aggregates.items() if a.source.name == source.name}
        plans[source.name], found = plan_events(source, mine)
        reads |= found
    made_plans = {
        name: AggregatePlan(
            name,
            made.source.name,
            made.window,
            made.aggregate,
            reads[name].arguments,
            reads[name].filter,
            made.entity,
            reads[name].dtype,
        )
        for name, made in aggregates.items()
    }
    return Definition(plans, made_plans, as_of)


def _check_aggregate(name: Any, made: Any) -> None:
    if not isinstance(name, str) or not name or not name.isprintable():
        raise DefinitionError(f"an aggregate needs a name, got {name!r}")
    if not isinstance(made, WindowAggregate):
        raise DefinitionError(
            f"aggregate `{name}`: expected an aggregate, got {made!r}",
            hint='write source.over(window).mean(fl.col("x")); an Over wants a method at its end',
        )


def _check_field(
    schema: InputSchema, name: str, kind: str, dtype: DType | None, about: str
) -> None:
    field = schema.by_name.get(name)
    if field is None:
        raise DefinitionError(
            f"{about}`{name}` is no field of `{schema.name}`",
            hint=f"its fields: {', '.join(schema.names)}; name the entity's by .on(field)",
        )
    fits = field.dtype == dtype if dtype is not None else field.dtype.name == kind
    if not fits or field.nullable:
        raise DefinitionError(
            f"{about}`{name}`: expected {kind} that is never null, got {field.dtype}"
            f"{'?' if field.nullable else ''}"
        )


__all__ = ["AS_OF", "AggregatePlan", "Definition", "define"]
