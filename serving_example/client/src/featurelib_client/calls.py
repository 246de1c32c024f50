"""What can be asked: a call is its request and the reader of its answer."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from featurelib_client.wire import About, Headers, Reply

__all__ = ["KEY", "KEYED", "ONCE", "READ", "Call", "new_key"]

T = TypeVar("T")

READ, KEYED, ONCE = "read", "keyed", "once"
"""How a call may be repeated: it changes nothing; it carries a key by which the server counts it
once; or it may be sent again only where the server has not seen it."""
KEY = b"Idempotency-Key"


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """One call.

    Attributes:
        operation: Its name in errors and metrics.
        method: ``GET`` or ``POST``.
        target: Path and query.
        body: The request's body; None: it has none.
        read: Makes the answer of a reply with a status of 2xx. It raises `ContractError`.
        repeat: `READ`, `KEYED` or `ONCE`.
        headers: Of this call alone.
        also: Statuses beside 2xx that are answers.
        contract: The version that is asked for; None: it has none.
        kept_as: Which answer it is among those that are kept: the user, the model's name, the
            request; None: it is not kept.
    """

    operation: str
    method: bytes
    target: bytes
    body: bytes | None
    read: Callable[[Reply, About], T]
    repeat: str = READ
    headers: Headers = ()  # type: ignore[assignment]
    also: tuple[int, ...] = ()
    kept_as: tuple[int, str | None, bytes] | None = None
    contract: int | None = None


def new_key() -> bytes:
    """A key that no other call has."""
    return secrets.token_hex(16).encode()
