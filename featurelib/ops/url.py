"""Parts of a URL by the generic syntax of RFC 3986, appendix B, which every text has.

Parts are views of the text as it is written: no letter is made small, nothing is decoded, no
default is filled in. (The WHATWG's parser repairs and rewrites; what it would give depends on the
scheme, and changes with browsers.) A part that is not there is null, one that is there and empty is
empty.
"""

from featurelib.dtypes import Bool, Int64, String, UInt16
from featurelib.intrinsics import (
    View,
    i64_add,
    i64_mul,
    i64_or,
    i64_sub,
    load_u8,
    u64_from_i64,
)
from featurelib.node import Node, apply
from featurelib.op import Nulls, kernel_function, method, op
from featurelib.ops.string_table import equal_bytes

SCHEME, HOST, PATH, QUERY, FRAGMENT = range(5)
COLON, SLASH, QUESTION, HASH, AT, OPEN, CLOSE = 58, 47, 63, 35, 64, 91, 93
PLUS, MINUS, DOT, EQUALS, AMPERSAND, ZERO = 43, 45, 46, 61, 38, 48
LARGEST_PORT = 65_535


@kernel_function
def _find(s: View, at: Int64, stop: Int64, byte: Int64) -> Int64:
    """Where a byte stands first, or the end."""
    while at < stop and load_u8(s.buf, at) != byte:
        at = i64_add(at, 1)
    return at


@kernel_function
def _scheme_stop(s: View) -> Int64:
    """Where the scheme ends, the start where there is none: a letter, then letters, digits, +-."""
    at, going = s.start, True
    while going and at < s.stop:
        byte = load_u8(s.buf, at)
        small = i64_or(byte, 32)
        is_letter = small >= 97 and small <= 122
        is_other = (byte >= ZERO and byte <= 57) or byte == PLUS or byte == MINUS or byte == DOT
        going = is_letter or (is_other and at > s.start)
        if going:
            at = i64_add(at, 1)
    return at if at < s.stop and load_u8(s.buf, at) == COLON else s.start


@kernel_function
def _authority(s: View) -> tuple[Int64, Int64, Bool]:
    """Where the authority begins and ends, and whether there is one; else where the path begins."""
    at = _scheme_stop(s)
    at = i64_add(at, 1) if at > s.start else at
    after = i64_add(at, 2)
    if after > s.stop or load_u8(s.buf, at) != SLASH or load_u8(s.buf, i64_add(at, 1)) != SLASH:
        return at, at, False
    stop = after
    while stop < s.stop and not _ends_path(load_u8(s.buf, stop)) and load_u8(s.buf, stop) != SLASH:
        stop = i64_add(stop, 1)
    return after, stop, True


@kernel_function
def _ends_path(byte: Int64) -> Bool:
    return byte == QUESTION or byte == HASH


@kernel_function
def _host(s: View) -> tuple[Int64, Int64, Int64, Bool]:
    """Where the host begins and ends, where the authority ends, and whether there is a host.

    What ends with the last "@" is the user; an address in brackets stands without them.
    """
    start, stop, valid = _authority(s)
    at = start
    while at < stop:
        if load_u8(s.buf, at) == AT:
            start = i64_add(at, 1)
        at = i64_add(at, 1)
    if start < stop and load_u8(s.buf, start) == OPEN:
        close = _find(s, start, stop, CLOSE)
        return i64_add(start, 1), close, stop, close < stop
    return start, _find(s, start, stop, COLON), stop, valid


@kernel_function
def _query(s: View) -> tuple[Int64, Int64]:
    """Where the path ends, and where the query, if any, does."""
    _start, at, _valid = _authority(s)
    while at < s.stop and not _ends_path(load_u8(s.buf, at)):
        at = i64_add(at, 1)
    return at, _find(s, at, s.stop, HASH)


