"""Programs at random: whatever ops meet, every engine gives the same bits."""

import random

from hypothesis import HealthCheck, Phase, assume, given, seed, settings
from hypothesis import strategies as st

import featurelib as fl
from featurelib.borders import canonical_row, from_canonical
from featurelib.parity.engines import all_engines
from featurelib.parity.generate_rows import edge_rows, generate_rows
from featurelib.parity.random_graphs import grow, known_bodies
from featurelib.parity.run import check_rows
from featurelib.parity.strategies import bundle_of_program, programs, rows
from featurelib.program import Program
from parity_tests.soak import amount

# A smaller program would be compiled anew at each step: the check itself shrinks to one row and op.
SLOW = settings(
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
    print_blob=False,
)


def agrees(program: Program, size: int, row_seed: int) -> None:
    bundle = bundle_of_program(program)
    made = generate_rows(bundle, size, row_seed)
    section = check_rows(
        bundle, made, all_engines(), reference_rows=200, edges=edge_rows(bundle), seed=row_seed
    )
    assert section.passed, "\n".join(line for m in section.mismatches for line in m.lines())


@seed(20260101)
@settings(SLOW, max_examples=amount(3, soak=60))
@given(programs(size=25), st.integers(0, 1000))
def test_small_programs_agree(program: Program, row_seed: int) -> None:
    """A small random program agrees in every engine."""
    assume(program.outputs)
    agrees(program, 300, row_seed)


def test_a_large_program_agrees() -> None:
    """A program of hundreds of ops, deep and shared, agrees in every engine."""
    rng = random.Random(11)
    made = grow(rng.choice, amount(120, soak=600))
    agrees(Program({f"f{i}": node for i, node in enumerate(made)}), 600, 11)


def test_graphs_hold_every_op() -> None:
    """No op is left out of random graphs for want of a table or a constant."""
    known = {op.key for op, _ in known_bodies()}
    from featurelib.op import all_ops

    assert {op.key for op in all_ops() if op.result is None} == known


class Ride(fl.Schema):
    fare: float | None
    city: str
    stops: fl.UInt8
    at: fl.Datetime
    tip: fl.Float32


@settings(SLOW, max_examples=50)
@given(rows(Ride))
def test_rows_of_a_schema_pass_its_border(row: dict[str, object]) -> None:
    """What the strategy draws is a row of the schema."""
    schema = Ride.input_schema()
    python = {f.name: from_canonical(row[f.name], f.dtype) for f in schema}
    assert canonical_row(python, schema).keys() == row.keys()
