"""Changes bodies, null rules, constants and native lowerings one place at a time: who finds it?

    python -m parity_tests.mutants.run                # every tenth mutant: ``make mutants``
    python -m parity_tests.mutants.run --every 1      # all of them

A mutant of a body, a null rule or a constant is killed by a golden case (an oracle says that it is
wrong) or by a recording (it is not what it was), one of a lowering by the tests of lowerings. One
that survives is either no change of meaning, which `survivors.json` says with the reason, or a case
that is missing.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace

from parity_tests.mutants.bodies import body_mutants, prepare
from parity_tests.mutants.changes import Mutant
from parity_tests.mutants.constants import constant_mutants
from parity_tests.mutants.nulls import null_mutants
from parity_tests.mutants.survivors import OPEN, Known, read_known
from parity_tests.registry import every_op

_KILLERS = ("golden", "recorded", "lowering")


@dataclass(frozen=True)
class Verdict:
    """What became of a mutant.

    Attributes:
        name: What was changed into what.
        killed_by: What found it, or empty.
    """

    name: str
    killed_by: str


def judge(mutant: Mutant) -> Verdict:
    """Puts a mutant in place and asks whether anything finds it."""
    mutant.prepare()
    with mutant.put():
        return Verdict(mutant.name, mutant.killed_by() or "")


def every_mutant() -> list[Mutant]:
    """All mutants, each with a name of its own: a number tells twins of one line apart."""
    # Polars starts threads, which a process must not have when it forks: so not before.
    from parity_tests.mutants.lowerings import lowering_mutants

    made = [*body_mutants(), *constant_mutants(), *null_mutants(), *lowering_mutants()]
    seen: dict[str, int] = {}
    for i, mutant in enumerate(made):
        seen[mutant.name] = number = seen.get(mutant.name, 0) + 1
        if number > 1:
            made[i] = replace(mutant, name=f"{mutant.name} ({number})")
    return made


def _part(every: int, part: int, parts: int) -> list[Verdict]:
    return [judge(mutant) for mutant in every_mutant()[::every][part::parts]]


def main() -> int:
    """Prints the share of the killed and who survives unknown; 1 if anyone does."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--every", type=int, default=10, help="take one mutant of so many")
    parser.add_argument("--workers", type=int, default=2)
    args = parser.parse_args()
    begin = time.perf_counter()
    prepare(every_op())
    with ProcessPoolExecutor(args.workers, multiprocessing.get_context("fork")) as pool:
        parts = range(args.workers)
        made = pool.map(_part, [args.every] * len(parts), parts, [len(parts)] * len(parts))
        verdicts = [verdict for part in made for verdict in part]
    text, unknown = report(verdicts, read_known())
    print(text)
    print(f"in {time.perf_counter() - begin:.0f} s")
    return int(bool(unknown))


def report(verdicts: list[Verdict], known: Known) -> tuple[str, list[str]]:
    """What is printed, and the survivors that no reason is known for."""
    survivors = sorted(v.name for v in verdicts if not v.killed_by)
    unknown = [name for name in survivors if name not in known]
    stale = sorted({v.name for v in verdicts if v.killed_by} & {*known})
    lines = [f"survives, and survivors.json has no reason: {name}" for name in unknown]
    lines += [f"survivors.json lists it, and it is killed: {name}" for name in stale]
    by = [sum(v.killed_by.startswith(k) for v in verdicts) for k in _KILLERS]
    still_open = sum(known.get(name, "").startswith(OPEN) for name in survivors)
    told = len(survivors) - len(unknown) - still_open
    killed = len(verdicts) - len(survivors)
    share = killed / max(1, len(verdicts) - told)
    lines.append(
        f"{len(verdicts):,} mutants: {killed:,} killed (golden cases {by[0]:,}, recordings "
        f"{by[1]:,}, tests of lowerings {by[2]:,}), {told:,} change no meaning, {still_open:,} are "
        f"not killed yet, {len(unknown):,} survive unknown: {share:.1%} of "
        "those that change a meaning are killed"
    )
    if unknown:
        lines.append(
            "give each a golden case (golden_data/generate/) that kills it, or, if it changes no "
            "meaning, its reason in parity_tests/mutants/survivors.json"
        )
    return "\n".join(lines), unknown


if __name__ == "__main__":
    sys.exit(main())
