"""Every native lowering gives the bits of its op's body, on edge values, in both Polars engines."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from featurelib.dtypes import DType
from featurelib.evaluate import Evaluator
from featurelib.node import Node
from featurelib.op import get_op
from featurelib.parity.values import Values
from featurelib.program import Program
from featurelib_offline.columns import series, series_column
from featurelib_offline.native import registry
from featurelib_offline.plan import Plan
from parity_tests.offline.lowering_cases import nodes, rows, signatures


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


@pytest.mark.parametrize("key", sorted(registry.lowerings()))
def test_a_lowering_gives_the_bits_of_its_op(key: str) -> None:
    """On all types, parameters, columns and constants: equal bits; and it lowers something."""
    name, _, version = key.rpartition("@")
    op = get_op(name, int(version))
    tried = 0
    wrong = []
    for types, params, tables in signatures(op):
        cases = rows(types, tables)
        first_only = [r for k, r in enumerate(cases) if k == 0 or r[0] is not cases[k - 1][0]]
        for i, node in enumerate(nodes(op, types, params, tables)):
            found = difference(node, types, cases if i == 0 else first_only)
            tried += found is not None
            if found:
                wrong.append(found)
                break
    assert not wrong, f"{len(wrong)} differences:\n" + "\n".join(wrong)
    assert tried, f"the lowering of `{key}` never applies: give the op golden cases, or delete it"


def test_a_wrong_lowering_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """This test can fail: `lt` lowered as `le` differs where both sides are equal."""
    wrong = registry.Lowering("lt@1", lambda node, args: args[0] <= args[1], "all types")
    monkeypatch.setitem(registry.lowerings(), "lt@1", wrong)
    with pytest.raises(AssertionError, match=r"lt@1.*the body gives False, Polars True"):
        test_a_lowering_gives_the_bits_of_its_op("lt@1")


def test_an_unknown_version_of_polars_is_not_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a version that this suite has not passed every feature goes through the kernel."""
    from parity_tests.feature_sets.flights import flights

    program = flights.program.subset(["is_late"])
    assert [way for _, way, _ in Plan(program, {}).explain()] == ["native"]
    monkeypatch.setattr(pl, "__version__", "99.0.0")
    ((_, way, reason),) = Plan(program, {}).explain()
    assert way == "kernel" and "99.0.0 has not passed" in reason
    assert Plan(program, {}, "always").choices[0].way == "native"
