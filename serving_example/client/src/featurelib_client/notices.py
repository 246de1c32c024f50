"""What a server says of the contract's end: told once a process, where developers look."""

from __future__ import annotations

import threading
import time
import warnings

from featurelib_client.wire import Reply

__all__ = ["ContractDeprecationWarning", "Notices"]


class ContractDeprecationWarning(FutureWarning):
    """The server will stop to answer the contract that this client speaks."""


class Notices:
    """Whether the warning was given: one for each process is enough, so all clients share one."""

    def __init__(self) -> None:
        self._is_told = False
        self._lock = threading.Lock()

    def look(self, reply: Reply, authority: str) -> None:
        """Warns if an answer has the header Deprecation (RFC 9745) or Sunset (RFC 8594)."""
        headers = reply.headers
        if self._is_told or not (b"deprecation" in headers or b"sunset" in headers):
            return
        with self._lock:
            if self._is_told:
                return
            self._is_told = True
        version = headers.get(b"x-contract-version", b"this").decode("latin-1")
        text = f"{authority} calls contract {version} deprecated"
        since, sunset = headers.get(b"deprecation", b""), headers.get(b"sunset")
        if since.startswith(b"@") and since[1:].isdigit() and len(since) < 14:
            text += time.strftime(" since %Y-%m-%d", time.gmtime(int(since[1:])))
        if sunset is not None:
            text += f", and ends it on {sunset.decode('latin-1')}"
        warnings.warn(
            f"{text}; upgrade featurelib-client", ContractDeprecationWarning, stacklevel=2
        )


PROCESS = Notices()
