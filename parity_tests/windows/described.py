"""Between featurelib and the oracle: definitions as specs, rows as records with their arguments.

Arguments and filters are computed by the reference evaluator, row by row; all that follows is the
oracle's own.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

from featurelib import borders
from featurelib.errors import InputError
from featurelib.evaluate import Evaluator
from featurelib.node import Node, apply, literal
from featurelib.program import Program
from featurelib.state import FittedState
from featurelib.windows import Calendar, Definition, EventPlan, Last, Lifetime, Rows, Session
from featurelib.windows.plan_events import argument_name, filter_name


def spec_of(definition: Definition, source: str) -> dict[str, Any]:
    """What the oracle is told of the aggregates over one source."""
    plan = definition.sources[source]
    return {
        "max_lateness": plan.source.max_lateness_us,
        "max_ahead": plan.source.max_ahead_us,
        "has_arrival": plan.source.arrival is not None,
        "max_events": plan.source.max_events,
        "aggregates": {p.name: _aggregate(p) for p in definition.of(source)},
    }


def _aggregate(plan: Any) -> dict[str, Any]:
    made = plan.aggregate
    about = {
        "kind": made.name,
        "args": list(plan.arguments),
        "filter": plan.filter,
        "window": _window(plan.window),
        "type": str(plan.dtype),
        **dataclasses.asdict(made),
    }
    if made.name == "decayed_sum":
        about |= {"half_life": int(made.half_life), "landmark": int(made.landmark)}
    if made.name == "approx_n_unique":
        about |= {"log": natural_log}
    if made.name == "n_sessions":
        about |= {"gap": int(made.gap)}
    return about


def _window(window: Any) -> dict[str, Any]:
    match window:
        case Last():
            return {
                "kind": "last", "length": window.length_us, "closed": window.closed,
                "resolution": window.resolution_us, "rows": window.rows,
            }  # fmt: skip
        case Rows():
            return {"kind": "rows", "n": window.n, "closed": _closed(window)}
        case Lifetime():
            return {"kind": "lifetime", "closed": _closed(window)}
        case Session():
            return {"kind": "session", "gap": window.gap_us, "closed": _closed(window)}
        case Calendar():
            return {
                "kind": "calendar", "unit": window.unit, "zone": window.zone,
                "closed": "both" if window.sees_now else "left",
            }  # fmt: skip
    raise TypeError(window)


def _closed(window: Any) -> str:
    return "right" if window.sees_now else "left"


def oracle_records(plan: EventPlan, rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Rows of a source's schema as the oracle's records."""
    evaluator = Evaluator(plan.program, FittedState({}))
    return [_record(plan, evaluator, row) for row in rows]


def _record(plan: EventPlan, evaluator: Evaluator, row: Mapping[str, Any]) -> dict[str, Any]:
    source = plan.source
    try:
        values = borders.canonical_row(row, plan.schema, where=source.name)
    except InputError:
        roles = {"key": source.key, "t": source.time, "id": source.id}
        roles["a"] = source.arrival or source.time
        lacks = {role: None if row.get(name) is None else 0 for role, name in roles.items()}
        return {**lacks, "bad": True}
    found = evaluator.row(values)
    return {
        "key": values[source.key],
        "t": found["time"],
        "a": found["arrival"],
        "s": found["sequence"],
        "id": found["id"],
        "deleted": found["deleted"],
        "args": [found[argument_name(i)] for i in range(plan.arguments)],
        "filters": [found[filter_name(i)] for i in range(plan.filters)],
    }


def natural_log(x: float) -> float:
    """featurelib's own logarithm, by the reference evaluator."""
    return _value(apply("log", (literal(x),), {}))


def power_of_two(f: float) -> float:
    """featurelib's own ``2**f``, by the reference evaluator."""
    return _value(apply("pow", (literal(2.0), literal(f)), {}))


def _value(node: Node) -> float:
    return float(Evaluator(Program({"value": node}), {}).row({})["value"])
