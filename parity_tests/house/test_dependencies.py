"""What is imported is declared, what is declared is explained, and CI pins all of it."""

import ast
import re
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
FOLDERS = (
    "featurelib",
    "featurelib_offline",
    "featurelib_online",
    "parity_tests",
    "golden_data",
    "benchmarks",
    "serving_example",
)
DISTRIBUTION = {
    "griffe": "griffelib",
    "opentelemetry": "opentelemetry-api",
    "sklearn": "scikit-learn",
    "xdist": "pytest-xdist",
}
BROUGHT_BY_ANOTHER = {
    "annotated_types": "pydantic",
    "llvmlite": "numba",
    "cuda": "numba-cuda",
    "numba_cuda": "numba-cuda",
    "pydantic_core": "pydantic",
    "_pytest": "pytest",
    "jupyter_client": "nbclient",
    "IPython": "ipykernel",
    "scipy": "scikit-learn",
}
# A peer that `make bench` takes where it is installed; modules that tests write or import; the
# client of the serving example, which is a distribution of its own.
NOT_OURS_TO_DECLARE = {
    "featurelib_client",
    "featurelib_pytest",
    "polars_hash",
    "trip_features",
    "trips",
}


def declared() -> dict[str, set[str]]:
    """Distributions with the extras that bring them; ``base`` is no extra."""
    groups = {"base": PROJECT["dependencies"], **PROJECT["optional-dependencies"]}
    found: dict[str, set[str]] = {}
    for group, requirements in groups.items():
        for requirement in requirements:
            name = re.split(r"[^A-Za-z0-9_.-]", requirement, maxsplit=1)[0].lower()
            if name != "featurelib":
                found.setdefault(name, set()).add(group)
    return found


def imported() -> dict[str, str]:
    """Third-party packages by name, each with a file that imports it."""
    here = {*sys.stdlib_module_names, *FOLDERS}
    for path in (ROOT / "golden_data").rglob("*.py"):
        here.add(path.stem)  # the generators import each other
    found: dict[str, str] = {}
    for folder in FOLDERS:
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
                if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    names = [node.module]
                for name in names:
                    top = name.partition(".")[0]
                    if top not in here:
                        found[top] = str(path.relative_to(ROOT))
    return found


def test_every_import_is_declared() -> None:
    """No file imports a package that pyproject.toml does not name."""
    names = declared()
    missing = {}
    for top, file in imported().items():
        owner = BROUGHT_BY_ANOTHER.get(top, DISTRIBUTION.get(top, top.replace("_", "-")))
        if owner not in names and top not in NOT_OURS_TO_DECLARE:
            missing[top] = file
    assert not missing


@pytest.mark.parametrize("name", sorted(declared()))
def test_every_dependency_is_explained_and_pinned(name: str) -> None:
    """docs/dependencies.md says what it is for; constraints.txt has the version that CI uses."""
    table = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    rows = [line.split("|") for line in table.splitlines() if line.startswith("| ")]
    mine = [row for row in rows if re.search(rf"(^|[ ,]){re.escape(name)}([ ,]|$)", row[1])]
    assert mine, f"docs/dependencies.md has no row for {name}"
    for extra in declared()[name]:
        assert any(extra in row[2] for row in mine), f"{name} comes with {extra} too"
    pins = (ROOT / "constraints.txt").read_text(encoding="utf-8").lower()
    assert f"\n{name}==" in pins, f"constraints.txt has no version of {name}"


def test_the_base_install_is_small() -> None:
    """A definition needs numpy and pydantic and nothing else."""
    assert {name for name, groups in declared().items() if "base" in groups} == {
        "numpy",
        "pydantic",
    }
