"""Heads that come again are what the parser would make of them, or are left to it."""

from typing import Any

import httptools
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from parity_tests.soak import examples
from serving_example.app.heads import Heads

PLAIN = b"\r\nHost: a:8000\r\n\r\n"


class Parsed:
    """What a parser says of some bytes that come one by one, as the server's own would."""

    def __init__(self, data: bytes) -> None:
        self.url, self.headers, self.is_kept = b"", dict[bytes, bytes](), False
        self.body = b""
        self.begun = self.ended = 0
        self.parser = httptools.HttpRequestParser(self)
        try:
            for at in range(len(data)):
                self.parser.feed_data(data[at : at + 1])
            self.is_good = True
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self.is_good = False

    def on_message_begin(self) -> None:
        self.begun += 1

    def on_url(self, url: bytes) -> None:
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers[name.lower()] = value

    def on_headers_complete(self) -> None:
        self.is_kept = self.parser.should_keep_alive() and not self.parser.should_upgrade()

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        self.ended += 1


NAMES = st.sampled_from(
    [b"Host", b"host", b"Accept", b"Connection", b"Keep-Alive", b"Upgrade", b"Expect",
     b"Content-Length", b"Transfer-Encoding", b"X-Request-Id", b"X Y", b"", b"Authorization"]
)  # fmt: skip
VALUES = st.sampled_from(
    [b"a", b"", b"keep-alive", b"Keep-Alive", b"close", b"upgrade", b"close, keep-alive", b"0",
     b"3", b"+3", b"3,3", b"10000", b"chunked", b"100-continue", b"a\x00b", b" a ", b"\xff",
     b"websocket"]
)  # fmt: skip
ENDS = st.sampled_from([b"\r\n"] * 8 + [b"\n", b"\r", b"\r\n ", b"\r\n\r\n", b"\n\n", b""])
LINES = st.lists(st.tuples(NAMES, VALUES, ENDS), max_size=5)
PATHS = st.sampled_from([b"/", b"/v1/recommend/7?k=3", b"/a?", b"/a??", b"/%20", b"*", b"/a b"])
VERBS = st.sampled_from([b"GET"] * 5 + [b"POST"] * 5 + [b"HEAD", b"CONNECT", b"get"])
LENGTHS = st.sampled_from([b"", b"", b"Content-Length: 3\r\n", b"content-length:0\r\n"])
VERSIONS = st.sampled_from([b"HTTP/1.1"] * 6 + [b"HTTP/1.0", b"HTTP/1.15", b"HTTP/2.0"])


@given(VERBS, PATHS, VERSIONS, LENGTHS, LINES,
       st.sampled_from([b"", b"", b"abc", b"abc", b"abcd", b"GET / HTTP/1.1\r\n"]))  # fmt: skip
@example(
    b"GET", b"/", b"HTTP/1.1", b"",
    [(b"Connection", b"close", b"\r\n"), (b"Connection", b"keep-alive", b"\r\n")], b"",
)  # fmt: skip
@example(b"POST", b"/a", b"HTTP/1.1", b"Content-Length: 3\r\n",
         [(b"Content-Length", b"3", b"\r\n")], b"abc")  # fmt: skip
@examples(80, soak=4_000)
def test_what_is_read_at_once_is_what_the_parser_reads(
    verb: bytes, path: bytes, version: bytes, length: bytes, lines: Any, more: bytes
) -> None:
    """Bytes are taken for a request only where the parser finds one in them and nothing more."""
    told = length + b"".join(name + b": " + value + end for name, value, end in lines)
    data = verb + b" " + path + b" " + version + b"\r\nHost: a\r\n" + told + b"\r\n" + more
    heads = Heads(1_000)
    for _ in range(2):  # anew, and from what is kept
        found = heads.read(data)
        if found is None:
            continue
        parsed = Parsed(data)
        assert parsed.is_good and parsed.is_kept and (parsed.begun, parsed.ended) == (1, 1)
        target, _, query = parsed.url.partition(b"?")
        assert found == (verb.decode(), target.decode(), query, parsed.headers, parsed.body)


def test_the_usual_request_is_read_at_once() -> None:
    """Of two requests with the same headers the second gives the very headers of the first."""
    heads = Heads(1_000)
    first = heads.read(b"GET /v1/recommend/7?k=3 HTTP/1.1" + PLAIN)
    again = heads.read(b"GET /v1/recommend/8 HTTP/1.1" + PLAIN)
    assert first == ("GET", "/v1/recommend/7", b"k=3", {b"host": b"a:8000"}, b"")
    assert again is not None and again[:3] == ("GET", "/v1/recommend/8", b"")
    assert again[3] is first[3]


@pytest.mark.parametrize(
    ("body", "is_read"), [(b"abc", True), (b"ab", False), (b"abcd", False), (b"abcGET /", False)]
)
def test_a_body_is_read_that_is_as_long_as_its_head_says(body: bytes, is_read: bool) -> None:
    """What is shorter has not come yet, what follows it is another request's: both are left."""
    heads = Heads(1_000)
    head = b"POST /v1/events HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n"
    for _ in range(2):
        found = heads.read(head + body)
        assert (found is not None) == is_read
        assert found is None or found[4] == body


def test_a_body_is_of_the_method_that_has_one() -> None:
    """The same lines of headers, known from a POST, make no request of a GET, nor the reverse."""
    heads, sized = Heads(1_000), b"\r\nHost: a\r\nContent-Length: 0\r\n\r\n"
    assert heads.read(b"POST / HTTP/1.1" + sized) is not None
    assert heads.read(b"GET / HTTP/1.1" + sized) is None
    assert heads.read(b"GET / HTTP/1.1" + PLAIN) is not None
    assert heads.read(b"POST / HTTP/1.1" + PLAIN) is None


@pytest.mark.parametrize(
    "rest",
    [
        b"\r\nHost: a\r\nX-Request-Id: 7\r\n\r\n",
        b"\r\nHost: a\r\nX-Long: " + b"x" * 1_100 + b"\r\n\r\n",
    ],
)
def test_what_does_not_come_again_is_not_kept(rest: bytes) -> None:
    """A head with an id of its own, or a long one, is read and forgotten."""
    heads = Heads(4_000)
    assert heads.read(b"GET / HTTP/1.1" + rest) is not None
    assert len(heads) == 0


def test_heads_are_bounded() -> None:
    """However many clients send headers of their own, a few hundred heads are kept."""
    heads = Heads(1_000)
    for i in range(1_000):
        assert heads.read(b"GET / HTTP/1.1\r\nHost: a\r\nX-Mine: %d\r\n\r\n" % i) is not None
    assert len(heads) <= 256


def test_a_head_over_the_limit_is_left_to_who_refuses_it() -> None:
    """What is longer than a head may be is not read here, whether it was seen before or not."""
    assert Heads(20).read(b"GET /v1/recommend/7 HTTP/1.1" + PLAIN) is None
