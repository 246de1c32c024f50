"""Coverage-guided fuzzing of the parsers of outside data, for a given time.

    python -m parity_tests.fuzz.run --seconds 600            # both, one after the other
    python -m parity_tests.fuzz.run request --seconds 60 --seed 7
    python -m parity_tests.fuzz.run request --input FILE     # one input again

libFuzzer, behind Atheris, keeps each input that reaches new branches and alters those that it has;
half of its alterations are of the JSON, not of the bytes. A fault is whatever a target raises (only
the errors of featurelib's tree are caught), a death of the process, a hang, or a second of
processor time on one input. It is written to the folder of the run, and the run ends with status 1.

`--keep` reduces what was found to the inputs that reach all of it and stores them for
`test_corpus.py`, which reads them again in every run of the tests.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from parity_tests.fuzz.bundles import Bundles
from parity_tests.fuzz.kept import smallest
from parity_tests.fuzz.requests import Requests
from parity_tests.fuzz.target import Target, altered, keep, kept

TARGETS: dict[str, Target] = {t.name: t for t in (Bundles(), Requests())}
MOST_BYTES, MOST_SECONDS, HANG_SECONDS = 40_000, 1.0, 300
"""Of an input; of processor time for one; of wall time, as others may keep the machine busy."""
_KEPT_BYTES = 8_000
"""Of an input that is stored."""


class SlowError(Exception):
    """An input took more than a second of processor time."""


def fuzz(target: Target, flags: Sequence[str]) -> None:
    """Runs libFuzzer in this process, which it ends."""
    import atheris

    def one(data: bytes) -> None:
        begin = time.process_time()
        target.check(data)
        took = time.process_time() - begin
        if took > MOST_SECONDS:
            raise SlowError(f"{took:.2f} s of processor time")

    def alter(data: bytes, most: int, seed: int) -> bytes:
        made = altered(data, seed) if seed % 2 else None
        return atheris.Mutate(data, most) if made is None or len(made) > most else made

    for data in target.seeds():
        target.check(data)  # compiles, so that no input is charged for it
    for function in target.instrumented():
        atheris.instrument_func(function)
    atheris.Setup([sys.argv[0], *flags], one, custom_mutator=alter)
    atheris.Fuzz()


def run(target: Target, seconds: int, seed: int, folder: Path, is_kept: bool) -> int:
    """Fuzzes in a process of its own, whose death is a fault too; gives its status."""
    inputs = folder / f"{target.name}_inputs"
    inputs.mkdir(parents=True, exist_ok=True)
    for i, data in enumerate([*target.seeds(), *kept(target)]):
        (inputs / f"kept_{i}").write_bytes(data)
    status = _child(
        target,
        [
            f"-max_len={MOST_BYTES}",
            f"-timeout={HANG_SECONDS}",
            "-rss_limit_mb=4096",
            f"-max_total_time={seconds}",
            f"-seed={seed}",
            "-print_final_stats=1",
            f"-artifact_prefix={folder}/{target.name}_",
            str(inputs),
        ],
    )
    if is_kept and status == 0:
        found = (p.read_bytes() for p in inputs.iterdir())
        keep(target, smallest(target, (i for i in found if len(i) <= _KEPT_BYTES)))
    return status


def _child(target: Target, flags: Sequence[str]) -> int:
    code = f"from parity_tests.fuzz.run import *; fuzz(TARGETS[{target.name!r}], sys.argv[1:])"
    return subprocess.run([sys.executable, "-c", code, *flags], check=False).returncode


def main(arguments: Sequence[str] | None = None) -> int:
    """Fuzzes the targets that are asked for; 1 for a fault."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("targets", nargs="*", default=list(TARGETS), help=", ".join(TARGETS))
    parser.add_argument("--seconds", type=int, default=600, help="for each")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="for inputs and faults; else a temporary one")
    parser.add_argument("--keep", action="store_true", help="store what reaches all lines")
    parser.add_argument("--input", type=Path, help="read this one input")
    options = parser.parse_args(arguments)
    chosen = [TARGETS[name] for name in options.targets]
    if options.input is not None:
        for target in chosen:
            target.check(options.input.read_bytes())
        return 0
    folder = options.folder or Path(tempfile.mkdtemp(prefix="featurelib_fuzz_"))
    failed = [t.name for t in chosen if run(t, options.seconds, options.seed, folder, options.keep)]
    print(f"faults in {', '.join(failed) or 'none'}; inputs in {folder}")
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
