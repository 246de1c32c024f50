"""The wheel with one extra in an environment of its own, used as its user does."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

HERE = Path(__file__).parent
CONSTRAINTS = HERE.parents[1] / "constraints.txt"
EXTRAS = ("base", "offline", "online", "parity", "release", "cuda", "serving")
"""Every extra that users install; ``base`` is none. `all` and `dev` are these together."""


class UseFailed(RuntimeError):
    """An extra cannot be installed, or does not do what it is for."""


def use(wheel: Path, extra: str) -> str:
    """Installs the wheel with an extra and runs ``uses/use_<extra>.py`` there.

    Args:
        wheel: The wheel's file.
        extra: One of `EXTRAS`.

    Returns:
        What the script said, and how long both took.

    Raises:
        UseFailed: With what pip or the script said.
    """
    wanted = f"featurelib{'' if extra == 'base' else f'[{extra}]'} @ {wheel.resolve().as_uri()}"
    return install_and_run(wanted, f"use_{extra}.py")


def install_and_run(wanted: str, script: str, *arguments: str) -> str:
    """Installs one requirement into an environment of its own and runs a script of ``uses/`` there.

    Args:
        wanted: The requirement, as pip takes it.
        script: The script's name.
        arguments: Of the script.

    Returns:
        What the script said, and how long both took.

    Raises:
        UseFailed: With what pip or the script said.
    """
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        venv.create(folder / "env", with_pip=True)
        python = folder / "env" / "bin" / "python"
        begin = time.perf_counter()
        _run([python, "-m", "pip", "install", "--quiet", "-c", CONSTRAINTS, wanted], folder)
        installed = time.perf_counter()
        said = _run([python, HERE / "uses" / script, *arguments], folder)
        used = time.perf_counter()
    return (
        f"{said.strip()} (installed in {installed - begin:.0f} s, used in {used - installed:.0f} s)"
    )


def _run(command: list[str | Path], folder: Path) -> str:
    """Runs a command where nothing of the checkout can be imported."""
    outer = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "VIRTUAL_ENV"))}
    bin_first = f"{folder / 'env' / 'bin'}{os.pathsep}{outer['PATH']}"
    cache = str(folder / "cache")
    done = subprocess.run(
        list(map(str, command)), cwd=folder, capture_output=True, text=True, check=False,
        env={**outer, "PATH": bin_first, "FEATURELIB_CACHE_DIR": cache},
    )  # fmt: skip
    if done.returncode:
        raise UseFailed(f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return done.stdout


if __name__ == "__main__":
    print(use(Path(sys.argv[1]), sys.argv[2]))
