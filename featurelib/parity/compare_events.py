"""Answers of engines side by side, and what is said where they differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from featurelib.borders import from_canonical
from featurelib.dtypes import DType
from featurelib.parity.compare import error_text, shown_value
from featurelib.parity.event_engines import Answered, EventEngine, Events, alone
from featurelib.parity.shrink_events import shrink_events
from featurelib.parity.values import Array
from featurelib.windows import Definition

__all__ = ["EventDifference", "EventMismatch", "event_differences", "investigate_events"]

_SHOWN, _LONG = 12, 600


@dataclass(frozen=True)
class EventDifference:
    """An aggregate in which engines differ from what is expected, in the same queries.

    Attributes:
        aggregate: Its name; empty where engines raised, or refused other records.
        engines: Names of the engines that differ.
        rows: Indices of the queries, in order.
        source: Of refused records that are counted otherwise: the event source; else empty.
        error: What the engines raised, or empty.
    """

    aggregate: str
    engines: tuple[str, ...]
    rows: Array
    source: str = ""
    error: str = ""


@dataclass(frozen=True)
class EventMismatch:
    """A difference, looked into.

    Attributes:
        about: What differs: ``aggregate `week` ``, ``refused records of `ratings` ``.
        window: The aggregate over its window, in words; empty where it is about no aggregate.
        engines: The engines that differ.
        where: Which queries it was found in: ``generated queries``.
        row: Index of the first such query.
        count: How many queries differ.
        entity: The entity's field and value, as text.
        as_of: The query time, as text.
        records: The shrunk records by source, as Python objects.
        answers: By engine its value, as bits and text, and its reason; a text ``raised ...``.
        error: What the engines raised, or empty.
    """

    about: str
    window: str
    engines: tuple[str, ...]
    where: str
    row: int
    count: int
    entity: str
    as_of: str
    records: Mapping[str, tuple[dict[str, Any], ...]]
    answers: Mapping[str, str]
    error: str = ""

    def lines(self) -> list[str]:
        """The mismatch as text."""
        found = [f"{self.about} differs in {'; '.join(self.engines)}", *self.told()]
        by_answer: dict[tuple[bool, str], list[str]] = {}
        for engine, answer in self.answers.items():
            by_answer.setdefault((engine in self.engines, answer), []).append(engine)
        for (is_wrong, answer), names in by_answer.items():
            found.append(f"  {'*' if is_wrong else ' '} {answer}")
            found.append(f"      {'; '.join(names)}")
        return found

    def told(self) -> list[str]:
        """What was asked, of which records."""
        found = [f"  {self.window}"] if self.window else []
        found.append(f"  {self.count:,} of the {self.where}, first query {self.row}")
        if self.error:
            found.append(f"  raised: {self.error}")
        found.append(f"  query, shrunk: {self.entity} at {self.as_of}")
        for name, rows in self.records.items():
            found.append(f"  records of `{name}`, shrunk: {len(rows) or 'none'}")
            found += [f"    {_short(str(row))}" for row in rows[:_SHOWN]]
            if len(rows) > _SHOWN:
                found.append(f"    ... and {len(rows) - _SHOWN} more")
        return found


def event_differences(
    expected: Answered | None, outputs: Mapping[str, Answered | str]
) -> list[EventDifference]:
    """Where engines differ, engines that differ in the same queries together.

    Args:
        expected: What every engine should give; None where all raised.
        outputs: By engine what it gave, or the error that it raised.
    """
    groups: dict[tuple[str, str, str, bytes], list[str]] = {}
    for engine, given in outputs.items():
        if isinstance(given, str):
            groups.setdefault(("", "", given, b""), []).append(engine)
        if isinstance(given, str) or expected is None:
            continue
        for name in expected.values:
            wrong = expected.differs(given, name)
            if wrong.any():
                rows = np.flatnonzero(wrong).astype(np.int64).tobytes()
                groups.setdefault((name, "", "", rows), []).append(engine)
        for source, counts in expected.refused.items():
            if given.refused[source] != counts:
                groups.setdefault(("", source, "", b""), []).append(engine)
    return [
        EventDifference(name, tuple(engines), np.frombuffer(rows, np.int64), source, error)
        for (name, source, error, rows), engines in groups.items()
    ]


def investigate_events(
    definition: Definition,
    difference: EventDifference,
    engines: Mapping[str, EventEngine],
    events: Events,
    where: str,
) -> EventMismatch:
    """Shrinks the events of a difference.

    Args:
        definition: The aggregates.
        difference: What was found.
        engines: All engines by name, the expected one first.
        events: The events it was found in.
        where: What these queries are, for people.
    """
    expected = next(iter(engines.values()))
    wrong = engines[difference.engines[0]]
    name = difference.aggregate
    judged = definition

    def fails(some: Events) -> bool:
        try:
            want = expected.answer(judged, some)
            got = wrong.answer(judged, some)
        except Exception:
            return bool(difference.error)
        if difference.error:
            return False  # what is looked for is the error, not another fault on the way
        if difference.source:
            return want.refused[difference.source] != got.refused[difference.source]
        return bool(want.differs(got, name).any())

    # An aggregate may be right by itself and wrong among the others.
    for candidate in [name] if name else _over(definition, difference.source):
        judged = alone(definition, candidate)
        if fails(events):
            break
    else:
        judged = definition
    first = int(difference.rows[0]) if len(difference.rows) else 0
    kept = {n: events.records[n] for n in judged.sources}
    shown = name or next(iter(judged.aggregates))
    fields = {p.source: p.entity for p in [*judged.aggregates.values(), judged.aggregates[shown]]}
    keys = {n: (judged.sources[n].source.key, fields[n]) for n in kept}
    small = shrink_events(Events(kept, events.queries), first, keys, fails)
    row = _differing(judged, shown, expected, wrong, small)
    plan = judged.aggregates[shown]
    asked = small.queries.python(row) if len(small.queries) else {}
    return EventMismatch(
        f"aggregate `{name}`" if name else _about(difference),
        f"{plan.aggregate} of `{plan.source}` over {plan.window}" if name else "",
        difference.engines,
        where,
        first,
        max(1, len(difference.rows)),
        _short(f"{plan.entity}={asked.get(plan.entity)!r}"),
        str(asked.get(definition.as_of)),
        {n: tuple(r.python(i) for i in range(len(r))) for n, r in small.records.items()},
        {e.name: _answer(e, judged, difference, shown, small, row) for e in engines.values()},
        difference.error,
    )


def _short(text: str) -> str:
    """A record's text, cut where a value is very long."""
    return text if len(text) <= _LONG else f"{text[: _LONG // 2]} ... {text[-_LONG // 2 :]}"


