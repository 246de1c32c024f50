"""A release: a folder with a bundle, its golden rows, and what binds them together.

    bundle.json        the feature set with its fitted state
    golden.jsonl       rows with the values that this release gives
    declaration.json   of a hotfix only: which features move, on which rows, why
    release.json       names all of them by their SHA-256
    signature.json     of a signed release: Ed25519 over the bytes of release.json

Everything is read as bytes and verified from the outside in: the signature over ``release.json``,
then its shape, then the digest of each file, and only then is a file looked into.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from featurelib import __version__, canonical_json
from featurelib.bundle import Bundle
from featurelib.canonical_json import UNREADABLE
from featurelib.errors import BundleError, RefusedReleaseError, ReleaseError
from featurelib.release.hotfix import Hotfix
from featurelib.release.registry_names import check_name
from featurelib.release.release_folder_checks import (
    AGAIN,
    SIGNATURE,
    check_declaration,
    check_format,
    check_golden,
    plain_json,
    read_declaration,
    signature_of,
    signed_by,
)
from featurelib.release.signing import PrivateKey, PublicKey
from featurelib.release.versions import parse

__all__ = ["FILES", "MANIFEST", "Manifest", "Release", "make_files", "sha256", "verified"]

FORMAT = 1
BUNDLE, GOLDEN, DECLARATION = "bundle.json", "golden.jsonl", "declaration.json"
MANIFEST = "release.json"
FILES = (BUNDLE, DECLARATION, GOLDEN, SIGNATURE, MANIFEST)
"""All that readers look at in the folder of a release."""


@dataclass(frozen=True)
class Manifest:
    """What ``release.json`` says.

    Attributes:
        name: The feature set.
        version: Its version.
        fingerprint: The set's fingerprint.
        files: SHA-256 of each other file (not of the signature), by name.
        previous: The version that this one follows, None for the first.
        featurelib: The version of featurelib that made the release.
    """

    name: str
    version: str
    fingerprint: str
    files: Mapping[str, str]
    previous: str | None
    featurelib: str

    @property
    def step(self) -> tuple[str, str | None, str]:
        """The set, the version before and this one."""
        return self.name, self.previous, self.version

    def to_bytes(self) -> bytes:
        """The file's content."""
        content = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return canonical_json.dumps({**content, "format": FORMAT}).encode()


@dataclass(frozen=True)
class Release:
    """A release that was verified.

    Attributes:
        manifest: What ``release.json`` says.
        digest: SHA-256 of ``release.json``: of the whole release, since it names all of it.
        bundle: The bundle.
        golden: The golden rows: the bytes of a file as `featurelib golden record` writes it.
        declaration: The declaration of a hotfix, None for another release.
        signed_by: Id of the key whose signature was checked, None if none was asked for.
    """

    manifest: Manifest
    digest: str
    bundle: Bundle
    golden: bytes
    declaration: Hotfix | None
    signed_by: str | None

    @property
    def name(self) -> str:
        """The feature set."""
        return self.manifest.name

    @property
    def version(self) -> str:
        """Its version."""
        return self.manifest.version

    def __repr__(self) -> str:
        signed = f"signed by {self.signed_by[:16]}" if self.signed_by else "signature not checked"
        return f"<release {self.name} {self.version}: {self.digest[:12]}, {signed}>"


def sha256(data: bytes) -> str:
    """The SHA-256 of bytes, as hex digits."""
    return hashlib.sha256(data).hexdigest()


def make_files(
    bundle: bytes,
    golden: bytes,
    *,
    declaration: Hotfix | None = None,
    previous: str | None = None,
    key: PrivateKey | None = None,
) -> dict[str, bytes]:
    """The files of a release.

    Args:
        bundle: The bytes of a bundle's file.
        golden: Those of its golden rows, recorded with this very bundle.
        declaration: Of a hotfix.
        previous: The version that this one follows.
        key: Signs the release.

    Raises:
        BundleError: The bundle cannot be used.
        RefusedReleaseError: Golden rows or declaration are not of this bundle.
        RegistryError: The set's name or version cannot be a folder's.
    """
    loaded = Bundle.from_bytes(bundle)
    check_name(loaded.name, "feature set")
    parse(loaded.version)
    files = {BUNDLE: bundle, GOLDEN: golden}
    if declaration is not None:
        files[DECLARATION] = canonical_json.dumps(declaration.to_json()).encode()
    manifest = Manifest(
        loaded.name,
        loaded.version,
        loaded.fingerprint,
        {name: sha256(data) for name, data in files.items()},
        previous,
        __version__,
    )
    check_golden(golden, loaded, "golden rows")
    check_declaration(declaration, manifest.step, "declaration")
    files[MANIFEST] = manifest.to_bytes()
    if key is not None:
        files[SIGNATURE] = signature_of(files[MANIFEST], key)
    return files


