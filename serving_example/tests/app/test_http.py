"""The HTTP server: what it promises each client, and what it does to those that break the rules."""

import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from serving_example.app.http import Pending, Response
from serving_example.app.routes import Route
from serving_example.tests.app.sockets import exchange, parse
from serving_example.tests.app.world import TOKEN, published, running, service_of


def test_every_answer_has_an_id_and_its_time(port: Any) -> None:
    """A well-formed id of the client is kept; any other is replaced by one of ours."""
    url = f"http://127.0.0.1:{port}/echo"
    kept = httpx.get(url, headers={"x-request-id": "client-7"})
    assert kept.headers["x-request-id"] == kept.json()["id"] == "client-7"
    ours = httpx.get(url, headers={"x-request-id": "no good"}).headers["x-request-id"]
    assert ours.startswith("t-") and ours != httpx.get(url).headers["x-request-id"]
    assert kept.headers["server-timing"].startswith("total;dur=")


def test_paths_are_found_with_their_names(port: Any) -> None:
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
def test_a_query_is_read_strictly(port: Any, query: Any, reason: Any) -> None:
    """Unknown, repeated or unreadable parameters are named."""
    error = httpx.get(f"http://127.0.0.1:{port}/echo?{query}")
    assert error.status_code == 400 and error.json()["error"]["reason"] == reason
    assert error.json()["error"]["field"].startswith("query")


def test_answers_come_in_the_order_of_pipelined_requests(port: Any) -> None:
    """Requests that come in one packet are answered one after another, on one connection."""
    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        ask = b"GET /echo HTTP/1.1\r\nHost: x\r\nX-Request-Id: %d\r\n\r\n"
        connection.sendall(b"".join(ask % n for n in range(20)))
        got = b""
        while got.count(b"HTTP/1.1 200") < 20 or not got.endswith(b"}"):
            got += connection.recv(65536)
    ids = [json.loads(part.split(b"\r\n\r\n")[1])["id"] for part in got.split(b"HTTP/1.1 ")[1:]]
    assert ids == [str(n) for n in range(20)]


def test_an_old_client_gets_an_answer_and_the_end(port: Any) -> None:
    """HTTP/1.0, and Connection: close, end with the answer."""
    assert parse(exchange(port, b"GET /echo HTTP/1.0\r\n\r\n"))[0] == 200
    got = exchange(port, b"GET /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert parse(got)[0] == 200


def test_a_failure_of_ours_says_nothing_of_the_inside(port: Any) -> None:
    """500 with the request's id, and the next request is answered."""
    error = httpx.get(f"http://127.0.0.1:{port}/fails")
    assert error.status_code == 500 and "secret" not in error.text
    assert error.json()["error"]["request_id"] == error.headers["x-request-id"]


def test_a_deadline_ends_the_wait_and_the_work(port: Any, abandoned: Any) -> None:
    """The client's own deadline, or the server's: 504 with Retry-After, and the work is told."""
    for headers in ({"x-timeout-ms": "50"}, {}):
        asked = {"x-request-id": f"late{len(headers)}", **headers}
        late = httpx.get(f"http://127.0.0.1:{port}/never", headers=asked)
        assert late.status_code == 504 and late.json()["error"]["code"] == "deadline"
        assert int(late.headers["retry-after"]) >= 1 and asked["x-request-id"] in abandoned
    bad = httpx.get(f"http://127.0.0.1:{port}/never", headers={"x-timeout-ms": "0"})
    assert bad.status_code == 400 and bad.json()["error"]["field"] == "headers.x-timeout-ms"


def test_a_client_that_hangs_up_ends_its_work(port: Any, abandoned: Any) -> None:
    """What it waited for is abandoned at once, not at its deadline."""
    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        connection.sendall(b"GET /never HTTP/1.1\r\nHost: x\r\nX-Request-Id: gone\r\n\r\n")
        time.sleep(0.1)
    until = time.monotonic() + 0.8
    while "gone" not in abandoned and time.monotonic() < until:
        time.sleep(0.01)
    assert "gone" in abandoned


def test_a_body_of_another_type_is_refused(port: Any) -> None:
    """415 names the types that are taken; a JSON type may have parameters."""
    url = f"http://127.0.0.1:{port}/echo"
    error = httpx.post(url, content=b"a=b", headers={"content-type": "text/csv"})
    assert error.status_code == 415 and "application/json" in error.json()["error"]["message"]
    good = {"content-type": "application/json; charset=utf-8"}
    assert httpx.post(url, content=b"{}", headers=good).json()["body"] == 2


def test_the_admin_port_wants_its_token(server: Any, port: Any) -> None:
    """Without it nothing is answered there; with it all is. The public port knows no admin."""
    public, admin = (f"http://127.0.0.1:{p}/admin/only" for p in server.ports)
    assert httpx.post(public).status_code == 403
    assert httpx.post(admin).status_code == 401
    wrong = {"authorization": "Bearer " + "x" * len(TOKEN)}
    assert httpx.post(admin, headers=wrong).json()["error"]["reason"] == "admin_token"
    assert httpx.post(admin, headers={"authorization": f"Bearer {TOKEN}"}).status_code == 200


def test_a_drain_answers_what_was_taken(tmp_path: Any) -> Any:
    """A request at work is finished and told that the connection ends; then the port is closed."""
    waiting = []

    def slow(request: Any) -> Any:
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
