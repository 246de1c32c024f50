"""Small releases that the tests of the registry share."""

from __future__ import annotations

import json
from functools import cache
from tempfile import TemporaryDirectory
from typing import Any

import featurelib as fl
from featurelib.bundle import Bundle
from featurelib.parity.golden_features import record
from featurelib.parity.values import Rows
from featurelib.release.hotfix import Hotfix, RowRule

WHEN = "2024-03-10T07:00:00Z"
STEP: dict[str, Any] = {"by": "a test", "at": WHEN}


class Ride(fl.Schema):
    """Two columns."""

    miles: float
    riders: int | None


@cache
def bundle_of(
    version: str, *, factor: float = 1.0, name: str = "rides", feature_version: int = 1
) -> Bundle:
    """A set whose one feature is miles times a factor."""
    scaled = fl.Feature("scaled", version=feature_version, expr=fl.col("miles") * factor)
    return fl.FeatureSet(name, version=version, inputs=Ride, features=[scaled]).bind()


@cache
def golden_of(bundle: Bundle) -> bytes:
    """Golden rows of a bundle, as `featurelib golden record` writes them."""
    rows = Rows.of([{"miles": 2.5, "riders": None}, {"miles": -0.0, "riders": 3}], bundle.schema)
    with TemporaryDirectory() as folder:
        return record(bundle, rows, folder).read_bytes()


def material(version: str, *, factor: float = 1.0, name: str = "rides") -> tuple[Bundle, bytes]:
    """What `Registry.release` takes."""
    bundle = bundle_of(version, factor=factor, name=name)
    return bundle, golden_of(bundle)


def hotfix_of(version: str, mended: str) -> Hotfix:
    """The declaration that `scaled` moves on all rows from one version to the next patch."""
    rows = {"scaled": RowRule("all")}
    schema = bundle_of(mended).schema
    return Hotfix("rides", version, mended, "a wrong factor", "a test", (), schema, rows)


def json_of(data: bytes | str) -> Any:
    """Plain data of JSON."""
    return json.loads(data)
