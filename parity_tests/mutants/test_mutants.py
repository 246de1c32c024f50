"""Mutants are put in place, found, and taken out again."""

import ast
import textwrap

import pytest

from featurelib.op import get_op
from parity_tests.mutants.bodies import functions, killed_by, mutants
from parity_tests.mutants.changes import changes
from parity_tests.mutants.run import judge


def texts(body: str) -> list[str]:
    """What is changed in a function of these lines."""
    (tree,) = ast.parse("def f(x, y):\n" + textwrap.indent(body, "    ")).body
    assert isinstance(tree, ast.FunctionDef)
    return [change.what for change in changes(tree)]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("return x < y", {"x < y -> x <= y", "x < y -> x > y"}),
        ("return 3", {"3 -> 4", "3 -> 2"}),
        ("return i64_add(x, 1)", {"i64_add(x, 1) -> i64_sub(x, 1)", "1 -> 2", "1 -> 0"}),
        ("return i64_floordiv(x, y)", {
            "i64_floordiv(x, y) -> i64_mod(x, y)", "i64_floordiv(x, y) -> i64_floordiv(y, x)"}),
        ("return (x[0], y)", {"return (x[0], y) -> return (x[0], True)", "0 -> 1", "0 -> -1"}),
        ('"""Not 7."""\nreturn x - y', {"x - y -> x + y"}),
    ],
)  # fmt: skip
def test_a_change_is_one_slip_of_the_hand(body: str, expected: set[str]) -> None:
    """Comparisons, bounds, operators, operands, null checks; never a docstring."""
    assert set(texts(body)) == expected


def test_a_mutant_is_found_and_leaves_no_trace() -> None:
    """A wrong comparison is killed by a golden case; afterwards the op is as it was."""
    op = get_op("lt", 1)
    assert killed_by([op]) is None
    found = functions()
    verdicts = [
        judge(body.fn, found[body.fn], change) for body in op.bodies for change in mutants(body.fn)
    ]
    assert verdicts
    assert all(v.killed_by.startswith("golden comparison/lt@1") for v in verdicts), verdicts
    assert killed_by([op]) is None
