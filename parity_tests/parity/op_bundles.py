"""Every op of a family as a feature of one bundle, in each form that its golden cases have."""

from functools import cache
from pathlib import Path
from typing import Any

from featurelib.bundle import Bundle
from featurelib.dtypes import DType
from featurelib.fields import Field, InputSchema
from featurelib.layout import Layout
from featurelib.node import Node, apply, input_node, table
from featurelib.op import Body, Op
from featurelib.parity.golden import case_path, op_family, read_cases
from featurelib.parity.values import Rows
from featurelib.program import Program
from featurelib.state import FittedState
from featurelib.tables import TableData
from parity_tests.registry import every_op

ROOT = Path(__file__).parents[2] / "golden_data"
FAMILIES = sorted({op_family(op) for op in every_op()})


def bundle_of(outputs: dict[str, Node], name: str = "ops") -> Bundle:
    """A bundle of nodes over nullable inputs, one for each column that they read."""
    program = Program(outputs)
    fields = [Field(n, node.dtype, node.nullable) for n, node in program.inputs.items()]
    schema = InputSchema(name, tuple(fields))
    return Bundle(name, "1.0.0", "", schema, program, FittedState({}), Layout(), {})


@cache
def family_bundle(family: str) -> tuple[Bundle, Rows]:
    """All ops of a family, and the arguments of all their golden cases as rows."""
    outputs: dict[str, Node] = {}
    given: list[dict[str, Any]] = []
    forms: dict[tuple[object, ...], str] = {}
    bodies: set[Body] = set()
    for op in every_op():
        path = case_path(ROOT, op)
        if op_family(op) != family or not path.exists():
            continue
        for case in read_cases(path):
            node = _node(op, case.types, case.args, case.params)
            # The same machine code on another zone's table shows nothing new, and costs a compile.
            form = (op.key, *(t.name for t in case.types), *case.params.items())
            body, _ = op.resolve(case.types, case.params)
            if forms.setdefault(form, node.key) != node.key and body in bodies:
                continue
            bodies.add(body)
            outputs.setdefault(f"{op.key} {node.key[:8]}", node)
            columns = zip(case.types, case.args, strict=True)
            given.append({_name(t, i): a for i, (t, a) in enumerate(columns) if t.name != "Table"})
    bundle = bundle_of(outputs, family)
    names = bundle.schema.names
    return bundle, Rows.of([{n: row.get(n) for n in names} for row in given], bundle.schema)


def _name(dtype: DType, place: int) -> str:
    return f"{dtype}_{place}"


def _node(op: Op, types: tuple[DType, ...], args: tuple[Any, ...], params: dict[str, Any]) -> Node:
    nodes = [
        table(a) if isinstance(a, TableData) else input_node(_name(t, i), t, True)
        for i, (t, a) in enumerate(zip(types, args, strict=True))
    ]
    return apply(op, tuple(nodes), params)
