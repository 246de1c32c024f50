"""The models that a training makes: towers and rankers of several widths, depths and inputs.

They differ in bytes and in time by a factor of seven, so that a pool has something to choose.
Epochs, rates, decay and products were chosen on ratings before the test: each user's last ten of
those that are for training.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from featurelib.errors import DefinitionError

__all__ = ["DEFAULT", "QUICK", "VARIANTS", "Variant", "chosen"]


@dataclass(frozen=True)
class Variant:
    """A model to train.

    Attributes:
        name: What it is called in the manifest.
        kind: ``towers`` or ``ranker``.
        config: Arguments of its module but for the shapes.
        epochs: Passes over the training ratings.
        rate: The highest learning rate; it rises and falls within the training.
        decay: Weight decay.
        seed: Of its first weights and of the order of the ratings.
    """

    name: str
    kind: str
    config: Mapping[str, Any] = field(hash=False)
    epochs: int = 2
    rate: float = 0.004
    decay: float = 0.1
    seed: int = 1


def _ranker(
    name: str, embedding: int, hidden: list[int], products: int, *, knows_user: bool = True
) -> Variant:
    config = {
        "embedding": embedding, "hidden": hidden, "products": products, "knows_user": knows_user,
    }  # fmt: skip
    return Variant(name, "ranker", config, rate=0.008)


def _towers(name: str, embedding: int, hidden: list[int], dim: int) -> Variant:
    config = {"embedding": embedding, "hidden": hidden, "dim": dim}
    return Variant(name, "towers", config, epochs=3)


VARIANTS = (
    _towers("towers-32", 16, [64], 32),
    _ranker("ranker-64", 16, [64, 32], 32),
    _towers("towers-64", 24, [128], 64),
    _ranker("ranker-linear", 16, [], 32),
    _ranker("ranker-32", 8, [32], 16),
    _ranker("ranker-32-anyone", 8, [32], 16, knows_user=False),
    _ranker("ranker-64-anyone", 16, [64, 32], 32, knows_user=False),
    _ranker("ranker-64-plain", 16, [64, 32], 0),
    _ranker("ranker-64-ids", 48, [64, 32], 32),
    _ranker("ranker-96", 16, [96, 48], 32),
    _ranker("ranker-128", 32, [128, 64], 32),
    _ranker("ranker-128-anyone", 32, [128, 64], 32, knows_user=False),
    _ranker("ranker-128-deep", 16, [128, 64, 32], 32),
    _ranker("ranker-256", 32, [256, 64], 64),
)
"""The first two are the defaults; the first so many are what ``--models`` asks for."""

DEFAULT = {"towers": "towers-32", "ranker": "ranker-64"}
"""The names that a service asks for, and what they stand for after a training."""

QUICK = 2
"""Models of a quick training: both defaults."""


def chosen(models: int) -> tuple[Variant, ...]:
    """The first so many variants.

    Raises:
        DefinitionError: There are not so many, or the defaults would be missing.
    """
    if not QUICK <= models <= len(VARIANTS):
        raise DefinitionError(f"expected {QUICK} <= models <= {len(VARIANTS)}, got {models!r}")
    return VARIANTS[:models]
