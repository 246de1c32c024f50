"""Model artifacts: weights and a card, named by the digest of both, and the names that move."""

from __future__ import annotations

from serving_example.artifacts.card import ModelArtifact, ModelCard
from serving_example.artifacts.errors import ArtifactError, UnknownModelError
from serving_example.artifacts.manifest import Manifest
from serving_example.artifacts.store import ArtifactStore, Lease

__all__ = [
    "ArtifactError",
    "ArtifactStore",
    "Lease",
    "Manifest",
    "ModelArtifact",
    "ModelCard",
    "UnknownModelError",
]
