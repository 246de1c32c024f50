"""Event sources: where events come from, and which of their columns say when, whose and which."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from featurelib import struct_inputs
from featurelib.dtypes import DType
from featurelib.errors import BundleFormatError, DefinitionError
from featurelib.fields import InputSchema
from featurelib.schema import Schema
from featurelib.windows.window_checks import MICROSECOND

if TYPE_CHECKING:
    from featurelib.windows.over import Over
    from featurelib.windows.window import Window

MAX_EVENTS = 1 << 20
"""Largest `max_events`: an entity's state is one vector, read and written as a whole."""
COLUMNS = ("key", "time", "id", "arrival", "sequence", "deleted")
"""The roles of columns; each attribute of that name holds a column's name."""


@dataclass(frozen=True)
class EventSource:
    """Events of one kind: ratings, departures, payments. See docs/windows.md for every rule.

    Attributes:
        name: The source's name; events are given by it.
        schema: A `Schema` class or an `InputSchema`: the columns of a record.
        key: The column that names the entity: String or an integer.
        time: The column that says when the event happened: a Datetime.
        id: The column that names the event: String or an integer.
        arrival: The column that says when the system had the record: a Datetime. Without it a
            record arrives when its event happens.
        sequence: An order among events of one time: an integer that fits Int64, never null.
        deleted: A Bool column; a record where it is true withdraws its event.
        max_lateness: How long after its event a record may arrive; later ones are refused. None:
            any time.
        max_ahead: How long before its event a record may arrive; earlier ones are refused. None:
            any time.
        max_events: How many events of an entity are kept, the newest ones.
        description: For people.

    Raises:
        DefinitionError: A column is not there or has the wrong type, or a bound makes no sense.
    """

    name: str
    schema: InputSchema
    key: str
    time: str
    id: str
    arrival: str | None = None
    sequence: str | None = None
    deleted: str | None = None
    max_lateness: dt.timedelta | None = None
    max_ahead: dt.timedelta | None = None
    max_events: int = 1000
    description: str = field(default="", compare=False)

    def __init__(
        self,
        name: str,
        schema: type[Schema] | InputSchema,
        *,
        key: str,
        time: str,
        id: str,
        arrival: str | None = None,
        sequence: str | None = None,
        deleted: str | None = None,
        max_lateness: dt.timedelta | None = None,
        max_ahead: dt.timedelta | None = None,
        max_events: int = 1000,
        description: str = "",
    ) -> None:
        given = {
            "name": name, "schema": _input_schema(name, schema), "key": key, "time": time,
            "id": id, "arrival": arrival, "sequence": sequence, "deleted": deleted,
            "max_lateness": max_lateness, "max_ahead": max_ahead, "max_events": max_events,
            "description": description,
        }  # fmt: skip
        for attribute, value in given.items():
            object.__setattr__(self, attribute, value)
        _check(self)

    def over(self, window: Window) -> Over:
        """The events of a window, to be filtered and aggregated.

        Args:
            window: `featurelib.windows.last`, `rows`, `lifetime` or `calendar`.
        """
        from featurelib.windows.over import over

        return over(self, window)

    @cached_property
    def records(self) -> InputSchema:
        """The schema that records are read by: key, time, id and arrival may be null.

        A record that lacks one of these is refused and counted by its own reason, also where the
        author's schema says that there is always one.
        """
        may_lack = {self.key, self.time, self.id, self.arrival}
        fields = tuple(
            replace(f, nullable=True) if f.name in may_lack else f for f in self.schema.fields
        )
        return InputSchema(self.schema.name, fields, self.schema.extra, self.schema.structs)

    @property
    def key_dtype(self) -> DType:
        """Type of the column that names the entity."""
        return self.schema[self.key].dtype

    @property
    def max_lateness_us(self) -> int | None:
        """`max_lateness` in microseconds."""
        return None if self.max_lateness is None else self.max_lateness // MICROSECOND

    @property
    def max_ahead_us(self) -> int | None:
        """`max_ahead` in microseconds."""
        return None if self.max_ahead is None else self.max_ahead // MICROSECOND

    def to_json(self) -> dict[str, Any]:
        """Plain JSON data that `from_json` reads back."""
        data: dict[str, Any] = {
            "name": self.name,
            "schema": self.schema.to_json(),
            "max_events": self.max_events,
            "description": self.description,
        }
        data |= {role: getattr(self, role) for role in COLUMNS}
        for bound in ("max_lateness", "max_ahead"):
            value = getattr(self, f"{bound}_us")
            data[bound] = None if value is None else str(value)
        return data

    @staticmethod
    def from_json(data: Any) -> EventSource:
        """The source that `to_json` wrote.

        Raises:
            BundleFormatError: The data is no event source.
        """
        try:
            bounds: dict[str, Any] = {
                bound: None if data[bound] is None else int(data[bound]) * MICROSECOND
                for bound in ("max_lateness", "max_ahead")
            }
            return EventSource(
                data["name"], InputSchema.from_json(data["schema"]),
                **{role: data[role] for role in COLUMNS}, **bounds,
                max_events=data["max_events"], description=data["description"],
            )  # fmt: skip
        except (KeyError, TypeError, ValueError, OverflowError, DefinitionError) as error:
            raise BundleFormatError(f"no readable event source: {error!r}") from None

    def __reduce__(self) -> Any:
        return EventSource.from_json, (self.to_json(),)

    def __repr__(self) -> str:
        return f"<event source {self.name} of {self.key}>"


