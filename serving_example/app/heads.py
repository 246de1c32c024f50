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

Whole = tuple[str, str, bytes, Mapping[bytes, bytes], bytes]
"""Of a whole request: method, path, query, headers, which nobody changes, and body."""

_LINE = re.compile(rb"(GET|POST) (/[A-Za-z0-9/_.~-]*)(?:\?([A-Za-z0-9=&_.~-]*))? HTTP/1\.1")
"""A first line in which nothing is quoted and nothing can be meant otherwise."""
_END = b"\r\n\r\n"
_SIZE = re.compile(rb"[0-9]{1,4}\Z")
_NOT_PLAIN = frozenset(
    {b"expect", b"keep-alive", b"proxy-connection", b"te", b"trailer", b"transfer-encoding",
     b"upgrade"}
)  # fmt: skip
"""Headers of a request whose body comes in another way, or that wants to go on otherwise."""
_ONE_TIME = b"x-request-id"
"""Who sends it sends another one each time."""
_MOST, _MOST_BYTES = 256, 1_024
"""So many heads are kept, each of so many bytes at most."""


_Known = tuple[Mapping[bytes, bytes], int]
"""Headers, and how long they say that the body is; -1: they do not."""


class Heads:
    """Reads requests that come whole, one in a packet. Single-threaded.

    Args:
        most_bytes: Of a head; what is longer is none of its business.
    """

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._known: dict[bytes, _Known] = {}

    def __len__(self) -> int:
        return len(self._known)

    def read(self, data: bytes) -> Whole | None:
        """The request that some bytes are; None if they are not one plain request, end to end.

        That is a GET without a body, or a POST with one whose length its head tells.

        Args:
            data: What came on a connection between two requests.
        """
        at = data.find(b"\r\n")
        line = _LINE.fullmatch(data, 0, max(at, 0))
        if line is None:
            return None
        end = data.find(_END, at) + 4
        if not at < end <= self._most_bytes:
            return None
        rest = data[at:end]
        known = self._known.get(rest) or self._headers(rest)
        if known is None:
            return None
        headers, size = known
        method, path, query = line.groups(b"")
        if method == b"GET":
            if size >= 0 or end != len(data):
                return None
            return "GET", path.decode(), query, headers, b""
        if len(data) - end != size:  # -1 is no length at all
            return None
        return "POST", path.decode(), query, headers, data[end:]

    def _headers(self, rest: bytes) -> _Known | None:
        """What the parser makes of lines of headers; None where more is to be known of them."""
        lines, size = _Lines(), -1
        try:
            parser = httptools.HttpRequestParser(lines)
            parser.feed_data(b"POST / HTTP/1.1" + rest)
            length = lines.headers.get(b"content-length")
            if length is not None:
                if not _SIZE.match(length):
                    return None
                size = int(length)
                parser.feed_data(bytes(size))
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
            self._known[rest] = headers, size
        return headers, size


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
