"""Releases the three versions of the set `flights` into `golden_data/registry`, signed.

It makes a key, signs, and forgets it: releases are never changed, so nobody needs it again. A
registry that is there is refused; delete it by hand before a first release of this library and run
the script again. The golden rows are real flights and the hours around changes of clocks; their
values are those of the reference evaluator.
"""

import datetime as dt
import sys
import tempfile
from pathlib import Path

import polars as pl

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT.parent))

import featurelib as fl  # noqa: E402
from featurelib.parity.golden_features import FILE, record  # noqa: E402
from featurelib.parity.targets import read_rows  # noqa: E402
from featurelib.release import Registry  # noqa: E402
from featurelib.release.hotfix_file import read  # noqa: E402
from featurelib.release.signing import new_key, read_private_key  # noqa: E402
from parity_tests.feature_sets.flights import load_flights  # noqa: E402
from parity_tests.feature_sets.flights_releases import HOTFIX, RELEASES  # noqa: E402

EVERY = 2_500
TARGET = ROOT / "registry"


def rows() -> pl.DataFrame:
    """Some flights of each month, and one flight at each hour around both changes of clocks."""
    frame = load_flights()
    one = frame.head(1)
    changes = [
        one.with_columns(
            time_hour=pl.lit(start + dt.timedelta(hours=h)).cast(one["time_hour"].dtype)
        )
        for start in (dt.datetime(2013, 3, 10, 4), dt.datetime(2013, 11, 3, 3))
        for h in range(6)
    ]
    return pl.concat([frame.gather_every(EVERY), *changes])


def main() -> None:
    if TARGET.exists():
        raise SystemExit(f"{TARGET} is there, and releases are never changed")
    state = fl.load(ROOT / "features/flights/1.0.0/flights-1.0.0.json").state
    bundles = [released.bind(state) for released in RELEASES]
    with tempfile.TemporaryDirectory() as scratch:
        private, public = new_key(Path(scratch) / "key")
        key = read_private_key(private)
        registry = Registry(TARGET)
        registry.trust([public])
        hotfix_file = Path(scratch) / "hotfix.toml"
        hotfix_file.write_text(HOTFIX, encoding="utf-8")
        for bundle in bundles:
            folder = Path(scratch) / bundle.version
            record(bundle, read_rows(bundle, rows()), folder)
            is_fix = bundle.version == "1.1.1"
            hotfix = read(hotfix_file, bundles[1], bundle) if is_fix else None
            made = registry.release(
                bundle,
                (folder / FILE).read_bytes(),
                declaration=hotfix.to_json() if hotfix else None,
                key=key,
            )
            print(made)
    stable = registry.channel("flights", "stable")
    for bundle in bundles:
        stable.promote(bundle.version, why="released", by="golden_data/generate", at="2026-11-23")


if __name__ == "__main__":
    main()
