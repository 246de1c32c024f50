"""The environments of the matrix: which versions of the libraries below a kernel and a plan."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["ENVIRONMENTS", "POLARS"]

ENVIRONMENTS: Mapping[str, Mapping[str, str]] = {
    "newest": {},
    "lowest": {
        "llvmlite": "==0.45.*",
        "numba": "==0.62.*",
        "numpy": "==2.1.*",
        "polars": "==1.30.0",
        "pyarrow": "==19.*",
        "pydantic": "==2.10.*",
    },
}
"""What differs from `constraints.txt`, by name: the lower bounds of pyproject.toml, and nothing."""
POLARS = ("1.30.0", "1.35.2", "1.40.1", "1.44.2", "2.0.0", "2.1.0")
"""Versions on which lowerings are tried for the list of trusted ones (``--polars``)."""
