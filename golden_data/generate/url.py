"""Golden cases of the parts of URLs: by CPython's `urllib.parse` where it follows RFC 3986.

It makes scheme and host small, knows no empty host, no absent query, and raises where we say null:
these lines are by hand, from the expression of the RFC's appendix B.
"""

from __future__ import annotations

import platform
import re
from urllib.parse import urlsplit

from numeric_cases import BY_HAND, Case, case, write

ORACLE = f"CPython {platform.python_version()} urllib.parse"
RFC = f"{BY_HAND}, RFC 3986 appendix B"
APPENDIX_B = re.compile(r"^(([^:/?#]+):)?(//([^/?#]*))?([^?#]*)(\?([^#]*))?(#(.*))?", re.DOTALL)
URLS = [
    "https://www.example.org/a/b.html?q=1&r=2#top", "http://example.org", "https://example.org:8443/",
    "ftp://user:secret@ftp.example.org:21/file;type=a", "mailto:ann@example.org",
    "urn:isbn:9780131103627", "file:///etc/hosts", "//cdn.example.org/x.js", "/only/a/path?x#y",
    "path", "?query", "#fragment", "http://[2001:db8::7]:80/c=GB?one", "http://[::1]",
    "http://a@b@c.example/", "http://example.org?x=1", "http://example.org#f", "a:b:c",
    "http://example.org/a:b@c", "x-y+z.1://host", "http://example.org/?", "http://example.org/#",
    "svn+ssh://host/repo", "http://example.org/a?b?c#d#e", "https://user@host:0/", "localhost:80",
]  # fmt: skip
EDGES = [
    "", " ", ":", "://", "//", "///", "http:", "http:/", "http://", "http:///", "1a:b", "é://x",
    "HTTP://EXAMPLE.org/A", "http://:80", "http://@", "http://@:1/", "http://[::1", "http://[]:7",
    "http://h:", "http://h:x1", "http://h:65535", "http://h:65536", "http://h:00080", "http://h:-1",
    "http://h:99999999999999999999", "http://[::1]x:80", "http://日本.example/路?名=值#片",
    "http://host\\path", "http://h:80:90", "http://[::1]:", "a" * 40 + "://b", "?#", "#?", "x:?y",
]  # fmt: skip
PARAMETERS = [
    ("https://e.org/?q=1&r=2", "q"), ("https://e.org/?q=1&r=2", "r"), ("https://e.org/?q=1", "x"),
    ("?q=a&q=b", "q"), ("?q", "q"), ("?q=", "q"), ("?=v", ""), ("?&&a=1", ""), ("?&&a=1", "a"),
    ("?a=b=c", "a"), ("?qq=1&q=2", "q"), ("?q=1#q=2", "q"), ("#?q=1", "q"), ("no query", "q"),
    ("?a%20b=c%20d+e", "a%20b"), ("?名=值&b=1", "名"), ("?a=1;b=2", "a"), ("?A=1", "a"), ("", ""),
    ("?", ""), ("?q=1&", "q"), ("?x=1&q", "q"), ("?utm_source=news&utm_medium=mail", "utm_medium"),
]  # fmt: skip
PARTS = ("scheme", "host", "path", "query", "fragment")


def by_rfc(url: str) -> tuple[str | None, ...]:
    """The five parts by the expression of the RFC; a scheme has letters of its own there."""
    found = APPENDIX_B.match(url)
    assert found
    scheme, authority, path = found[2], found[4], found[5]
    if scheme is not None and not re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*", scheme):
        # What is before the colon is then the beginning of the path.
        rest = re.match(r"([^?#]*)", url)
        assert rest
        scheme, authority, path = None, None, rest[1]
    host = None
    if authority is not None:
        host = authority.rpartition("@")[2]
        if host.startswith("["):
            host = host[1 : host.index("]")] if "]" in host else None
        else:
            host = host.partition(":")[0]
    return scheme, host, path, found[7], found[9]


def agrees(url: str, part: str, out: str | None) -> bool:
    """Whether CPython says the same, but for case and for what is not there."""
    try:
        split = urlsplit(url)
    except ValueError:
        return False
    theirs = split.hostname if part == "host" else getattr(split, part)
    return (theirs or "").lower() == (out or "").lower()


ODD_PORTS = {"http://[]:7": 7, "http://[::1]x:80": None}
"""CPython looks into the brackets, and past them."""


def port_of(url: str) -> tuple[int | None, str]:
    if url in ODD_PORTS:
        return ODD_PORTS[url], BY_HAND
    try:
        return urlsplit(url).port, ORACLE
    except ValueError:
        return None, BY_HAND


def main() -> None:
    """Writes the files of the family."""
    parts: list[Case] = []
    ports: list[Case] = []
    for group, urls in (("basic", URLS), ("text_edges", EDGES)):
        for url in urls:
            for index, (part, out) in enumerate(zip(PARTS, by_rfc(url), strict=True)):
                oracle = ORACLE if agrees(url, part, out) else RFC
                parts.append(
                    case(group, ["String"], [url], "String", out, oracle, part, {"part": index})
                )
            number, oracle = port_of(url)
            ports.append(case(group, ["String"], [url], "UInt16", number, oracle, "the port"))
    for index in range(5):
        params = {"part": index}
        parts.append(
            case("nulls", ["String"], [None], "String", None, BY_HAND, "null in, null out", params)
        )
    why = "a part that no method asks for has a value too"
    for index in (-1, 5):
        parts.append(
            case("bounds", ["String"], [URLS[0]], "String", None, BY_HAND, why, {"part": index})
        )
    ports.append(case("nulls", ["String"], [None], "UInt16", None, BY_HAND, "null in, null out"))
    write("url", "str.url_part", parts)
    write("url", "str.url_port", ports)
    values: list[Case] = []
    for url, name in PARAMETERS:
        query = by_rfc(url)[3] or ""
        pairs = [p.partition("=") for p in query.split("&") if p]
        out = next((value for key, _, value in pairs if key == name), None)
        group = "basic" if url.isascii() and name else "text_edges"
        why = "split at & and =, nothing decoded"
        values.append(case(group, ["String"] * 2, [url, name], "String", out, BY_HAND, why))
    for args in ([None, "q"], ["?q=1", None]):
        why = "null in, null out"
        values.append(case("nulls", ["String"] * 2, args, "String", None, BY_HAND, why))
    write("url", "str.url_parameter", values)


if __name__ == "__main__":
    main()
