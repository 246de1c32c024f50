"""What is checked of each file of a release, apart from its digest."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from featurelib import canonical_json
from featurelib.bundle import Bundle
from featurelib.canonical_json import UNREADABLE
from featurelib.errors import HotfixError, RefusedReleaseError
from featurelib.release.hotfix import Hotfix
from featurelib.release.signing import PrivateKey, PublicKey

__all__ = [
    "AGAIN",
    "SIGNATURE",
    "check_declaration",
    "check_format",
    "check_golden",
    "plain_json",
    "read_declaration",
    "signature_of",
    "signed_by",
]

SIGNATURE = "signature.json"
AGAIN = "take it from where it was released; a release is never edited"
"""The way out of a release that was altered."""
_SIGNATURE_FORMAT = 1
_GOLDEN_FORMAT = 1


def plain_json(data: bytes, where: str) -> dict[str, Any]:
    """The object that a file of canonical JSON holds.

    Raises:
        RefusedReleaseError: It holds none, or is not written as featurelib writes it.
    """
    try:
        content = canonical_json.loads(data)
        if isinstance(content, dict) and canonical_json.dumps(content).encode() == data:
            return content
        what = "it is not written as featurelib writes it"
    except UNREADABLE as error:
        what = repr(error)
    raise RefusedReleaseError(f"{where}: no canonical JSON object: {what}", hint=AGAIN)


def check_format(content: Mapping[str, Any], newest: int, where: str) -> None:
    """Refuses a format that this featurelib does not read.

    Raises:
        RefusedReleaseError: See above.
    """
    got = content.get("format")
    if type(got) is not int or not 1 <= got <= newest:
        raise RefusedReleaseError(
            f"{where} has format {got!r}, this featurelib reads 1 to {newest}",
            hint="pip install -U featurelib",
        )


def signed_by(
    said: bytes, read: Callable[[str], bytes], where: str, keys: Mapping[str, PublicKey]
) -> str:
    """The id of the trusted key that signed these bytes of ``release.json``.

    Raises:
        RefusedReleaseError: There is no signature, it is of an unknown key, or does not fit.
    """
    try:
        data = read(SIGNATURE)
    except FileNotFoundError:
        raise RefusedReleaseError(
            f"{where} is not signed, and a signature is asked for",
            hint="featurelib release --key FILE signs it; what is released unsigned stays so",
        ) from None
    content = plain_json(data, f"{where}/{SIGNATURE}")
    check_format(content, _SIGNATURE_FORMAT, f"{where}/{SIGNATURE}")
    by, text = content.get("key"), content.get("signature")
    if not isinstance(by, str) or by not in keys:
        raise RefusedReleaseError(
            f"{where} is signed with the unknown key {by!r}; known: {', '.join(keys) or 'none'}",
            hint="give the public key of who released it, if you trust them",
        )
    try:
        signature = bytes.fromhex(str(text))
    except ValueError:
        signature = b""
    if signature.hex() != text or not keys[by].verifies(signature, said):
        raise RefusedReleaseError(
            f"{where}: the signature of the key {by} does not fit release.json: one of them was "
            "altered",
            hint=AGAIN,
        )
    return by


def signature_of(data: bytes, key: PrivateKey) -> bytes:
    """The content of ``signature.json`` for the bytes of ``release.json``."""
    content = {"format": _SIGNATURE_FORMAT, "key": key.public.id, "signature": key.sign(data).hex()}
    return canonical_json.dumps(content).encode()


def check_golden(data: bytes, bundle: Bundle, where: str) -> None:
    """Refuses golden rows that were not recorded with this bundle, or are cut off.

    Raises:
        RefusedReleaseError: See above.
    """
    end = data.find(b"\n")
    header = plain_json(data if end < 0 else data[:end], f"{where}, line 1")
    check_format(header, _GOLDEN_FORMAT, where)
    expected = (bundle.name, bundle.version, bundle.fingerprint)
    got = (header.get("set"), header.get("version"), header.get("fingerprint"))
    if got != expected:
        raise RefusedReleaseError(
            f"{where}: expected values of {' '.join(expected)}, got {' '.join(map(str, got))}",
            hint="featurelib golden record BUNDLE DATA records rows with this bundle",
        )
    rows = max(data.count(b"\n") - 1, 0)
    if not data.endswith(b"\n") or rows != header.get("rows"):
        raise RefusedReleaseError(
            f"{where}: expected {header.get('rows')} rows, got {rows}: cut off",
            hint=AGAIN,
        )


def read_declaration(data: bytes, where: str) -> Hotfix:
    """The declaration in a file.

    Raises:
        RefusedReleaseError: There is none in it, or it is of a newer format.
    """
    try:
        return Hotfix.from_json(plain_json(data, where))
    except HotfixError as error:
        raise RefusedReleaseError(f"{where}: {error}") from error


def check_declaration(
    declaration: Hotfix | None, expected: tuple[str, str | None, str], where: str
) -> None:
    """Refuses the declaration of another hotfix.

    Args:
        declaration: The declaration, None if there is none to check.
        expected: The set, the version before, the version after.
        where: The file, for errors.

    Raises:
        RefusedReleaseError: See above.
    """
    if declaration is None:
        return
    got = (declaration.set, declaration.from_version, declaration.to_version)
    if got != expected:
        raise RefusedReleaseError(
            f"{where}: expected a hotfix of {expected[0]} from {expected[1]} to {expected[2]}, "
            f"got {got[0]} from {got[1]} to {got[2]}",
            hint="a declaration names its set, the version before and the version after",
        )
