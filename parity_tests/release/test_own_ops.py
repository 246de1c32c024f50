"""The ops of a repository are held to what holds for featurelib's own."""

import pytest

from featurelib.release.findings import Finding
from featurelib.release.own_ops import check_ops, own_ops
from parity_tests.release.gate_cases import failed, run
from parity_tests.release.rides import CASES_FILE, Rides, locked, rides

__all__ = ["locked", "rides"]

BODY = "return positive(x) * SCALE"


def said(rides: Rides) -> tuple[int, str]:
    """How many golden cases there are, and what is wrong with the ops as they are now."""
    repository = rides.repository
    repository.load_sets()
    ops = own_ops(repository)
    assert [op.key for op in ops] == ["km_of_miles@1"]
    found: list[Finding] = []
    return check_ops(repository, ops, found), "\n".join(map(str, found))


def test_ops_that_give_their_golden_cases_pass(rides: Rides) -> None:
    """Both cases of the one op are looked at; featurelib's own ops are not this repository's."""
    assert said(rides) == (2, "")


def test_a_body_that_gives_another_value_is_named(rides: Rides) -> None:
    """The case by file and line, what its oracle says, and what the body gives."""
    rides.edit((BODY, "return positive(x) * 1.5"))
    count, wrong = said(rides)
    assert count == 2
    assert "km_of_miles@1.jsonl:1" in wrong
    assert "expected 1.609344 (by hand), got 1.5" in wrong


def test_a_required_group_must_be_there(rides: Rides) -> None:
    """Without a case of nulls nothing says what a null gives."""
    cases = rides.root / CASES_FILE
    cases.write_text(cases.read_text().splitlines(keepends=True)[0])
    assert "no golden cases of the group nulls" in said(rides)[1]


def test_a_line_that_is_no_case_is_named(rides: Rides) -> None:
    """A damaged golden file is a finding, and no traceback."""
    (rides.root / CASES_FILE).write_text("{}\n")
    assert "km_of_miles@1.jsonl:1: missing keys" in said(rides)[1]


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ("return positive(x) / 2.0", "Div is no kernel Python"),
        ("return float(positive(x))", "name `float` is no constant"),
    ],
)
def test_a_body_outside_of_kernel_python_is_named(rides: Rides, body: str, what: str) -> None:
    """What CPython and machine code may do differently is found before it differs."""
    rides.edit((BODY, body))
    assert what in said(rides)[1]


def test_the_gate_replays_the_ops_of_a_release(locked: Rides) -> None:
    """A golden file whose values the body does not give stops the release."""
    report = run(locked)
    assert report.passed
    assert next(c.said for c in report.checks if c.name == "golden").endswith("2 cases of 1 op")
    cases = locked.root / CASES_FILE
    cases.write_text(cases.read_text().replace('"out": 1.609344', '"out": 1.61'))
    assert "expected 1.61" in "".join(map(str, failed(run(locked))["golden"].findings))
