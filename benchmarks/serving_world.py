"""MovieLens with trained models and a filled store: what benchmarks of the service start from."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

USERS = 943
"""User ids of MovieLens 100k are 1 to 943."""


def make_world(folder: Path) -> None:
    """Trains towers and a ranker quickly, and fills a store: DATA of ``serving_example.app``."""
    _run("serving_example.train", "--out", folder, "--quick")
    offline = folder / "offline"
    _run(
        "serving_example.store", "materialize", "--store", folder / "store",
        "--bundle", folder / "bundle.json", "--ratings", offline / "events.parquet",
        "--profiles", offline / "profiles.parquet",
        "--catalogue", offline / "catalogue.parquet",
    )  # fmt: skip


def _run(module: str, *arguments: object) -> None:
    subprocess.run([sys.executable, "-m", module, *map(str, arguments)], check=True,
                   capture_output=True)  # fmt: skip
