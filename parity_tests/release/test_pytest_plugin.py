"""The tests that pytest gives a repository of feature sets: by the entry point, without any code.

They need featurelib installed with its entry points, as `make test` does.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import featurelib as fl
import featurelib_online
from featurelib.bundle import Bundle
from featurelib.parity.generate_rows import generate_rows
from featurelib.release import lock
from featurelib.release.layout_check import misplaced
from parity_tests.release.rides import Rides, rides

__all__ = ["rides"]

ROOT = Path(__file__).parents[2]
UNASKED = """
import sys, pytest
pytest.main(["--co", "-q"])
print(sorted(m for m in sys.modules if m.partition(".")[0] in
      ("featurelib", "featurelib_pytest", "featurelib_offline", "numpy", "pydantic", "polars")))
"""


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, *command], cwd=folder, env=environment, capture_output=True, text=True,
        timeout=300, check=False,
    )  # fmt: skip


def plugged(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return run(folder, "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider", *options)


def test_nothing_is_loaded_where_nothing_is_asked(tmp_path: Path) -> None:
    """In a project that has other things to test, pytest imports one small module of ours."""
    done = run(tmp_path, "-c", UNASKED)
    assert done.stdout.splitlines()[-1] == "['featurelib_pytest']", done.stdout + done.stderr


def test_a_repository_is_tested_without_a_test_of_its_own(rides: Rides) -> None:
    """Parity, golden, layout and releases of its set, its ops and its lock; a change is named."""
    rides.release()
    assert not lock.add(rides.repository).findings
    done = plugged(rides.root, "--featurelib", "--featurelib-rows", "60")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "6 passed" in done.stdout
    rides.edit(("return city.is_not_null()", "return city.is_null()"))
    done = plugged(rides.root, "--featurelib", "--featurelib-rows", "60")
    assert done.returncode == 1
    assert "feature `has_city`, golden row 0" in done.stdout
    assert "feature has_city@1 of rides (ride_features.py:40): its meaning changed" in done.stdout
    assert "Hint: make it version 2" in done.stdout
    assert "2 failed, 4 passed" in done.stdout


def test_a_set_is_tested_by_its_name_alone(tmp_path: Path) -> None:
    """Outside of a repository of sets there is nothing to lock, and the reason is shown."""
    (tmp_path / "small.py").write_text(
        "import featurelib as fl\n\n\nclass Ride(fl.Schema):\n    fare: float\n\n\n"
        'FEATURES = [fl.Feature("fare_capped", version=1, expr=fl.col("fare").clip(0.0, 9.0))]\n'
        'small = fl.FeatureSet("small", version="1.0.0", inputs=Ride, features=FEATURES)\n'
    )
    asked = ("--featurelib-set", "small:small", "--featurelib-rows", "60")
    done = plugged(tmp_path, *asked)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed, 5 skipped" in done.stdout
    assert "there is no lock" in done.stdout
    assert "the repository has no op of its own" in done.stdout
    alone = plugged(tmp_path, "-p", "featurelib.parity.plugin", *asked)
    assert "1 passed, 1 skipped" in alone.stdout, alone.stdout + alone.stderr
    refused = plugged(tmp_path, "--featurelib")
    assert refused.returncode == 4
    assert "has a table [tool.featurelib]" in refused.stderr


class Offer(fl.Schema):
    price: float
    stock: fl.Float32
    ids: list[fl.Int64]


def offers(dense: list[str]) -> Bundle:
    features = [
        fl.Feature("half", version=1, expr=(fl.col("price") / 2).cast(fl.Float32)),
        fl.Feature("kind", version=1, expr=fl.col("stock").is_nan().cast(fl.Float32)),
    ]
    layout = {"dense": dense, "ids": ["ids"]}
    return fl.FeatureSet(
        "offers", version="1.0.0", inputs=Offer, features=features, layout=layout
    ).bind()


def test_tensors_hold_their_members(monkeypatch: pytest.MonkeyPatch) -> None:
    """Features, inputs and Lists stand where the layout says; a swapped pair is named."""
    right = offers(["half", "stock", "kind", "half"])
    rows = generate_rows(right, 200, 0)
    assert not list(misplaced(right, rows))
    wrong = featurelib_online.compile(offers(["half", "kind", "stock", "half"]))
    monkeypatch.setattr(featurelib_online, "compile", lambda bundle: wrong)
    found = list(misplaced(right, rows))
    assert found[0].startswith("tensor `dense` of a list: expected [[")
    assert found[1].startswith("tensor `dense` of row ")
    assert len(found) == 2
