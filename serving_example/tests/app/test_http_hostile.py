"""The HTTP server against clients that break the rules."""

import contextlib
import socket
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serving_example.app.limits import Limits
from serving_example.tests.app.sockets import error_of, exchange, parse, read_one
from serving_example.tests.app.world import published, running, service_of


def post(target: Any = b"/echo", *headers: Any) -> Any:
    """The head of a POST."""
    return b"\r\n".join([b"POST " + target + b" HTTP/1.1", b"Host: x", *headers, b"", b""])


@pytest.mark.parametrize("length", [b"Content-Length: 10001", b"Content-Length: 99999999999"])
def test_a_body_that_says_it_is_too_long_is_refused(port: Any, length: Any) -> None:
    """413 names the limit; the rest is not waited for longer than a moment."""
    status, error = error_of(exchange(port, post(b"/echo", length), b"x" * 5_000))
    assert status == 413 and error["reason"] == "body_bytes" and "10000" in error["message"]


def test_a_body_that_is_too_long_without_saying_so_is_refused(port: Any) -> None:
    """Chunks are counted as they come."""
    chunk = b"1000\r\n" + b"x" * 0x1000 + b"\r\n"
    got = exchange(port, post(b"/echo", b"Transfer-Encoding: chunked"), *[chunk] * 20)
    status, error = error_of(got)
    assert status == 413 and error["field"] == "body"


def test_a_client_that_asks_before_it_sends_is_told_at_once(port: Any) -> None:
    """Expect: 100-continue with a body that is too long gets its refusal and no 100."""
    head = post(b"/echo", b"Content-Length: 20000", b"Expect: 100-continue")
    assert error_of(exchange(port, head))[0] == 413
    good = exchange(
        port, post(b"/echo", b"Content-Length: 2", b"Expect: 100-continue", b"Connection: close"),
        b"{}",
    )  # fmt: skip
    assert good.startswith(b"HTTP/1.1 100") and b"HTTP/1.1 200" in good


def test_a_slow_body_is_refused(port: Any) -> None:
    """A client that sends a byte now and then does not hold a request for ever."""
    pieces = [post(b"/echo", b"Content-Length: 100"), *[b"x"] * 10]
    status, error = error_of(exchange(port, *pieces, pause_s=0.12))
    assert status == 408 and error["reason"] == "body_timeout"


@pytest.mark.parametrize(
    "pieces",
    [[], [b"GET /echo HTTP/1.1\r\n"], [b"GET /echo HTTP/1.1\r\nA: "] + [b"x"] * 12],
    ids=["silent", "half", "drip"],
)  # fmt: skip
def test_a_slow_head_is_refused(port: Any, pieces: Any) -> None:
    """Nor does one that never ends its headers."""
    status, error = error_of(exchange(port, *pieces, pause_s=0.1))
    assert status == 408 and error["reason"] == "head_timeout"


@pytest.mark.parametrize(
    "pieces",
    [
        [b"GET /echo HTTP/1.1\r\nA: " + b"x" * 3_000 + b"\r\n\r\n"],
        [b"GET /" + b"x" * 3_000 + b" HTTP/1.1\r\n\r\n"],
        [b"GET /echo HTTP/1.1\r\nA: ", *[b"x" * 500] * 8],
        [b"GET /echo HTTP/1.1\r\n", *[b"A: b\r\n" * 50] * 20],
        [b"POST /echo HTTP/1.1\r\nContent-Length: 3\r\nA: " + b"x" * 3_000 + b"\r\n\r\nabc"],
    ],
    ids=["header", "line", "endless header", "endless headers", "with a body"],
)
def test_a_head_that_is_too_long_is_refused(port: Any, pieces: Any) -> None:
    """431 names the limit, however the head comes, and whether it ends or not."""
    status, error = error_of(exchange(port, *pieces, pause_s=0.01))
    assert status == 431 and "2000" in error["message"]


def test_a_client_that_does_not_read_is_cut_off(port: Any) -> None:
    """An answer that nobody takes does not stay in memory: no more comes than was on its way."""
    got = 0
    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        connection.sendall(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
        time.sleep(1.5)
        with contextlib.suppress(ConnectionResetError):
            while piece := connection.recv(1_000_000):
                got += len(piece)
    assert 0 < got < 50_000_000


def test_more_connections_than_allowed_are_refused(tmp_path: Any) -> None:
    """503 with Retry-After, and those that are open go on."""
    service = service_of(published(tmp_path), limits=Limits(connections=10))
    with running(service) as server, contextlib.ExitStack() as opened:
        made = [
            opened.enter_context(socket.create_connection(("127.0.0.1", server.ports[0]), 10))
            for _ in range(11)
        ]
        status, headers, _ = read_one(made[-1])
        assert status == 503 and int(headers["retry-after"]) >= 1
        made[0].sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert read_one(made[0])[0] == 200


@pytest.mark.parametrize(
    "head",
    [
        b"\x00\x01\x02\r\n\r\n",
        b"GET  HTTP/1.1\r\n\r\n",
        b"GET /echo HTTP/9.9\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /echo HTTP/1.1\r\nno colon\r\n\r\n",
        b"POST /echo HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST /echo HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"POST /echo HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"CONNECT x:1 HTTP/1.1\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nConnection: close\r\n\r\n",
        b"GET /echo HTTP/1.1\r\nConnection: close, upgrade\r\nUpgrade: websocket\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ],
)
def test_what_is_no_request_of_ours_is_a_4xx(port: Any, head: Any) -> None:
    """Never a 500, never silence; the server goes on."""
    got = exchange(port, head, timeout_s=5)
    status, _, _ = parse(got)
    assert 400 <= status < 500 or (b"websocket" in head and status == 200)


@settings(max_examples=150, deadline=None)
@given(
    data=st.binary(max_size=200), prefix=st.sampled_from([b"", b"GET ", b"POST /echo HTTP/1.1\r\n"])
)
def test_no_bytes_break_the_server(server: Any, data: Any, prefix: Any) -> None:
    """Any bytes are answered by a 4xx or closed; nothing hangs, nothing is a 500."""
    with socket.create_connection(("127.0.0.1", server.ports[0]), 5) as connection:
        connection.sendall(prefix + data)
        connection.shutdown(socket.SHUT_WR)
        got = connection.recv(65536)
    assert not got or parse(got)[0] < 500


def test_a_broken_request_does_not_cost_the_one_before_it(port: Any) -> None:
    """The first of two pipelined requests is answered, and the connection ends there."""
    got = exchange(port, b"GET /echo HTTP/1.1\r\nHost: x\r\n\r\n\x00\x01\r\n\r\n")
    assert parse(got)[0] == 200 and got.count(b"HTTP/1.1 ") <= 2
