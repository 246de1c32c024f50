"""Layers, twice: the import contracts of pyproject.toml, and what a fresh interpreter has loaded.

The contracts see every import statement, lazy ones too; a fresh interpreter sees what really
happens, imports by third parties included. docs/layers.md has the table in words.
"""

import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import featurelib

ROOT = Path(__file__).parents[2]
LINTER = Path(sys.executable).with_name("lint-imports")
FRAMES = {"pandas", "polars", "pyarrow"}
MACHINE = {"llvmlite", "numba"}
TOOLS = {"cryptography", "fsspec", "hypothesis", "pytest", "rich"}
UPPER = ("featurelib.cli", "featurelib.jit", "featurelib.parity", "featurelib.release")


def loaded_by(*modules: str) -> set[str]:
    """Packages (and our modules) that a fresh interpreter has after these imports."""
    code = (
        f"import importlib, sys\nfor m in {modules!r}: importlib.import_module(m)\n"
        "print('\\n'.join(m if m.startswith('featurelib') else m.partition('.')[0]"
        " for m in sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def base_modules() -> list[str]:
    """Every module that defines meaning: featurelib without machine code, parity and commands."""
    found = pkgutil.walk_packages(featurelib.__path__, "featurelib.")
    names = [m.name for m in found if not m.name.startswith(UPPER)]
    return ["featurelib", *(n for n in names if not n.endswith("__main__"))]


def test_import_contracts_hold() -> None:
    """import-linter finds no import across a layer, direct or not, lazy or not."""
    command = [LINTER, "--no-logo", "--no-cache", "--config", "pyproject.toml"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr


def test_a_definition_loads_with_numpy_and_pydantic_only() -> None:
    """All modules of meaning together load no frame library, no compiler and no tool."""
    got = loaded_by(*base_modules())
    assert not got & (FRAMES | MACHINE | TOOLS | {"torch", "featurelib_offline"}), got
    assert not [m for m in got if m.startswith((*UPPER, "featurelib_online"))]


@pytest.mark.parametrize(
    ("package", "refused"),
    [
        ("featurelib.jit", FRAMES | TOOLS | {"torch", "featurelib_offline", "featurelib_online"}),
        ("featurelib.cli", FRAMES | MACHINE | TOOLS | {"torch"}),
        ("featurelib.parity", FRAMES | MACHINE | TOOLS | {"torch"}),
        ("featurelib.release", FRAMES | MACHINE | TOOLS | {"torch"}),
        ("featurelib_offline", {"featurelib_online", "pandas", "torch", "featurelib.parity"}),
        ("featurelib_online", FRAMES | TOOLS | {"featurelib_offline", "torch", "numba_cuda"}),
    ],
)
def test_a_package_loads_only_what_its_layer_may(package: str, refused: set[str]) -> None:
    """Importing a package brings in nothing that its row in docs/layers.md forbids."""
    assert not loaded_by(package) & refused
