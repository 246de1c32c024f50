"""A vector: what the online store holds of one entity in one view, with its times.

    magic 4 | kind 1 | zeros 3 | schema 8 | event time 8 | version 8 | expires at 8 | length 4
    payload | CRC-32 of all before, lowest byte first

The other numbers are big-endian, and times have 2^63 added: the 16 bytes of event time and version
compare as the numbers do, so a script inside Redis needs no 64-bit integers.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from serving_example.store.errors import VectorError

__all__ = [
    "NEVER", "Stamp", "Vector", "View", "decode", "encode", "is_live", "live", "live_all",
    "stamp_bytes", "time_bytes",
]  # fmt: skip

NEVER: Final = (1 << 63) - 1
"""`expires_at` of a vector that does not expire."""
SCHEMA_BYTES: Final = 8
MAGIC: Final = b"flv1"
VALUE, TOMBSTONE = 1, 2
HEADER: Final = struct.Struct(">4sB3x8sQQQI")
CRC: Final = struct.Struct("<I")
HEADER_BYTES: Final = HEADER.size + CRC.size
"""What a vector takes beside its payload."""
_WHOLE: Final = 0x2144DF1C
"""The CRC-32 of any bytes that end in their own CRC-32."""
KIND_AT: Final = 4
_VALUE: Final = bytes([VALUE])
STAMP: Final = slice(16, 32)
"""Where event time and version stand in the bytes."""
EXPIRES: Final = slice(32, 40)
_BIAS: Final = 1 << 63
_STAMP = struct.Struct(">QQ")
_TIME = struct.Struct(">Q")


class Stamp(NamedTuple):
    """How new a vector is: of two, the one with the larger stamp is newer.

    Attributes:
        event_time: Microseconds since 1970, UTC: of the newest event in it, or of the snapshot.
        version: Orders vectors of one event time.
    """

    event_time: int
    version: int


@dataclass(frozen=True, slots=True)
class View:
    """A kind of vector: one for each entity.

    Attributes:
        name: Its name.
        schema: 8 bytes that name what the payload means. Views of one name with other schemas live
            side by side, so that a release and the one before it may share a store.
        ttl_us: How long after its event time a vector is served; None: always.
        id: Name and schema, as the stream of changes tells them.
        prefix: With what its keys begin.
    """

    name: str
    schema: bytes
    ttl_us: int | None = None
    id: str = field(init=False, repr=False, compare=False)
    prefix: bytes = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not (self.name.isidentifier() and self.name.isascii() and len(self.name) <= 64):
            raise VectorError(f"expected an identifier as a view's name, got {self.name!r}")
        if len(self.schema) != SCHEMA_BYTES:
            raise VectorError(f"{self.name}: a schema is 8 bytes, got {self.schema!r}")
        if self.ttl_us is not None and self.ttl_us <= 0:
            raise VectorError(f"{self.name}: expected ttl_us > 0 or None, got {self.ttl_us}")
        made = f"{self.name}@{self.schema.hex()}"
        object.__setattr__(self, "id", made)
        object.__setattr__(self, "prefix", made.encode() + b"\0")

    def vector(self, payload: bytes, event_time: int, version: int) -> Vector:
        """A vector of this view, which expires by the view's TTL."""
        ends = NEVER if self.ttl_us is None else min(event_time + self.ttl_us, NEVER)
        return Vector(self.schema, event_time, version, ends, payload)

    def tombstone(self, event_time: int, version: int, keep_until: int = NEVER) -> Vector:
        """Says that the entity has no vector; what is older does not come back.

        Args:
            event_time: When it was deleted.
            version: Orders it among writes of that time.
            keep_until: From when on a sweep may forget it.
        """
        return Vector(self.schema, event_time, version, keep_until, None)


class Vector(NamedTuple):
    """What the store holds of an entity.

    Attributes:
        schema: The view's.
        event_time: Microseconds since 1970 in UTC.
        version: Orders vectors of one event time; 0 to 2^64 - 1.
        expires_at: From this moment on it is not served; `NEVER`.
        payload: The bytes; None of a tombstone.
    """

    schema: bytes
    event_time: int
    version: int
    expires_at: int
    payload: bytes | None

    @property
    def stamp(self) -> Stamp:
        return Stamp(self.event_time, self.version)


