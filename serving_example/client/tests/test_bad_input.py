"""What a client refuses, and how it says so: at its construction, or before a byte is sent."""

import datetime as dt
import math
from typing import Any

import numpy as np
import pytest

from featurelib_client import AsyncClient, Client, ConfigurationError, InputError, Tensor
from featurelib_client.testing import AsyncFakeTransport, FakeServer, FakeTransport, recommended

RATING = {
    "rating_id": 1, "user_id": 2, "item_id": 3, "rating": 4.5,
    "rated_at": dt.datetime(2026, 11, 23, tzinfo=dt.UTC),
}  # fmt: skip
URLS = [
    ("films:8000", "expected http://host"), ("ftp://films", "expected http://host"),
    ("", "expected http://host"), ("http://", "expected http://host"),
    ("http:///x", "expected http://host"), ("http://films:0", "expected http://host"),
    ("http://films:99999", "out of range"), ("http://films:-1", "'-1'"),
    ("http://[::1", "Invalid IPv6"), ("http://a..b", "'a..b' is no name of a host"),
    (f"http://{'x' * 64}.org", "longer than 63"), ("http://ex ample", "plain ASCII"),
    ("http://münchen", "plain ASCII"), ("http://films\n:1", "plain ASCII"),
    ("http://u:secret@films", "a key goes to api_key"), ("http://films?x=1", "no user, query"),
    ("unix:relative", "expected unix:/path"), (f"unix:/{'x' * 107}", "at most 107 bytes"),
    (None, "got NoneType"), (b"http://films", "got bytes"),
]  # fmt: skip
KNOBS = [
    ({"timeout_s": 0}, "timeout_s: expected seconds > 0 and at most 1,000,000, got 0"),
    ({"timeout_s": "1"}, "got '1'"), ({"timeout_s": True}, "got True"),
    ({"timeout_s": math.nan}, "got nan"), ({"timeout_s": 1e7}, "at most 1,000,000"),
    ({"connect_timeout_s": None}, "connect_timeout_s"), ({"backoff_s": -1.0}, "seconds >= 0"),
    ({"retry_budget": math.inf}, "retry_budget: expected a finite number >= 0"),
    ({"max_attempts": 0}, "max_attempts: expected an integer from 1 to 100, got 0"),
    ({"max_connections": 2.0}, "max_connections"), ({"cache_bytes": -1}, "cache_bytes"),
    ({"hedge": 1}, "hedge: expected True or False"), ({"timout_s": 1}, "did you mean 'timeout_s'"),
    ({"retries": 3}, "there is no setting 'retries'; there are api_key"),
    ({"api_key": "secret\n"}, "7 characters, with blanks or a line's end around it"),
    ({"api_key": b"secret"}, "got bytes"), ({"api_key": "se cret"}, "got 7 characters"),
    ({"observer": print}, "observer: .* has no method `called`"),
    ({"transport": object()}, "transport: .* has no method `send`"),
]  # fmt: skip


@pytest.mark.parametrize(("url", "words"), URLS)
@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_a_bad_url_is_refused_when_a_client_is_made(kind: Any, url: Any, words: str) -> None:
    """It says what was expected and shows what it got, but no password."""
    with pytest.raises(ConfigurationError) as told:
        kind(url)
    assert str(told.value).startswith("base_url: ") and words in str(told.value)
    assert "secret" not in str(told.value)


@pytest.mark.parametrize(("knobs", "words"), KNOBS)
@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_a_knob_that_cannot_work_is_refused_when_a_client_is_made(
    kind: Any, knobs: dict[str, Any], words: str
) -> None:
    """The knob is named, and what it takes; a key is never shown."""
    with pytest.raises(ConfigurationError, match=words) as told:
        kind("http://films", **knobs)
    assert "secret" not in str(told.value)


def test_the_transport_of_the_other_kind_is_refused() -> None:
    """A double for tasks does not close as one for threads."""
    with pytest.raises(ConfigurationError, match="has no method `close`"):
        Client("http://films", transport=AsyncFakeTransport(recommended(1, {})))  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match="has no method `aclose`"):
        AsyncClient("http://films", transport=FakeTransport(recommended(1, {})))  # type: ignore[arg-type]


def test_a_client_shows_whom_it_asks_and_no_key() -> None:
    """In a log or a debugger; AsyncClient too."""
    assert repr(Client("http://films:8000/x", api_key="secret")) == "<Client of films:8000>"
    assert repr(AsyncClient("unix:/run/films")) == "<AsyncClient of /run/films>"


CALLS: list[tuple[str, Any, str]] = [
    ("user_id", lambda c: c.recommend("42"), "got '42'"),
    ("user_id", lambda c: c.recommend(True), "got True"),
    ("user_id", lambda c: c.recommend(np.float64(4)), "got 4.0"),
    ("user_id", lambda c: c.recommend(2**63), "9223372036854775807"),
    ("k", lambda c: c.recommend(1, k=101), "100"),
    ("k", lambda c: c.recommend(1, k=0), "1"),
    ("candidates", lambda c: c.recommend(1, candidates=[]), "at least 1 item"),
    ("candidates", lambda c: c.recommend(1, candidates="12"), "a sequence of integers"),
    ("candidates.1", lambda c: c.recommend(1, candidates=[1, "2"]), "got '2'"),
    ("timeout_s", lambda c: c.recommend(1, timeout_s=True), "expected seconds > 0"),
    ("timeout_s", lambda c: c.recommend(1, timeout_s=1e300), "at most 1,000,000"),
    ("events", lambda c: c.rate(RATING), "a sequence of ratings"),
    ("events.0.rated_at", lambda c: c.rate([{**RATING, "rated_at": "now"}]), "datetime"),
    ("events.1.rating", lambda c: c.rate([RATING, {**RATING, "rating": math.nan}]), "finite"),
    ("events.0.mood", lambda c: c.rate([{**RATING, "mood": 1}]), "not permitted"),
    ("model", lambda c: c.infer(None, {"x": np.ones(1)}), "a text of 1 to 200 characters"),
    ("version", lambda c: c.infer("m", {"x": np.ones(1)}, version=5), "got 5"),
    ("outputs", lambda c: c.infer("m", {"x": np.ones(1)}, outputs=5), "expected names"),
    ("inputs", lambda c: c.infer("m", {}), "a mapping of names to tensors"),
    ("inputs['x']", lambda c: c.infer("m", {"x": [1.0]}), "got list"),
    ("inputs['x'].data", lambda c: c.infer("m", {"x": Tensor("FP32", (2,), [1.0])}), "2 values"),
]


@pytest.mark.parametrize(("field", "ask", "words"), CALLS)
def test_a_bad_argument_is_named_and_nothing_is_sent(field: str, ask: Any, words: str) -> None:
    """The field, what is wrong with it, and what it got."""
    server = FakeServer()
    with server.client() as client, pytest.raises(InputError) as told:
        ask(client)
    assert told.value.field == field and words in str(told.value)
    assert not server.requests


def test_numbers_of_numpy_are_numbers() -> None:
    """Ids often come from arrays: they are taken with the same value, and sent as JSON has them."""
    server = FakeServer()
    with server.client() as client:
        client.recommend(np.int64(42), k=np.int32(2), candidates=np.array([7, 8, 9], np.uint16))  # type: ignore[arg-type]
        client.rate([{**RATING, "user_id": np.int64(5), "rating": np.float32(4.5)}])
    asked, rated = (request.json() for request in server.requests)
    assert asked == {"user_id": 42, "k": 2, "candidates": [7, 8, 9]}
    assert rated["events"][0]["user_id"] == 5 and rated["events"][0]["rating"] == 4.5
