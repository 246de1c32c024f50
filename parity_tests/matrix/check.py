"""Runs in an environment of the matrix: every release of a registry, by every engine that is there.

    python check.py REGISTRY    # prints one line of JSON

Nothing of the checkout is imported: featurelib comes from the installed wheel.
"""

import hashlib
import json
import sys
import tempfile
from importlib import metadata
from pathlib import Path

from featurelib import canonical_json, literals
from featurelib.parity.engines import BatchKernel, Reference, RowKernelEngine, RowKernelMany
from featurelib.parity.golden_features import FILE, read_golden, verify
from featurelib.parity.polars_engines import PolarsEngine
from featurelib.release import Registry

LIBRARIES = ("featurelib", "numba", "numpy", "polars", "pyarrow", "pydantic")
ENGINES = [
    Reference(),
    RowKernelEngine(),
    RowKernelMany(),
    BatchKernel(),
    PolarsEngine("in-memory"),
    PolarsEngine("streaming", in_pieces=True),
    PolarsEngine("in-memory", "never"),
]


def main() -> None:
    registry = Registry(sys.argv[1])
    found = {}
    for name in registry.sets():
        for version in registry.versions(name):
            release = registry.fetch(name, version)
            with tempfile.TemporaryDirectory() as folder:
                (Path(folder) / FILE).write_bytes(release.golden)
                wrong = verify(release.bundle, folder, ENGINES)
                rows = read_golden(release.bundle, folder).rows
            outputs = BatchKernel().compute(release.bundle, rows)
            told = hashlib.sha256()
            for feature, values in sorted(outputs.items()):
                shown = [literals.canonical(values.canonical(i)) for i in range(len(values))]
                told.update(canonical_json.dumps([feature, shown]).encode())
            found[f"{name} {version}"] = {
                "bits": told.hexdigest()[:16],
                "rows": len(rows),
                "wrong": [str(w) for w in wrong],
            }
    versions = {library: metadata.version(library) for library in LIBRARIES}
    print(json.dumps({"versions": versions, "releases": found}))


if __name__ == "__main__":
    main()
