"""Training: fit and transform of a frame and of files; no serving, no torch."""

from pathlib import Path

import polars as pl
from trips import EXPECTED, ROWS, command, is_absent, trips

from featurelib_offline import fit, transform

is_absent("torch", "pandas", "pytest", "cryptography", "sklearn")
bundle = trips.bind(fit(trips, pl.DataFrame(ROWS)))
assert transform(bundle, pl.DataFrame(ROWS)).to_dicts() == EXPECTED
here = Path.cwd()
bundle.save(here / "trips.json")
pl.DataFrame(ROWS).write_csv(here / "in.csv")
done = command(
    "transform", str(here / "trips.json"), str(here / "in.csv"), "-o", str(here / "o.parquet")
)
assert done.returncode == 0, done
assert pl.read_parquet(here / "o.parquet").to_dicts() == EXPECTED
print("fits and transforms frames and files")
