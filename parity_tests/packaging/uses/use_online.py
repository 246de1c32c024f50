"""Serving: a row kernel; no pandas, no Polars, no pyarrow, no torch in the environment."""

import json

from trips import EXPECTED, ROWS, is_absent, trips

import featurelib_online as online

is_absent("polars", "pyarrow", "pandas", "torch", "pytest", "rich", "cryptography")
kernel = online.compile(trips)
assert [dict(kernel(row)) for row in ROWS] == EXPECTED
batch = kernel.json(json.dumps(ROWS).encode())
assert [batch[i] for i in range(len(batch))] == EXPECTED
print("compiles a row kernel and answers rows")
