"""Changes bodies one place at a time and counts which changes the tests of values find.

    python -m parity_tests.mutants.run                # every tenth mutant: ``make mutants``
    python -m parity_tests.mutants.run --every 1      # all of them

A mutant is killed by a golden case (an oracle says that it is wrong) or by a recording (it is not
what it was). One that survives is either no change of meaning, or a case that is missing.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import Any

from featurelib.op import Op
from parity_tests.mutants.bodies import functions, in_place, killed_by, mutants, seconds_of
from parity_tests.mutants.changes import Change


@dataclass(frozen=True)
class Verdict:
    """What became of a mutant.

    Attributes:
        name: The function and the change.
        killed_by: What found it, or empty.
    """

    name: str
    killed_by: str


def judge(fn: Callable[..., Any], ops: list[Op], change: Change) -> Verdict:
    """Puts a mutant in place and asks whether anything finds it; ops of its own are asked first."""
    own = [op for op in ops if any(body.fn is fn for body in op.bodies)]
    others = sorted((op for op in ops if op not in own), key=seconds_of)
    name = f"{fn.__module__}.{fn.__qualname__} {change.key}"
    with in_place(fn, change.tree):
        return Verdict(name, killed_by([*own, *others]) or "")


def _part(every: int, part: int, parts: int) -> list[Verdict]:
    found = functions()
    for op in {op.key: op for ops in found.values() for op in ops}.values():
        seconds_of(op)  # of the unchanged bodies
    jobs = [(fn, ops, change) for fn, ops in found.items() for change in mutants(fn)]
    return [judge(*job) for job in jobs[::every][part::parts]]


def main() -> int:
    """Prints the survivors and the share of the killed; 1 if that share is too small."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--every", type=int, default=10, help="take one mutant of so many")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--at-least", type=float, default=0.85, help="share that must be killed")
    args = parser.parse_args()
    begin = time.perf_counter()
    with ProcessPoolExecutor(args.workers) as pool:
        parts = range(args.workers)
        made = pool.map(_part, [args.every] * len(parts), parts, [len(parts)] * len(parts))
        verdicts = [verdict for part in made for verdict in part]
    survivors = sorted(v.name for v in verdicts if not v.killed_by)
    for name in survivors:
        print(f"survives: {name}")
    by_golden = sum(v.killed_by.startswith("golden") for v in verdicts)
    share = 1 - len(survivors) / len(verdicts)
    by_recording = len(verdicts) - by_golden - len(survivors)
    print(f"{len(verdicts):,} mutants in {time.perf_counter() - begin:.0f} s: {share:.1%} killed")
    print(
        f"{by_golden:,} by golden cases, {by_recording:,} by recordings; {len(survivors):,} survive"
    )
    return int(share < args.at_least)


if __name__ == "__main__":
    sys.exit(main())
