"""What is kept of an entity, for how long, and what is served of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

from serving_example.store import Vector
from serving_example.store.vector import HEADER_BYTES

__all__ = ["NOTHING", "Entry", "FeaturePolicy", "Known", "is_newer", "served"]

_ENTRY_BYTES: Final = 400
"""What Python's objects take for an entry beside a payload, about."""


class Known(NamedTuple):
    """What is known of an entity.

    Attributes:
        vector: Its vector; None if there is none or it has expired, or (of a stale answer) if
            nothing was ever seen.
        is_stale: The store did not answer: this is what was last seen.
    """

    vector: Vector | None
    is_stale: bool


@dataclass(frozen=True, slots=True)
class FeaturePolicy:
    """How vectors are kept.

    Attributes:
        max_bytes: All entries together; 0 keeps nothing, so each read asks the store.
        soft_s: After so long an entry is read again, and served meanwhile.
        hard_s: After so long it is not served before it is read again.
        jitter: TTLs differ by up to this share, so that what was read at once does not run out at
            once.
    """

    max_bytes: int = 256 << 20
    soft_s: float = 5.0
    hard_s: float = 60.0
    jitter: float = 0.2

    def __post_init__(self) -> None:
        if not (self.max_bytes >= 0 and 0 <= self.soft_s <= self.hard_s and 0 <= self.jitter < 1):
            raise ValueError(
                f"expected max_bytes >= 0, 0 <= soft_s <= hard_s and a jitter in [0, 1), got {self}"
            )


class Entry(NamedTuple):
    """An entry.

    Attributes:
        vector: As it was read; a tombstone has no payload; None: there was none.
        read_at: When, microseconds since 1970.
        soft_until: From when on it is read again, and served meanwhile.
        hard_until: From when on it is not served.
        touch: How often touch with the store was lost before it was read.
    """

    vector: Vector | None
    read_at: int
    soft_until: int
    hard_until: int
    touch: int

    @property
    def size(self) -> int:
        """Its bytes, about."""
        return HEADER_BYTES + len((self.vector and self.vector.payload) or b"") + _ENTRY_BYTES


NOTHING: Final = Entry(None, 0, 0, 0, -1)
"""What is known of an entity that was never seen."""


def served(vector: Vector | None, now: int, is_stale: bool) -> Known:
    """What is served: a tombstone is nothing, and so is a vector whose hard TTL has passed."""
    is_live = vector is not None and vector.payload is not None and vector.expires_at > now
    return Known(vector if is_live else None, is_stale)


def is_newer(vector: Vector, than: Vector | None) -> bool:
    """Whether a vector replaces what is kept; anything replaces nothing."""
    return than is None or vector.stamp > than.stamp
