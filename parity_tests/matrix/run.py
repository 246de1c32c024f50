"""Every release under several versions of the libraries: what ``make matrix`` runs.

    python -m parity_tests.matrix.run                   # lowest and newest supported versions
    python -m parity_tests.matrix.run --polars          # and the list of Polars that is trusted

Each cell is a fresh environment with this tree's wheel, and with each wheel in `--wheels` (those of
releases before). It computes the golden rows of every release in `golden_data/registry` by every
engine; all cells must give the same bits.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path
from typing import Any

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


def environment(folder: Path, wheel: Path, changes: dict[str, str]) -> Path:
    """A fresh environment with a wheel; its Python."""
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    pinned = folder / "constraints.txt"
    pinned.write_text(constraints(changes), encoding="utf-8")
    wanted = f"featurelib[parity,release] @ {wheel.resolve().as_uri()}"
    _run([python, "-m", "pip", "install", "--quiet", "-c", pinned, wanted], folder)
    return python


def cell(name: str, wheel: Path) -> dict[str, Any]:
    """What the check says in one environment."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        python = environment(folder / "env", wheel, dict(ENVIRONMENTS[name]))
        made: dict[str, Any] = json.loads(_run([python, CHECK, REGISTRY], folder))
    return made


def trusts(polars: str, wheel: Path) -> bool:
    """Whether every native lowering gives the bits of its op on a version of Polars."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        python = environment(folder / "env", wheel, {"polars": f"=={polars}"})
        command = [python, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider"]
        tests = ROOT / "parity_tests" / "offline" / "test_lowerings.py"
        try:
            _run([*command, "--rootdir", ROOT, tests], folder, PYTHONPATH=str(ROOT))
        except CellFailed as error:
            print(f"polars {polars}: not trusted\n{str(error)[-600:]}", flush=True)
            return False
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
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--environments", nargs="*", choices=[*ENVIRONMENTS], default=[*ENVIRONMENTS]
    )
    parser.add_argument("--wheels", nargs="*", type=Path, default=[], help="of earlier releases")
    parser.add_argument("--polars", action="store_true", help="try lowerings on versions of Polars")
    args = parser.parse_args()
    status, bits = 0, {}
    with tempfile.TemporaryDirectory() as scratch:
        tree = Path(scratch) / "featurelib"
        copy_of_tree(tree)
        build(tree, Path(scratch) / "dist")
        (wheel,) = (Path(scratch) / "dist").glob("*.whl")
        for source in (wheel, *args.wheels):
            for name in args.environments:
                begin = time.perf_counter()
                made = cell(name, source)
                versions = ", ".join(f"{k} {v}" for k, v in made["versions"].items())
                print(f"{name}: {versions} ({time.perf_counter() - begin:.0f} s)", flush=True)
                for release, found in made["releases"].items():
                    expected = bits.setdefault(release, found["bits"])
                    same = found["bits"] == expected and not found["wrong"]
                    status |= not same
                    print(
                        f"  {release}: {found['rows']} rows, {'the same' if same else 'OTHER'} bits"
                    )
                    for line in found["wrong"][:5]:
                        print(f"    {line}")
        if args.polars:
            trusted = [version for version in POLARS if trusts(version, wheel)]
            file = ROOT / "featurelib_offline" / "native" / "trusted.json"
            file.write_text(json.dumps({"polars": trusted}) + "\n", encoding="utf-8")
            print(f"lowerings are trusted on polars {', '.join(trusted)}: {file}")
    return status


if __name__ == "__main__":
    sys.exit(main())