def encode(vector: Vector) -> bytes:
    """The bytes of a vector.

    Raises:
        VectorError: A time or the version is beyond 64 bits.
    """
    schema, event_time, version, expires_at, payload = vector
    kind, body = (TOMBSTONE, b"") if payload is None else (VALUE, payload)
    try:
        head = HEADER.pack(
            MAGIC, kind, schema, event_time + _BIAS, version, expires_at + _BIAS, len(body)
        )
    except struct.error:
        raise VectorError(
            f"a vector's event time, version or expiry is beyond 64 bits: got "
            f"{event_time}, {version}, {expires_at}",
            hint="times are microseconds since 1970",
        ) from None
    return b"".join((head, body, CRC.pack(zlib.crc32(body, zlib.crc32(head)))))


def decode(data: bytes, view: View, key: int) -> Vector:
    """The vector with these bytes, which are checked.

    Args:
        data: What `encode` gave.
        view: Which schema it must have.
        key: The entity, for the error.

    Raises:
        VectorError: They are no vector, cut off, damaged or of another schema.
    """
    if len(data) < HEADER_BYTES:
        raise _refused(data, view, key)
    magic, kind, schema, event_time, version, expires_at, length = HEADER.unpack_from(data)
    if (
        zlib.crc32(data) != _WHOLE
        or magic != MAGIC
        or schema != view.schema
        or len(data) != HEADER_BYTES + length
    ):
        raise _refused(data, view, key)
    payload = None if kind == TOMBSTONE else data[HEADER.size : -CRC.size]
    return Vector(schema, event_time - _BIAS, version, expires_at - _BIAS, payload)


def live(data: bytes, view: View, key: int, now: int) -> Vector | None:
    """The vector with these bytes; None of a tombstone, and of one that has expired at `now`."""
    return live_all((data,), view, (key,), now)[0]


def live_all(
    found: Sequence[bytes | None], view: View, keys: Sequence[int], now: int
) -> list[Vector | None]:
    """`live` of each of many, in half of the time; None of what was not found.

    Args:
        found: The bytes of each key, or None.
        view: As for one.
        keys: The entities.
        now: As for one.

    Raises:
        VectorError: As for one.
    """
    made: list[Vector | None] = []
    schema, unpack, checksum, until = view.schema, HEADER.unpack_from, zlib.crc32, now + _BIAS
    for data, key in zip(found, keys, strict=True):
        if data is None:
            made.append(None)
            continue
        if len(data) < HEADER_BYTES or checksum(data) != _WHOLE:
            raise _refused(data, view, key)
        magic, kind, own, event_time, version, expires_at, length = unpack(data)
        if magic != MAGIC or own != schema or len(data) != HEADER_BYTES + length:
            raise _refused(data, view, key)
        if kind == TOMBSTONE or expires_at <= until:
            made.append(None)
            continue
        payload = data[HEADER.size : -CRC.size]
        made.append(Vector(own, event_time - _BIAS, version, expires_at - _BIAS, payload))
    return made


def is_live(data: bytes, now: bytes) -> bool:
    """Whether encoded bytes are of a value that has not expired at `now` (`time_bytes`)."""
    return data[KIND_AT : KIND_AT + 1] == _VALUE and data[EXPIRES] > now


def stamp_bytes(stamp: Stamp | None) -> bytes:
    """A stamp as the 16 bytes in a vector; None (there is no vector) is no bytes."""
    return b"" if stamp is None else _STAMP.pack(stamp.event_time + _BIAS, stamp.version)


def time_bytes(moment: int) -> bytes:
    """A moment as the 8 bytes in a vector."""
    return _TIME.pack(moment + _BIAS)


def _refused(data: bytes, view: View, key: int) -> VectorError:
    """What is wrong with bytes that are not taken."""
    if len(data) < HEADER_BYTES or data[:4] != MAGIC:
        why = "no vector: they are too few, or begin otherwise"
    else:
        _, _, schema, *_, length = HEADER.unpack_from(data)
        if len(data) != HEADER_BYTES + length:
            why = f"cut off: the header tells {HEADER_BYTES + length}"
        elif zlib.crc32(data) != _WHOLE:
            why = "damaged: the checksum differs from the content"
        else:
            why = f"of schema {schema.hex()}, not {view.schema.hex()}"
    return VectorError(
        f"{view.name}, entity {key}: the stored {len(data)} bytes are {why}",
        hint="drop the view and materialize it again (python -m serving_example.store --help)",
    )
