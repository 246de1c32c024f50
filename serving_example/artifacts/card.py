"""A model artifact: weights, and a card that says all that is needed to run them.

The weights are safetensors (numbers and names, no code). The card is canonical JSON; a metric
stands in it as the 16 hex digits of its bits, as every float in a file of featurelib does.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import msgspec

import featurelib as fl
from featurelib import canonical_json
from featurelib.errors import FeaturelibError
from serving_example.artifacts.errors import ArtifactError

__all__ = ["ModelArtifact", "ModelCard"]

FORMAT = 1
_RECIPE = b"featurelib model artifact 1\n"
Kind = Literal["towers", "ranker"]


class _Told(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What of a card is plain data."""

    name: str
    kind: Kind
    config: dict[str, Any]
    ladder: tuple[int, ...]
    metrics: dict[str, float]
    made: dict[str, str]
    bundle: str


class ModelCard(_Told, frozen=True, kw_only=True):
    """What is known of a model.

    Attributes:
        name: What people call it; the manifest may know it by other names.
        kind: Which module runs it.
        config: The module's arguments: numbers without a fraction, truth values, text, and lists
            and dictionaries of those.
        inputs: The tensors that it was trained with, and the fingerprints of what fills them.
        ladder: The sizes of a batch at which its scores were proven equal, ascending.
        metrics: What the training measured, by name.
        made: Versions of the libraries that made it.
        bundle: The file digest of the bundle that it was trained with; told, and not compared.
    """

    inputs: fl.ModelInputs

    def to_bytes(self) -> bytes:
        """The content of ``card.json``.

        Raises:
            TypeError: The configuration holds a float, or something that JSON has not.
        """
        plain = {name: getattr(self, name) for name in self.__struct_fields__}
        metrics = {n: canonical_json.float_to_hex(x) for n, x in self.metrics.items()}
        content = {**plain, "inputs": self.inputs.to_json(), "metrics": metrics, "format": FORMAT}
        return canonical_json.dumps(content).encode()

    @staticmethod
    def from_bytes(data: bytes, where: str = "card") -> ModelCard:
        """The card with this content.

        Args:
            data: What `to_bytes` gave.
            where: Which card, for errors.

        Raises:
            ArtifactError: It is no card, or of a newer format.
        """
        try:
            content = json.loads(data)
            version = content.pop("format")
            if type(version) is not int or version > FORMAT:
                raise ArtifactError(
                    f"{where}: the card has format {version!r}, this one reads up to {FORMAT}",
                    hint="update the service before it takes this model",
                )
            metrics = content.pop("metrics")
            content["metrics"] = {n: canonical_json.hex_to_float(x) for n, x in metrics.items()}
            inputs = fl.ModelInputs.from_json(content.pop("inputs"), "inputs")
            told = msgspec.structs.asdict(msgspec.convert(content, _Told))
            card = ModelCard(inputs=inputs, **told)
            if card.to_bytes() != data:
                raise ValueError("it is not as it is written here")
        except ArtifactError:
            raise
        except (*canonical_json.UNREADABLE, msgspec.MsgspecError, FeaturelibError) as error:
            hint = getattr(error, "hint", None)
            raise ArtifactError(
                f"{where}: no readable card of a model: "
                + str(error).removesuffix(f"\nHint: {hint}"),
                hint=hint or "copy the whole folder again from where the model was trained",
            ) from None
        if not card.ladder or list(card.ladder) != sorted({*card.ladder}) or card.ladder[0] < 1:
            raise ArtifactError(f"{where}: expected ascending sizes above 0, got {card.ladder}")
        return card


@dataclass(frozen=True)
class ModelArtifact:
    """Weights (safetensors) and their card."""

    weights: bytes
    card: ModelCard

    @cached_property
    def digest(self) -> str:
        """SHA-256 over both: the name of this very model."""
        return digest_of(self.weights, self.card.to_bytes())


def digest_of(weights: bytes, card: bytes) -> str:
    """The digest of an artifact with these two files."""
    parts = (hashlib.sha256(card).digest(), hashlib.sha256(weights).digest())
    return hashlib.sha256(_RECIPE + b"".join(parts)).hexdigest()
