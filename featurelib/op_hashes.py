"""Hashes of the ops of this distribution, written down when they were made.

Hashing an op means parsing the source of everything that its bodies reach. Loading a bundle needs
the hashes of all its ops, so they stand in ``op_hashes.json``, with one digest over the sources
that they were made from. They count only while that is the digest of the sources that are
installed: an edited body is hashed anew, and `make check` asks for the file to be written again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

__all__ = ["FILE", "recorded_hashes", "sources_digest"]

PACKAGE = Path(__file__).parent
FILE = PACKAGE / "op_hashes.json"
SOURCES = (
    "body_hash.py",
    "dtypes.py",
    "intrinsics.py",
    "op.py",
    "ops",
    "signature.py",
    "tables.py",
    "zones.py",
)
"""Where bodies, the constants and types that they name, and the recipe of hashes stand."""


def sources_digest() -> str:
    """One digest over all that a hash of an op can depend on."""
    digest = hashlib.sha256()
    for name in SOURCES:
        path = PACKAGE / name
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            content = file.read_bytes()
            digest.update(f"{file.relative_to(PACKAGE).as_posix()} {len(content)}\n".encode())
            digest.update(content)
    return digest.hexdigest()


@lru_cache(maxsize=1)
def recorded_hashes() -> Mapping[str, str]:
    """Hash of each op by ``name@version``; empty if sources have changed since."""
    try:
        content = json.loads(FILE.read_text(encoding="utf-8"))
        current = content["sources"] == sources_digest()
    except (OSError, ValueError, KeyError):
        return {}  # sources without the file: every op is hashed anew
    return content["ops"] if current else {}