def _input_schema(name: Any, schema: Any) -> InputSchema:
    if isinstance(schema, type) and issubclass(schema, Schema):
        schema = schema.input_schema()
    if not isinstance(schema, InputSchema):
        raise DefinitionError(
            f"event source `{name}`: `schema` is a schema, got {schema!r}",
            hint="give a class that derives from fl.Schema, or fl.InputSchema.from_fields({...})",
        )
    return struct_inputs.flat(schema)


def _check(source: EventSource) -> None:
    if not isinstance(source.name, str) or not source.name.isprintable() or not source.name:
        raise DefinitionError(f"an event source needs a name, got {source.name!r}")
    where = f"event source `{source.name}`"
    if not isinstance(source.description, str):
        raise DefinitionError(f"{where}: expected text, got description={source.description!r}")
    for role, takes, kind in (
        ("key", _is_name, "String or an integer"),
        ("time", _is_datetime, "Datetime"),
        ("id", _is_name, "String or an integer"),
        ("arrival", _is_datetime, "Datetime"),
        ("sequence", _is_order, "an integer that fits Int64"),
        ("deleted", _is_flag, "Bool"),
    ):
        _check_column(source, where, role, takes, kind)
    if source.sequence is not None and source.schema[source.sequence].nullable:
        raise DefinitionError(
            f"{where}: sequence=`{source.sequence}` may be null, so it orders nothing",
            hint="declare the column without None",
        )
    _check_bounds(source, where)


def _check_column(source: EventSource, where: str, role: str, takes: Any, kind: str) -> None:
    name = getattr(source, role)
    if name is None and role not in ("key", "time", "id"):
        return
    known = source.schema.by_name
    if not isinstance(name, str) or name not in known:
        raise DefinitionError(
            f"{where}: {role}={name!r} is no column of schema `{source.schema.name}`",
            hint=f"its columns: {', '.join(known)}",
        )
    if not takes(known[name].dtype):
        raise DefinitionError(
            f"{where}: expected {kind} as {role}, got column `{name}` of {known[name].dtype}"
        )
    for other in COLUMNS[: COLUMNS.index(role)]:
        if getattr(source, other) == name and {role, other} & {"deleted"}:
            raise DefinitionError(f"{where}: column `{name}` is both {other} and {role}")


def _check_bounds(source: EventSource, where: str) -> None:
    for bound in ("max_lateness", "max_ahead"):
        value = getattr(source, bound)
        if value is None:
            continue
        if not isinstance(value, dt.timedelta) or value < dt.timedelta(0):
            raise DefinitionError(
                f"{where}: expected a timedelta of at least 0, got {bound}={value!r}"
            )
        if source.arrival is None:
            raise DefinitionError(
                f"{where}: {bound}={value} without an arrival column bounds nothing",
                hint='name the column: arrival="received_at"',
            )
    if type(source.max_events) is not int or not 1 <= source.max_events <= MAX_EVENTS:
        raise DefinitionError(
            f"{where}: expected 1 <= max_events <= {MAX_EVENTS}, got {source.max_events!r}"
        )


def _is_name(dtype: DType) -> bool:
    return dtype.is_integer or dtype.name == "String"


def _is_datetime(dtype: DType) -> bool:
    return dtype.name == "Datetime"


def _is_order(dtype: DType) -> bool:
    return dtype.is_integer and dtype.name != "UInt64"


def _is_flag(dtype: DType) -> bool:
    return dtype.name == "Bool"


__all__ = ["COLUMNS", "MAX_EVENTS", "EventSource"]
