"""Ed25519 keys and signatures, through ``cryptography``.

A private key is a PEM file (PKCS 8) that only its owner can read; it is not encrypted, so keep it
where your other secrets are. A public key is a PEM file too, and its **id** is the SHA-256 of its
32 bytes. What is signed is the bytes of a release's ``release.json``, which has the digest of every
other file.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from featurelib.errors import KeyFileError, MissingExtraError

__all__ = ["PrivateKey", "PublicKey", "new_key", "public_key", "public_keys", "read_private_key"]

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


@dataclass(frozen=True)
class PublicKey:
    """A key that signatures are checked with.

    Attributes:
        pem: The key as PEM text.
        raw: Its 32 bytes.
    """

    pem: str
    raw: bytes

    @property
    def id(self) -> str:
        """The SHA-256 of the key's bytes, as hex digits."""
        return hashlib.sha256(self.raw).hexdigest()

    def verifies(self, signature: bytes, data: bytes) -> bool:
        """Whether the signature is of these bytes and by the owner of this key."""
        _cryptography()
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        try:
            Ed25519PublicKey.from_public_bytes(self.raw).verify(signature, data)
        except InvalidSignature:
            return False
        return True


class PrivateKey:
    """A key that signs. It is made by `read_private_key`, and shows nothing of itself.

    Attributes:
        public: The key that its signatures are checked with.
    """

    def __init__(self, key: Any) -> None:
        self._key = key
        self.public = _public(key.public_key())

    def sign(self, data: bytes) -> bytes:
        """The 64 bytes of the signature; the same for the same bytes."""
        return bytes(self._key.sign(data))

    def __repr__(self) -> str:
        return f"<private key of {self.public.id[:16]}>"

    def __reduce__(self) -> Any:
        raise TypeError("a private key does not travel: read its file where it is needed")


def new_key(path: str | os.PathLike[str]) -> tuple[Path, Path]:
    """Makes a key: its private file, and the public one beside it with ``.pub`` behind the name.

    Args:
        path: The private file; the folder exists, the file does not.

    Returns:
        Both paths.

    Raises:
        KeyFileError: One of the files exists: a key is never written over.
        OSError: They cannot be written.
    """
    _cryptography()
    from cryptography.hazmat.primitives import serialization as pem
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    private, public = Path(path), Path(f"{os.fspath(path)}.pub")
    taken = next((p for p in (private, public) if p.exists() or p.is_symlink()), None)
    if taken is not None:
        raise KeyFileError(f"{taken} exists, and a key is never written over", hint="another name")
    key = Ed25519PrivateKey.generate()
    text = key.private_bytes(pem.Encoding.PEM, pem.PrivateFormat.PKCS8, pem.NoEncryption())
    _create(private, text, 0o600)
    _create(public, _public(key.public_key()).pem.encode(), 0o644)
    return private, public


def read_private_key(path: str | os.PathLike[str]) -> PrivateKey:
    """The private key in a file.

    Raises:
        KeyFileError: Others may read the file, or it holds no unencrypted Ed25519 key.
        OSError: It cannot be read.
    """
    _cryptography()
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    with open(path, "rb") as file:
        mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
        data = file.read()
    if mode & _OTHERS:
        raise KeyFileError(
            f"{path}: expected a private key with mode 0600, got {mode:04o}: others may have it",
            hint=f"chmod 600 {path}, and make a new key if others can have read it",
        )
    try:
        key = load_pem_private_key(data, password=None)
    except TypeError:
        raise KeyFileError(
            f"{path}: the private key is encrypted", hint="decrypt it into a file of mode 0600"
        ) from None
    except (ValueError, UnsupportedAlgorithm):
        raise KeyFileError(
            f"{path}: no private key in PEM", hint="featurelib keys new FILE makes one"
        ) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyFileError(
            f"{path}: expected an Ed25519 key, got {type(key).__name__.strip('_')}",
            hint="featurelib keys new FILE makes one",
        )
    return PrivateKey(key)


def public_key(source: PublicKey | bytes | str | os.PathLike[str]) -> PublicKey:
    """The public key in a file (a path), or in PEM (bytes, or text that begins as PEM does).

    Raises:
        KeyFileError: There is no Ed25519 public key in it; a private one is refused by name.
        OSError: The file cannot be read.
    """
    _cryptography()
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    if isinstance(source, PublicKey):
        return source
    if isinstance(source, bytes):
        data, where = source, "public key"
    elif isinstance(source, str) and source.startswith("-----BEGIN "):
        data, where = source.encode(), "public key"
    else:
        data, where = Path(source).read_bytes(), str(source)
    if b"PRIVATE KEY" in data:
        raise KeyFileError(
            f"{where}: expected a public key, got a private one",
            hint="give the .pub file; featurelib keys show FILE prints the public key of a private",
        )
    try:
        key = load_pem_public_key(data)
    except (ValueError, UnsupportedAlgorithm):
        raise KeyFileError(
            f"{where}: no public key in PEM", hint="featurelib keys new FILE writes FILE.pub"
        ) from None
    if not isinstance(key, Ed25519PublicKey):
        raise KeyFileError(
            f"{where}: expected an Ed25519 key, got {type(key).__name__.strip('_')}",
            hint="featurelib keys new FILE makes one",
        )
    return _public(key)


def public_keys(
    sources: Iterable[PublicKey | bytes | str | os.PathLike[str]],
) -> dict[str, PublicKey]:
    """Public keys by their ids.

    Raises:
        KeyFileError: See `public_key`.
    """
    found = (public_key(source) for source in sources)
    return {key.id: key for key in found}


def _public(key: Any) -> PublicKey:
    from cryptography.hazmat.primitives import serialization as pem

    text = key.public_bytes(pem.Encoding.PEM, pem.PublicFormat.SubjectPublicKeyInfo)
    return PublicKey(text.decode(), key.public_bytes(pem.Encoding.Raw, pem.PublicFormat.Raw))


def _create(path: Path, data: bytes, mode: int) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _cryptography() -> None:
    try:
        import cryptography  # noqa: F401
    except ModuleNotFoundError:
        raise MissingExtraError(
            "keys and signatures need cryptography, which is not installed",
            hint="pip install 'featurelib[release]'",
        ) from None
