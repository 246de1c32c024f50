"""Random typed programs on random rows, through every engine, for a given time.

    python -m parity_tests.parity.soak_programs --evaluations 100_000_000 --seed 1
    python -m parity_tests.parity.soak_programs --seed 1 --first 417 --programs 1    # one again

A program is drawn from the type rules of all registered ops: 3 to 40 of them, over inputs of every
type, nullable and not. Its first ones are those whose turn it is, so that some fifty programs
hold every op. Seed and number of a program give its graph and its rows wherever the same ops are
registered, so a mismatch is told with the command that replays it; beside it stands the first op
that differs.

An evaluation is one op on one row, compared in every engine. A tenth of the rows goes to those that
take most of the time: the reference evaluator, and the row kernel's borders for one dictionary and
for JSON, behind which runs the machine code that `kernel.many` gives every row to.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from featurelib.parity.border_engines import RowKernelJson
from featurelib.parity.engines import Engine, Reference, RowKernelEngine, all_engines
from featurelib.parity.generate_rows import edge_rows, generate_rows
from featurelib.parity.random_graphs import Start, grow, starts
from featurelib.parity.report import Section
from featurelib.parity.run import check_rows
from featurelib.parity.strategies import bundle_of_program
from featurelib.program import Program
from parity_tests.parity.soak_counts import Counts

SMALLEST, LARGEST = 3, 40
"""Ops that a program is drawn with; equal ones are one."""
TURNS = 9
"""Ops whose turn it is, with which a program begins."""
SAMPLED = (Reference().name, RowKernelEngine().name, RowKernelJson().name)
"""Engines that take a tenth of the rows."""


@dataclass(frozen=True)
class Checked:
    """What was compared of one program.

    Attributes:
        number: Which program of the seed.
        ops: The op of each node of its graph that is computed.
        rows: Rows that every engine took but those of `SAMPLED`.
        section: What was found.
    """

    number: int
    ops: tuple[str, ...]
    rows: int
    section: Section

    @property
    def evaluations(self) -> int:
        """Ops times rows."""
        return len(self.ops) * self.rows


@cache
def _turns(seed: int) -> list[Start]:
    made = starts()
    random.Random(seed).shuffle(made)
    return made


def program_of(seed: int, number: int) -> Program:
    """The program of a seed and a number: the same one on every machine."""
    draw = random.Random(f"{seed} {number}")
    turns = _turns(seed)
    first = [turns[(TURNS * number + i) % len(turns)] for i in range(TURNS)]
    size = max(draw.randint(SMALLEST, LARGEST) for _ in range(2))
    outputs = grow(draw.choice, size, first)
    while not outputs:  # every op that was drawn was refused by its definition
        outputs = grow(draw.choice, LARGEST)
    return Program({f"f{i}": node for i, node in enumerate(outputs)})


def check_program(seed: int, number: int, rows: int, engines: Sequence[Engine]) -> Checked:
    """One program, on its own rows."""
    program = program_of(seed, number)
    bundle = bundle_of_program(program)
    section = check_rows(
        bundle,
        generate_rows(bundle, rows, number),
        engines,
        f"program {number} of seed {seed}",
        seed=number,
        reference_rows=max(1, rows // 10),
        edges=edge_rows(bundle),
        sampled=SAMPLED,
    )
    taken = [run.rows for run in section.runs if run.engine not in SAMPLED]
    ops = tuple(node.op for node in program.nodes if node.is_call)
    return Checked(number, ops, min(taken), section)


def soak(
    seed: int,
    first: int,
    programs: int | None,
    rows: int,
    seconds: float,
    engines: Sequence[Engine],
) -> Iterator[Checked]:
    """One program after another, until there were so many or the time is over; at least one."""
    end = time.monotonic() + seconds
    number = first
    while True:
        yield check_program(seed, number, rows, engines)
        number += 1
        if time.monotonic() >= end or (programs is not None and number >= first + programs):
            return


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints a line now and then, every mismatch, and at last the counts; 1 for a mismatch."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=600.0, help="begin no program after")
    parser.add_argument("--evaluations", type=int, help="instead: begin none after so many")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="number of the first program")
    parser.add_argument("--programs", type=int, help="at most so many")
    parser.add_argument("--rows", type=int, default=40_000, help="rows of a program")
    options = parser.parse_args(arguments)
    begin = told = time.monotonic()
    busy = time.process_time()
    wrong = 0
    counts = Counts()
    seconds = options.seconds if options.evaluations is None else float("inf")
    for checked in soak(
        options.seed, options.first, options.programs, options.rows, seconds, all_engines()
    ):
        counts.add(checked.ops, checked.rows, checked.section)
        if not checked.section.passed:
            wrong += 1
            print("\n".join(line for m in checked.section.mismatches for line in m.lines()))
            print(
                f"again: python -m parity_tests.parity.soak_programs --seed {options.seed} "
                f"--first {checked.number} --programs 1 --rows {options.rows}",
                flush=True,
            )
        if time.monotonic() - told > 30.0:
            told = time.monotonic()
            print(f"{counts.programs:,} programs, {counts.evaluations:,} evaluations", flush=True)
        if options.evaluations is not None and counts.evaluations >= options.evaluations:
            break
    print("\n".join(counts.lines()))
    print(
        f"{counts.programs:,} programs of seed {options.seed} from {options.first}, "
        f"{counts.evaluations:,} evaluations, {wrong} programs with a mismatch, in "
        f"{time.monotonic() - begin:.0f} s ({time.process_time() - busy:.0f} s of processors)"
    )
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