def verified(
    read: Callable[[str], bytes],
    name: str,
    version: str,
    where: str,
    *,
    keys: Mapping[str, PublicKey] | None,
    digest: str | None = None,
) -> Release:
    """The release of a folder, after every check.

    Args:
        read: Gives a file of the folder; FileNotFoundError if it is not there.
        name: The feature set that is asked for.
        version: Its version.
        where: The folder, for errors.
        keys: The trusted keys; None asks for no signature.
        digest: What ``release.json`` must have as its SHA-256.

    Raises:
        FileNotFoundError: There is no ``release.json``, so there is no release.
        RefusedReleaseError: A check failed.
        RegistryAwayError: A file cannot be read.
    """
    said = read(MANIFEST)
    if digest is not None and sha256(said) != digest:
        raise RefusedReleaseError(
            f"{where}: expected a release with the digest {digest}, got {sha256(said)}: "
            "another one was put in its place",
            hint=AGAIN,
        )
    signer = signed_by(said, read, where, keys) if keys is not None else None
    manifest = _manifest(said, f"{where}/{MANIFEST}")
    if (manifest.name, manifest.version) != (name, version):
        raise RefusedReleaseError(
            f"{where}: expected a release of {name} {version}, got one of "
            f"{manifest.name} {manifest.version}",
            hint=AGAIN,
        )
    files = {}
    for file, expected in manifest.files.items():
        files[file] = _file(read, file, where)
        got = sha256(files[file])
        if got != expected:
            raise RefusedReleaseError(
                f"{where}/{file} was altered or cut off: expected the SHA-256 {expected}, got "
                f"{got} ({len(files[file])} bytes)",
                hint=AGAIN,
            )
    try:
        bundle = Bundle.from_bytes(files[BUNDLE], f"{where}/{BUNDLE}")
    except BundleError as error:
        raise RefusedReleaseError(str(error)) from error
    got_set = (bundle.name, bundle.version, bundle.fingerprint)
    if got_set != (name, version, manifest.fingerprint):
        raise RefusedReleaseError(
            f"{where}/{BUNDLE}: expected {name} {version} with the fingerprint "
            f"{manifest.fingerprint}, got {' '.join(got_set)}",
            hint=AGAIN,
        )
    check_golden(files[GOLDEN], bundle, f"{where}/{GOLDEN}")
    declaration = None
    if DECLARATION in files:
        declaration = read_declaration(files[DECLARATION], f"{where}/{DECLARATION}")
        check_declaration(declaration, manifest.step, f"{where}/{DECLARATION}")
    return Release(manifest, sha256(said), bundle, files[GOLDEN], declaration, signer)


def _file(read: Callable[[str], bytes], name: str, where: str) -> bytes:
    try:
        return read(name)
    except FileNotFoundError:
        raise RefusedReleaseError(f"{where} has no {name}", hint=AGAIN) from None


def _manifest(data: bytes, where: str) -> Manifest:
    content = plain_json(data, where)
    check_format(content, FORMAT, where)
    del content["format"]
    try:
        made = Manifest(**content)
        texts = [made.name, made.version, made.fingerprint, made.featurelib, *made.files.values()]
        is_whole = {BUNDLE, GOLDEN} <= set(made.files) <= {BUNDLE, GOLDEN, DECLARATION}
        if not is_whole or not all(isinstance(text, str) for text in texts):
            raise ValueError(f"files {sorted(made.files)}")
        check_name(made.name, "feature set")
        for version in (made.version, made.previous):
            if version is not None:
                parse(version)
    except (*UNREADABLE, ReleaseError) as error:
        raise RefusedReleaseError(f"{where} is of another shape: {error}", hint=AGAIN) from None
    return made