@op("str.url_part", version=1, nulls=Nulls.MAYBE, public=False)
def url_part(s: String, *, part: Int64) -> String:
    """A part of a URL by RFC 3986: 0 scheme, 1 host, 2 path, 3 query, 4 fragment; else null."""
    if part == SCHEME:
        stop = _scheme_stop(s)
        return View(s.buf, s.start, stop), stop > s.start
    if part == HOST:
        start, stop, _end, valid = _host(s)
        return View(s.buf, start, stop if valid else start), valid
    path_stop, query_stop = _query(s)
    if part == PATH:
        _start, start, _valid = _authority(s)
        return View(s.buf, start, path_stop), True
    if part == QUERY and path_stop < query_stop:
        return View(s.buf, i64_add(path_stop, 1), query_stop), True
    if part == FRAGMENT and query_stop < s.stop:
        return View(s.buf, i64_add(query_stop, 1), s.stop), True
    return View(s.buf, s.start, s.start), False


@op("str.url_port", version=1, nulls=Nulls.MAYBE)
def url_port(s: String) -> UInt16:
    """The port that a URL names, by RFC 3986; null where it names none, or none up to 65535.

    No port is filled in for a scheme: "https://example.org" has none.
    """
    _start, at, stop, valid = _host(s)
    if valid and at < stop and load_u8(s.buf, at) == CLOSE:
        at = i64_add(at, 1)
    valid = valid and i64_add(at, 1) < stop and load_u8(s.buf, at) == COLON
    port = 0
    at = i64_add(at, 1)
    while valid and at < stop:
        digit = i64_sub(load_u8(s.buf, at), ZERO)
        port = i64_add(i64_mul(port, 10), digit)
        valid = digit >= 0 and digit <= 9 and port <= LARGEST_PORT
        at = i64_add(at, 1)
    return u64_from_i64(port if valid else 0), valid


@op("str.url_parameter", version=1, nulls=Nulls.MAYBE)
def url_parameter(s: String, name: String) -> String:
    """The value of a parameter in the query of a URL, the first of its name, as it is written.

    Parameters are parted by "&", name and value by the first "="; one without it has the empty
    value. Names are compared byte by byte, and nothing is decoded: "%20" and "+" stay. Null where
    the query has no such parameter.
    """
    at, query_stop = _query(s)
    size = i64_sub(name.stop, name.start)
    found, start, stop = False, s.start, s.start
    while not found and at < query_stop:
        at = i64_add(at, 1)
        stop = _find(s, at, query_stop, AMPERSAND)
        start = _find(s, at, stop, EQUALS)
        # Between two "&" stands no parameter, as browsers have it.
        found = at < stop and i64_sub(start, at) == size
        found = found and equal_bytes(s.buf, at, name.buf, name.start, size)
        start = i64_add(start, 1) if start < stop else stop
        at = stop
    return View(s.buf, start, stop if found else start), found


@method("str.url_scheme")
def _url_scheme(s: Node) -> Node:
    """The scheme of a URL, without its colon and as it is written; null where there is none.

    By RFC 3986 it is a letter and then letters, digits, "+", "-" and "."; "localhost:80" has one.
    """
    return apply(url_part, (s,), {"part": SCHEME})


@method("str.url_host")
def _url_host(s: Node) -> Node:
    """The host of a URL, as it is written: between "//" (or the user's "@") and the port or path.

    By RFC 3986; an IPv6 address stands without its brackets. Null where there is no "//", or a
    bracket is not closed; empty in "file:///path". Names of hosts mean the same in either
    case: ``.str.to_lowercase()``.
    """
    return apply(url_part, (s,), {"part": HOST})


@method("str.url_path")
def _url_path(s: Node) -> Node:
    """The path of a URL by RFC 3986, as it is written; every text has one, be it empty."""
    return apply(url_part, (s,), {"part": PATH})


@method("str.url_query")
def _url_query(s: Node) -> Node:
    """What stands between the first "?" of a URL and its fragment; null where there is no "?"."""
    return apply(url_part, (s,), {"part": QUERY})


@method("str.url_fragment")
def _url_fragment(s: Node) -> Node:
    """What stands behind the first "#" of a URL; null where there is none."""
    return apply(url_part, (s,), {"part": FRAGMENT})
