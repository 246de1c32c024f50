"""Where a server is."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from featurelib_client.errors import ConfigurationError

__all__ = ["Address", "read_address"]

_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Address:
    """A server.

    Attributes:
        scheme: ``http`` or ``https``.
        host: A name or an address, without brackets.
        port: The port.
        prefix: A path before all paths, without a slash at its end.
        socket: The path of a unix socket; None: TCP.
    """

    scheme: str
    host: str
    port: int
    prefix: str = ""
    socket: str | None = None

    @property
    def authority(self) -> str:
        """What the header Host says."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


def read_address(url: str) -> Address:
    """Reads ``http://host:port/prefix``, ``https://...`` or ``unix:/path/of/socket``.

    Raises:
        ConfigurationError: It is none of these.
    """
    if not isinstance(url, str):
        raise ConfigurationError(f"base_url: expected a text, got {type(url).__name__}")
    if url.startswith("unix:"):
        path = url.removeprefix("unix:").removeprefix("//")
        if not path.startswith("/") or "\0" in path or len(path.encode()) > 107:
            raise ConfigurationError(
                f"base_url: expected unix:/path of at most 107 bytes, got {url[:200]!r}"
            )
        return Address("http", "localhost", 80, "", path)
    try:
        parts = urlsplit(url)
        port, host = parts.port, parts.hostname
    except ValueError as error:
        raise ConfigurationError(f"base_url: {error}: {url[:200]!r}") from None
    if parts.scheme not in _PORTS or not host or port == 0:
        raise ConfigurationError(
            f"base_url: expected http://host[:port], https://... or unix:/path, got {url[:200]!r}"
        )
    if parts.username is not None or parts.query or parts.fragment:
        raise ConfigurationError(
            f"base_url: no user, query or fragment may stand in it ({parts.scheme}://{host}...); "
            "a key goes to api_key"
        )
    if not url.isascii() or any(c <= " " for c in url):
        raise ConfigurationError(f"base_url: expected plain ASCII, got {url[:200]!r}")
    try:
        host.encode("ascii" if ":" in host else "idna")
    except UnicodeError:
        raise ConfigurationError(
            f"base_url: {host[:80]!r} is no name of a host: a part of it is empty, or longer than "
            "63 characters"
        ) from None
    return Address(parts.scheme, host, port or _PORTS[parts.scheme], parts.path.rstrip("/"))
