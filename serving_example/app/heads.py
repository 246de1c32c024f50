"""Heads that come again: a client sends the same lines of headers with each of its requests.

So most requests differ from one before in their first line alone. What the parser made of the other
lines is kept, and given again where the same bytes come again. What is not the plainest of requests
is left to the parser of its connection.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import httptools

__all__ = ["Heads", "Whole"]

Whole = tuple[str, bytes, Mapping[bytes, bytes]]
"""Of a whole request by GET: path, query, and headers, which nobody changes."""

_LINE = re.compile(rb"GET (/[A-Za-z0-9/_.~-]*)(?:\?([A-Za-z0-9=&_.~-]*))? HTTP/1\.1(?=\r\n)")
"""A first line in which nothing is quoted and nothing can be meant otherwise."""
_END = b"\r\n\r\n"
_NOT_PLAIN = frozenset(
    {b"content-length", b"expect", b"keep-alive", b"proxy-connection", b"te", b"trailer",
     b"transfer-encoding", b"upgrade"}
)  # fmt: skip
"""Headers of a request that has a body, or that wants to go on otherwise."""
_ONE_TIME = b"x-request-id"
"""Who sends it sends another one each time."""
_MOST, _MOST_BYTES = 256, 1_024
"""So many heads are kept, each of so many bytes at most."""


class Heads:
    """Reads requests that come whole, one in a packet. Single-threaded.

    Args:
        most_bytes: Of a head; what is longer is none of its business.
    """

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._known: dict[bytes, Mapping[bytes, bytes]] = {}

    def __len__(self) -> int:
        return len(self._known)

    def read(self, data: bytes) -> Whole | None:
        """The request that some bytes are; None if they are not one plain GET, from end to end.

        Args:
            data: What came on a connection between two requests.
        """
        line = _LINE.match(data)
        if line is None or data.find(_END) != len(data) - 4 or len(data) > self._most_bytes:
            return None
        rest = data[line.end() :]
        headers = self._known.get(rest)
        if headers is None:
            headers = self._headers(rest)
            if headers is None:
                return None
        path, query = line.groups(b"")
        return path.decode(), query, headers

    def _headers(self, rest: bytes) -> Mapping[bytes, bytes] | None:
        """What the parser makes of lines of headers; None where more is to be known of them."""
        lines = _Lines()
        try:
            httptools.HttpRequestParser(lines).feed_data(b"GET / HTTP/1.1" + rest)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            return None
        headers = lines.headers
        # A line that ends without its CR may be the end of a head for one parser and not for
        # another: here it is none for anybody.
        if not lines.is_plain or lines.ended != 1 or rest.count(b"\n") != rest.count(b"\r\n"):
            return None
        if b"host" not in headers or headers.get(b"connection", b"keep-alive") != b"keep-alive":
            return None
        if _ONE_TIME not in headers and len(rest) <= _MOST_BYTES:
            if len(self._known) >= _MOST:
                self._known.clear()
            self._known[rest] = headers
        return headers


class _Lines:
    """What a parser tells of a head."""

    def __init__(self) -> None:
        self.headers: dict[bytes, bytes] = {}
        self.is_plain, self.ended = True, 0

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header; one that comes twice is not plain."""
        name = name.lower()
        if name in self.headers or name in _NOT_PLAIN:
            self.is_plain = False
        self.headers[name] = value

    def on_message_complete(self) -> None:
        """A request is whole."""
        self.ended += 1
