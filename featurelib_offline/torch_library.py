"""torch, or an error that says how to get it: the one module here that imports it."""

from __future__ import annotations

from featurelib.errors import MissingExtraError

try:
    import torch
    from torch.utils import data
except ImportError as error:
    raise MissingExtraError(
        f"a dataset for a model needs torch: {error}",
        hint="pip install 'featurelib[offline,serving]'",
    ) from None

__all__ = ["data", "torch"]
