"""What goes wrong with model artifacts."""

from __future__ import annotations

from featurelib.errors import FeaturelibError

__all__ = ["ArtifactError", "UnknownModelError"]


class ArtifactError(FeaturelibError):
    """An artifact or the manifest is torn, altered, foreign, or does not fit its module."""


class UnknownModelError(ArtifactError):
    """The store has no artifact of that digest, or no model of that name."""
