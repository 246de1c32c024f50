"""A registry: releases in folders, and channels that point to them.

    registry.json                              the trusted public keys, if there are any
    releases/<set>/<version>/                  a release, see `featurelib.release.release_folder`
    channels/<set>/<channel>/000001.json       a record, see `featurelib.release.channel`

A release is never changed and a record neither. What is read is verified before it is used.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping

from featurelib import canonical_json
from featurelib.bundle import Bundle
from featurelib.errors import (
    ConflictError,
    RegistryError,
    ReleaseError,
    UnknownReleaseError,
)
from featurelib.release.channel import Channel
from featurelib.release.hotfix import Hotfix
from featurelib.release.locations import Location, open_location, require_exclusive
from featurelib.release.registry_names import check_name
from featurelib.release.release_folder import FILES, MANIFEST, Release, make_files, verified
from featurelib.release.release_folder_checks import check_format, plain_json
from featurelib.release.signing import PrivateKey, PublicKey, public_keys
from featurelib.release.versions import parse

__all__ = ["Registry"]

FORMAT = 1
KEYS = "registry.json"


class Registry:
    """A registry of releases.

    Args:
        location: A directory, a URL of fsspec (``s3://...``, ``memory://...``), or a `Location`.
        public_keys: The keys that are trusted: paths of PEM files, or PEM. Every release must then
            be signed with one of them. By default those that ``registry.json`` names; if it names
            none, signatures are not looked at. Who can write a registry can change
            ``registry.json`` too: a service gives its keys itself.

    Attributes:
        where: The location, for messages.

    Raises:
        RegistryError: ``public_keys`` is given and empty.
        KeyFileError: A key cannot be used.
        MissingExtraError: The extra ``release`` is not installed, and the location needs it.
    """

    def __init__(
        self,
        location: str | os.PathLike[str] | Location,
        *,
        public_keys: Iterable[PublicKey | bytes | str | os.PathLike[str]] | None = None,
    ) -> None:
        self.location: Location = (
            open_location(location) if isinstance(location, str | os.PathLike) else location
        )
        self.where = self.location.where
        self._given = None if public_keys is None else _keys(public_keys, self.where)

    @property
    def keys(self) -> Mapping[str, PublicKey] | None:
        """The trusted keys by id; None if no signature is asked for.

        Raises:
            RefusedReleaseError: ``registry.json`` is damaged.
            RegistryAwayError: The location does not answer.
        """
        if self._given is not None:
            return self._given
        try:
            data = self.location.read(KEYS)
        except FileNotFoundError:
            return None
        where = f"{self.where}/{KEYS}"
        content = plain_json(data, where)
        check_format(content, FORMAT, where)
        pems = content.get("public_keys")
        if not isinstance(pems, list) or not all(isinstance(pem, str) for pem in pems):
            raise RegistryError(f"{where}: expected a list of public keys, got {pems!r}")
        return _keys([pem.encode() for pem in pems], where)

    def trust(
        self, public_keys: Iterable[PublicKey | bytes | str | os.PathLike[str]]
    ) -> Mapping[str, PublicKey]:
        """Writes ``registry.json``: from here on every release must be signed.

        Raises:
            ConflictError: There is one: it is changed by hand, under the eyes of a review.
            RegistryError: No key is given, or the registry cannot be written.
        """
        found = _keys(public_keys, self.where)
        pems = [key.pem for key in found.values()]
        require_exclusive(self.location)
        content = canonical_json.dumps({"format": FORMAT, "public_keys": pems})
        try:
            self.location.create(KEYS, content.encode())
        except FileExistsError:
            raise ConflictError(
                f"{self.where} has a {KEYS} already",
                hint=f"change it by hand; with these keys it is {content}",
            ) from None
        return found

    def sets(self) -> list[str]:
        """The feature sets that have a release or a channel."""
        found = {*self.location.names("releases"), *self.location.names("channels")}
        return sorted(n for n in found if _is_name(n) and (self.versions(n) or self.channels(n)))

    def versions(self, set_name: str) -> list[str]:
        """The released versions of a set, oldest number first; they are not verified."""
        folder = f"releases/{check_name(set_name, 'feature set')}"
        named = [v for v in self.location.names(folder) if _is_version(v)]
        found = [v for v in named if MANIFEST in self.location.names(f"{folder}/{v}")]
        return sorted(found, key=parse)

    def previous(self, set_name: str, version: str) -> str | None:
        """The version that a release follows: what it says, or the highest released one below.

        Raises:
            ReleaseError: See `fetch`.
        """
        known = self.versions(set_name)
        if version in known:  # the same once more: what came since does not count
            return self.fetch(set_name, version).manifest.previous
        below = [v for v in known if parse(v) < parse(version)]
        return below[-1] if below else None

    def channels(self, set_name: str) -> list[str]:
        """The channels of a set that have a record."""
        folder = f"channels/{check_name(set_name, 'feature set')}"
        named = [n for n in self.location.names(folder) if _is_name(n)]
        return [n for n in named if self.channel(set_name, n).last()]

    def channel(self, set_name: str, name: str) -> Channel:
        """A channel of a set; it need not have a record yet.

        Raises:
            RegistryError: A name cannot be that of a folder.
        """
        return Channel(self, check_name(set_name, "feature set"), check_name(name, "channel"))

    def fetch(self, set_name: str, version: str, *, digest: str | None = None) -> Release:
        """A release, after every check.

        Args:
            set_name: The feature set.
            version: Its version.
            digest: What ``release.json`` must have as its SHA-256: a channel's record says it.

        Raises:
            UnknownReleaseError: There is no such release.
            RefusedReleaseError: It is unsigned, altered, cut off, of an unknown key, or too new.
            RegistryError: A name cannot be that of a folder, or the location does not answer.
        """
        folder = self._folder(set_name, version)
        try:
            return verified(
                lambda name: self.location.read(f"{folder}/{name}"),
                set_name,
                version,
                f"{self.where}/{folder}",
                keys=self.keys,
                digest=digest,
            )
        except FileNotFoundError:
            known = ", ".join(self.versions(set_name)) or "none"
            raise UnknownReleaseError(
                f"{self.where} has no release {set_name} {version}",
                hint=f"released versions of {set_name}: {known}; featurelib release adds one",
            ) from None

    def release(
        self,
        bundle: Bundle | bytes,
        golden: bytes,
        *,
        declaration: Hotfix | None = None,
        previous: str | None = None,
        key: PrivateKey | None = None,
    ) -> Release:
        """Adds a release; it appears whole or not at all. The same once more changes nothing.

        Args:
            bundle: The bundle, or the bytes of its file.
            golden: The bytes of its golden rows, recorded with this very bundle.
            declaration: Of a hotfix.
            previous: The version before; that of a declaration counts, and the default is what
                `previous` says.
            key: Signs it; it must be trusted where the registry (or this object) trusts keys.

        Raises:
            BundleError: The bundle cannot be used.
            HotfixError: The declaration does not fit the release before and this one.
            RefusedReleaseError: Golden rows are of another bundle; no trusted key.
            ConflictError: The version is released already with other content, or another try left
                files of other content.
            RegistryError: The registry cannot be written, or has no release before a hotfix.
        """
        data = bundle.to_bytes() if isinstance(bundle, Bundle) else bundle
        made = Bundle.from_bytes(data)
        folder = self._folder(made.name, made.version)
        require_exclusive(self.location)
        if declaration is not None:
            previous = declaration.from_version
            declaration.check(self.fetch(made.name, previous).bundle, made)
        elif previous is None:
            previous = self.previous(made.name, made.version)
        files = make_files(data, golden, declaration=declaration, previous=previous, key=key)
        verified(_reader(files), made.name, made.version, "the new release", keys=self.keys)
        try:
            self.location.publish(folder, files, MANIFEST)
        except FileExistsError as error:
            self._check_same(folder, files, error)
        return self.fetch(made.name, made.version)

    def discard_leftovers(self, set_name: str, version: str) -> None:
        """Removes what a try left that died before its release was whole.

        Only for when nobody releases this version just now: it would lose files.

        Raises:
            ConflictError: It is a whole release: those are never removed.
            RegistryError: The registry cannot be written.
        """
        folder = self._folder(set_name, version)
        if MANIFEST in self.location.names(folder):
            raise ConflictError(
                f"{self.where}/{folder} is a whole release, which is never removed",
                hint="release the change as a new version",
            )
        require_exclusive(self.location)
        self.location.discard(folder)

    def _folder(self, set_name: str, version: str) -> str:
        return f"releases/{check_name(set_name, 'feature set')}/{parse(version)}"

    def _check_same(self, folder: str, files: Mapping[str, bytes], error: OSError) -> None:
        """A folder that is there already must be the one that was to appear."""
        there = self.location.names(folder)
        where = f"{self.where}/{folder}"
        if MANIFEST not in there:
            raise ConflictError(
                f"{where} has files of another try that is at work or stopped half-way: {error}",
                hint="wait for the other writer; if there is none, "
                "featurelib release --discard-leftovers removes them",
            )
        other = [
            name
            for name in FILES
            if (name in there) != (name in files)
            or (name in files and self.location.read(f"{folder}/{name}") != files[name])
        ]
        if other:
            raise ConflictError(
                f"{where} is released already, and its {other[0]} is another",
                hint="a released version is never changed: give the set a new version",
            )


def _reader(files: Mapping[str, bytes]) -> Callable[[str], bytes]:
    """Reads files that are not written yet."""

    def read(name: str) -> bytes:
        if name not in files:
            raise FileNotFoundError(name)
        return files[name]

    return read


def _is_name(name: str) -> bool:
    try:
        check_name(name, "name")
    except RegistryError:
        return False
    return True


def _is_version(name: str) -> bool:
    try:
        parse(name)
    except ReleaseError:
        return False
    return True


def _keys(
    sources: Iterable[PublicKey | bytes | str | os.PathLike[str]], where: str
) -> Mapping[str, PublicKey]:
    found = public_keys([sources] if isinstance(sources, (str, bytes, os.PathLike)) else sources)
    if not found:
        raise RegistryError(
            f"{where}: an empty list of public keys was given",
            hint="give a key, or leave public_keys out if no signature is to be checked",
        )
    return found
