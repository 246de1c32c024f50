"""The manifest: which artifact a name stands for now.

A file of canonical JSON behind its file digest, replaced as a whole. Every change raises the
revision, so a reader sees that something moved without comparing names.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from featurelib import canonical_json, digest_file
from featurelib.errors import BundleError
from serving_example.artifacts.errors import ArtifactError

__all__ = ["Manifest"]

FORMAT = 1
_HEX = frozenset("0123456789abcdef")


@dataclass(frozen=True)
class Manifest:
    """Names and what they stand for.

    Attributes:
        names: The digest of the artifact that each name stands for.
        revision: How often the names were changed.
    """

    names: Mapping[str, str] = field(default_factory=dict)
    revision: int = 0

    def to_bytes(self) -> bytes:
        """The content of the file."""
        content = {"format": FORMAT, "names": dict(self.names), "revision": self.revision}
        return digest_file.with_digest(content)

    @staticmethod
    def from_bytes(data: bytes, where: str = "manifest") -> Manifest:
        """The manifest with this content.

        Raises:
            ArtifactError: It was altered or cut off, or is no manifest, or of a newer format.
        """
        hint = "remove it and publish the names again: that touches no artifact"
        try:
            digest_file.check_digest(data, where, "manifest", hint)
            content: Any = json.loads(data)
            if content["format"] > FORMAT:
                raise ArtifactError(
                    f"{where}: the manifest has format {content['format']!r}, this one reads up to "
                    f"{FORMAT}",
                    hint="update the service before it reads this folder",
                )
            made = Manifest(dict(content["names"]), content["revision"])
            is_good = type(made.revision) is int and all(map(is_digest, made.names.values()))
            if made.to_bytes() != data or not is_good or made.revision < 0:
                raise ValueError("it is not as it is written here")
        except BundleError as error:
            message = str(error).removesuffix(f"\nHint: {error.hint}")
            raise ArtifactError(message, hint=hint) from None
        except canonical_json.UNREADABLE as error:
            raise ArtifactError(f"{where}: no readable manifest: {error!r}", hint=hint) from None
        return made


def is_digest(text: object) -> bool:
    """Whether this is the text of a SHA-256 digest, so it can name a folder and nothing else."""
    return isinstance(text, str) and len(text) == 64 and _HEX.issuperset(text)
