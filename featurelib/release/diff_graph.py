"""Where two graphs of one feature part: the first node, from the inputs on, that is not the same.

Two nodes are the same where their fingerprints are: then no value of theirs can differ. Below a
fitted value, which serving never computes, they are the same where their keys are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from featurelib.bundle import Bundle
from featurelib.dtypes import DType
from featurelib.explain import place
from featurelib.fingerprint import node_fingerprints
from featurelib.node import FIT, INPUT, LITERAL, Node
from featurelib.ssa import analyzer_of, constant, type_text, value_text
from featurelib.tables import TableData

__all__ = ["Graphs", "Part", "fitted_text"]

_SHORT = 8
"""Numbers of a fitted table that are shown."""
_LONGEST = 200
"""Code points of an operation that are shown."""


@dataclass(frozen=True, slots=True)
class Part:
    """The first node at which two graphs part.

    Attributes:
        what: What is not the same: ``op``, ``constant``, ``type``, ``fitted value``, ``input``.
        old: The node as text.
        new: The other one.
        old_source: The author's line, empty where it is not known (a bundle has none).
        new_source: Of the other one.
    """

    what: str
    old: str
    new: str
    old_source: str = ""
    new_source: str = ""

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "what": self.what,
            "old": {"node": self.old, "source": self.old_source or None},
            "new": {"node": self.new, "source": self.new_source or None},
        }


@dataclass(frozen=True)
class _Side:
    """A bundle and what its nodes are, by key."""

    bundle: Bundle

    @cached_property
    def digests(self) -> Mapping[str, str]:
        bundle = self.bundle
        aggregates = bundle.aggregates.fingerprints if bundle.aggregates else None
        return node_fingerprints(bundle.program, bundle.state, bundle.schema, aggregates)

    def digest(self, node: Node) -> str:
        return self.digests.get(node.key, node.key)

    def text(self, node: Node) -> str:
        """A node on one line, its arguments by what makes them."""
        if node.op == INPUT:
            return self._input(node)
        if node.op == LITERAL:
            return f"{constant(node.param['value'], node.dtype)}: {type_text(node)}"
        if node.op == FIT:
            name, params = analyzer_of(node)
            said = "".join(f", {k}={value_text(v)}" for k, v in params.items())
            fitted = fitted_text(self.bundle.state[node.key], node.dtype)
            of = ", ".join(map(_name, node.args))
            return f"fit {name} {of}{said} -> {fitted}"
        given = [
            constant(a.param["value"], a.dtype) if a.op == LITERAL else _name(a) for a in node.args
        ]
        given += [f"{k}={value_text(v)}" for k, v in node.params]
        made = f"{node.op} {', '.join(given)} -> {type_text(node)}"
        return made if len(made) <= _LONGEST else made[: _LONGEST - 1] + "…"

    def _input(self, node: Node) -> str:
        name = str(node.param["name"])
        field = self.bundle.schema[name]
        made = f"input `{name}`: {type_text(node)}"
        if field.has_default:
            made += f", default {constant(field.canonical_default, field.dtype)}"
        aggregates = self.bundle.aggregates
        if aggregates and name in aggregates.aggregates:
            made += f", aggregate {aggregates.fingerprints[name][:12]}"
        return made


@dataclass(frozen=True)
class Graphs:
    """The graphs of two bundles.

    Attributes:
        old: One bundle.
        new: The other one.
    """

    old: Bundle
    new: Bundle

    @cached_property
    def _sides(self) -> tuple[_Side, _Side]:
        return _Side(self.old), _Side(self.new)

    def part(self, feature: str) -> Part | None:
        """The first node at which the graphs of a feature part; None where they are the same."""
        old, new = self.old.program.outputs[feature], self.new.program.outputs[feature]
        return self._walk(old, new, set())

    def _walk(self, a: Node, b: Node, seen: set[tuple[str, str]]) -> Part | None:
        old, new = self._sides
        if old.digest(a) == new.digest(b) or (a.key, b.key) in seen:
            return None
        seen.add((a.key, b.key))
        if a.op != b.op or len(a.args) != len(b.args):
            return self._made("op", a, b)
        for x, y in zip(a.args, b.args, strict=True):
            found = self._walk(x, y, seen)
            if found is not None:
                # A constant alone says little: what reads it is shown.
                is_constant = LITERAL in (x.op, y.op)
                return self._made("constant", a, b) if is_constant else found
        if a.op == LITERAL:
            return self._made("constant", a, b)
        if a.op == INPUT:
            return self._made("input", a, b)
        if a.params != b.params:
            return self._made("op" if a.op == FIT else "constant", a, b)
        if a.op == FIT:
            return self._made("fitted value", a, b)
        if (a.dtype, a.nullable) != (b.dtype, b.nullable):
            return self._made("type", a, b)
        return None  # its arguments part, and were met before

    def _made(self, what: str, a: Node, b: Node) -> Part:
        old, new = self._sides
        sources = (place(n.source) if n.source else "" for n in (a, b))
        return Part(what, old.text(a), new.text(b), *sources)


def fitted_text(value: Any, dtype: DType) -> str:
    """A fitted value as text; of a short table of numbers the numbers."""
    if isinstance(value, TableData) and value.kind != "strings" and len(value.content) <= _SHORT:
        return f"({', '.join(map(repr, value.content))})"
    return constant(value, dtype)


def _name(node: Node) -> str:
    """What an argument is called: an input, an analyzer, an op with dots for what it reads."""
    if node.op == INPUT:
        return str(node.param["name"])
    return f"{node.op}(…)" if node.op != FIT else f"fit {analyzer_of(node)[0]}"
