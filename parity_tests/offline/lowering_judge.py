"""What is asked of a native lowering: the bits of its op's body, in both Polars engines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import polars as pl

from featurelib.dtypes import DType
from featurelib.evaluate import Evaluator
from featurelib.node import Node
from featurelib.op import get_op
from featurelib.parity.values import Values
from featurelib.program import Program
from featurelib_offline.columns import series, series_column
from featurelib_offline.plan import Plan
from parity_tests.offline.lowering_cases import nodes, rows, signatures


def differences(key: str) -> Iterator[str | None]:
    """What `difference` says of an op on all types, parameters, columns and constants.

    After the first difference of a signature the next one is tried.
    """
    name, _, version = key.rpartition("@")
    op = get_op(name, int(version))
    for types, params, tables in signatures(op):
        cases = rows(types, tables)
        first_only = [r for k, r in enumerate(cases) if k == 0 or r[0] is not cases[k - 1][0]]
        for i, node in enumerate(nodes(op, types, params, tables)):
            found = difference(node, types, cases if i == 0 else first_only)
            yield found
            if found:
                break


def difference(node: Node, types: tuple[DType, ...], table: list[tuple[Any, ...]]) -> str | None:
    """The first difference between the expression of a node and its body; "" if it has none."""
    program = Program({"y": node})
    plan = Plan(program, {}, "always")
    if plan.choices[0].way == "kernel":
        return None
    inputs = {n: i for n in program.inputs for i in [int(n[1:])]}
    columns = {n: Values.of([row[i] for row in table], types[i]) for n, i in inputs.items()}
    frame = pl.DataFrame([series(n, v.column(), v.dtype) for n, v in columns.items()])
    evaluator = Evaluator(program, {})
    seen: dict[Any, Any] = {}
    expected = []
    for row in table:
        given = {n: row[i] for n, i in inputs.items()}
        key = repr(given)
        if key not in seen:
            seen[key] = evaluator.row(given)["y"]
        expected.append(seen[key])
    wanted = Values.of(expected, node.dtype)
    for engine in ("in-memory", "streaming"):
        got = plan.apply(frame.lazy()).collect(engine=engine)["y"].rechunk()
        values = Values.of_column(series_column(got, node.dtype), node.dtype)
        wrong = wanted.differs(values).nonzero()[0]
        if len(wrong):
            k = int(wrong[0])
            args = [a.param.get("value", a) if a.op == "literal" else a for a in node.args]
            return (
                f"{node!r} of {args}, {engine}, row {table[k]}: the body gives "
                f"{wanted.canonical(k)!r}, Polars {values.canonical(k)!r}"
            )
    return ""
