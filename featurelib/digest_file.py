"""Files of data behind a digest: canonical JSON that is written whole, and refused if altered.

The file begins with its **file digest**, over every byte with the digest's own place filled by
zeros.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from featurelib import canonical_json
from featurelib.errors import BundleFormatError, DigestError

__all__ = ["DIGEST_HEAD", "DIGEST_ZEROS", "check_digest", "digest_of", "save", "with_digest"]

DIGEST_HEAD = b'{"digest":"'
DIGEST_ZEROS = b"0" * 64
_END = len(DIGEST_HEAD) + len(DIGEST_ZEROS)


def with_digest(content: Mapping[str, Any]) -> bytes:
    """The bytes of a file with this content.

    Args:
        content: Plain data; every key sorts after ``digest``, which is added.
    """
    text = canonical_json.dumps({**content, "digest": DIGEST_ZEROS.decode()})
    blank = text.encode()
    return DIGEST_HEAD + hashlib.sha256(blank).hexdigest().encode() + blank[_END:]


def digest_of(data: bytes) -> str:
    """The file digest that the bytes begin with."""
    return data[len(DIGEST_HEAD) : _END].decode()


def check_digest(data: bytes, where: str, what: str = "bundle", hint: str | None = None) -> None:
    """Refuses a file whose digest is not that of its bytes.

    Args:
        data: The file's bytes.
        where: Which file, for errors.
        what: What it should be, for errors.
        hint: The way out of an altered file.

    Raises:
        BundleFormatError: It does not begin with a digest.
        DigestError: It was altered or cut off.
    """
    if not data.startswith(DIGEST_HEAD):
        raise BundleFormatError(f"{where}: no {what}: it does not begin with a file digest")
    made = hashlib.sha256(DIGEST_HEAD + DIGEST_ZEROS)
    made.update(memoryview(data)[_END:])
    if made.hexdigest().encode() != data[len(DIGEST_HEAD) : _END]:
        raise DigestError(
            f"{where}: the file digest does not match: the {what} was altered or cut off",
            hint=hint
            or f"fetch it again from where it was released; a {what} is never edited by hand",
        )


def save(path: str | os.PathLike[str], data: bytes, name: str) -> Path:
    """Writes a file that appears under its name when it is whole.

    Args:
        path: The file.
        data: Its bytes.
        name: What is saved, for errors.

    Returns:
        The path.

    Raises:
        FileNotFoundError: The folder is not there.
    """
    target = Path(path)
    if not target.parent.is_dir():
        raise FileNotFoundError(
            f"cannot save {name} as {target}: there is no folder {target.parent}"
        )
    handle, partial = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(partial, 0o644)
        os.replace(partial, target)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(partial)
        raise
    return target
