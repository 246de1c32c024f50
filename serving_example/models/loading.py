"""Modules to artifacts and back: weights by name, configuration as data, no pickle."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import safetensors.torch
from safetensors import SafetensorError
from torch import nn

import featurelib as fl
from featurelib.bundle import Bundle
from serving_example.artifacts import ArtifactError, ModelArtifact, ModelCard
from serving_example.models.ranker import Ranker
from serving_example.models.towers import Towers

__all__ = ["artifact_of", "load", "make"]

_KINDS: dict[str, Any] = {module.kind: module for module in (Towers, Ranker)}
_MADE_BY = ("featurelib", "numpy", "polars", "safetensors", "torch")


def make(kind: str, config: Mapping[str, Any]) -> nn.Module:
    """A module with fresh weights.

    Args:
        kind: ``towers`` or ``ranker``.
        config: Its arguments as plain data: see `TowersConfig`, `RankerConfig`.

    Raises:
        ArtifactError: There is no such kind, or an argument is missing, unknown or of another type.
    """
    if kind not in _KINDS:
        raise ArtifactError(f"no module is of the kind {kind!r}, there are: {', '.join(_KINDS)}")
    try:
        made = msgspec.convert(config, _KINDS[kind].config_type)
    except msgspec.ValidationError as error:
        raise ArtifactError(
            f"configuration of a module of the kind {kind!r}: {error}",
            hint="the model was made by another version of the example: train it again",
        ) from None
    return _KINDS[kind](made)


def artifact_of(
    module: nn.Module,
    *,
    name: str,
    bundle: Bundle,
    ladder: Sequence[int],
    metrics: Mapping[str, float],
) -> ModelArtifact:
    """The artifact of a trained module.

    Args:
        module: Towers or a ranker.
        name: What people call it.
        bundle: What it was trained with.
        ladder: Sizes at which its scores were proven equal.
        metrics: What was measured.
    """
    card = ModelCard(
        name=name,
        kind=module.kind,
        config=msgspec.to_builtins(module.config),
        inputs=fl.ModelInputs.of(bundle),
        ladder=tuple(ladder),
        metrics=dict(metrics),
        made={library: _version(library) for library in _MADE_BY},
        bundle=bundle.digest,
    )
    weights = {n: t.detach().cpu().contiguous() for n, t in module.state_dict().items()}
    return ModelArtifact(safetensors.torch.save(weights), card)


def load(artifact: ModelArtifact, device: str = "cpu") -> nn.Module:
    """The module of an artifact, ready to score: in eval mode, no weight asks for a gradient.

    Args:
        artifact: What a store gave.
        device: Where its weights are to be.

    Raises:
        ArtifactError: The weights are not those of the module that the card describes.
    """
    card = artifact.card
    module = make(card.kind, card.config)
    try:
        module.load_state_dict(safetensors.torch.load(artifact.weights))
    except (SafetensorError, RuntimeError) as error:
        raise ArtifactError(
            f"model {card.name!r} ({artifact.digest[:12]}): its weights are not those of a "
            f"{card.kind} with its configuration: {error}",
            hint="put the artifact again from where it was trained",
        ) from None
    return module.requires_grad_(False).to(device).eval()


def _version(library: str) -> str:
    return fl.__version__ if library == "featurelib" else importlib.metadata.version(library)
