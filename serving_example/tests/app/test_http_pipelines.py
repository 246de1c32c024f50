"""Pipelined requests: however their bytes come, each has its answer in order; how they end."""

import contextlib
import json
import socket
import threading
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parity_tests.soak import examples
from serving_example.app.http import Pending, Response
from serving_example.app.limits import Limits
from serving_example.app.routes import Route
from serving_example.app.server import bound
from serving_example.tests.app.sockets import parse, read_all
from serving_example.tests.app.world import published, running, service_of


class Desk:
    """A handler whose answers a test gives, in any order; what it was asked is kept."""

    def __init__(self) -> None:
        self.asked: list[Any] = []
        self.abandoned: list[str] = []

    def later(self, request: Any) -> Any:
        """Answers when it is told to."""
        pending = Pending(lambda: self.abandoned.append(request.request_id))
        self.asked.append((request.request_id, pending))
        return pending

    def wait_for(self, count: int) -> None:
        until = time.monotonic() + 10
        while len(self.asked) < count:
            assert time.monotonic() < until, self.asked
            time.sleep(0.002)


def told(request: Any) -> Any:
    """What came, answered at once."""
    about = {"id": request.request_id, "body": request.body.decode(), "path": request.path}
    return Response(body=json.dumps(about).encode())


def soon(request: Any) -> Any:
    """The same, in another turn of the loop."""
    pending = Pending()
    threading.Timer(0.001, lambda: SERVERS[0].on_loop(lambda: pending.set(told(request)))).start()
    return pending


SERVERS: list[Any] = []
DESK = Desk()


@pytest.fixture(scope="module")
def port(tmp_path_factory: Any) -> Any:
    """A server with handlers that answer at once, soon, or when a test tells them to."""
    routes = [
        Route(method, path, handler, "open")
        for path, handler in (("/told", told), ("/soon", soon), ("/later", DESK.later))
        for method in ("GET", "POST")
    ]
    limits = Limits(body_bytes=10_000, answer_s=10.0)
    with running(
        service_of(published(tmp_path_factory.mktemp("a")), limits=limits), more_routes=routes
    ) as server:
        SERVERS[:] = [server]
        yield server.ports[0]


def answers_of(data: bytes) -> list[tuple[int, Any, bytes]]:
    """All answers in some bytes."""
    made = []
    while data:
        status, headers, rest = parse(data)
        length = int(headers["content-length"])
        made.append((status, headers, rest[:length]))
        data = rest[length:]
    return made


def bytes_of(kind: str, path: str, body: bytes, name: str, last: bool) -> bytes:
    """A request in one of the forms that HTTP/1.1 has."""
    method = "GET" if kind == "GET" else "POST"
    head = f"{method} {path} HTTP/1.1\r\nHost: x\r\nX-Request-Id: {name}\r\n"
    if last:
        head += "Connection: close\r\n"
    if kind == "chunks":
        parts = [body[i : i + 7] for i in range(0, len(body), 7)]
        sent = b"".join(b"%x\r\n%b\r\n" % (len(p), p) for p in parts) + b"0\r\n\r\n"
        return head.encode() + b"Transfer-Encoding: chunked\r\n\r\n" + sent
    if kind == "GET" and not body:
        return head.encode() + b"\r\n"
    return head.encode() + b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


REQUESTS = st.lists(
    st.tuples(
        st.sampled_from(["GET", "POST", "chunks"]),
        st.sampled_from(["/told", "/soon", "/nowhere"]),
        st.text("abc \n\r", max_size=40),
    ),
    min_size=1,
    max_size=7,
)


@examples(25, 1_000)
@given(REQUESTS, st.data())
def test_each_request_has_its_answer_in_order(port: Any, requests: Any, data: Any) -> None:
    """Several in a packet, or cut at any byte; with bodies, without, in chunks; GETs too."""
    sent = b"".join(
        bytes_of(kind, path, body.encode(), f"n{i}", i == len(requests) - 1)
        for i, (kind, path, body) in enumerate(requests)
    )
    cuts = sorted(data.draw(st.sets(st.integers(1, len(sent) - 1), max_size=5)))
    pieces = [sent[a:b] for a, b in zip([0, *cuts], [*cuts, len(sent)], strict=True)]
    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in pieces:
            connection.sendall(piece)
            time.sleep(0.0005)  # most pieces come apart; the claim holds if they do not
        got = answers_of(read_all(connection))
    assert [headers["x-request-id"] for _, headers, _ in got] == [
        f"n{i}" for i in range(len(requests))
    ]
    for (status, headers, body), (_, path, text) in zip(got, requests, strict=True):
        if path == "/nowhere":
            assert status == 404
        else:
            assert status == 200 and json.loads(body)["body"] == text
        assert ("connection" in headers) == (headers is got[-1][1])


