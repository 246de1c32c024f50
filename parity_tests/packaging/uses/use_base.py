"""The base install: definitions, bundles, explain and trace; it names the extras that it lacks."""

from pathlib import Path

from trips import command, is_absent, trips

import featurelib as fl

is_absent("numba", "polars", "pyarrow", "pandas", "rich", "torch", "pytest", "cryptography")
bundle = trips.bind()
path = bundle.save("trips-1.0.0.json")
assert fl.load(path) == bundle
assert "log1p" in command("explain", str(path.resolve())).stdout
row = '{"miles": 1.5, "city": "Oslo"}'
traced = command("trace", str(path.resolve()), "--row", row)
assert "0.91629" in traced.stdout, traced
lacking = command(
    "transform", str(path.resolve()), "in.csv", "-o", str(Path("out.parquet").resolve())
)
assert lacking.returncode == 1, lacking
assert "pip install 'featurelib[offline]'" in lacking.stderr, lacking
print("defines, saves, loads, explains, traces")
