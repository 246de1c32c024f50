"""A team's repository in a folder: an op of its own, a feature set, golden data, a release."""

from __future__ import annotations

import importlib
import linecache
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from featurelib.feature_set import FeatureSet
from featurelib.op import _REGISTRY, Op
from featurelib.parity.golden_features import record
from featurelib.parity.targets import read_rows
from featurelib.release import lock
from featurelib.release.repository import Repository

MODULE = "ride_features"
PYPROJECT = '[project]\nname = "rides"\n\n[tool.featurelib]\nsets = ["ride_features:rides"]\n'
SOURCE = '''"""Features of rides."""

import featurelib as fl
from featurelib.dtypes import Float64
from featurelib.op import kernel_function, op

SCALE = 1.609344


@kernel_function
def positive(x: Float64) -> Float64:
    """The size of x."""
    return x if x > 0.0 else -x


@op("km_of_miles", version=1)
def km_of_miles(x: Float64) -> Float64:
    """Kilometres of miles."""
    # a comment
    return positive(x) * SCALE


class Ride(fl.Schema):
    miles: float
    city: str | None


@fl.feature(version=1, owner="rides", tags=["distance"])
def km(miles: fl.Expr) -> fl.Expr:
    """Kilometres."""
    return km_of_miles(miles).cast(fl.Float32)


@fl.feature(version=1)
def miles_z(miles: fl.Expr) -> fl.Expr:
    """Miles in training deviations."""
    return miles.standardize().cast(fl.Float32)


@fl.feature(version=1)
def has_city(city: fl.Expr) -> fl.Expr:
    """Whether a city is given."""
    return city.is_not_null()


rides = fl.FeatureSet(
    "rides",
    version="1.0.0",
    inputs=Ride,
    features=[km, miles_z, has_city],
    layout={"dense": ["km", "miles_z"]},
)
'''
CASES = """\
{"group": "basic", "types": ["Float64"], "args": [1.0], "params": {}, "out_type": "Float64", \
"out": 1.609344, "oracle": "by hand", "why": "one mile"}
{"group": "nulls", "types": ["Float64"], "args": [null], "params": {}, "out_type": "Float64", \
"out": null, "oracle": "by hand", "why": "no miles"}
"""
CASES_FILE = f"golden_data/ops/{MODULE}/km_of_miles@1.jsonl"
FRAME = pl.DataFrame(
    {"miles": [0.5, 1.0, 2.5, -3.0, 8.25], "city": ["Oslo", None, "Rome", "Oslo", ""]}
)


def _is_ours(op: Op) -> bool:
    return op.bodies[0].fn.__module__ == MODULE


class Rides:
    """The repository; edits are seen by the next command, as in another process."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.module = root / f"{MODULE}.py"
        (root / "pyproject.toml").write_text(PYPROJECT, encoding="utf-8")
        self.write(SOURCE)
        cases = root / CASES_FILE
        cases.parent.mkdir(parents=True)
        cases.write_text(CASES, encoding="utf-8")

    @property
    def repository(self) -> Repository:
        """As the command finds it, with the module to be imported again."""
        sys.modules.pop(MODULE, None)
        for versions in _REGISTRY.values():
            for version in [v for v, op in versions.items() if _is_ours(op)]:
                del versions[version]
        linecache.clearcache()
        importlib.invalidate_caches()
        return Repository.find(self.root)

    @property
    def set(self) -> FeatureSet:
        """The feature set as it is written now."""
        return self.repository.load_sets()[0]

    def write(self, source: str) -> None:
        """Writes the module."""
        self.module.write_text(source, encoding="utf-8")

    def edit(self, *pairs: tuple[str, str]) -> None:
        """Replaces texts of the module, each of which stands there once."""
        source = self.module.read_text(encoding="utf-8")
        for old, new in pairs:
            assert source.count(old) == 1, old
            source = source.replace(old, new)
        self.write(source)

    def release(self, frame: Any = FRAME) -> Path:
        """Fits the set, saves its bundle and records its golden rows; gives the folder."""
        from featurelib_offline import fit

        features = self.set
        bundle = features.bind(fit(features, frame))
        folder = self.root / "golden_data" / "features" / bundle.name / bundle.version
        record(bundle, read_rows(bundle, frame), folder)
        bundle.save(folder / f"{bundle.name}-{bundle.version}.json")
        return folder


@pytest.fixture
def rides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rides]:
    """The repository as the working directory; ops that it registers are forgotten after."""
    known = {name: dict(versions) for name, versions in _REGISTRY.items()}
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.chdir(tmp_path)
    yield Rides(tmp_path)
    sys.modules.pop(MODULE, None)
    _REGISTRY.clear()
    _REGISTRY.update(known)


@pytest.fixture
def locked(rides: Rides) -> Rides:
    """The repository with a release and its lock."""
    rides.release()
    assert not lock.add(rides.repository).findings
    return rides