def test_a_request_is_not_begun_before_the_one_in_front_of_it_is_answered(port: Any) -> None:
    """So a later one sees what an earlier one did; each answer goes out when it is there."""
    DESK.asked.clear()
    ask = b"GET /later HTTP/1.1\r\nHost: x\r\nX-Request-Id: %d\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        connection.sendall(b"".join(ask % n for n in range(3)))
        for n in range(3):
            DESK.wait_for(n + 1)
            time.sleep(0.01)
            name, pending = DESK.asked[-1]
            assert (name, len(DESK.asked)) == (str(n), n + 1)
            SERVERS[0].on_loop(lambda p=pending: p.set(Response(body=b"{}")))
            assert parse(connection.recv(65536))[1]["x-request-id"] == str(n)


def test_a_client_that_sends_without_end_is_made_to_wait(port: Any) -> None:
    """While a request is at work no more than a bound of what follows is taken from the socket."""
    DESK.asked.clear()
    ask = b"GET /later HTTP/1.1\r\nHost: x\r\nX-Request-Id: first\r\n\r\n"
    more = b"GET /told HTTP/1.1\r\nHost: x\r\n\r\n" * 1_000
    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        connection.sendall(ask)
        DESK.wait_for(1)
        connection.settimeout(0.3)
        with pytest.raises(TimeoutError):
            connection.sendall(more * 600)
        SERVERS[0].on_loop(lambda: DESK.asked[0][1].set(Response(body=b"{}")))
        connection.settimeout(10)
        assert parse(connection.recv(65536))[0] == 200


def test_who_hangs_up_with_requests_in_the_pipeline_ends_the_one_at_work(port: Any) -> None:
    """Those behind it are never begun."""
    DESK.asked.clear()
    ask = b"GET /later HTTP/1.1\r\nHost: x\r\nX-Request-Id: gone%d\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        connection.sendall(ask % 0 + ask % 1)
        DESK.wait_for(1)
    until = time.monotonic() + 5
    while "gone0" not in DESK.abandoned and time.monotonic() < until:
        time.sleep(0.005)
    time.sleep(0.02)
    assert "gone0" in DESK.abandoned and [name for name, _ in DESK.asked] == ["gone0"]


@pytest.mark.parametrize(
    "head, is_kept",
    [
        (b"GET /told HTTP/1.0\r\n\r\n", False),
        (b"GET /told HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", True),
        (b"GET /told HTTP/1.1\r\nHost: x\r\n\r\n", True),
        (b"GET /told HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", False),
        (b"HEAD /told HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", False),
        (b"GET http://x/told HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", False),
    ],
)
def test_a_connection_is_kept_where_its_client_can(port: Any, head: Any, is_kept: Any) -> None:
    """HTTP/1.0 ends with the answer unless it asks; both sides are told."""
    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        connection.sendall(head)
        status, headers, body = parse(connection.recv(65536))
        assert status == 200 and "date" in headers
        assert len(body) == (0 if head[:4] == b"HEAD" else int(headers["content-length"]))
        if not is_kept:
            assert headers["connection"] == "close" and connection.recv(1) == b""
            return
        assert (headers.get("connection") == "keep-alive") == (b"1.0" in head)
        connection.sendall(b"GET /told HTTP/1.1\r\nHost: x\r\n\r\n")
        assert parse(connection.recv(65536))[0] == 200


def test_a_request_without_a_host_is_refused(port: Any) -> None:
    """As RFC 9112 asks of HTTP/1.1."""
    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        connection.sendall(b"GET /told HTTP/1.1\r\n\r\n")
        (status, headers, body), *more = answers_of(read_all(connection))
    assert status == 400 and b"Host" in body and not more and headers["connection"] == "close"


