"""The parity check of aggregates: the same events through every engine, compared by bits."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from featurelib.parity.compare import error_text
from featurelib.parity.compare_events import event_differences, investigate_events
from featurelib.parity.event_engines import Answered, EventEngine, Events, all_event_engines
from featurelib.parity.report import EngineRun, EventSection
from featurelib.windows import Definition

__all__ = ["check_events"]

_MOST_MISMATCHES = 6
"""Differences that are looked into; each is shrunk, all are counted."""


def check_events(
    definition: Definition,
    events: Events,
    engines: Sequence[EventEngine] | None = None,
    where: str = "queries",
    progress: Callable[[str, int], None] | None = None,
) -> EventSection:
    """Compares all engines on these events; what is expected is the first one's.

    Args:
        definition: The aggregates.
        events: Records of each source, and queries.
        engines: By default all.
        where: What the queries are, for people.
        progress: Told what runs now, and how many engines more are done.
    """
    tell = progress or (lambda what, advance: None)
    by_name = {e.name: e for e in engines or all_event_engines()}
    outputs: dict[str, Answered | str] = {}
    seconds: dict[str, tuple[float, float]] = {}
    for name, engine in by_name.items():
        tell(name, 0)
        start = time.perf_counter()
        _guarded(engine, definition, events.first())
        ready = time.perf_counter()
        outputs[name] = _guarded(engine, definition, events)
        seconds[name] = (time.perf_counter() - ready, ready - start)
        tell(name, 1)
    whole = next((o for o in outputs.values() if not isinstance(o, str)), None)
    found = event_differences(whole, outputs)
    looked_at = []
    for difference in found[:_MOST_MISMATCHES]:
        about = difference.aggregate or difference.source or difference.error[:40]
        tell(f"looking into `{about}`", 0)
        looked_at.append(investigate_events(definition, difference, by_name, events, where))
    runs = tuple(
        EngineRun(
            name,
            len(events.queries),
            *seconds[name],
            sum(max(1, len(d.rows)) for d in found if name in d.engines),
            given if isinstance(given, str) else "",
        )
        for name, given in outputs.items()
    )
    refused = 0 if whole is None else sum(n for c in whole.refused.values() for n in c.values())
    records = sum(map(len, events.records.values()))
    return EventSection(
        where, len(definition.aggregates), len(events.queries), records, refused, runs,
        tuple(looked_at), len(found), whole,
    )  # fmt: skip


def _guarded(engine: EventEngine, definition: Definition, events: Events) -> Answered | str:
    try:
        return engine.answer(definition, events)
    except Exception as error:
        return error_text(error)
