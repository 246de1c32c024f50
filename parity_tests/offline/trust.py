"""Writes this version of Polars into the trusted list, if every lowering passes on it.

python -m parity_tests.offline.trust
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import polars as pl
import pytest

import featurelib_offline.native

LIST = Path(featurelib_offline.native.__file__).with_name("trusted.json")


def main() -> int:
    """Runs the tests of lowerings; exit status as pytest's."""
    tests = Path(__file__).with_name("test_lowerings.py")
    status = int(pytest.main([str(tests), "-q", "-x", "-p", "no:cacheprovider"]))
    if status == 0:
        versions = {*json.loads(LIST.read_text(encoding="utf-8"))["polars"], pl.__version__}
        ordered = sorted(versions, key=lambda v: [int(p) for p in v.split(".") if p.isdigit()])
        LIST.write_text(json.dumps({"polars": ordered}) + "\n", encoding="utf-8")
        print(f"Polars {pl.__version__} is trusted: {LIST}")
    return status


if __name__ == "__main__":
    sys.exit(main())
