"""Recorded requests against servers that a test controls."""

import threading
from typing import Any

import numpy as np
import pytest

from serving_example.load.replay import NO_ANSWER, post, replay
from serving_example.tests.load.servers import OK, serving


def requests_to(url: Any, count: Any) -> Any:
    """Each has its number for a body."""
    return [post(url, "/x", ("X-One: 1",), str(k).encode()) for k in range(count)]


def test_each_request_is_sent_once_and_has_its_own_answer() -> None:
    """The bytes are those of a POST; what the server says of an odd number is an odd one's."""

    def answer(request: bytes) -> bytes:
        if int(request.rpartition(b"\r\n\r\n")[2]) % 2:
            return OK.replace(b"200 OK", b"503 No")
        return OK

    with serving(answer) as server:
        made = replay(server.url, np.arange(20) * 0.002, requests_to(server.url, 20))
        host = server.url.removeprefix("http://").encode()
    assert sorted(server.requests) == sorted(
        b"POST /x HTTP/1.1\r\nHost: " + host + b"\r\nX-One: 1\r\nContent-Length: "
        + str(len(str(k))).encode() + b"\r\n\r\n" + str(k).encode()
        for k in range(20)
    )  # fmt: skip
    assert made.statuses.tolist() == [200, 503] * 10
    assert np.isfinite(made.latency_s).all() and (made.lag_s >= 0).all()
    assert (made.latency_s >= made.lag_s).all()
    assert made.in_time(np.full(20, 60.0)).tolist() == [True, False] * 10
    assert not made.in_time(np.zeros(20)).any()


def test_a_server_that_stands_still_is_waited_for_by_all_who_come() -> None:
    """One connection at the start, and no answer before the last has come: others are opened.

    The first waits at least for as long as the arrivals take; a closed loop would have sent one.
    """
    all_there = threading.Event()

    def answer(request: bytes) -> bytes:
        if len(server.requests) == 10:
            all_there.set()
        assert all_there.wait(20)
        return OK

    times = np.arange(10) * 0.01
    with serving(answer) as server:
        made = replay(server.url, times, requests_to(server.url, 10), connections=1, grace_s=20)
    assert made.statuses.tolist() == [200] * 10
    assert made.latency_s[0] >= 0.09


def test_what_has_no_answer_is_told() -> None:
    """A connection that the server ends, and an answer that does not come until the run ends."""
    end = threading.Event()

    def answer(request: bytes) -> bytes | None:
        if request.endswith(b"0"):
            return None
        if request.endswith(b"1"):
            end.wait(20)
        return OK

    with serving(answer) as server:
        made = replay(server.url, np.zeros(3), requests_to(server.url, 3), grace_s=0.3)
        end.set()
    assert made.statuses.tolist() == [NO_ANSWER, NO_ANSWER, 200]
    assert np.isinf(made.latency_s).tolist() == [True, True, False]
    assert made.in_time(np.full(3, np.inf)).tolist() == [False, False, True]


def test_a_connection_that_ends_with_its_answer_is_asked_no_more() -> None:
    """Each answer says so; the next request has another connection."""
    closing = OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    with serving(lambda request: closing) as server:
        made = replay(server.url, np.arange(4) * 0.02, requests_to(server.url, 4), connections=1)
    assert made.statuses.tolist() == [200] * 4


def test_times_that_fall_are_refused() -> None:
    """The order of the requests is that of their times."""
    with pytest.raises(ValueError, match="2 rising times"):
        replay("http://127.0.0.1:1", np.array([1.0, 0.0]), [b"", b""])
