"""Which films are nearest, and how their vectors keep up with their features."""

import json
import time
from typing import Any

import httpx
import numpy as np
import pytest

from serving_example.tests.app.film_world import serving
from serving_example.tests.app.world import artifact
from serving_example.tests.features.worlds import bundle

pytestmark = pytest.mark.filterwarnings(
    "ignore:event source:featurelib_offline.RefusedRecordsWarning"
)


@pytest.fixture(scope="module")
def both(tmp_path_factory: Any) -> Any:
    """A world of films and its server."""
    with serving(tmp_path_factory.mktemp("films"), keep=2) as made:
        yield made


def test_vectors_follow_ratings(both: Any) -> None:
    """A rated film has the vector that it would have if all were computed anew."""
    world, _ = both
    index = world.films.index
    before = index.snapshot
    at = world.events[-1]["received_at"].isoformat()
    event = {**world.events[-1], "rating_id": 9_000, "item_id": 103}
    world.films.tailer.wait_for(world.log.append([_json(event, at)])[0], 10)
    until = time.monotonic() + 10
    while index.snapshot is before and time.monotonic() < until:
        time.sleep(0.02)
    after = index.snapshot
    (row,) = world.films.features.films.rows([103])
    changed = np.flatnonzero((before.vectors != after.vectors).any(axis=1))
    assert changed.tolist() == [row]
    index.prepare(after.towers)
    assert index.snapshot.vectors.tobytes() == after.vectors.tobytes()


def test_the_log_forgets_what_is_applied(both: Any) -> None:
    """All but the kept tail goes by itself, and how much went is told."""
    world, server = both
    until = time.monotonic() + 10
    while len(world.log.read(0, 999)) > 3 and time.monotonic() < until:
        time.sleep(0.05)
    assert 2 <= len(world.log.read(0, 999)) <= 3  # one event came by the test before
    page = httpx.get(f"http://127.0.0.1:{server.ports[0]}/metrics").text
    assert f"featurelib_log_trimmed {world.log.last() - len(world.log.read(0, 999))}.0" in page


def test_new_towers_take_over_with_their_own_vectors(both: Any) -> None:
    """Users and films meet in the space of one model: requests go on while towers are exchanged."""
    world, server = both
    url = f"http://127.0.0.1:{server.ports[0]}/v1/recommend/3"
    other = artifact("towers", seed=5, of=bundle())
    old = world.films.index.snapshot
    world.artifacts.publish({"towers": world.artifacts.put(other)})
    world.service.repository.load("towers")
    new = world.films.index.snapshot
    assert new.towers.digest == other.digest != old.towers.digest
    assert new.vectors.tobytes() != old.vectors.tobytes()
    assert httpx.get(url).raise_for_status().json()["retrieval"]["digest"] == other.digest


def test_without_towers_candidates_may_be_named(both: Any) -> None:
    """503 for who names none, an answer for who does; and the other way round without a ranker."""
    world, server = both
    base = f"http://127.0.0.1:{server.ports[0]}/v1/recommend"
    snapshot, world.films.index.snapshot = world.films.index.snapshot, None
    try:
        none = httpx.get(f"{base}/3")
        assert none.status_code == 503 and none.json()["error"]["reason"] == "no_candidates"
        assert httpx.post(base, json={"user_id": 3, "candidates": [100]}).status_code == 200
    finally:
        world.films.index.snapshot = snapshot
    world.service.repository.unload("ranker")
    try:
        none = httpx.get(f"{base}/3")
        assert none.status_code == 503 and none.json()["error"]["reason"] == "no_ranker"
        assert httpx.get(f"{base}/3?model=other").status_code == 200
        assert httpx.get(f"{base}/3?model=ranker").status_code == 404
    finally:
        world.service.repository.load("ranker")


def _json(event: Any, at: Any) -> Any:
    return json.dumps({**event, "rated_at": at, "received_at": at}).encode()
