"""What is read of a source's records, as one typed program: times, id, arguments, filters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from featurelib.dtypes import BOOL, INT64, UINT64, DType
from featurelib.errors import FeaturelibError, FeatureTypeError
from featurelib.expr import Expr
from featurelib.fields import InputSchema
from featurelib.node import Node, at, input_node, literal
from featurelib.program import Program
from featurelib.typing_pass import type_expr
from featurelib.windows.aggregates import Count, is_word
from featurelib.windows.over import WindowAggregate
from featurelib.windows.source import EventSource

TIME, ARRIVAL, SEQUENCE, ID, DELETED = "time", "arrival", "sequence", "id", "deleted"
ROLES = (TIME, ARRIVAL, SEQUENCE, ID, DELETED)
"""The first outputs of an event program, in order; arguments and filters follow."""


@dataclass(frozen=True)
class EventPlan:
    """What is read of the records of one source.

    The program's outputs are, in order, ``time`` and ``arrival`` (Datetime, null: the record is
    refused), ``sequence`` (Int64, never null), ``id`` (Int64, or UInt64 of an unsigned or a text
    column: XXH64 with seed 0; null: refused), ``deleted`` (Bool, never null), then ``argument 0``,
    ... (numbers, truth values, times; nullable) and ``filter 0``, ... (Bool; null does not pass).

    Attributes:
        source: The source.
        program: From a record of `source.records` to these outputs.
        arguments: How many arguments.
        filters: How many filters.
    """

    source: EventSource
    program: Program
    arguments: int
    filters: int

    @property
    def schema(self) -> InputSchema:
        """What a record is read by: the source's schema, where key and times may be null."""
        return self.source.records

    def argument_dtype(self, index: int) -> DType:
        """Type of an argument."""
        return self.program.outputs[argument_name(index)].dtype


@dataclass(frozen=True, slots=True)
class Reads:
    """What one aggregate reads, and the type of its values."""

    arguments: tuple[int, ...]
    filter: int | None
    dtype: DType


def argument_name(index: int) -> str:
    """The program's output that holds an argument."""
    return f"argument {index}"


def filter_name(index: int) -> str:
    """The program's output that holds a filter."""
    return f"filter {index}"


def plan_events(
    source: EventSource, aggregates: Mapping[str, WindowAggregate]
) -> tuple[EventPlan, dict[str, Reads]]:
    """The program over a source's records for some aggregates; equal arguments are one.

    Raises:
        FeatureTypeError: Types do not fit; the message names aggregate, op, type and line.
    """
    arguments: dict[str, Node] = {}
    filters: dict[str, Node] = {}
    reads: dict[str, Reads] = {}
    for name, made in aggregates.items():
        where = f"{source.name}.{name}"
        args = [type_expr(where, e, source.records) for e in made.args]
        try:
            dtype = made.aggregate.result(tuple(a.dtype for a in args))
        except FeaturelibError as error:
            message = str(error).removesuffix(f"\nHint: {error.hint}")
            text = f"{where}: {message} ({made.line})"
            raise type(error)(text, hint=error.hint) from None
        condition = _filter(where, made.filter, source.records)
        if isinstance(made.aggregate, Count):
            args, condition = _without_values(args, condition)
        reads[name] = Reads(
            tuple(_place(arguments, a) for a in args),
            None if condition is None else _place(filters, condition),
            dtype,
        )
    outputs = role_nodes(source)
    outputs |= {argument_name(i): n for i, n in enumerate(arguments.values())}
    outputs |= {filter_name(i): n for i, n in enumerate(filters.values())}
    return EventPlan(source, Program(outputs), len(arguments), len(filters)), reads


def role_nodes(source: EventSource) -> dict[str, Node]:
    """The nodes of time, arrival, sequence, id and deleted, in that order."""

    def column(name: str) -> Any:
        field = source.records[name]
        return input_node(name, field.dtype, field.nullable)

    with at(None):
        name = column(source.id)
        if name.dtype.name == "String":
            name = name.hash64(seed=0)
        return {
            TIME: column(source.time),
            ARRIVAL: column(source.arrival or source.time),
            SEQUENCE: _as(column(source.sequence), INT64) if source.sequence else literal(0, INT64),
            ID: _as(name, UINT64 if name.dtype.is_unsigned else INT64),
            DELETED: column(source.deleted).fill_null(False)
            if source.deleted
            else literal(False, BOOL),
        }


def _as(node: Any, dtype: DType) -> Node:
    made: Node = node if node.dtype == dtype else node.cast(dtype)
    return made


def _filter(where: str, condition: Expr | None, schema: InputSchema) -> Node | None:
    if condition is None:
        return None
    node = type_expr(where, condition, schema)
    if node.dtype != BOOL:
        raise FeatureTypeError(
            f"{where}: a filter is Bool, got {node.dtype} ({condition.source})",
            hint="compare it: fl.col('rating') >= 4",
        )
    return node


def _without_values(args: list[Node], condition: Node | None) -> tuple[list[Node], Node | None]:
    """What a count reads: of an argument only whether it is there, so texts and lists do too."""
    if all(is_word(a.dtype) and a.nullable for a in args):
        return args, condition
    for a in args:
        there: Any = a
        if a.nullable:
            passes = there.is_not_null()
            condition = passes if condition is None else condition & passes
    return [], condition


def _place(known: dict[str, Node], node: Node) -> int:
    known.setdefault(node.key, node)
    return list(known).index(node.key)


__all__ = [
    "ARRIVAL",
    "DELETED",
    "ID",
    "ROLES",
    "SEQUENCE",
    "TIME",
    "EventPlan",
    "Reads",
    "argument_name",
    "filter_name",
    "plan_events",
    "role_nodes",
]