def _over(definition: Definition, source: str) -> list[str]:
    """Aggregates over a source, or over any, to look at one by one."""
    return [p.name for p in definition.aggregates.values() if source in ("", p.source)]


def _about(difference: EventDifference) -> str:
    if difference.source:
        return f"the count of refused records of `{difference.source}`"
    return "what is raised"


def _differing(
    definition: Definition, name: str, expected: EventEngine, wrong: EventEngine, events: Events
) -> int:
    try:
        want, got = expected.answer(definition, events), wrong.answer(definition, events)
    except Exception:
        return 0
    return int(want.differs(got, name).argmax()) if len(events.queries) else 0


def _answer(
    engine: EventEngine, definition: Definition, difference: EventDifference, name: str,
    events: Events, row: int,
) -> str:  # fmt: skip
    """What an engine says of the shrunk query, for people."""
    try:
        made = engine.answer(definition, events)
    except Exception as error:
        return f"raised {error_text(error)}"
    if difference.source:
        return str(dict(made.refused[difference.source]) or "none refused")
    if not len(events.queries):
        return "nothing was asked"
    return answer_text(made, name, row, definition.aggregates[name].dtype)


def answer_text(made: Answered, name: str, row: int, dtype: DType) -> str:
    """An answer by its bits, as a value, and why it is null."""
    value, reason = made.values[name].canonical(row), made.reasons[name][row]
    text = f"null, {reason or 'without a reason'}" if value is None else shown_value(value, dtype)
    if value is None:
        return text
    if dtype.is_temporal:
        text += f" ({from_canonical(value, dtype)})"
    return f"{text}, {reason}" if reason else text
