"""API keys: who may ask, and how often.

A key is ``flk_<name>_<secret>`` with a secret of 256 random bits. The file holds a SHA-256 of it,
so who reads the file cannot ask. A slow hash (scrypt) is for secrets that people choose: it makes
guessing dear. 256 random bits cannot be guessed at any speed, and a slow hash on each request would
let anyone with wrong keys busy the server.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable
from pathlib import Path

import msgspec

from featurelib.errors import FeaturelibError
from serving_example.app.http import Rejection
from serving_example.app.rate import TokenBucket

__all__ = ["ApiKey", "Keys", "KeysError", "new_key"]

_NAME = re.compile(r"[a-z0-9-]{1,40}\Z")
_HASH = re.compile(r"[0-9a-f]{64}\Z")


class KeysError(FeaturelibError):
    """A file of API keys cannot be used."""


class ApiKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One key as it is stored.

    Attributes:
        name: Whose it is; it stands in the key and in metrics.
        sha256: The hash of the whole key.
        rate: Requests a second on average.
        burst: Requests at once.
        weight: What its answers are worth, above 0 and at most 1: what is worth less is refused
            earlier when the queue grows.
    """

    name: str
    sha256: str
    rate: float = 100.0
    burst: float = 200.0
    weight: float = 1.0


def new_key(
    name: str,
    random_bytes: Callable[[int], bytes],
    rate: float = 100.0,
    burst: float = 200.0,
    weight: float = 1.0,
) -> tuple[str, ApiKey]:
    """A new key: the text that its owner gets, once, and what is stored.

    Raises:
        KeysError: The name is not of lower-case letters, digits and dashes.
    """
    if not _NAME.match(name):
        raise KeysError(f"a key's name has 1 to 40 of a-z, 0-9 and -, got {name!r}")
    text = f"flk_{name}_{random_bytes(32).hex()}"
    return text, ApiKey(name, hashlib.sha256(text.encode()).hexdigest(), rate, burst, weight)


class Keys:
    """The keys of a server, with a bucket for each.

    Args:
        keys: The keys; None lets anyone in, which is right on a loopback address only.
        clock: Monotonic seconds.

    Attributes:
        is_open: It lets anyone in.

    Raises:
        KeysError: A hash, rate or burst that cannot be, or one name twice.
    """

    def __init__(self, keys: list[ApiKey] | None, clock: Callable[[], float]) -> None:
        self._clock, self.is_open = clock, keys is None
        self._keys: dict[str, tuple[bytes, TokenBucket, float]] | None = None
        if keys is not None:
            self.replace(keys)

    @staticmethod
    def read(path: Path) -> list[ApiKey]:
        """The keys of a file: ``{"keys": [...]}``.

        Raises:
            KeysError: It cannot be read, with the place of what is wrong.
        """
        try:
            return msgspec.json.decode(path.read_bytes(), type=_File).keys
        except OSError as error:
            raise KeysError(f"keys {path}: {error.strerror}") from None
        except msgspec.MsgspecError as error:
            raise KeysError(
                f"keys {path}: {error}", hint="python -m serving_example.app key --help"
            ) from None

    def replace(self, keys: list[ApiKey]) -> None:
        """Takes other keys at once; a key that stays keeps its bucket if its limits stay."""
        old, made = self._keys or {}, {}
        for key in keys:
            if not (_NAME.match(key.name) and _HASH.match(key.sha256)) or key.name in made:
                raise KeysError(f"key {key.name!r}: a bad name or hash, or the name stands twice")
            try:
                bucket = TokenBucket(key.rate, key.burst, self._clock)
            except ValueError as error:
                raise KeysError(f"key {key.name!r}: {error}") from None
            if not 0.0 < key.weight <= 1.0:
                raise KeysError(f"key {key.name!r}: expected 0 < weight <= 1, got {key.weight}")
            before = old.get(key.name)
            if before and (before[1].rate, before[1].burst) == (key.rate, key.burst):
                bucket = before[1]
            made[key.name] = (bytes.fromhex(key.sha256), bucket, key.weight)
        self._keys, self.is_open = made, False

    def weight(self, name: str) -> float:
        """What the answers of a key are worth that was admitted just now."""
        known = (self._keys or {}).get(name)
        return 1.0 if known is None else known[2]

    def admit(self, header: bytes | None) -> str:
        """The name of the key in ``Authorization: Bearer ...``, with a token taken.

        Raises:
            Rejection: 401 for no key or one that is not known, 429 for one that asks too often.
        """
        if self._keys is None:
            return ""
        scheme, _, text = (header or b"").partition(b" ")
        name = text[4:].partition(b"_")[0].decode("ascii", "replace")
        known = self._keys.get(name)
        given = hashlib.sha256(text).digest()
        if scheme.lower() != b"bearer" or not known or not hmac.compare_digest(known[0], given):
            raise Rejection(
                401, "unauthenticated", "missing_key" if header is None else "unknown_key",
                "send Authorization: Bearer with an API key of this server",
                field="headers.authorization", headers=((b"www-authenticate", b"Bearer"),),
            )  # fmt: skip
        wait = known[1].take()
        if wait:
            raise Rejection(
                429, "rate_limited", "key_rate",
                f"key {name} may ask {known[1].rate:g} times a second", retry_after_s=wait,
            )  # fmt: skip
        return name


class _File(msgspec.Struct, forbid_unknown_fields=True):
    keys: list[ApiKey]


def write_key(path: Path, key: ApiKey) -> None:
    """Adds a key to a file, which it makes for its owner's eyes only.

    Raises:
        KeysError: The file cannot be used, or has a key of that name.
    """
    known = Keys.read(path) if path.exists() else []
    if any(k.name == key.name for k in known):
        raise KeysError(f"keys {path}: there is a key {key.name!r} already")
    partial = path.with_name(path.name + ".partial")
    partial.touch(mode=0o600)
    partial.write_bytes(msgspec.json.format(msgspec.json.encode(_File([*known, key])), indent=2))
    partial.replace(path)
