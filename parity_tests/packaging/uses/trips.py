"""The feature set that every use stands on, as a team writes it."""

import importlib.util
import subprocess
from pathlib import Path

import featurelib as fl


class Trip(fl.Schema):
    miles: float
    city: str | None


@fl.feature(version=1)
def log_miles(miles: fl.Expr) -> fl.Expr:
    """Miles on a log scale."""
    return miles.log1p().cast(fl.Float32)


@fl.feature(version=1)
def city_bucket(city: fl.Expr) -> fl.Expr:
    """The city, hashed to one of 100 places."""
    return city.fill_null("?").hash_bucket(100)


trips = fl.FeatureSet(
    "trips",
    version="1.0.0",
    inputs=Trip,
    features=[log_miles, city_bucket],
    layout={"dense": ["log_miles"], "ids": ["city_bucket"]},
)
ROWS = [{"miles": 1.5, "city": "Oslo"}, {"miles": 0.0, "city": None}]


# Float32 of log(2.5) by mpmath; XXH64 of "Oslo" and "?", seed 0, modulo 100, by the package xxhash.
EXPECTED = [
    {"log_miles": 0.9162907600402832, "city_bucket": 8},
    {"log_miles": 0.0, "city_bucket": 24},
]


def is_absent(*modules: str) -> None:
    """Fails if an environment holds what its extra must not bring."""
    there = [m for m in modules if importlib.util.find_spec(m) is not None]
    assert not there, f"{there} came along"


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs the featurelib command of this environment."""
    return subprocess.run(
        ["featurelib", *arguments],
        capture_output=True, text=True, check=False, cwd=Path(__file__).parent,
    )  # fmt: skip
