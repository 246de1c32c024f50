"""A real Redis that dies under a recommender: answers go on, flagged, and all heals."""

from __future__ import annotations

import signal
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from parity_tests.soak import amount
from serving_example.instants import instant
from serving_example.tests.app.film_world import serving
from serving_example.tests.app.world import waited
from serving_example.tests.features.worlds import catalogue
from serving_example.tests.store.servers import RedisServer

pytestmark = pytest.mark.filterwarnings(
    "ignore:event source:featurelib_offline.RefusedRecordsWarning"
)
AWAY_S = amount(2, 30)
FILMS = sorted(catalogue())


def test_answers_go_on_while_redis_is_away(tmp_path: Path) -> None:
    """Known users are answered from what was last seen, new ones from defaults, all flagged.

    Ratings are refused with Retry-After rather than lost. When Redis is back the flags go, and a
    rating that is sent again changes the next answer.
    """
    with RedisServer() as redis, serving(tmp_path, redis=redis.url) as (world, server):
        base = f"http://127.0.0.1:{server.ports[0]}"
        with httpx.Client(base_url=base) as client:

            def ask(user: int) -> Any:
                asked = {"user_id": user, "candidates": FILMS, "k": 30}
                return client.post("/v1/recommend", json=asked).raise_for_status().json()

            before = {user: ask(user) for user in range(1, 6)}
            assert not any("stale" in got["flags"] for got in before.values())
            at = instant(world.clock()).isoformat()
            rating = {"rating_id": 5_000, "user_id": 4, "item_id": 110, "rating": 1.0}
            events = {"events": [{**rating, "rated_at": at}]}
            redis.send(signal.SIGKILL)
            # What is in memory is asked of nobody: that Redis is gone is noticed by who follows it.
            assert waited(lambda: "stale" in ask(1)["flags"])
            until = time.monotonic() + AWAY_S
            while time.monotonic() < until:
                for user, known in before.items():
                    got = ask(user)
                    assert set(got["flags"]) == {*known["flags"], "stale"}
                    assert got["feature_age_s"]["film"] > 0 and len(got["items"]) == 30
                assert {"no_profile", "no_ratings", "stale"} == set(ask(777)["flags"])
                refused = client.post("/v1/events", json=events)
                assert refused.status_code == 503 and "retry-after" in refused.headers
                assert refused.json()["error"]["reason"] == "store_away"
                assert client.get("/readyz").status_code == 200
                time.sleep(0.1)
            redis.start()
            assert waited(lambda: "stale" not in ask(4)["flags"])
            assert waited(lambda: client.post("/v1/events", json=events).status_code == 202)

            def scores(got: Any) -> list[Any]:
                return sorted((item["item_id"], item["score"]) for item in got["items"])

            assert waited(lambda: scores(ask(4)) != scores(before[4]))
