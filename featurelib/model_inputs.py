"""What a model remembers of its inputs: the tensors that it was trained with, and what fills them.

A model is right for the features that it saw in training, and for no others. What
`ModelInputs.of(bundle)` gives is stored beside the model when it is trained; `check` compares it
with the bundle that is to serve the model. It passes when tensors, their order, members, dtypes,
widths and the members' fingerprints are equal. Features that stand in no tensor, names and versions
of the bundle, and constraints of its inputs do not matter.

    fl.ModelInputs.of(bundle).save("delay-model.inputs.json")          # in training
    fl.ModelInputs.load("delay-model.inputs.json").check(bundle)       # before serving
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from featurelib import canonical_json, digest_file
from featurelib.canonical_json import UNREADABLE
from featurelib.errors import BundleError, BundleFormatError, DefinitionError, FeaturelibError
from featurelib.fields import Field
from featurelib.fingerprint import RECIPE, sha256
from featurelib.layout import Layout
from featurelib.layout_difference import Difference, differences, refuse
from featurelib.schema_json import field_from_json, field_to_json

if TYPE_CHECKING:
    from featurelib.bundle import Bundle

__all__ = ["ModelInputs"]

FORMAT = 1
_SHOWN = 12
"""Hex digits of a fingerprint that messages show."""
_NOUN = "model's inputs"
_SAVE_AGAIN = (
    "copy it again from where the model was trained, or save it anew from the bundle that the "
    "model was trained with: fl.ModelInputs.of(bundle).save(path)"
)


@dataclass(frozen=True, eq=False)
class ModelInputs:
    """The tensors that a model was trained with, and the features behind them.

    Attributes:
        layout: The tensors: names in order; of each its members in order, dtype and widths.
        features: The fingerprint of each member that is a feature, by name.
        inputs: Type and default of each member that is an input column, by name.
        trained_with: Name, version and fingerprint of the bundle, for people; it is not compared.
    """

    layout: Layout
    features: Mapping[str, str]
    inputs: Mapping[str, Field]
    trained_with: str = ""

    @staticmethod
    def of(bundle: Bundle) -> ModelInputs:
        """What a model that is trained on this bundle's tensors must remember.

        Args:
            bundle: The bundle whose layout is the model's (or a feature set that needs no fit).

        Raises:
            DefinitionError: The bundle has no layout.
        """
        from featurelib.bundle import as_bundle

        made = _made(as_bundle(bundle))
        if not made.layout.tensors:
            raise DefinitionError(
                f"{bundle.name}: there is no layout, so there is nothing that a model reads",
                hint='name its tensors: FeatureSet(..., layout={"dense": [...]})',
            )
        return made

    @property
    def fingerprint(self) -> str:
        """The digest of all that `check` compares."""
        written = self.to_json()
        compared = {k: written[k] for k in ("features", "inputs", "layout", "recipe")}
        return sha256(canonical_json.dumps(compared))

    def check(self, bundle: Bundle) -> None:
        """Refuses a bundle that does not give the model what it was trained with.

        Args:
            bundle: The bundle that is to serve the model (or a feature set that needs no fit).

        Raises:
            LayoutMismatchError: Tensors, their order, members, dtypes, widths or fingerprints
                differ; the message shows both sides of each difference.
        """
        from featurelib.bundle import as_bundle

        bundle = as_bundle(bundle)
        other = _made(bundle)
        found = differences(self.layout, other.layout)
        for name in dict.fromkeys(m for t in self.layout.tensors for m in t.members):
            model, served = _identity(self, name), _identity(other, name)
            if served is not None and model != served:
                found.append(Difference(f"`{name}`", _shown(self, name), _shown(other, name)))
        refuse(
            found,
            f"{bundle.name} {bundle.version}: the bundle does not give the model what it was "
            "trained with",
            f"serve {self.trained_with or 'the bundle that the model was trained with'}, or train "
            "the model again with this bundle",
        )

    def to_json(self) -> dict[str, Any]:
        """Plain data that `from_json` reads back: text, integers, lists and dictionaries only."""
        return {
            "features": dict(self.features),
            "format": FORMAT,
            "inputs": {name: field_to_json(f) for name, f in self.inputs.items()},
            "layout": self.layout.to_json(),
            "recipe": RECIPE,
            "trained_with": self.trained_with,
        }

    @staticmethod
    def from_json(data: Any, where: str = "model inputs") -> ModelInputs:
        """The inputs that `to_json` wrote.

        Args:
            data: The plain data.
            where: What it is, for errors.

        Raises:
            BundleFormatError: It is of a newer format, or not what `to_json` writes.
        """
        try:
            made = _parsed(data, where)
            if canonical_json.dumps(made.to_json()) != canonical_json.dumps(data):
                raise BundleFormatError(f"{where}: it is not as featurelib writes it")
        except BundleError:
            raise
        except (*UNREADABLE, FeaturelibError) as error:
            raise BundleFormatError(f"{where}: no readable {_NOUN}: {error!r}") from None
        return made

    def to_bytes(self) -> bytes:
        """The content of a file: canonical JSON behind its file digest."""
        return digest_file.with_digest(self.to_json())

    @staticmethod
    def from_bytes(data: bytes, where: str = "model inputs") -> ModelInputs:
        """The inputs with this content.

        Raises:
            DigestError: It was altered or cut off.
            BundleFormatError: It is of a newer format, or no model's inputs.
        """
        digest_file.check_digest(data, where, _NOUN, _SAVE_AGAIN)
        try:
            content = json.loads(data)
            del content["digest"]
        except UNREADABLE as error:
            raise BundleFormatError(f"{where}: no readable {_NOUN}: {error!r}") from None
        return ModelInputs.from_json(content, where)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Writes the file; it appears under its name when it is whole.

        Raises:
            FileNotFoundError: The folder is not there.
        """
        return digest_file.save(path, self.to_bytes(), f"the {_NOUN}")

    @staticmethod
    def load(path: str | os.PathLike[str]) -> ModelInputs:
        """Reads a file; its file digest is checked before anything in it is looked at.

        Raises:
            BundleError: See `from_bytes`.
            OSError: The file cannot be read.
        """
        return ModelInputs.from_bytes(Path(path).read_bytes(), str(path))

    def __repr__(self) -> str:
        tensors = ", ".join(f"{t.name}: {t.shape_text}" for t in self.layout.tensors)
        return f"<model inputs {self.fingerprint[:_SHOWN]}: {tensors}>"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ModelInputs):
            return NotImplemented
        return self.fingerprint == other.fingerprint

    def __hash__(self) -> int:
        return hash(self.fingerprint)

    def __reduce__(self) -> Any:
        return ModelInputs.from_bytes, (self.to_bytes(),)


