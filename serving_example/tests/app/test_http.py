"""The HTTP server: what it promises each client, and what it does to those that break the rules."""

import contextlib
import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serving_example.app.http import Pending, Rejection, Request, Response, decode
from serving_example.app.limits import Limits
from serving_example.app.routes import Route, Routes
from serving_example.tests.app.sockets import error_of, exchange, parse, read_one
from serving_example.tests.app.world import TOKEN, published, running, service_of

LIMITS = Limits(
    head_bytes=2_000, body_bytes=10_000, head_s=0.6, body_s=0.6, write_s=0.6, answer_s=1.0,
)  # fmt: skip
ABANDONED = []


def echo(request):
    """What the server understood of a request."""
    about = {
        "body": len(request.body), "parts": dict(request.parts), "id": request.request_id,
        "query": request.parameters(("a", "b")),
    }  # fmt: skip
    return Response(body=json.dumps(about).encode())


def never(request):
    """An answer that does not come."""
    return Pending(lambda: ABANDONED.append(request.request_id))


def fails(request):
    """A defect of ours."""
    raise ZeroDivisionError("a secret of the inside")


def large(request):
    """More than the buffers of a socket hold."""
    return Response(body=bytes(50_000_000))


ROUTES = [
    Route("GET", "/echo", echo, "open"),
    Route("POST", "/echo", echo, "open"),
    Route("GET", "/echo/{one}/x/{two}", echo, "open"),
    Route("GET", "/never", never, "open"),
    Route("GET", "/fails", fails, "open"),
    Route("GET", "/large", large, "open"),
    Route("POST", "/admin/only", echo, "admin"),
]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A server with small limits."""
    store = published(tmp_path_factory.mktemp("artifacts"))
    with running(service_of(store, limits=LIMITS), more_routes=ROUTES) as made:
        yield made


@pytest.fixture
def port(server):
    """The public port. After each test it still answers."""
    yield server.ports[0]
    assert httpx.get(f"http://127.0.0.1:{server.ports[0]}/readyz").status_code == 200


def post(target=b"/echo", *headers):
    """The head of a POST."""
    return b"\r\n".join([b"POST " + target + b" HTTP/1.1", b"Host: x", *headers, b"", b""])


def test_every_answer_has_an_id_and_its_time(port):
    """A well-formed id of the client is kept; any other is replaced by one of ours."""
    url = f"http://127.0.0.1:{port}/echo"
    kept = httpx.get(url, headers={"x-request-id": "client-7"})
    assert kept.headers["x-request-id"] == kept.json()["id"] == "client-7"
    ours = httpx.get(url, headers={"x-request-id": "no good"}).headers["x-request-id"]
    assert ours.startswith("t-") and ours != httpx.get(url).headers["x-request-id"]
    assert kept.headers["server-timing"].startswith("total;dur=")


def test_paths_are_found_with_their_names(port):
    """Names take one segment, percent signs are decoded, HEAD is GET without a body."""
    base = f"http://127.0.0.1:{port}"
    found = httpx.get(f"{base}/echo/a%20b/x/c?a=1&b=")
    assert found.json()["parts"] == {"one": "a b", "two": "c"}
    assert found.json()["query"] == {"a": "1", "b": ""}
    head = httpx.head(f"{base}/echo")
    assert head.status_code == 200 and head.content == b""
    assert httpx.get(f"{base}/echo/a/x").json()["error"]["reason"] == "unknown_path"
    wrong = httpx.delete(f"{base}/echo")
    assert wrong.status_code == 405 and wrong.headers["allow"] == "GET, HEAD, POST"


@pytest.mark.parametrize(
    "query, reason", [("a=1&a=2", "repeated"), ("c=1", "unknown_field"), ("a", "malformed_query"),
                      ("a=%ff", "malformed_query"), ("&", "malformed_query")],
)  # fmt: skip
def test_a_query_is_read_strictly(port, query, reason):
    """Unknown, repeated or unreadable parameters are named."""
    error = httpx.get(f"http://127.0.0.1:{port}/echo?{query}")
    assert error.status_code == 400 and error.json()["error"]["reason"] == reason
    assert error.json()["error"]["field"].startswith("query")


def test_answers_come_in_the_order_of_pipelined_requests(port):
    """Requests that come in one packet are answered one after another, on one connection."""
    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        ask = b"GET /echo HTTP/1.1\r\nHost: x\r\nX-Request-Id: %d\r\n\r\n"
        connection.sendall(b"".join(ask % n for n in range(20)))
        got = b""
        while got.count(b"HTTP/1.1 200") < 20 or not got.endswith(b"}"):
            got += connection.recv(65536)
    ids = [json.loads(part.split(b"\r\n\r\n")[1])["id"] for part in got.split(b"HTTP/1.1 ")[1:]]
    assert ids == [str(n) for n in range(20)]


def test_an_old_client_gets_an_answer_and_the_end(port):
    """HTTP/1.0, and Connection: close, end with the answer."""
    assert parse(exchange(port, b"GET /echo HTTP/1.0\r\n\r\n"))[0] == 200
    got = exchange(port, b"GET /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert parse(got)[0] == 200


def test_a_failure_of_ours_says_nothing_of_the_inside(port):
    """500 with the request's id, and the next request is answered."""
    error = httpx.get(f"http://127.0.0.1:{port}/fails")
    assert error.status_code == 500 and "secret" not in error.text
    assert error.json()["error"]["request_id"] == error.headers["x-request-id"]


