"""Which op of a feature is the first to differ: every node becomes an output, in order."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from featurelib.bundle import Bundle
from featurelib.dtypes import DType
from featurelib.evaluate import Evaluator, leave
from featurelib.explain import place
from featurelib.intrinsics import Arena
from featurelib.layout import Layout
from featurelib.node import FIT, INPUT, LITERAL, Node
from featurelib.parity.engines import Engine, Outputs
from featurelib.parity.values import Rows, bits_text
from featurelib.program import Program, topological
from featurelib.tables import TableData

__all__ = ["FirstOp", "NodeValue", "find_first_op", "only"]


@dataclass(frozen=True)
class NodeValue:
    """A value beside the node that it is of.

    Attributes:
        label: The node, for people.
        dtype: Its type.
        value: Canonical; a `TableData` for a table.
    """

    label: str
    dtype: DType
    value: Any

    def __str__(self) -> str:
        if isinstance(self.value, TableData):
            return f"{self.label}: {self.value}"
        return f"{self.label} = {self.value!r} ({bits_text(self.value, self.dtype)})"


@dataclass(frozen=True)
class FirstOp:
    """The first op whose value differs.

    Attributes:
        op: ``name@version``, or ``input`` where a border differs.
        signature: The op with types, for people.
        source: The author's line, if it is known.
        args: What the op was given, by the reference evaluator.
        expected: Its value by the oracle.
        got: Its value by the engine; None beside an `error`.
        dtype: Type of both.
        error: What the engine raised instead, or empty.
    """

    op: str
    signature: str
    source: str
    args: tuple[NodeValue, ...]
    expected: Any
    got: Any
    dtype: DType
    error: str = ""


def only(bundle: Bundle, program: Program) -> Bundle:
    """The bundle with another program over the same inputs and state, and no layout."""
    return dataclasses.replace(bundle, program=program, layout=Layout())


def find_first_op(
    bundle: Bundle,
    feature: str,
    engine: Engine,
    oracle: Engine,
    rows: Rows,
    raises: bool = False,
) -> FirstOp | None:
    """The first op below a feature at which an engine leaves the oracle.

    Args:
        bundle: Definition and fitted state.
        feature: The feature that differs.
        engine: The engine that differs.
        oracle: The engine that it is compared with.
        rows: Rows that show it; few, as the reference evaluator runs on them.
        raises: Whether the engine raises on the feature, and did not give another value.

    Returns:
        None where no node differs by itself: the ops differ only together, or the engine computes
        whole features only.
    """
    nodes = topological([bundle.program.outputs[feature]], through_fits=False)
    shown = [n for n in nodes if n.op not in (LITERAL, FIT) and not n.free]
    together = only(bundle, Program({f"%{i}": n for i, n in enumerate(shown)}))
    expected = oracle.compute(together, rows)
    try:
        got: Outputs | None = engine.compute(together, rows)
    except Exception:
        got = None  # one of them raises: they are run one by one
    for i, node in enumerate(shown):
        name = f"%{i}"
        error = ""
        values = None if got is None else got[name]
        if got is None:
            try:
                values = engine.compute(only(bundle, Program({name: node})), rows)[name]
            except Exception as raised:
                error = str(raised).strip().splitlines()[0][:300] if str(raised) else repr(raised)
        if values is None and not raises:
            continue  # an engine of a team's own may know its features and no ops
        if values is None:
            return _describe(bundle, node, rows, 0, expected[name].canonical(0), None, error)
        differs = expected[name].differs(values)
        if differs.any():
            row = int(differs.argmax())
            before, after = expected[name].canonical(row), values.canonical(row)
            return _describe(bundle, node, rows, row, before, after)
    return None


def _describe(
    bundle: Bundle, node: Node, rows: Rows, row: int, expected: Any, got: Any, error: str = ""
) -> FirstOp:
    args = []
    if node.op != INPUT:
        program = Program({"value": node})
        pairs = Evaluator(program, bundle.state, Arena()).nodes(rows.canonical(row))
        for arg in (a for a in node.args if not a.free):
            constant = arg.param.get("value") if arg.op == LITERAL else None
            if arg.dtype.name == "Table":
                value = constant if arg.op == LITERAL else bundle.state[arg.key]
            else:
                value = leave(pairs[arg.key], arg.dtype)
            args.append(NodeValue(_label(arg), arg.dtype, value))
    return FirstOp(
        node.op,
        signature(node),
        place(node.source) if node.source else "",
        tuple(args),
        expected,
        got,
        node.dtype,
        error,
    )


def signature(node: Node) -> str:
    """An op with its types: ``clip@1(Float64, Float64, Float64) -> Float64``."""
    if node.op == INPUT:
        return f"input `{node.param['name']}`: {node.dtype}"
    params = [f"{k}={v!r}" for k, v in node.params]
    inside = ", ".join([*(str(a.dtype) for a in node.args), *params])
    return f"{node.op}({inside}) -> {node.dtype}"


def _label(node: Node) -> str:
    return str(node.param["name"]) if node.op == INPUT else node.op
