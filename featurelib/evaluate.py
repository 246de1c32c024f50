"""The reference evaluator: a program on one row, in CPython, by the bodies as they stand.

It is the living specification, slow and simple. Values are as kernels hold them: bool, int, float,
`View` for text and lists; beside each a flag that says whether it is there.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from featurelib.dtypes import DType
from featurelib.intrinsics import Arena, View
from featurelib.node import FIT, INPUT, LITERAL, MAP, Node
from featurelib.op import Body, Nulls, Op
from featurelib.program import Program, body_of, inside, op_of
from featurelib.tables import TableData

Pair = tuple[Any, bool]
_ZERO: dict[str, Any] = {"b": False, "i": 0, "u": 0, "f": 0.0, "v": View(b"", 0, 0)}
_ELEMENT = {
    "<u1": "B",
    "<i1": "b",
    "<i2": "h",
    "<i4": "i",
    "<i8": "q",
    "<u2": "H",
    "<u4": "I",
    "<u8": "Q",
    "<f4": "f",
    "<f8": "d",
}


@dataclass(frozen=True)
class Evaluator:
    """Evaluates one program with its fitted state.

    Attributes:
        program: What to compute.
        state: The value of each fitted node by its key: a float, int or `TableData`.
        arena: The scratch arena (its row limit).
    """

    program: Program
    state: Mapping[str, Any]
    arena: Arena = field(default_factory=Arena)

    def row(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Outputs of one row.

        Args:
            values: Input values by name as `featurelib.borders.canonical` gives them: bool, int,
                float, bytes for text, tuple for a list; None is null.

        Returns:
            Output values in the same form; NaN is the one canonical NaN.
        """
        pairs = self.nodes(values)
        return {
            name: leave(pairs[node.key], node.dtype) for name, node in self.program.outputs.items()
        }

    def nodes(self, values: Mapping[str, Any]) -> dict[str, Pair]:
        """Value and flag of every node, by key; not of those that each element has its own of."""
        pairs = dict(self._constants)
        for name, node in self.program.inputs.items():
            pairs[node.key] = enter(values[name], node.dtype)
        for step in self._steps:
            pairs[step.node.key] = step.compute(pairs, self.arena)
        return pairs

    @cached_property
    def _constants(self) -> dict[str, Pair]:
        """What is the same in every row: literals and fitted values."""
        nodes = self.program.serving_nodes
        made = {n.key: enter(n.param["value"], n.dtype) for n in nodes if n.op == LITERAL}
        fits = {n.key: enter(self.state[n.key], n.dtype) for n in nodes if n.op == FIT}
        return made | fits

    @cached_property
    def _steps(self) -> list[_Step | _Loop]:
        """What is computed in each row, in order."""
        nodes = (n for n in self.program.serving_nodes if n.op not in (INPUT, LITERAL, FIT))
        return [_step(n) for n in nodes if not n.free]


def _step(node: Node) -> _Step | _Loop:
    return _Loop(node, tuple(map(_Step.of, inside(node)))) if node.op == MAP else _Step.of(node)


@dataclass(frozen=True)
class _Loop:
    """A map: what it computes for each element of a list, in order.

    Attributes:
        node: The map.
        steps: What depends on the element.
    """

    node: Node
    steps: tuple[_Step, ...]

    def compute(self, pairs: Mapping[str, Pair], arena: Arena) -> Pair:
        """The list of the values; null where the list is, and over the row limit."""
        items, own, value = self.node.args
        view, valid = pairs[items.key]
        size = (view.stop - view.start) * value.dtype.bits // 8
        if not valid or (self.node.dtype.size is None and size > arena.limit):
            return _ZERO["v"], False
        made = []
        for element in _elements(view, items.dtype):
            scope = {**pairs, own.key: enter(element, own.dtype)}
            for step in self.steps:
                scope[step.node.key] = step.compute(scope, arena)
            made.append(leave(scope[value.key], value.dtype))
        return enter(tuple(made), self.node.dtype)


@dataclass(frozen=True)
class _Step:
    """An op as it stands in a program: its body and constants are looked up once, not in each row.

    Attributes:
        node: The node.
        op: The op.
        body: The body for the types of its arguments.
        constants: The body's constants by name.
        zero: What stands under a null.
    """

    node: Node
    op: Op
    body: Body
    constants: Mapping[str, Any]
    zero: Any

    @staticmethod
    def of(node: Node) -> _Step:
        body, params = body_of(node), node.param
        constants = {name: params[name] for name, _ in body.params}
        return _Step(node, op_of(node), body, constants, _ZERO[node.dtype.kind])

    def compute(self, pairs: Mapping[str, Pair], arena: Arena) -> Pair:
        """The op on its arguments, under its null rule."""
        args = [pairs[a.key] for a in self.node.args]
        extra = (arena,) if self.body.takes_arena else ()
        nulls = self.op.nulls
        if nulls is Nulls.EXPLICIT:
            value, valid = self.body.fn(*args, *extra, **self.constants)
        else:
            valid = all(flag for _, flag in args)
            value = self.body.fn(*(v for v, _ in args), *extra, **self.constants)
            if nulls is Nulls.MAYBE:
                value, there = value
                valid = valid and there
        return (value, True) if valid else (self.zero, False)


def enter(value: Any, dtype: DType) -> Pair:
    """A canonical value as kernels hold it."""
    if value is None:
        return _ZERO[dtype.kind], False
    if isinstance(value, TableData):
        data, count = value.encode()
        return View(data, 0, count), True
    if isinstance(value, bytes):
        return View(value, 0, len(value)), True
    if isinstance(value, tuple):
        data = b"".join(_pack(v, dtype) for v in value)
        return View(data, 0, len(value)), True
    return value, True


def leave(pair: Pair, dtype: DType) -> Any:
    """A kernel value as a canonical one: bytes for text, a tuple for a list, one NaN."""
    value, valid = pair
    if not valid:
        return None
    if dtype.name == "String":
        return bytes(value.buf[value.start : value.stop])
    if dtype.kind == "v":
        return _elements(value, dtype)
    if isinstance(value, float) and value != value:
        return math.nan
    return value


def _pack(value: Any, dtype: DType) -> bytes:
    return struct.pack("<" + _ELEMENT[dtype.storage], value)


def _elements(view: View, dtype: DType) -> tuple[Any, ...]:
    size = dtype.bits // 8
    data = bytes(view.buf[size * view.start : size * view.stop])
    values = struct.unpack(f"<{view.stop - view.start}{_ELEMENT[dtype.storage]}", data)
    is_bool = dtype.inner is not None and dtype.inner.name == "Bool"
    return tuple(map(bool, values)) if is_bool else values