def test_a_deadline_ends_the_wait_and_the_work(port):
    """The client's own deadline, or the server's: 504 with Retry-After, and the work is told."""
    for headers in ({"x-timeout-ms": "50"}, {}):
        started = time.monotonic()
        asked = {"x-request-id": f"late{len(headers)}", **headers}
        late = httpx.get(f"http://127.0.0.1:{port}/never", headers=asked)
        assert late.status_code == 504 and late.json()["error"]["code"] == "deadline"
        assert int(late.headers["retry-after"]) >= 1 and asked["x-request-id"] in ABANDONED
        assert time.monotonic() - started < 5
    bad = httpx.get(f"http://127.0.0.1:{port}/never", headers={"x-timeout-ms": "0"})
    assert bad.status_code == 400 and bad.json()["error"]["field"] == "headers.x-timeout-ms"


def test_a_client_that_hangs_up_ends_its_work(port):
    """What it waited for is abandoned at once, not at its deadline."""
    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        connection.sendall(b"GET /never HTTP/1.1\r\nHost: x\r\nX-Request-Id: gone\r\n\r\n")
        time.sleep(0.1)
    until = time.monotonic() + 0.8
    while "gone" not in ABANDONED and time.monotonic() < until:
        time.sleep(0.01)
    assert "gone" in ABANDONED


@pytest.mark.parametrize("length", [b"Content-Length: 10001", b"Content-Length: 99999999999"])
def test_a_body_that_says_it_is_too_long_is_refused(port, length):
    """413 names the limit; the rest is not waited for longer than a moment."""
    status, error = error_of(exchange(port, post(b"/echo", length), b"x" * 5_000))
    assert status == 413 and error["reason"] == "body_bytes" and "10000" in error["message"]


def test_a_body_that_is_too_long_without_saying_so_is_refused(port):
    """Chunks are counted as they come."""
    chunk = b"1000\r\n" + b"x" * 0x1000 + b"\r\n"
    got = exchange(port, post(b"/echo", b"Transfer-Encoding: chunked"), *[chunk] * 20)
    status, error = error_of(got)
    assert status == 413 and error["field"] == "body"


def test_a_client_that_asks_before_it_sends_is_told_at_once(port):
    """Expect: 100-continue with a body that is too long gets its refusal and no 100."""
    head = post(b"/echo", b"Content-Length: 20000", b"Expect: 100-continue")
    assert error_of(exchange(port, head))[0] == 413
    good = exchange(
        port, post(b"/echo", b"Content-Length: 2", b"Expect: 100-continue", b"Connection: close"),
        b"{}",
    )  # fmt: skip
    assert good.startswith(b"HTTP/1.1 100") and b"HTTP/1.1 200" in good


def test_a_slow_body_is_refused(port):
    """A client that sends a byte now and then does not hold a request for ever."""
    pieces = [post(b"/echo", b"Content-Length: 100"), *[b"x"] * 10]
    status, error = error_of(exchange(port, *pieces, pause_s=0.12))
    assert status == 408 and error["reason"] == "body_timeout"


@pytest.mark.parametrize(
    "pieces",
    [[], [b"GET /echo HTTP/1.1\r\n"], [b"GET /echo HTTP/1.1\r\nA: "] + [b"x"] * 12],
    ids=["silent", "half", "drip"],
)  # fmt: skip
def test_a_slow_head_is_refused(port, pieces):
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
def test_a_head_that_is_too_long_is_refused(port, pieces):
    """431 names the limit, however the head comes, and whether it ends or not."""
    status, error = error_of(exchange(port, *pieces, pause_s=0.01))
    assert status == 431 and "2000" in error["message"]


