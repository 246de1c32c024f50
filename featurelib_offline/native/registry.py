"""The registry of native lowerings: an op as a Polars expression with the same bits.

A lowering is a fast path and never the meaning: where there is none, where its domain does not
hold, or where this version of Polars has not passed the tests of lowerings, the column kernel runs.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module, resources

import polars as pl

from featurelib.node import INPUT, Node
from featurelib.program import topological
from featurelib_offline.types import polars_type

__all__ = [
    "LOWERINGS",
    "Lowering",
    "is_constant",
    "lower",
    "lower_node",
    "lowerings",
    "trusted",
    "widened",
]

FAMILIES = (
    "arithmetic",
    "cast",
    "comparison",
    "conditional",
    "logic",
    "ranges",
    "temporal",
    "text",
)

Rule = Callable[[Node, Sequence[pl.Expr]], pl.Expr | None]


@dataclass(frozen=True)
class Lowering:
    """How an op is said in Polars.

    Attributes:
        op: ``name@version``.
        rule: From a node and the expressions of its arguments to an expression; None where it does
            not apply.
        domain: Where it applies, in words.
    """

    op: str
    rule: Rule
    domain: str


LOWERINGS: dict[str, Lowering] = {}


def lower(*ops: str, domain: str = "all types") -> Callable[[Rule], Rule]:
    """Decorator: registers a rule as the lowering of these ops.

    Args:
        ops: ``name@version`` of each.
        domain: Where the rule applies, for `explain`.
    """

    def register(rule: Rule) -> Rule:
        for op in ops:
            LOWERINGS[op] = Lowering(op, rule, domain)
        return rule

    return register


@cache
def lowerings() -> dict[str, Lowering]:
    """All lowerings by op, with every family loaded."""
    for family in FAMILIES:
        import_module(f"featurelib_offline.native.{family}")
    return LOWERINGS


def lower_node(node: Node, args: Sequence[pl.Expr]) -> pl.Expr | str:
    """The expression of a node that is no input, literal or fit; else the reason why not."""
    found = lowerings().get(node.op)
    if found is None:
        return f"`{node.op}` has no native lowering"
    made = found.rule(node, args)
    if made is None:
        types = ", ".join(str(a.dtype) for a in node.args)
        return f"`{node.op}` of ({types}) is outside the domain of its lowering: {found.domain}"
    return made


def is_constant(node: Node) -> bool:
    """Whether a node reads no column, so that Polars may compute with it ahead of time."""
    return not any(n.op == INPUT for n in topological([node], through_fits=False))


def widened(node: Node, args: Sequence[pl.Expr]) -> list[pl.Expr]:
    """Arguments in the node's own type, in which bodies compute (Int64 for an Int8)."""
    target = polars_type(node.dtype)
    return [
        a if n.dtype == node.dtype else a.cast(target) for n, a in zip(node.args, args, strict=True)
    ]


@cache
def trusted() -> frozenset[str]:
    """Versions of Polars that the tests of lowerings have passed; they write the list."""
    text = resources.files(__package__).joinpath("trusted.json").read_text(encoding="utf-8")
    return frozenset(json.loads(text)["polars"])
