"""Requests, answers and routes without a server."""

import gc
import weakref
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parity_tests.soak import examples
from serving_example.app.http import Pending, Rejection, Request, Response, decode
from serving_example.app.routes import Route, Routes


def test_a_pending_answer_is_set_once() -> None:
    """What comes after the first is dropped; a callback that comes late is called at once."""
    pending = Pending()
    got: list[Any] = []
    pending.set(Response(200))
    pending.set(Response(500))
    pending.then(got.append)
    pending.abandon(ValueError())
    assert [r.status for r in got] == [200]


class Waiting:
    """Who waits for an answer, and can give up."""

    def __init__(self) -> None:
        self.pending = Pending(self.leave)
        self.pending.then(self.take)
        self.got: list[Any] = []

    def leave(self) -> None:
        self.got.append("left")

    def take(self, result: Any) -> None:
        self.got.append(result)


@pytest.mark.parametrize("end", [lambda p: p.set(Response()), lambda p: p.abandon(ValueError())])
def test_an_answer_that_came_lets_go_of_who_waited(end: Any) -> None:
    """Neither holds the other then, so both are gone without a collection of garbage."""
    gc.collect()
    gc.disable()
    try:
        one = Waiting()
        seen = weakref.ref(one)
        end(one.pending)
        assert one.got
        del one
        assert seen() is None
    finally:
        gc.enable()


def test_a_path_is_routed_once() -> None:
    """Two handlers for one operation are an error of ours, found at the start."""
    route = Route("GET", "/a/{x}", lambda request: Response())
    with pytest.raises(ValueError, match="routed twice"):
        Routes([route, route])


@pytest.mark.parametrize(
    "body, kind, reason, field",
    [
        (b"{", dict, "malformed_json", "body"),
        (b'[1, 2, "a"]', list[int], "wrong_type", "body[2]"),
        (b"[" * 100_000, list, "malformed_json", "body"),
        (b"\xff", dict, "malformed_json", "body"),
        (b"300", int, None, None),
    ],
)
def test_json_is_read_as_a_type(body: Any, kind: Any, reason: Any, field: Any) -> None:
    """What is wrong has a reason and a place; depth does not break anything."""
    if reason is None:
        assert decode(body, kind) == 300
        return
    with pytest.raises(Rejection) as error:
        decode(body, kind)
    assert (error.value.status, error.value.reason) == (400, reason)
    assert error.value.field == field


def test_a_request_without_a_query_has_no_parameters() -> None:
    """Nothing is parsed."""
    assert Request("GET", "/").parameters(()) == {}


@examples(100, 5_000)
@given(st.text("ab=&%+;0fé", max_size=30))
def test_a_query_is_read_as_the_standard_library_reads_it(text: Any) -> None:
    """What is read without it gives the same names and values, and refuses the same."""
    query = text.encode("utf-8")
    try:
        expected: Any = parse_qsl(
            query.decode("ascii"), keep_blank_values=True, strict_parsing=True, errors="strict"
        )
        names = [name for name, _ in expected]
    except ValueError:
        expected = None
    request = Request("GET", "/", query)
    if not query:
        assert request.parameters(()) == {}
    elif expected is None or len(set(names)) < len(names):
        with pytest.raises(Rejection):
            request.parameters(tuple(names) if expected else ())
    else:
        assert request.parameters(tuple(names)) == dict(expected)