def _made(bundle: Bundle) -> ModelInputs:
    names = {m for t in bundle.layout.tensors for m in t.members}
    return ModelInputs(
        bundle.layout,
        {n: bundle.fingerprints[n] for n in bundle.program.outputs if n in names},
        {
            f.name: Field(f.name, f.dtype, f.nullable, f.default)
            for f in bundle.schema
            if f.name in names
        },
        f"{bundle.name} {bundle.version} ({bundle.fingerprint[:_SHOWN]})",
    )


def _parsed(data: Any, where: str) -> ModelInputs:
    for key, newest in (("format", FORMAT), ("recipe", RECIPE)):
        if type(data[key]) is not int or data[key] > newest:
            raise BundleFormatError(
                f"{where}: the {_NOUN} have {key} {data[key]!r}, this featurelib reads up to "
                f"{newest}",
                hint="pip install -U featurelib",
            )
    layout = Layout.from_json(data["layout"])
    inputs = {name: field_from_json(f) for name, f in data["inputs"].items()}
    made = ModelInputs(layout, dict(data["features"]), inputs, data["trained_with"])
    members = [m for t in layout.tensors for m in t.members]
    names = [t.name for t in layout.tensors]
    texts = [*names, *members, *made.features.values(), made.trained_with]
    if not all(isinstance(x, str) for x in texts) or len({*names}) < len(names):
        raise BundleFormatError(f"{where}: names are text, and each tensor has one of its own")
    for tensor in layout.tensors:
        widths = tensor.widths
        if len(widths) != len(tensor.members) or any(type(w) is not int or w < 0 for w in widths):
            raise BundleFormatError(f"{where}: tensor `{tensor.name}` has the widths {widths}")
    if {*made.features, *inputs} != {*members} or any(n != f.name for n, f in inputs.items()):
        raise BundleFormatError(f"{where}: the members of tensors are not those that are described")
    return made


def _identity(made: ModelInputs, name: str) -> Any:
    """All that can change a member's values, None if it is not there."""
    if name in made.inputs:
        return field_to_json(made.inputs[name])
    return made.features.get(name)


def _shown(made: ModelInputs, name: str) -> str:
    if name in made.features:
        return f"fingerprint {made.features[name][:_SHOWN]}"
    field = made.inputs[name]
    default = f" with default {field.default!r}" if field.has_default else ""
    return f"input column {field.dtype}{default}"
