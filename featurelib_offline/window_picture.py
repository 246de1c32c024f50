"""`window_picture`: what one query looks at, found by `point_in_time` and drawn as a time line."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import polars as pl

from featurelib.borders import canonical
from featurelib.dtypes import DATETIME
from featurelib.errors import DefinitionError, InputError
from featurelib.evaluate import Evaluator
from featurelib.fields import Field
from featurelib.windows.definition import Definition, define
from featurelib.windows.over import WindowAggregate
from featurelib.windows.picture import FILTERED, INSIDE, NO_VALUE, Mark, WindowPicture
from featurelib.windows.source import EventSource
from featurelib.windows.window import AS_OF, START, Calendar, Last, Rows, Session, Window
from featurelib_offline.events.told import MOST_RECORDS, marks, probe
from featurelib_offline.point_in_time import point_in_time
from featurelib_offline.types import polars_type

__all__ = ["window_picture"]


def window_picture(
    definition: Definition | Mapping[str, WindowAggregate],
    name: str,
    records: Any,
    as_of: dt.datetime,
    *,
    entity: Any = None,
    zone: str | None = None,
) -> WindowPicture:
    """Draws what one aggregate looks at when it is asked about one entity.

    Which events are in the window, and what the answer is, `point_in_time` says; the picture adds
    why the other events are not in it.

    Args:
        definition: What `featurelib.windows.define` made, or aggregates by name.
        name: The aggregate.
        records: Records of its source: mappings, or a frame that Polars reads.
        as_of: The query time, with a zone.
        entity: Whose events are drawn; not needed where the records have one key only.
        zone: IANA zone of the clock below the time line; by default that of a calendar window,
            else UTC.

    Returns:
        The picture: a notebook shows it, `svg` and `save` give it away.

    Raises:
        DefinitionError: There is no such aggregate.
        InputError: The records do not fit the source, are of several entities and `entity` is not
            given, or are more than a picture can show.
    """
    definition = definition if isinstance(definition, Definition) else define(definition)
    if name not in definition.aggregates:
        raise DefinitionError(
            f"no aggregate `{name}` to draw", hint=f"there are: {', '.join(definition.aggregates)}"
        )
    made = definition.aggregates[name]
    source, window = definition.sources[made.source].source, made.window
    frame = _frame(records, source)
    whose = _entity(frame, source, entity)
    frame = frame.filter((pl.col(source.key) == whose) | pl.col(source.key).is_null())
    if len(frame) > MOST_RECORDS:
        raise InputError(
            f"{source.name}: a picture shows {MOST_RECORDS} records at most, got {len(frame):,}",
            hint="give the records around the window only",
        )
    q: int = canonical(as_of, Field("as_of", DATETIME))
    asked = probe(definition, name, len(frame))
    query = pl.DataFrame(
        {made.entity: [whose], definition.as_of: [as_of]},
        schema={
            made.entity: polars_type(source.key_dtype), definition.as_of: pl.Datetime("us", "UTC"),
        },
    )  # fmt: skip
    found = point_in_time(
        query, asked.events(frame), asked.definition, reasons=True, refused="collect"
    )
    answer = found.result.row(0, named=True)
    drawn, unplaced = marks(asked, frame, query, q, found)
    start = _start(window, q, drawn)
    return WindowPicture(
        name,
        _text(answer[name], answer[f"{name}.reason"]),
        f"{made.aggregate.name} of {source.name} of {whose}: {window}"
        + (", filtered" if made.filter is not None else ""),
        q,
        start,
        has_start=not isinstance(window, Last) or window.closed in ("left", "both"),
        sees_now=window.sees_now,
        rows=window.n if isinstance(window, Rows) else getattr(window, "rows", None),
        resolution=getattr(window, "resolution_us", None),
        has_days=isinstance(window, Calendar),
        zone=zone or (window.zone if isinstance(window, Calendar) else "UTC"),
        marks=drawn,
        unplaced=unplaced,
        gap=getattr(window, "gap_us", None),
    )


def _frame(records: Any, source: EventSource) -> pl.DataFrame:
    """The records as a frame; columns of mappings have the types of the schema."""
    if isinstance(records, pl.LazyFrame):
        return records.collect(engine="in-memory")
    if isinstance(records, pl.DataFrame):
        return records
    if isinstance(records, Iterable) and not hasattr(records, "columns"):
        rows = list(records)
        if all(isinstance(row, Mapping) for row in rows):
            types = {f.name: polars_type(f.dtype) for f in source.schema.fields}
            return pl.DataFrame([{n: r.get(n) for n in types} for r in rows], schema=types)
    try:
        return pl.DataFrame(records)
    except (TypeError, ValueError) as error:
        raise InputError(f"{source.name}: expected records, got {records!r}: {error}") from None


def _entity(frame: pl.DataFrame, source: EventSource, entity: Any) -> Any:
    """The key of the entity that is drawn."""
    if source.key not in frame.columns:
        raise InputError(
            f"{source.name}: no column `{source.key}`, which names the entity",
            hint=f"columns: {', '.join(frame.columns)}",
        )
    if entity is not None:
        canonical(entity, Field("entity", source.key_dtype), where=source.name)
        return entity
    keys = frame[source.key].drop_nulls().unique(maintain_order=True)
    if len(keys) != 1:
        shown = ", ".join(repr(k) for k in keys.head(3).to_list())
        raise InputError(
            f"{source.name}: a picture shows one entity, got {len(keys)}: {shown}",
            hint=f"say which: entity={keys[0]!r}" if len(keys) else "say which: entity=...",
        )
    return keys[0]


def _start(window: Window, q: int, drawn: Sequence[Mark]) -> int | None:
    """Where the window's start is drawn; whether an event there is inside, its mark says."""
    if isinstance(window, Session):
        return min((m.time for m in drawn if m.state in (INSIDE, NO_VALUE, FILTERED)), default=None)
    if isinstance(window, Calendar):
        found: int | None = Evaluator(window.start, {}).row({AS_OF: q})[START]
        return found
    if not isinstance(window, Last):
        return None
    return q - q % (window.resolution_us or 1) - window.length_us


def _text(value: Any, reason: str | None) -> str:
    if reason is not None:
        return f"null ({reason})"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, list):
        return f"[{', '.join(_text(v, None) for v in value)}]"
    return str(value)
