"""What the loop of the generator is made of: draws, requests, answers, buckets."""

import datetime as dt
import itertools
import json
from typing import Any

import httptools
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parity_tests.soak import examples
from serving_example.load.histogram import Histogram, upper_us
from serving_example.load.kernel import (
    BUCKETS,
    LOST,
    PLACES,
    UNREADABLE,
    bucket,
    parse,
    render,
    zipf,
)
from serving_example.load.load import churn
from serving_example.load.requests import event, query


@pytest.mark.parametrize("s", [0.0, 0.7, 1.0, 1.3])
def test_ranks_are_drawn_by_their_weights(s: Any) -> None:
    """Counts lie within five deviations of what the weights, summed in plain NumPy, expect."""
    n, draws, rng = 50, 40_000, np.random.default_rng(0)
    got = np.bincount([zipf(rng, n, s) for _ in range(draws)], minlength=n + 1)
    weights = np.arange(1, n + 1, dtype=float) ** -s
    expected = draws * weights / weights.sum()
    assert got[0] == 0 and got.sum() == draws
    assert np.abs(got[1:] - expected).max() < 5 * np.sqrt(expected.max())
    assert (((got[1:] - expected) ** 2 / expected).sum() - n) / np.sqrt(2 * n) < 5


def test_a_great_many_users_can_be_drawn_from() -> None:
    """Of a million ranks the first comes once in 14 draws, and the last can come."""
    rng = np.random.default_rng(1)
    got = np.array([zipf(rng, 1_000_000, 1.0) for _ in range(20_000)])
    assert got.min() == 1 and 900_000 < got.max() <= 1_000_000
    assert abs((got == 1).mean() - 1 / 14.39) < 0.008  # the harmonic number of a million


@examples(50, 1_000)
@given(st.integers(1, 300), st.floats(0, 1), st.integers(0, 2**32))
def test_churn_moves_users_and_loses_none(n: Any, share: Any, seed: Any) -> None:
    """Each user has a rank before and after; about the share of ranks has another one."""
    users = np.arange(1, n + 1, dtype=np.int32)
    churn(users, share, np.random.default_rng(seed))
    assert sorted(users) == list(range(1, n + 1))
    if share == 0:
        assert list(users) == list(range(1, n + 1))


@examples(100, 5_000)
@given(st.lists(st.integers(0, 2**34), min_size=1, max_size=60), st.floats(0.01, 1))
def test_a_quantile_is_never_too_low_and_at_most_a_hundredth_too_high(values: Any, q: Any) -> None:
    """Against the sorted values themselves."""
    counts = np.zeros(BUCKETS, np.int64)
    for us in values:
        counts[bucket((us + 0.5) / 1e6)] += 1
    true = sorted(values)[max(0, int(np.ceil(q * len(values) - 1e-9)) - 1)]
    told = Histogram(counts).quantile_ms(q)
    assert told is not None and true <= round(told * 1000) <= true + true / 128


def test_each_bucket_begins_where_the_one_before_it_ends() -> None:
    """No duration falls between two; what is too long is in the last."""
    ends = [upper_us(i) for i in range(BUCKETS)]
    assert ends[0] == 0 and all(b > a for a, b in itertools.pairwise(ends))
    for i in (0, 1, 255, 256, 257, 1000, BUCKETS - 1):
        assert bucket((ends[i] + 0.5) / 1e6) == i
    assert bucket(1e6) == BUCKETS - 1 and bucket(-1.0) == 0
    assert Histogram().quantile_ms(0.5) is None


class Parsed:
    """A request as httptools reads it."""

    def __init__(self, data: Any) -> None:
        self.url, self.body, self.is_whole = b"", b"", False
        self.headers: dict[bytes, bytes] = {}
        parser = httptools.HttpRequestParser(self)
        parser.feed_data(data)
        self.method = parser.get_method()

    def on_url(self, url: Any) -> None:
        self.url += url

    def on_header(self, name: Any, value: Any) -> None:
        self.headers[name] = value

    def on_body(self, body: Any) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        self.is_whole = True


def rendered(template: Any, *numbers: int) -> Any:
    """The bytes of a request."""
    out, places = np.empty(4096, np.uint8), np.zeros(PLACES, np.int64)
    places[1 : 1 + len(numbers)] = numbers
    return out[: render(template, places, out)].tobytes()


@examples(50, 1_000)
@given(st.integers(0, 2**63 - 1))
def test_a_query_is_a_request_for_its_user(user: Any) -> None:
    """Another parser reads the path, the host and the headers that were given."""
    template = query("a:80", "/v1/recommend/{user}?k=10", ["X-Timeout-Ms: 50"])
    read = Parsed(rendered(template, user))
    assert (read.method, read.url) == (b"GET", b"/v1/recommend/%d?k=10" % user)
    assert read.headers == {b"Host": b"a:80", b"X-Timeout-Ms": b"50"} and read.is_whole


@examples(50, 1_000)
@given(*[st.integers(0, 2**63 - 1)] * 3, st.integers(1, 5))
def test_a_rating_is_whole_json(user: Any, rating_id: Any, item: Any, rating: Any) -> None:
    """Its length does not depend on its numbers, and is what its head says."""
    at = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)
    template = event("a:80", "/v1/events", [], at)
    data = rendered(template, user, user, rating_id, item, rating)
    assert len(data) == len(rendered(template, 0, 0, 0, 0, 0))
    read = Parsed(data)
    assert read.is_whole and int(read.headers[b"Content-Length"]) == len(read.body)
    assert json.loads(read.body)["events"] == [
        {"rating_id": rating_id, "user_id": user, "item_id": item, "rating": rating,
         "rated_at": "2026-11-23T12:00:00.000000Z"}
    ]  # fmt: skip


def test_what_cannot_stand_in_a_request_is_refused() -> None:
    """A line break would make a header of the path."""
    for path, headers in (("/a\r\nb", []), ("/ä", []), ("/", ["a: b\n"])):
        with pytest.raises(ValueError, match="cannot stand in a request"):
            query("a", path, headers)


def parsed(data: Any, room: int = 200) -> Any:
    """Status, bytes of the head, of the body, whether it is the last."""
    buffer = np.zeros(room, np.uint8)
    buffer[: len(data)] = np.frombuffer(data, np.uint8)
    return tuple(parse(buffer, len(data)))


@pytest.mark.parametrize(
    "head, expected",
    [
        (b"HTTP/1.1 200 OK\r\ncontent-length: 17\r\n\r\n", (200, 17, False)),
        (
            b"HTTP/1.1 503 x\r\nA: b\r\nCONTENT-Length:5\r\nconnection: CLOSE\r\n\r\n",
            (503, 5, True),
        ),
        (b"HTTP/1.1 204 No Content\r\n\r\n", (204, 0, False)),
    ],
)
def test_the_head_of_an_answer_is_read(head: Any, expected: Any) -> None:
    """Whatever follows it; and what is not whole is waited for."""
    status, length, is_last = expected
    for more in (b"", b"{}\r\n\r\n"):
        assert parsed(head + more) == (status, len(head), length, is_last)
    for cut in range(len(head)):
        assert parsed(head[:cut])[0] == LOST


@pytest.mark.parametrize(
    "head",
    [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"SSH-2.0-abcdefghij\r\n\r\n",
     b"HTTP/1.1 200 OK\r\nA: " + b"b" * 180],
)  # fmt: skip
def test_an_answer_without_a_length_is_unreadable(head: Any) -> None:
    """Nor is another protocol read, nor a head without an end."""
    assert parsed(head)[0] == UNREADABLE
