"""Versions of a set whose every feature carries its version, so that a mixed row shows."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import xxhash

import featurelib as fl
from featurelib.bundle import Bundle
from featurelib.parity.golden_features import record
from featurelib.parity.values import Rows
from featurelib.program import Program
from featurelib.release import Registry
from featurelib.release.hotfix import Hotfix, RowRule
from featurelib_online import live

STEP: dict[str, Any] = {"by": "a test", "at": "2024-03-10T07:00:00Z"}
DEADLINE_S = 400.0
ALL = ("f0", "f1", "f2", "f3", "f4", "said")


class Trip(fl.Schema):
    """A number, and whose it is."""

    miles: float
    user_id: str


@cache
def bundle_of(
    number: int, version: str = "", *, feature_version: int = 1, layout: str = "dense"
) -> Bundle:
    """Version 1.<number>.0: five numbers, miles + 1000 * number, and a text that says it."""
    moved = fl.col("miles") + 1000.0 * number
    numbers = [fl.Feature(f"f{i}", version=feature_version, expr=moved) for i in range(5)]
    text = fl.Feature("said", version=feature_version, expr=fl.col("user_id") + str(number % 10))
    return fl.FeatureSet(
        "trips",
        version=version or f"1.{number}.0",
        inputs=Trip,
        features=[*numbers, text],
        layout={layout: [f"f{i}" for i in range(5)]},
    ).bind()


def request(i: int) -> dict[str, Any]:
    """A request."""
    return {"miles": float(i % 100), "user_id": f"u{i % 37}"}


def numbers_in(row: Any, asked: dict[str, Any]) -> set[int]:
    """Which versions a row carries: one, or it is mixed."""
    found = {int((row[f"f{i}"] - asked["miles"]) // 1000) for i in range(5)}
    return found | {int(row["said"][len(asked["user_id"])])}


@cache
def golden_of(bundle: Bundle) -> bytes:
    """Golden rows of a bundle."""
    asked = ((2.5, b"u1"), (-0.0, b""), (7.0, "ü".encode()))
    return recorded(bundle, [{"miles": miles, "user_id": user} for miles, user in asked])


def recorded(bundle: Bundle, rows: list[dict[str, Any]]) -> bytes:
    """Golden rows of canonical inputs, as `featurelib golden record` writes them."""
    with TemporaryDirectory() as folder:
        return record(bundle, Rows.of(rows, bundle.schema), folder).read_bytes()


def released(registry: Registry, number: int, **more: Any) -> str:
    """Releases a version, and gives it."""
    bundle = bundle_of(number, **more)
    return registry.release(bundle, golden_of(bundle)).version


def wrong(registry: Registry, number: int) -> str:
    """Releases a version whose golden rows say another value than it gives."""
    bundle = bundle_of(number)
    head, _, rows = golden_of(bundle).partition(b"\n")
    before, out, values = rows.partition(b'"out":')
    truth = next(part for part in values.split(b'"') if len(part) == 16)
    other = truth[:-1] + (b"1" if truth[-1:] == b"0" else b"0")
    altered = before + out + values.replace(truth, other, 1)
    return registry.release(bundle, head + b"\n" + altered).version


def declared(
    rows: fl.Expr | None = None, features: tuple[str, ...] = ALL, accepts: tuple[str, ...] = ()
) -> Hotfix:
    """A declaration from 1.1.0 to 1.1.1, for the rows of an expression, else for all."""
    rule = RowRule("all") if rows is None else RowRule("some", _node_of(rows))
    schema = bundle_of(1).schema
    return Hotfix("trips", "1.1.0", "1.1.1", "wrong", "a test", accepts, schema,
                  dict.fromkeys(features, rule))  # fmt: skip


def _node_of(rows: fl.Expr) -> Any:
    """An expression over the inputs, typed."""
    feature = fl.Feature("rows", version=1, expr=rows)
    made = fl.FeatureSet("rows", version="1.0.0", inputs=Trip, features=[feature]).bind()
    return Program.from_json(made.program.to_json()).outputs["rows"]


def hotfixed(registry: Registry, declaration: Hotfix, **more: Any) -> str:
    """Releases a declared hotfix, 1.1.1: it gives the values of number 2."""
    bundle = bundle_of(2, "1.1.1", feature_version=2)
    return registry.release(bundle, golden_of(bundle), declaration=declaration, **more).version


def following(registry: Registry, **more: Any) -> live.LiveKernel:
    """Follows the stable channel of trips closely, and compiles in this process."""
    options = {"every_s": 0.02, "in_child": False, "first_within_s": DEADLINE_S, **more}
    return live.follow(registry, "trips", **options)


def until(is_so: Callable[[], bool], what: Callable[[], object] = lambda: "") -> None:
    """Waits for something that another thread does."""
    end = time.monotonic() + DEADLINE_S
    while not is_so():
        assert time.monotonic() < end, what()
        time.sleep(0.005)


def in_share(entity: str, share: float) -> bool:
    """Whether an entity is one of a canary's, by another library's XXH64."""
    return xxhash.xxh64_intdigest(entity.encode(), 0) < math.floor(share * 2**64)


def folder_of(registry: Registry, version: str) -> Path:
    """Where a release lies."""
    return Path(registry.where) / "releases" / "trips" / version
