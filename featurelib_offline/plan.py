"""Batch plans: which features are Polars expressions, and which one fused column kernel computes.

A feature is **native** if each of its nodes has a native lowering whose domain holds, it has few
ops, and this version of Polars has passed the tests of lowerings. All other features go through one
column kernel: one struct of their inputs in, one struct of their values out. Which way a feature
goes can cost time and never a bit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import polars as pl

from featurelib.bundle import Bundle
from featurelib.dtypes import DType
from featurelib.errors import DefinitionError, InputError
from featurelib.node import FIT, INPUT, LITERAL, Node
from featurelib.program import Program, topological
from featurelib_offline.column_kernel import ColumnKernel
from featurelib_offline.native.registry import lower_node, trusted
from featurelib_offline.types import polars_type

__all__ = ["Choice", "Native", "Plan", "Way", "plan"]

Native = Literal["auto", "never", "always"]
Way = Literal["native", "kernel"]
_MOST_OPS = {"auto": 4, "always": 256}
"""Polars passes over memory once an op (1 to 5 ms for a million rows), the kernel once for all (4
to 8 ms, most of them to bring columns in and out): on flights more ops than these were slower
native. An expression is a tree, and a graph that shares much grows when it is written as one."""


@dataclass(frozen=True)
class Choice:
    """Which way a feature goes, and why.

    Attributes:
        feature: Its name.
        way: ``native`` or ``kernel``.
        reason: Why, for people.
    """

    feature: str
    way: Way
    reason: str


@dataclass(frozen=True)
class Plan:
    """How one program is computed over frames.

    Attributes:
        program: What is computed.
        state: The fitted values by node key.
        native: ``auto``, ``never`` (all through the column kernel), or ``always`` (wherever there
            is a lowering, on any version of Polars: for tests).
    """

    program: Program
    state: Mapping[str, Any]
    native: Native = "auto"

    def __post_init__(self) -> None:
        if self.native not in ("auto", "never", "always"):
            raise DefinitionError(
                f'expected native="auto", "never" or "always", got native={self.native!r}'
            )

    @cached_property
    def _ways(self) -> dict[str, tuple[pl.Expr | None, str]]:
        """The expression of each feature, None for the kernel; and the reason."""
        return {name: self._way(node) for name, node in self.program.outputs.items()}

    def _way(self, node: Node) -> tuple[pl.Expr | None, str]:
        if self.native == "never":
            return None, 'native="never" was asked for'
        if self.native == "auto" and pl.__version__ not in trusted():
            return None, f"Polars {pl.__version__} has not passed the tests of native lowerings"
        made, ops = _expression(node, self.state, _MOST_OPS["always"])
        if isinstance(made, str):
            return None, made
        if ops > _MOST_OPS[self.native]:
            return None, f"{ops} ops, which are faster fused"
        return made, "every op has a native lowering"

    @cached_property
    def choices(self) -> tuple[Choice, ...]:
        """The way of each feature, in the order of the program."""
        return tuple(
            Choice(name, "kernel" if expr is None else "native", reason)
            for name, (expr, reason) in self._ways.items()
        )

    @cached_property
    def kernel(self) -> ColumnKernel | None:
        """The column kernel; None where every feature is native."""
        names = [c.feature for c in self.choices if c.way == "kernel"]
        return ColumnKernel(self.program.subset(names), self.state) if names else None

    def explain(self) -> list[tuple[str, Way, str]]:
        """Feature, way and reason, one for each feature."""
        return [(c.feature, c.way, c.reason) for c in self.choices]

    def apply(
        self, frame: pl.LazyFrame, keep: Sequence[str] = (), *, compiled: bool = True
    ) -> pl.LazyFrame:
        """The plan of the features over a frame.

        Args:
            frame: Columns in their types, as `Frame.columns` gives them.
            keep: Columns of it that go along, before the features.
            compiled: Whether the column kernel is compiled now; a plan that is only looked at
                needs none.

        Raises:
            InputError: A column to keep has the name of a feature.
        """
        twice = next((n for n in keep if n in self.program.outputs), None)
        if twice is not None:
            raise InputError(
                f"keep: the column `{twice}` has the name of a feature",
                field=twice,
                hint="rename the column before",
            )
        native = [e.alias(name) for name, (e, _) in self._ways.items() if e is not None]
        kept = [pl.col(name) for name in keep]
        if self.kernel is None:
            return frame.select(*kept, *native)
        # Materialised as one column first: fields taken from one call each would run it again.
        names = frame.collect_schema().names()
        place = "kernel"
        while place in names or place in self.program.outputs:
            place += "_"
        call = self.kernel.expression(names, compiled=compiled).alias(place)
        order = [*keep, *self.program.outputs]
        return frame.select(*kept, *native, call).unnest(place).select(order)


def plan(
    source: Bundle | Program, state: Mapping[str, Any] | None = None, *, native: Native = "auto"
) -> Plan:
    """The batch plan of a bundle, or of a program with its fitted state.

    Args:
        source: What to compute.
        state: Fitted values by node key, for a program; a bundle has its own.
        native: See `Plan`.
    """
    if isinstance(source, Bundle):
        return Plan(source.program, source.state, native)
    return Plan(source, state or {}, native)


def _expression(root: Node, state: Mapping[str, Any], most: int) -> tuple[pl.Expr | str, int]:
    """The feature as one expression, else why it has none; and its ops, written as a tree."""
    nodes = topological([root], through_fits=False)
    if not any(n.op == INPUT for n in nodes):
        return "it reads no column", 0
    made: dict[str, pl.Expr] = {}
    sizes: dict[str, int] = {}
    for node in nodes:
        sizes[node.key] = 1 + sum(sizes[a.key] for a in node.args) if node.is_call else 0
        if sizes[node.key] > most:
            return f"as a tree it has over {most} ops", sizes[node.key]
        if node.op == INPUT:
            made[node.key] = pl.col(node.param["name"])
        elif node.op in (LITERAL, FIT):
            value = node.param["value"] if node.op == LITERAL else state[node.key]
            # A table is no expression: a lowering that knows one reads it from the node.
            is_table = node.dtype.name == "Table"
            made[node.key] = pl.lit(None) if is_table else _constant(value, node.dtype)
        elif node.free:
            # Polars knows no row limit, over which a List is null.
            return "an expression over the elements of a list", sizes[node.key]
        else:
            expr = lower_node(node, [made[a.key] for a in node.args])
            if isinstance(expr, str):
                return expr, sizes[node.key]
            made[node.key] = expr
    if root.dtype.is_float:
        return _one_nan(made[root.key], root.dtype), sizes[root.key]
    return made[root.key], sizes[root.key]


def _constant(value: Any, dtype: DType) -> pl.Expr:
    target = polars_type(dtype)
    if value is None:
        return pl.lit(None, dtype=target)
    if dtype.name == "String":
        return pl.lit(value.decode(), dtype=pl.String())
    if dtype.is_temporal:
        physical = pl.Int32() if dtype.name == "Date" else pl.Int64()
        return pl.lit(value, dtype=physical).cast(target)
    return pl.lit(value, dtype=target)


def _one_nan(x: pl.Expr, dtype: DType) -> pl.Expr:
    """Every NaN becomes the canonical one: an input's payload, or the sign of inf - inf."""
    nan = pl.lit(float("nan"), dtype=polars_type(dtype))
    return pl.when(x.is_nan()).then(nan).otherwise(x)
