"""Mutants are put in place, found, and taken out again."""

import ast
import textwrap

import pytest

from featurelib.op import get_op
from parity_tests.mutants.bodies import functions, killed_by, mutants
from parity_tests.mutants.changes import changes
from parity_tests.mutants.constants import constant_mutants
from parity_tests.mutants.nulls import null_mutants
from parity_tests.mutants.run import Verdict, judge, report
from parity_tests.mutants.survivors import read_known


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
        ("return args[0] // x", {
            "args[0] // x -> args[0] % x", "0 -> 1", "0 -> -1"}),
        ("return x.floor()", {"x.floor() -> x.ceil()"}),
        ("return x is None", {"x is None -> x is not None"}),
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
    verdicts = [judge(mutant) for body in op.bodies for mutant in mutants(body.fn, found[body.fn])]
    assert verdicts
    assert all(v.killed_by.startswith("golden comparison/lt@1") for v in verdicts), verdicts
    assert killed_by([op]) is None


def test_a_null_that_is_forgotten_is_found() -> None:
    """`lt` of a null as if it were zero is killed, and the op has its rule again afterwards."""
    op = get_op("lt", 1)
    made = [m for m in null_mutants() if m.name.startswith("lt@1: ")]
    assert [judge(m).killed_by.partition(":")[0] for m in made] == [
        "golden comparison/lt@1.jsonl"
    ] * 2
    assert killed_by([op]) is None


def test_a_constant_that_is_off_is_found_wherever_it_is_read() -> None:
    """The diameter of the earth is changed where it is read, and is right again afterwards."""
    name = "featurelib.ops.geo.DIAMETER_KM: 12742.0176"
    made = [m for m in constant_mutants() if m.name.startswith(name)]
    assert [m.name.partition(" -> ")[2] for m in made] == ["12742.030342017599", "-12742.0176"]
    assert all(judge(m).killed_by.startswith("golden geo/") for m in made)
    assert killed_by([get_op("haversine_km", 1)]) is None


def test_a_wrong_lowering_is_found() -> None:
    """`a % b` for `a // b` is killed by the tests of lowerings."""
    from parity_tests.mutants.lowerings import lowering_mutants

    made = [
        m for m in lowering_mutants() if m.name.endswith("floordiv_nonzero +2: a // b -> a % b")
    ]
    assert [judge(m).killed_by for m in made] == ["lowering floordiv_nonzero@1: other bits"]


def test_a_survivor_needs_a_reason_and_a_stale_reason_is_told() -> None:
    """A survivor that no reason is known for fails the run; one that is killed is named."""
    verdicts = [
        Verdict("a", "golden x"),
        Verdict("b", ""),
        Verdict("c", "recorded y"),
        Verdict("d", ""),
    ]
    text, unknown = report(verdicts, {"b": "alike", "c": "alike"})
    assert unknown == ["d"]
    assert "survivors.json has no reason: d" in text and "it is killed: c" in text
    assert "4 mutants: 2 killed" in text and "66.7%" in text
    text, unknown = report(verdicts[:3], {"b": "not equivalent: rare", "c": "alike"})
    assert not unknown and "66.7%" in text


def test_every_known_survivor_has_one_reason() -> None:
    """The list is read, and says why each of its mutants changes no meaning."""
    assert all(len(reason) > 20 for reason in read_known().values())
