"""Every release under several versions of the libraries: what ``make matrix`` runs.

    python -m parity_tests.matrix.run                    # lowest and newest supported versions
    python -m parity_tests.matrix.run --wheel 0.3.0      # and an earlier release of the library
    python -m parity_tests.matrix.run --environments --polars    # which Polars is trusted?

Each cell is a fresh environment with the wheel of this tree, and with each `--wheel`: a file, or
a released version that pip finds. It computes the golden rows of every release in
`golden_data/registry` by every engine; all cells must give the same bits.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path
from typing import Any

from parity_tests.matrix.trusted import write_trusted
from parity_tests.matrix.versions import ENVIRONMENTS, POLARS
from parity_tests.packaging.dist import build, copy_of_tree

ROOT = Path(__file__).parents[2]
CHECK = Path(__file__).with_name("check.py")
REGISTRY = ROOT / "golden_data" / "registry"


class CellFailed(RuntimeError):
    """An environment cannot be made, or the check did not run in it."""


def constraints(changes: dict[str, str]) -> str:
    """`constraints.txt` with other versions of some libraries; of what hangs on them none."""
    loose = {"pydantic-core", "polars-runtime-32", *changes} if changes else set()
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if line.partition("==")[0] not in loose]
    return "\n".join([*kept, *(f"{name}{version}" for name, version in changes.items())]) + "\n"


def requirement(wheel: str) -> str:
    """What pip installs for a wheel's file or a released version, with what the check needs.

    Raises:
        SystemExit: It is neither.
    """
    if Path(wheel).is_file():
        return f"featurelib[parity,release] @ {Path(wheel).resolve().as_uri()}"
    if re.fullmatch(r"[0-9][0-9a-z.]*", wheel):
        return f"featurelib[parity,release]=={wheel}"
    raise SystemExit(f"--wheel takes the file of a wheel or a version such as 0.3.0, got {wheel!r}")


def environment(folder: Path, wanted: str, changes: dict[str, str]) -> Path:
    """A fresh environment with a wheel (see `requirement`); its Python."""
    venv.create(folder)  # without pip: ours installs into it, and compiles nothing ahead of time
    python = folder / "bin" / "python"
    pinned = folder / "constraints.txt"
    pinned.write_text(constraints(changes), encoding="utf-8")
    pip = [sys.executable, "-m", "pip", "--python", python, "--disable-pip-version-check"]
    _run([*pip, "install", "--quiet", "--no-compile", "-c", pinned, wanted], folder)
    return python


def cell(name: str, wanted: str) -> dict[str, Any]:
    """What the check says in one environment."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        python = environment(folder / "env", wanted, dict(ENVIRONMENTS[name]))
        made: dict[str, Any] = json.loads(_run([python, CHECK, REGISTRY], folder))
    return made


def trusts(polars: str, wanted: str) -> bool:
    """Whether every native lowering gives the bits of its op on a version of Polars."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        python = environment(folder / "env", wanted, {"polars": f"=={polars}"})
        command = [python, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-k", "gives_the"]
        tests = ROOT / "parity_tests" / "offline" / "test_lowerings.py"
        try:
            _run([*command, "--rootdir", ROOT, tests], folder, PYTHONPATH=str(ROOT))
        except CellFailed as error:
            print(f"polars {polars}: not trusted\n{str(error)[-600:]}", flush=True)
            return False
    print(f"polars {polars}: trusted", flush=True)
    return True


def _run(command: list[Any], folder: Path, **more: str) -> str:
    outer = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "VIRTUAL_ENV"))}
    outer["FEATURELIB_CACHE_DIR"] = str(folder / "cache")
    done = subprocess.run(
        list(map(str, command)), cwd=folder, env={**outer, **more}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    if done.returncode:
        raise CellFailed(f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return done.stdout


def main() -> int:
    """Prints a line a cell; 1 if the bits of two cells differ, or a golden row does."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--environments", nargs="*", choices=[*ENVIRONMENTS], default=[*ENVIRONMENTS],
        help="which cells (default: all)",
    )  # fmt: skip
    parser.add_argument(
        "--wheel", action="append", default=[], metavar="FILE|VERSION",
        help="a release of featurelib to run besides this tree",
    )  # fmt: skip
    parser.add_argument(
        "--polars", nargs="*", metavar="VERSION",
        help="try the native lowerings on these versions of Polars, and write the list of those "
        f"that are trusted (default: {', '.join(POLARS)})",
    )  # fmt: skip
    args = parser.parse_args()
    wheels = {wheel: requirement(wheel) for wheel in args.wheel}
    with tempfile.TemporaryDirectory() as scratch:
        tree = Path(scratch) / "featurelib"
        copy_of_tree(tree)
        build(tree, Path(scratch) / "dist")
        (built,) = (Path(scratch) / "dist").glob("*.whl")
        wheels = {"this tree": requirement(str(built)), **wheels}
        differs = compare(wheels, args.environments)
        if args.polars is not None:
            tried = args.polars or POLARS
            found = [version for version in tried if trusts(version, wheels["this tree"])]
            print(f"lowerings are trusted on polars {', '.join(found)}: {write_trusted(found)}")
    return int(differs)


def compare(wheels: dict[str, str], environments: list[str]) -> bool:
    """Runs the cells and prints them; whether any gave other bits than another, or failed.

    Args:
        wheels: What pip installs, by what it is.
        environments: Names of environments.
    """
    differs, bits = False, dict[str, str]()
    for source, wanted in wheels.items():
        for name in environments:
            begin = time.perf_counter()
            try:
                made = cell(name, wanted)
            except CellFailed as error:
                print(f"{name}, {source}: FAILED\n{str(error)[-2000:]}", flush=True)
                differs = True
                continue
            versions = ", ".join(f"{k} {v}" for k, v in made["versions"].items())
            took = f"{time.perf_counter() - begin:.0f} s"
            print(f"{name}, {source}: {versions} ({took})", flush=True)
            for release, found in made["releases"].items():
                same = found["bits"] == bits.setdefault(release, found["bits"])
                same &= not found["wrong"]
                differs |= not same
                print(f"  {release}: {found['rows']} rows, {'the same' if same else 'OTHER'} bits")
                for line in found["wrong"][:5]:
                    print(f"    {line}")
    return differs


if __name__ == "__main__":
    sys.exit(main())
