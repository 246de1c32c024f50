"""Programs as people read them: one numbered, typed line a value.

    %3: Float64? = clip@1 %2, -30.0, 180.0

Every view of a program (`explain`, a trace, an error of parity) gives a value the same number.
Constants have none: they are written where they stand.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from featurelib.borders import from_canonical
from featurelib.dtypes import DType
from featurelib.node import FIT, INPUT, LITERAL, Node
from featurelib.program import Program
from featurelib.tables import TableData

_USUAL = {"min_count": 1, "non_finite": "error"}
_LONGEST_TEXT = 32
"""Code points of a text constant that are shown."""


@dataclass(frozen=True, slots=True)
class Line:
    """One value of a program.

    Attributes:
        number: What stands after the ``%``.
        node: The value's node.
        operation: What makes it: ``log1p@1 %2``.
        outputs: Names of the features that it is the value of.
        fit_only: Whether only a fit reads it; serving never computes it.
    """

    number: int
    node: Node
    operation: str
    outputs: tuple[str, ...]
    fit_only: bool

    @property
    def type(self) -> str:
        """The type, ``?`` where the value may be null."""
        return type_text(self.node)

    def __str__(self) -> str:
        return f"%{self.number}: {self.type} = {self.operation}"


def numbers(program: Program) -> dict[str, int]:
    """The number of each value by the key of its node, arguments before their users."""
    return {n.key: i for i, n in enumerate(n for n in program.nodes if n.op != LITERAL)}


def lines(program: Program, state: Mapping[str, Any] | None = None) -> tuple[Line, ...]:
    """Every value of a program but its constants, in order.

    Args:
        program: The program.
        state: Fitted values by node key, shown beside the analyzers.
    """
    found = numbers(program)
    serving = {n.key for n in program.serving_nodes}
    outputs: dict[str, list[str]] = {}
    for name, node in program.outputs.items():
        outputs.setdefault(node.key, []).append(name)
    return tuple(
        Line(
            found[node.key],
            node,
            operation(node, found, state),
            tuple(outputs.get(node.key, ())),
            node.key not in serving,
        )
        for node in program.nodes
        if node.op != LITERAL
    )


def operation(node: Node, number: Mapping[str, int], state: Mapping[str, Any] | None = None) -> str:
    """What makes a value: an input's name, an analyzer with its fitted value, or an op."""
    if node.op == INPUT:
        return f"input {node.param['name']}"
    if node.op == LITERAL:
        return constant(node.param["value"], node.dtype)
    args = [
        constant(a.param["value"], a.dtype) if a.op == LITERAL else f"%{number[a.key]}"
        for a in node.args
    ]
    if node.op == FIT:
        name, params = analyzer_of(node)
        fitted = f" -> {constant(state[node.key], node.dtype)}" if state is not None else ""
        return f"fit {name} {', '.join([*args, *_named(params)])}{fitted}"
    params = {k: v for k, v in node.params if not (k == "zone" and node.op.startswith("retype"))}
    return " ".join([node.op, ", ".join([*args, *_named(params)])]).rstrip()


def type_text(node: Node) -> str:
    """A node's type, ``?`` where it may be null."""
    return f"{node.dtype}{'?' if node.nullable else ''}"


def analyzer_of(node: Node) -> tuple[str, dict[str, Any]]:
    """Name of the analyzer of a fitted node, and its parameters but the usual ones."""
    data = json.loads(node.param["analyzer"])
    given = {k: v for k, v in data["params"].items() if _USUAL.get(k) != v}
    return f"{data['name']}@{data['version']}", given


def constant(value: Any, dtype: DType) -> str:
    """A constant as it would be written: text in quotes, times in ISO 8601, tables by name."""
    if value is None:
        return "null"
    if isinstance(value, TableData):
        return f"<{value}>"
    shown = from_canonical(value, dtype)
    if isinstance(shown, str):
        cut = shown[:_LONGEST_TEXT] + "…" if len(shown) > _LONGEST_TEXT else shown
        return json.dumps(cut, ensure_ascii=False)
    return value_text(shown)


def value_text(value: Any) -> str:
    """A Python value on one line: null, true, ISO times, and everything else as its repr."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    iso = getattr(value, "isoformat", None)
    if iso is not None:
        zone = getattr(getattr(value, "tzinfo", None), "key", "")
        return f"{iso()} {zone}".rstrip()
    return str(value) if hasattr(value, "total_seconds") else repr(value)


def _named(params: Mapping[str, Any]) -> list[str]:
    return [f"{k}={value_text(v)}" for k, v in params.items()]
