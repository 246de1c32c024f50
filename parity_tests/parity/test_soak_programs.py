"""The soak of random programs: a seed is a program anywhere, and what differs is told."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from featurelib.bundle import Bundle
from featurelib.op import all_ops
from featurelib.parity.engines import BatchKernel, Outputs, Reference
from featurelib.parity.generate_rows import generate_rows
from featurelib.parity.random_graphs import starts
from featurelib.parity.strategies import bundle_of_program
from featurelib.parity.values import Rows
from parity_tests.parity import soak_programs
from parity_tests.parity.soak_counts import Counts
from parity_tests.parity.soak_programs import (
    LARGEST,
    SMALLEST,
    TURNS,
    check_program,
    main,
    program_of,
    soak,
)

ROWS = 40


@dataclass(frozen=True)
class Turned:
    """A batch kernel whose rows come out in the wrong order."""

    name: str = "turned"

    def compute(self, bundle: Bundle, rows: Rows) -> Outputs:
        """The values of the rows, the last row first."""
        return BatchKernel().compute(bundle, rows.take(slice(None, None, -1)))


def test_a_seed_and_a_number_are_a_program_and_its_rows() -> None:
    """Drawn twice they are the same graph and rows; another number is another graph."""
    graphs = [program_of(7, number).to_json() for number in range(12)]
    assert [program_of(7, number).to_json() for number in range(12)] == graphs
    assert len({str(graph) for graph in graphs}) == 12
    bundle = bundle_of_program(program_of(7, 0))
    first, second = (generate_rows(bundle, ROWS, 3) for _ in range(2))
    same = [first.canonical(i) for i in range(ROWS)], [second.canonical(i) for i in range(ROWS)]
    assert repr(same[0]) == repr(same[1])
    sizes = [sum(node.is_call for node in program_of(7, n).nodes) for n in range(12)]
    assert min(sizes) >= 1
    # A macro may add a few ops of its own to those that were drawn.
    assert any(size >= SMALLEST for size in sizes)
    assert max(sizes) <= 3 * LARGEST


def test_evaluations_are_ops_times_rows() -> None:
    """So many programs are run as are asked for, and the count is of rows that all took."""
    (checked,) = soak(7, 3, 1, ROWS, 0.0, [BatchKernel()])
    assert checked.section.passed
    assert checked.number == 3
    assert checked.evaluations == len(checked.ops) * ROWS


def test_the_turns_of_a_seed_hold_every_op() -> None:
    """So many programs as there are turns leave no op to chance."""
    programs = -(-len(starts()) // TURNS)
    met = {node.op for n in range(programs) for node in program_of(1, n).nodes}
    assert not [op.key for op in all_ops() if op.key not in met]


def test_an_op_that_was_not_met_is_told() -> None:
    """The counts are by op and engine, each with what it took, and name what is missing."""
    checked = check_program(7, 3, ROWS, [BatchKernel()])
    counts = Counts()
    counts.add(checked.ops, checked.rows, checked.section)
    assert counts.evaluations == checked.evaluations
    assert counts.by_engine[Reference().name] == len(checked.ops) * max(1, ROWS // 10)
    assert counts.by_engine[BatchKernel().name] == checked.evaluations
    assert set(counts.unmet) | set(checked.ops) == {op.key for op in all_ops()}
    assert not set(counts.unmet) & set(checked.ops)


def test_a_mismatch_is_told_with_its_replay(monkeypatch, capsys) -> None:
    """A wrong engine ends the run with status 1, its name, and the command that repeats it."""
    monkeypatch.setattr(soak_programs, "all_engines", lambda: [Turned()])
    arguments = ["--seed", "7", "--first", "3", "--programs", "1", "--rows", str(ROWS)]
    assert main(arguments) == 1
    printed = capsys.readouterr().out
    assert "turned" in printed
    assert f"--seed 7 --first 3 --programs 1 --rows {ROWS}" in printed
    assert "1 programs with a mismatch" in printed


@pytest.mark.parametrize("seconds", [0.0, -1.0])
def test_a_run_without_time_checks_one_program(seconds: float) -> None:
    """So that no soak passes having compared nothing."""
    assert len(list(soak(7, 3, None, ROWS, seconds, [BatchKernel()]))) == 1
