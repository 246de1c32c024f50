"""How the hashes of a lock are made, by version, so that an old lock can still be checked.

A recipe that has made a lock keeps its functions here for as long as locks of it are migrated. A
lock is migrated by being checked with its own recipe first: only what has not changed since gets
the hashes of the new one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from featurelib.body_hash import op_hash
from featurelib.bundle import Bundle
from featurelib.fingerprint import RECIPE
from featurelib.op import Op

__all__ = ["CURRENT", "RECIPES", "Recipe"]


@dataclass(frozen=True)
class Recipe:
    """How hashes are made.

    Attributes:
        number: Its version.
        op: The hash of an op's bodies.
        features: The fingerprint of each feature of a bundle.
        fingerprint: The fingerprint of a bundle.
    """

    number: int
    op: Callable[[Op], str]
    features: Callable[[Bundle], Mapping[str, str]]
    fingerprint: Callable[[Bundle], str]


CURRENT = Recipe(RECIPE, op_hash, lambda b: b.fingerprints, lambda b: b.fingerprint)
RECIPES: Mapping[int, Recipe] = MappingProxyType({CURRENT.number: CURRENT})
"""Every recipe that this featurelib can make hashes by."""
