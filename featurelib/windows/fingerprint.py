"""Fingerprints of aggregates, and of what the state of an entity holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from featurelib import canonical_json
from featurelib.fingerprint import node_fingerprints, sha256
from featurelib.windows import window_json
from featurelib.windows.plan_events import ROLES, EventPlan, argument_name, filter_name
from featurelib.windows.window import START, Calendar, Window

if TYPE_CHECKING:
    from featurelib.windows.definition import AggregatePlan, Definition

MEANING = 2
"""Version of the rules of docs/windows.md that are no aggregate's own: order, edges, retention."""


def aggregate_fingerprints(definition: Definition) -> dict[str, str]:
    """A digest for each aggregate of all that can change its value.

    In it are the window (with the program of a calendar's start), the aggregate and its version,
    the fingerprints of its arguments and its filter, the source's rules (which records are taken,
    what is kept, the columns and their constraints), the field of the entity and of the query
    time. Names of aggregates and sources, and descriptions, are not.
    """
    outputs = {name: _outputs(plan) for name, plan in definition.sources.items()}
    sources = {n: _source(plan, outputs[n]) for n, plan in definition.sources.items()}
    windows = {p.window: _window(p.window) for p in definition.aggregates.values()}
    return {
        name: _digest(
            {
                **_reads(outputs[plan.source], plan),
                "aggregate": plan.aggregate.to_json(),
                "as_of": definition.as_of,
                "entity": plan.entity,
                "source": sources[plan.source],
                "window": windows[plan.window],
            }
        )
        for name, plan in definition.aggregates.items()
    }


def state_fingerprints(definition: Definition) -> dict[str, str]:
    """A digest for each source of all that decides what the state of an entity holds.

    It is over the source's rules, every argument and filter in order, and how each aggregate reads
    them; not over names, nor over lengths of windows that only a query looks at.
    """
    found = {}
    for name, plan in definition.sources.items():
        outputs = _outputs(plan)
        found[name] = _digest(
            {
                "source": _source(plan, outputs),
                "outputs": [outputs[n] for n in plan.program.outputs],
                "reads": sorted(
                    canonical_json.dumps(
                        [p.aggregate.to_json(), list(p.arguments), p.filter, _tile(p.window)]
                    )
                    for p in definition.of(name)
                ),
            }
        )
    return found


def _digest(content: dict[str, Any]) -> str:
    return sha256(canonical_json.dumps({**content, "meaning": MEANING}))


def _outputs(plan: EventPlan) -> dict[str, str]:
    """The fingerprint of each output of an event program."""
    digests = node_fingerprints(plan.program, {}, plan.schema)
    return {name: digests[node.key] for name, node in plan.program.outputs.items()}


def _source(plan: EventPlan, outputs: dict[str, str]) -> dict[str, Any]:
    """What decides which records are taken, whose they are, their order, and what is kept."""
    source = plan.source
    schema = source.schema.to_json()
    for field in (*schema["fields"], *schema.get("structs", ())):
        field.pop("description", None)
    del schema["name"]
    return {
        "bounds": [str(source.max_lateness_us), str(source.max_ahead_us), source.max_events],
        "key": source.key,
        "roles": [outputs[role] for role in ROLES],
        "schema": schema,
    }


def _reads(outputs: dict[str, str], aggregate: AggregatePlan) -> dict[str, Any]:
    index = aggregate.filter
    return {
        "arguments": [outputs[argument_name(i)] for i in aggregate.arguments],
        "filter": None if index is None else outputs[filter_name(index)],
    }


def _window(window: Window) -> dict[str, Any]:
    data = window_json.to_json(window)
    if isinstance(window, Calendar):
        start = window.start
        inputs = window_json.start_schema()
        data["start"] = node_fingerprints(start, {}, inputs)[start.outputs[START].key]
    return data


def _tile(window: Window) -> str | None:
    tile = getattr(window, "resolution_us", None)
    return None if tile is None else str(tile)


__all__ = ["MEANING", "aggregate_fingerprints", "state_fingerprints"]