def test_a_client_that_does_not_read_is_cut_off(port):
    """An answer that nobody takes does not stay in memory: no more comes than was on its way."""
    got = 0
    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        connection.sendall(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
        time.sleep(1.5)
        with contextlib.suppress(ConnectionResetError):
            while piece := connection.recv(1_000_000):
                got += len(piece)
    assert 0 < got < 50_000_000


def test_more_connections_than_allowed_are_refused(tmp_path):
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
def test_what_is_no_request_of_ours_is_a_4xx(port, head):
    """Never a 500, never silence; the server goes on."""
    got = exchange(port, head, timeout_s=5)
    status, headers, _ = parse(got)
    assert 400 <= status < 500 or (b"websocket" in head and status == 200)


@settings(max_examples=150, deadline=None)
@given(data=st.binary(max_size=200), prefix=st.sampled_from([b"", b"GET ", b"POST /echo HTTP/1.1\r\n"]))
def test_no_bytes_break_the_server(server, data, prefix):
    """Any bytes are answered by a 4xx or closed; nothing hangs, nothing is a 500."""
    with socket.create_connection(("127.0.0.1", server.ports[0]), 5) as connection:
        connection.sendall(prefix + data)
        connection.shutdown(socket.SHUT_WR)
        got = connection.recv(65536)
    assert not got or parse(got)[0] < 500


def test_a_broken_request_does_not_cost_the_one_before_it(port):
    """The first of two pipelined requests is answered, and the connection ends there."""
    got = exchange(port, b"GET /echo HTTP/1.1\r\nHost: x\r\n\r\n\x00\x01\r\n\r\n")
    assert parse(got)[0] == 200 and got.count(b"HTTP/1.1 ") <= 2


def test_a_body_of_another_type_is_refused(port):
    """415 names the types that are taken; a JSON type may have parameters."""
    url = f"http://127.0.0.1:{port}/echo"
    error = httpx.post(url, content=b"a=b", headers={"content-type": "text/csv"})
    assert error.status_code == 415 and "application/json" in error.json()["error"]["message"]
    good = {"content-type": "application/json; charset=utf-8"}
    assert httpx.post(url, content=b"{}", headers=good).json()["body"] == 2


def test_the_admin_port_wants_its_token(server, port):
    """Without it nothing is answered there; with it all is. The public port knows no admin."""
    public, admin = (f"http://127.0.0.1:{p}/admin/only" for p in server.ports)
    assert httpx.post(public).status_code == 403
    assert httpx.post(admin).status_code == 401
    wrong = {"authorization": "Bearer " + "x" * len(TOKEN)}
    assert httpx.post(admin, headers=wrong).json()["error"]["reason"] == "admin_token"
    assert httpx.post(admin, headers={"authorization": f"Bearer {TOKEN}"}).status_code == 200


def test_a_drain_answers_what_was_taken(tmp_path):
    """A request at work is finished and told that the connection ends; then the port is closed."""
    waiting = []

    def slow(request):
        waiting.append(Pending())
        return waiting[-1]

    service = service_of(published(tmp_path))
    with running(service, more_routes=[Route("GET", "/slow", slow, "open")]) as server:
        url = f"http://127.0.0.1:{server.ports[0]}"
        with ThreadPoolExecutor(1) as pool, httpx.Client() as idle:
            assert idle.get(f"{url}/healthz").status_code == 200  # a connection that is kept
            answer = pool.submit(httpx.get, f"{url}/slow", timeout=20)
            while not waiting:
                time.sleep(0.01)
            server.stop()
            time.sleep(0.5)
            with pytest.raises(httpx.TransportError):
                idle.get(f"{url}/healthz")
            server.on_loop(lambda: waiting[0].set(Response(body=b"{}")))
            assert answer.result(10).status_code == 200
            assert answer.result().headers["connection"] == "close"


def test_a_pending_answer_is_set_once():
    """What comes after the first result is dropped; a callback that comes late is called at once."""
    pending, got = Pending(), []
    pending.set(Response(200))
    pending.set(Response(500))
    pending.then(got.append)
    pending.abandon(ValueError())
    assert [r.status for r in got] == [200]


def test_a_path_is_routed_once():
    """Two handlers for one operation are an error of ours, found at the start."""
    route = Route("GET", "/a/{x}", echo)
    with pytest.raises(ValueError, match="routed twice"):
        Routes([route, route])


@pytest.mark.parametrize(
    "body, kind, reason, field",
    [
        (b"{", dict, "malformed_json", "body"),
        (b"[1, 2, \"a\"]", list[int], "wrong_type", "body.[2]"),
        (b"[" * 100_000, list, "malformed_json", "body"),
        (b"\xff", dict, "malformed_json", "body"),
        (b"300", int, None, None),
    ],
)
def test_json_is_read_as_a_type(body, kind, reason, field):
    """What is wrong has a reason and a place; depth does not break anything."""
    if reason is None:
        assert decode(body, kind) == 300
        return
    with pytest.raises(Rejection) as error:
        decode(body, kind)
    assert (error.value.status, error.value.reason) == (400, reason)
    assert error.value.field in (field, field.replace(".[", "["))


def test_a_request_without_a_query_has_no_parameters():
    """Nothing is parsed."""
    assert Request("GET", "/").parameters(()) == {}
