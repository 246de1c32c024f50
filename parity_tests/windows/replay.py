"""A real stream, event by event: what was answered online then is what training reads now.

Records are applied in the order of their arrival; a query is asked when everything that had arrived
by its moment was applied.
"""

from __future__ import annotations

import datetime as dt
import math
import struct
from typing import Any

import polars as pl

from featurelib.windows import Definition
from featurelib_offline import point_in_time
from featurelib_online import stream

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
MICROSECOND = dt.timedelta(microseconds=1)


def some_keys(keys: pl.Series, step: int) -> pl.Series:
    """Which rows belong to every `step`-th entity, or to none: each with its whole history."""
    return keys.is_null() | keys.is_in(
        keys.drop_nulls().unique().sort().gather_every(step).implode()
    )


def _rows(frame: pl.DataFrame) -> list[dict[str, Any]]:
    """Rows with instants of Python's own UTC, as a service has them."""
    zoned = [n for n, t in frame.schema.items() if isinstance(t, pl.Datetime)]
    plain = frame.with_columns(pl.col(zoned).to_physical())
    rows = plain.to_dicts()
    for row in rows:
        for name in zoned:
            if row[name] is not None:
                row[name] = EPOCH + row[name] * MICROSECOND
    return rows


def replayed(
    definition: Definition, records: pl.DataFrame, queries: pl.DataFrame
) -> tuple[list[stream.Answers], stream.Stream]:
    """The answers of the online states to every query, in the order of the queries.

    Args:
        definition: Aggregates over one source.
        records: Its records.
        queries: With the definition's time and the entity, named like the source's key.
    """
    (plan,) = definition.sources.values()
    source, made = plan.source, stream.compile(definition)
    arrival = source.arrival or source.time
    order = records[arrival].arg_sort(nulls_last=False)
    arriving = _rows(records[order])
    asked = _rows(queries.select(source.key, definition.as_of).with_row_index("row"))
    asked.sort(key=lambda row: row[definition.as_of])
    states: dict[Any, stream.State] = {}
    answers: list[Any] = [None] * len(asked)
    i = 0
    for query in asked:
        now = query[definition.as_of]
        while i < len(arriving) and (arriving[i][arrival] is None or arriving[i][arrival] <= now):
            record = arriving[i]
            i += 1
            key = record[source.key]
            if key not in states:
                states[key] = made.new()
            made.apply(states[key], record)
        key = query[source.key]
        if key not in states:
            states[key] = made.new()
        answers[query["row"]] = made.query(states[key], now)
    while i < len(arriving):  # refusals are counted over all records
        made.apply(states.setdefault(arriving[i][source.key], made.new()), arriving[i])
        i += 1
    return answers, made


def _bits(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [_bits(v) for v in value]
    if isinstance(value, float):
        return "nan" if math.isnan(value) else struct.pack("<d", value)
    return value


def check_replay(
    definition: Definition, records: pl.DataFrame, queries: pl.DataFrame, **more: Any
) -> pl.DataFrame:
    """Every answer of the replay, value and reason, is that of `point_in_time`, bit for bit.

    Returns:
        The joined queries.
    """
    (name,) = definition.sources
    found = point_in_time(
        queries, {name: records}, definition, reasons=True, refused="collect", **more
    )
    answers, made = replayed(definition, records, queries)
    for aggregate in definition.aggregates:
        values = found.result[aggregate].to_list()
        reasons = found.result[f"{aggregate}.reason"].to_list()
        for row, answer in enumerate(answers):
            told = f"{aggregate}, query {row}: {queries.row(row)}"
            assert _bits(answer[aggregate]) == _bits(values[row]), told
            assert answer.reasons.get(aggregate) == reasons[row], told
    kept = {r: n for r, n in made.refused.items() if r != "beyond_kept"}
    assert kept == found.refused[name]
    joined: pl.DataFrame = found.result
    return joined
