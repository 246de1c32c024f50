"""Definitions as plain JSON data: what a bundle holds. What is read is typed again and compared."""

from __future__ import annotations

from typing import Any

from featurelib import dtypes
from featurelib.canonical_json import UNREADABLE
from featurelib.dtypes import BOOL
from featurelib.errors import BundleError, BundleFormatError, FeaturelibError
from featurelib.program import Program
from featurelib.windows import aggregates as kinds
from featurelib.windows import window_json
from featurelib.windows.definition import AggregatePlan, Definition
from featurelib.windows.plan_events import EventPlan, argument_name, filter_name, role_nodes
from featurelib.windows.source import EventSource
from featurelib.windows.window import Window


def to_json(definition: Definition) -> dict[str, Any]:
    """A definition as plain JSON data; aggregates name their window by its place in a list."""
    windows = list(dict.fromkeys(p.window for p in definition.aggregates.values()))
    return {
        "as_of": definition.as_of,
        "sources": [
            {
                "source": plan.source.to_json(),
                "program": plan.program.to_json(),
                "arguments": plan.arguments,
                "filters": plan.filters,
            }
            for plan in definition.sources.values()
        ],
        "aggregates": [
            {
                "name": plan.name,
                "source": plan.source,
                "window": windows.index(plan.window),
                "aggregate": plan.aggregate.to_json(),
                "arguments": list(plan.arguments),
                "filter": plan.filter,
                "entity": plan.entity,
                "type": dtypes.to_json(plan.dtype),
            }
            for plan in definition.aggregates.values()
        ],
        "windows": [window_json.to_json(w) for w in windows],
    }


def from_json(data: Any) -> Definition:
    """The definition that `to_json` wrote.

    Raises:
        BundleFormatError: The data is no definition, or its types are not those of its programs.
        UnknownOpError: It names an op or aggregate that is not installed.
    """
    try:
        sources = [_source(item) for item in data["sources"]]
        plans = {plan.source.name: plan for plan in sources}
        windows = [window_json.from_json(item) for item in data["windows"]]
        made = [_aggregate(item, plans, windows) for item in data["aggregates"]]
        definition = Definition(plans, {p.name: p for p in made}, _text(data["as_of"]))
        if len(plans) != len(sources) or len(definition.aggregates) != len(made) or not made:
            raise BundleFormatError("two event sources, or two aggregates, have one name")
        if definition.to_json() != data:
            raise BundleFormatError("the definition is not as featurelib writes it")
        return definition
    except BundleError:
        raise
    except (*UNREADABLE, FeaturelibError) as error:
        raise BundleFormatError(f"no readable definition of aggregates: {error!r}") from None


def _source(item: Any) -> EventPlan:
    source = EventSource.from_json(item["source"])
    program = Program.from_json(item["program"])
    plan = EventPlan(source, program, _count(item["arguments"]), _count(item["filters"]))
    roles = role_nodes(source)
    if len(program.outputs) != len(roles) + plan.arguments + plan.filters:
        raise BundleFormatError(
            f"event source `{source.name}`: {len(program.outputs)} outputs are not "
            f"{plan.arguments} arguments and {plan.filters} filters"
        )
    names = [
        *roles,
        *map(argument_name, range(plan.arguments)),
        *map(filter_name, range(plan.filters)),
    ]
    if list(program.outputs) != names or program.fits:
        raise BundleFormatError(f"event source `{source.name}`: expected the outputs {names}")
    for name, node in program.outputs.items():
        if name in roles and node.key != roles[name].key:
            raise BundleFormatError(f"event source `{source.name}`: another `{name}` than its own")
        if name.startswith("argument ") and not kinds.is_word(node.dtype):
            raise BundleFormatError(f"event source `{source.name}`: {name} is {node.dtype}")
        if name.startswith("filter ") and node.dtype != BOOL:
            raise BundleFormatError(f"event source `{source.name}`: {name} is {node.dtype}")
    for name, node in program.inputs.items():
        field = plan.schema.by_name.get(name)
        if field is None or (field.dtype, field.nullable) != (node.dtype, node.nullable):
            raise BundleFormatError(f"the event program reads `{name}` as {node!r}: {field}")
    return plan


def _aggregate(item: Any, plans: dict[str, EventPlan], windows: list[Window]) -> AggregatePlan:
    plan = plans[item["source"]]
    aggregate = kinds.from_json(item["aggregate"])
    arguments = tuple(_below(i, plan.arguments) for i in item["arguments"])
    index = item["filter"]
    window = windows[_below(item["window"], len(windows))]
    counts = (0, 1) if isinstance(aggregate, kinds.Count) else (aggregate.arguments,)
    if len(arguments) not in counts:
        raise BundleFormatError(f"`{aggregate}` with {len(arguments)} arguments")
    dtype = aggregate.result(tuple(plan.argument_dtype(i) for i in arguments))
    if dtype != dtypes.from_json(item["type"]):
        raise BundleFormatError(f"`{aggregate}` gives {dtype}, not {item['type']}")
    return AggregatePlan(
        _text(item["name"]),
        plan.source.name,
        window,
        aggregate,
        arguments,
        None if index is None else _below(index, plan.filters),
        _text(item["entity"]),
        dtype,
    )


def _count(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise BundleFormatError(f"expected a count, got {value!r}")
    return value


def _below(index: Any, count: int) -> int:
    if type(index) is not int or not 0 <= index < count:
        raise BundleFormatError(f"expected an index below {count}, got {index!r}")
    return index


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise BundleFormatError(f"expected text, got {value!r}")
    return value


__all__ = ["from_json", "to_json"]
