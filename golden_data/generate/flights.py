"""Records the golden features of the set `flights`: real rows, values of the reference evaluator.

Unlike its neighbours this script runs featurelib: what it writes freezes the meaning of the set's
version and proves nothing. The rows worked by hand (`flights_by_hand`) are the independent ones.
A version that is recorded already is refused; before a first release its folder may be deleted by
hand and recorded again.
"""

import sys
from pathlib import Path

import polars as pl

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT.parent))

from featurelib.parity.golden_features import golden_path, record  # noqa: E402
from featurelib.parity.targets import read_rows  # noqa: E402
from featurelib_offline import fit  # noqa: E402
from parity_tests.feature_sets.flights import flights, load_flights  # noqa: E402

EVERY = 131
"""Of the rows in the order of the file, every so many-th: 2,571 of them, in all months."""


def main() -> None:
    frame = load_flights(keep=["month"])
    train = frame.filter(pl.col("month") <= 9).drop("month")
    bundle = flights.bind(fit(flights, train))
    folder = golden_path(ROOT, bundle)
    rows = read_rows(bundle, frame.drop("month").gather_every(EVERY))
    written = record(bundle, rows, folder)
    bundle.save(folder / f"{bundle.name}-{bundle.version}.json")
    print(f"{len(rows)} rows: {written}")


if __name__ == "__main__":
    main()