def test_a_refused_body_does_not_spoil_the_next_request(port: Any) -> None:
    """A body that nobody wants is thrown away where its end is known; the connection goes on."""
    asks = [b"POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n", b"x" * 5_000,
            b"GET /told HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"]  # fmt: skip
    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        for ask in asks:
            connection.sendall(ask)
            time.sleep(0.01)
        got = answers_of(read_all(connection))
    assert [status for status, _, _ in got] == [404, 200]


def test_who_waits_with_a_body_and_is_refused_is_let_go(port: Any) -> None:
    """Whether the body still comes nobody can tell: what follows is not read, as a body or else."""
    head = [b"POST /nowhere HTTP/1.1", b"Host: x", b"Content-Length: 40", b"Expect: 100-continue"]
    ask = b"\r\n".join([*head, b"", b""])
    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        connection.sendall(ask)
        time.sleep(0.02)
        with contextlib.suppress(OSError):
            connection.sendall(b"GET /told HTTP/1.1\r\nHost: x\r\n\r\n")
        got = answers_of(read_all(connection))
    assert [(s, h["connection"]) for s, h, _ in got] == [(404, "close")]


def test_what_waits_for_an_answer_is_not_late(tmp_path: Any) -> None:
    """A head whose rest comes while the request before it is at work has its own time from then."""
    desk = Desk()
    routes = [Route("GET", "/later", desk.later, "open"), Route("GET", "/told", told, "open")]
    limits = Limits(head_s=0.3, body_s=0.3)
    service = service_of(published(tmp_path), limits=limits)
    with running(service, more_routes=routes) as server:
        port = server.ports[0]
        with socket.create_connection(("127.0.0.1", port), 10) as connection:
            ask = b"GET %b HTTP/1.1\r\nHost: x\r\n"
            connection.sendall(ask % b"/later" + b"\r\n" + ask % b"/told")
            desk.wait_for(1)
            time.sleep(0.8)
            connection.sendall(b"Connection: close\r\n\r\n")
            server.on_loop(lambda: desk.asked[0][1].set(Response(body=b"{}")))
            got = answers_of(read_all(connection))
    assert [status for status, _, _ in got] == [200, 200]


def test_a_drain_in_the_middle_of_a_pipeline_answers_what_was_begun(tmp_path: Any) -> None:
    """The request at work is answered with Connection: close; those behind it are not begun.

    So their client may send them to another server.
    """
    desk = Desk()
    routes = [Route("GET", "/later", desk.later, "open")]
    with running(service_of(published(tmp_path)), more_routes=routes) as server:
        port = server.ports[0]
        ask = b"GET /later HTTP/1.1\r\nHost: x\r\nX-Request-Id: %d\r\n\r\n"
        with socket.create_connection(("127.0.0.1", port), 10) as connection:
            connection.sendall(ask % 0 + ask % 1 + ask % 2)
            desk.wait_for(1)
            server.stop()
            time.sleep(0.1)
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", port), 10)
            server.on_loop(lambda: desk.asked[0][1].set(Response(body=b"{}")))
            got = answers_of(read_all(connection))
    assert [(s, h["x-request-id"], h["connection"]) for s, h, _ in got] == [(200, "0", "close")]
    assert len(desk.asked) == 1


def test_a_silent_client_is_let_go(tmp_path: Any) -> None:
    """A connection without a request is closed when it was idle for as long as it may be."""
    service = service_of(published(tmp_path), limits=Limits(idle_s=0.3, head_s=2.0))
    with running(service) as server, socket.create_connection(
        ("127.0.0.1", server.ports[0]), 10
    ) as connection:  # fmt: skip
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert parse(connection.recv(65536))[0] == 200
        began = time.monotonic()
        assert connection.recv(1) == b"" and time.monotonic() - began > 0.2


def test_two_servers_share_a_port() -> None:
    """Where both say so the kernel spreads connections; who does not say so is refused."""
    with contextlib.ExitStack() as opened:
        first = opened.enter_context(bound("127.0.0.1", 0, is_shared=True))
        number = first.getsockname()[1]
        second = opened.enter_context(bound("127.0.0.1", number, is_shared=True))
        for listening in (first, second):
            listening.listen(100)
            listening.settimeout(5)
        with pytest.raises(OSError, match="in use"):
            bound("127.0.0.1", number)
        clients = [
            opened.enter_context(socket.create_connection(("127.0.0.1", number), 5))
            for _ in range(60)
        ]
        for listening in (first, second):
            opened.enter_context(listening.accept()[0])
        assert len(clients) == 60
