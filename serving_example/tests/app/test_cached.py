"""Recommendations that were made before, through HTTP: the same bytes, until something changes."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import msgspec
import pytest

from serving_example.app.caching import CacheOptions
from serving_example.caches import FeaturePolicy, Policy
from serving_example.instants import instant
from serving_example.tests.app.film_world import serving
from serving_example.tests.app.world import artifact, busy, waited
from serving_example.tests.features.worlds import bundle, catalogue

FILMS = sorted(catalogue())
OPTIONS = CacheOptions(
    Policy(soft_s=100.0, hard_s=300.0, audit_share=1.0), FeaturePolicy(max_bytes=1 << 20)
)
pytestmark = pytest.mark.filterwarnings(
    "ignore:event source:featurelib_offline.RefusedRecordsWarning"
)


@pytest.fixture(scope="module")
def both(tmp_path_factory: Any) -> Any:
    """A world of films whose recommendations are kept, and its server."""
    with serving(  # a batch that is held up would hold the loop up
        tmp_path_factory.mktemp("cached"), caches=OPTIONS, takes_turns=False
    ) as made:
        yield made


@pytest.fixture
def world(both: Any) -> Any:
    """The world."""
    return both[0]


@pytest.fixture
def counts(world: Any) -> Any:
    """What the cache of results counts."""
    return world.films.caches.results.counts


@pytest.fixture
def client(both: Any) -> Any:
    """A client of the public port."""
    with httpx.Client(base_url=f"http://127.0.0.1:{both[1].ports[0]}") as made:
        yield made


def test_the_second_answer_is_the_first_one(client: Any, counts: Any) -> None:
    """Byte for byte, with its age; every other request is a key of its own."""
    began = time.monotonic()
    first = client.get("/v1/recommend/3?k=5")
    again = client.get("/v1/recommend/3?k=5")
    assert "age" not in first.headers
    assert 0 <= int(again.headers["age"]) <= time.monotonic() - began
    assert first.content == again.content and again.headers["x-contract-version"] == "2"
    posted = client.post("/v1/recommend", json={"user_id": 3, "k": 5})
    assert posted.content == first.content, "a request is what it asks, however it is sent"
    misses = counts.misses
    others = [
        client.get("/v1/recommend/3?k=6"), client.get("/v1/recommend/4?k=5"),
        client.get("/v1/recommend/3?k=5", headers={"x-contract-version": "1"}),
        client.get("/v1/recommend/3?k=5&model=other"),
        client.post("/v1/recommend", json={"user_id": 3, "k": 5, "candidates": FILMS}),
        client.post("/v1/recommend", json={"user_id": 3, "k": 5, "candidates": FILMS[::-1]}),
    ]  # fmt: skip
    assert all("age" not in answer.headers for answer in others)
    assert counts.misses == misses + len(others)


def test_kept_answers_are_audited_and_right(client: Any, world: Any, counts: Any) -> None:
    """Each hit is made again for its moment, alone and not in a batch: the same bits."""
    for _ in range(3):
        for user in range(1, 8):
            client.get(f"/v1/recommend/{user}?k=20")
    assert waited(lambda: counts.audits >= 10) and counts.mismatches == 0
    results = world.films.caches.results
    body = client.get("/v1/recommend/2?k=20").content
    told = msgspec.json.decode(body)
    told["items"][0]["score"] += 1e-3
    key = next(k for k in results._entries if results.peek(k) == body)
    results._entries.peek(key).value = msgspec.json.encode(told)
    client.get("/v1/recommend/2?k=20")
    assert waited(lambda: counts.mismatches == 1) and results.peek(key) is None
    assert client.get("/v1/recommend/2?k=20").content != msgspec.json.encode(told)


def test_a_rating_invalidates_what_is_kept_of_its_user(
    client: Any, world: Any, counts: Any
) -> None:
    """By the tailer and the stream of changes; who waits for his offset never sees the old."""
    asked = {"user_id": 7, "candidates": FILMS, "k": 30}
    other = {"user_id": 8, "candidates": FILMS, "k": 30}
    for number in range(5):
        before = client.post("/v1/recommend", json=asked).json()
        kept = client.post("/v1/recommend", json=other).json()
        at = instant(world.clock()).isoformat()
        event = {"rating_id": 20_000 + number, "user_id": 7, "item_id": 105, "rating": 5.0}
        sent = client.post("/v1/events", json={"events": [{**event, "rated_at": at}]}).json()
        new = client.post("/v1/recommend", json={**asked, "min_offset": sent["offset"]})
        assert "age" not in new.headers and new.json()["as_of"] > before["as_of"]
        assert new.json()["feature_age_s"]["user_state"] < before["feature_age_s"]["user_state"] + 1
        assert client.post("/v1/recommend", json=other).json() == kept
        assert client.post("/v1/recommend", json=asked).headers["age"]
    assert counts.invalidated >= 5


def test_a_new_model_answers_at_once(client: Any, world: Any) -> None:
    """Its digest is another key: nothing that the old one has made is served."""
    path = "/v1/recommend/9?k=5&model=other"
    before = client.get(path).json()
    assert client.get(path).json() == before
    digest = world.artifacts.put(artifact(seed=7, of=bundle()))
    world.artifacts.publish({"other": digest})
    world.service.repository.load("other")
    after = client.get(path)
    assert "age" not in after.headers and after.json()["model"]["digest"] == digest


def test_many_clients_of_one_key_give_one_answer(client: Any, world: Any, counts: Any) -> None:
    """While the device is busy equal requests gather; all get the bytes of one."""
    misses, hits = counts.misses, counts.hits
    with ThreadPoolExecutor(16) as pool:
        with busy(world.service.pool):
            answers = [pool.submit(client.get, "/v1/recommend/11?k=7") for _ in range(16)]
            assert waited(lambda: counts.misses == misses + 16)
        bodies = {answer.result().content for answer in answers}
    assert len(bodies) == 1 and counts.hits == hits and counts.joined >= 15


def test_degraded_and_refused_answers_are_not_kept(client: Any, counts: Any) -> None:
    """Errors are made anew each time; so is an answer that was behind its request's offset."""
    failures = counts.failures
    for _ in range(2):
        wrong = client.post("/v1/recommend", json={"user_id": 1, "candidates": [7]})
        assert wrong.status_code == 400 and wrong.json()["error"]["reason"] == "unknown_item"
    assert counts.failures == failures + 2
    behind = client.post("/v1/recommend", json={"user_id": 12, "min_offset": 10**9})
    assert "behind" in behind.json()["flags"]
    assert "behind" not in client.post("/v1/recommend", json={"user_id": 12}).json()["flags"]


def test_the_caches_are_counted(client: Any) -> None:
    """Each cache by its events, entries, bytes and ages."""
    page = client.get("/metrics").text
    for cache in ("results", "features"):
        assert f'featurelib_cache_total{{cache="{cache}",event="hits"}}' in page
        assert f'featurelib_cache_bytes{{cache="{cache}"}}' in page
        assert f'featurelib_cache_age_seconds_bucket{{cache="{cache}",le="+Inf"}}' in page
