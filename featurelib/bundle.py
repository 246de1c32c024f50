"""Bundles: a definition and its fitted state as one file of data, never code.

A bundle is canonical JSON. It begins with the **file digest**, over every byte of the file with
the digest's own place filled by zeros. Inside, every feature has a **fingerprint**: a digest of all
that can change its values (its graph, the hashes of the bodies, constants, the fitted values that
it reads) and of nothing else. The set's fingerprint is over those and the layout.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from featurelib import canonical_json, digest_file, dtypes
from featurelib.body_hash import op_hash
from featurelib.errors import DefinitionError, FitError
from featurelib.fields import InputSchema
from featurelib.fingerprint import RECIPE, node_fingerprints, sha256
from featurelib.layout import Layout
from featurelib.op_packages import distributions_of
from featurelib.program import Program, ops_of
from featurelib.state import FittedState

if TYPE_CHECKING:
    from featurelib.feature_set import FeatureSet
    from featurelib.op import Op
    from featurelib.windows import Definition

FORMAT = 1
META = ("version", "description", "owner", "tags")
"""What a bundle says of a feature that is not in the program."""


@dataclass(frozen=True, slots=True)
class FeatureInfo:
    """What a bundle says of a feature.

    Attributes:
        name: Its name, also the output's.
        version: Its version.
        dtype: Type of its values.
        nullable: Whether a value may be null.
        fingerprint: Digest of all that can change its values.
        description: Meaning.
        owner: Who answers for it.
        tags: Free words.
    """

    name: str
    version: int
    dtype: dtypes.DType
    nullable: bool
    fingerprint: str
    description: str = ""
    owner: str = ""
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Bundle:
    """A feature set with its fitted state: all that training and serving need.

    Attributes:
        name: The set's name.
        version: The set's version.
        description: What the set is for.
        schema: The input schema: what a request gives, then the aggregates.
        program: What is computed.
        state: The fitted values.
        layout: The model's tensors.
        meta: Version and metadata of each feature, by name.
        aggregates: The aggregates over events that features read, or None.
        distributions: Which distribution has an op that is not featurelib's, by ``name@version``.
    """

    name: str
    version: str
    description: str
    schema: InputSchema
    program: Program
    state: FittedState
    layout: Layout
    meta: Mapping[str, Mapping[str, Any]]
    aggregates: Definition | None = None
    distributions: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def fingerprints(self) -> dict[str, str]:
        """The fingerprint of each feature."""
        aggregates = self.aggregates.fingerprints if self.aggregates else None
        digests = node_fingerprints(self.program, self.state, self.schema, aggregates)
        return {name: digests[node.key] for name, node in self.program.outputs.items()}

    @cached_property
    def fingerprint(self) -> str:
        """The fingerprint of the set: its features and its layout."""
        content = {"features": self.fingerprints, "layout": self.layout.to_json(), "recipe": RECIPE}
        return sha256(canonical_json.dumps(content))

    @cached_property
    def features(self) -> dict[str, FeatureInfo]:
        """What is known of each feature, by name."""
        return {
            name: FeatureInfo(
                name,
                self.meta[name]["version"],
                node.dtype,
                node.nullable,
                self.fingerprints[name],
                self.meta[name]["description"],
                self.meta[name]["owner"],
                tuple(self.meta[name]["tags"]),
            )
            for name, node in self.program.outputs.items()
        }

    @cached_property
    def request(self) -> InputSchema:
        """What a request gives: the input schema without the aggregates."""
        return self.aggregates.request_of(self.schema) if self.aggregates else self.schema

    @cached_property
    def programs(self) -> tuple[Program, ...]:
        """Every program of the bundle: that of the features, and those of the aggregates."""
        return (self.program, *(self.aggregates.programs if self.aggregates else ()))

    @property
    def inputs(self) -> dict[str, Any]:
        """JSON Schema of what a kernel takes: a request, with its aggregates if there are any."""
        return self.schema.json_schema()

    @property
    def outputs(self) -> dict[str, str]:
        """Type of each output, ``?`` where it may be null."""
        return {
            name: f"{node.dtype}{'?' if node.nullable else ''}"
            for name, node in self.program.outputs.items()
        }

    @cached_property
    def ops(self) -> tuple[Op, ...]:
        """Every op that a value goes through, by ``name@version``."""
        return tuple(ops_of(n for p in self.programs for n in p.nodes))

    @property
    def unowned_ops(self) -> tuple[str, ...]:
        """The ops that are not featurelib's and of no distribution: to load it, import them."""
        return tuple(o.key for o in self.ops if not o.is_own and o.key not in self.distributions)

    def to_bytes(self) -> bytes:
        """The file's content."""
        content = {
            "features": {
                name: {**self.meta[name], "fingerprint": self.fingerprints[name]}
                for name in self.program.outputs
            },
            "fingerprint": self.fingerprint,
            "format": FORMAT,
            "inputs": self.schema.to_json(),
            "layout": self.layout.to_json(),
            "ops": {op.key: op_hash(op) for op in self.ops},
            "program": self.program.to_json(),
            "recipe": RECIPE,
            "set": {"description": self.description, "name": self.name, "version": self.version},
            "state": self.state.to_json(),
        }
        if self.aggregates:
            content["windows"] = self.aggregates.to_json()
        owners = {o.key: self.distributions.get(o.key) for o in self.ops if not o.is_own}
        if any(owners.values()):
            content["distributions"] = {key: name for key, name in owners.items() if name}
        return digest_file.with_digest(content)

    @property
    def digest(self) -> str:
        """The file digest."""
        return digest_file.digest_of(self.to_bytes())

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Writes the bundle; the file appears under its name when it is whole.

        Args:
            path: The file, usually ``name-version.json``.

        Returns:
            The path.

        Raises:
            FileNotFoundError: The folder is not there.
        """
        return digest_file.save(path, self.to_bytes(), self.name)

    @staticmethod
    def from_bytes(data: bytes, where: str = "bundle") -> Bundle:
        """The bundle with this content.

        Raises:
            DigestError: It was altered or cut off.
            BundleFormatError: It is of a newer format, or no bundle.
            UnknownOpError: It names an op that is not installed, also after every distribution with
                the entry point `featurelib.ops` was imported.
            BundleError: An op has another body here than the one that the bundle was made with.
        """
        from featurelib.bundle_file import read

        return read(data, where)

    def explain(self) -> str:
        """The typed graph, and how each engine runs it, as text."""
        from featurelib.explain import explain

        return explain(self)

    def _repr_html_(self) -> str:
        from featurelib.show import bundle_html

        return bundle_html(self)

    def __repr__(self) -> str:
        count = len(self.program.outputs)
        return f"<bundle {self.name} {self.version}: {count} features, {self.fingerprint[:12]}>"

    def __reduce__(self) -> Any:
        return Bundle.from_bytes, (self.to_bytes(),)

    def __eq__(self, other: object) -> bool:
        return self.to_bytes() == other.to_bytes() if isinstance(other, Bundle) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.fingerprint)


def load(path: str | os.PathLike[str]) -> Bundle:
    """Reads a bundle; its file digest is checked before anything in it is looked at.

    Raises:
        BundleError: See `Bundle.from_bytes`.
        OSError: The file cannot be read.
    """
    return Bundle.from_bytes(Path(path).read_bytes(), str(path))


def as_bundle(source: Any) -> Bundle:
    """What engines compute: a bundle as it is, or a feature set that needs no fit.

    Raises:
        DefinitionError: It is neither.
        FitError: The set has analyzers.
    """
    from featurelib.feature_set import FeatureSet

    if isinstance(source, Bundle):
        return source
    if isinstance(source, FeatureSet):
        return source.bind()
    raise DefinitionError(
        f"expected a bundle, got {source!r} ({type(source).__name__})",
        hint="bind a feature set, or read a bundle's file: fl.load(path)",
    )


def bind(features: FeatureSet, state: FittedState | None) -> Bundle:
    """A feature set and what a fit found, as a bundle.

    Raises:
        FitError: The set has analyzers and the state lacks a value.
    """
    fits = features.program.fits
    state = state or FittedState({})
    missing = next((n for n in fits if n.key not in state), None)
    if missing is not None:
        raise FitError(
            f"{features.name}: no fitted value for {missing.param['analyzer']} ({missing.source})",
            hint="bind(fit(features, train)), with the state of this very definition",
        )
    made = Bundle(
        features.name,
        features.version,
        features.description,
        features.inputs,
        features.program,
        state.subset({n.key for n in fits}),
        features.layout,
        {
            f.name: {
                "version": f.version,
                "description": f.description,
                "owner": f.owner,
                "tags": list(f.tags),
            }
            for f in features.features
        },
        features.aggregates,
    )
    return replace(made, distributions=distributions_of(made.ops))
