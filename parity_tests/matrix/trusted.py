"""The list of Polars versions on which native lowerings are trusted, as the package holds it.

It is of the lowerings that were tried: with an edited one the list says nothing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

__all__ = ["TRUSTED", "lowerings_digest", "write_trusted"]

NATIVE = Path(__file__).parents[2] / "featurelib_offline" / "native"
TRUSTED = NATIVE / "trusted.json"


def lowerings_digest() -> str:
    """A digest over the sources of all lowerings."""
    digest = hashlib.sha256()
    for file in sorted(NATIVE.glob("*.py")):
        content = file.read_bytes()
        digest.update(f"{file.name} {len(content)}\n".encode() + content)
    return digest.hexdigest()


def write_trusted(versions: Sequence[str]) -> Path:
    """Writes the list; versions that were not tried now are not in it."""
    content = {"lowerings": lowerings_digest(), "polars": list(versions)}
    TRUSTED.write_text(json.dumps(content) + "\n", encoding="utf-8")
    return TRUSTED
