"""Recommendations through HTTP: features and scores are those of an offline run, bit for bit."""

import datetime as dt
import json
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import numpy as np
import pytest

from serving_example.instants import instant, microseconds
from serving_example.tests.app.film_world import serving
from serving_example.tests.features.worlds import bundle, catalogue

FILMS = sorted(catalogue())
pytestmark = pytest.mark.filterwarnings(
    "ignore:event source:featurelib_offline.RefusedRecordsWarning"
)


@pytest.fixture(scope="module")
def both(tmp_path_factory: Any) -> Any:
    """A world of films and its server."""
    with serving(tmp_path_factory.mktemp("films")) as made:
        yield made


@pytest.fixture
def world(both: Any) -> Any:
    """The world."""
    return both[0]


@pytest.fixture
def client(both: Any) -> Any:
    """A client of the public port."""
    with httpx.Client(base_url=f"http://127.0.0.1:{both[1].ports[0]}") as made:
        yield made


def moment(text: Any) -> Any:
    """Microseconds since 1970 of a time in JSON."""
    return microseconds(dt.datetime.fromisoformat(text))


@pytest.mark.parametrize("user", [1, 2, 5, 12])
@pytest.mark.parametrize("model", ["ranker", "other"])
def test_scores_are_those_of_an_offline_run(world: Any, client: Any, user: Any, model: Any) -> None:
    """Named candidates: Polars at the request's moment and torch at the padded size, same bits."""
    asked = {"user_id": user, "k": 30, "candidates": FILMS, "model": model}
    got = client.post("/v1/recommend", json=asked).raise_for_status().json()
    items = {item["item_id"]: item["score"] for item in got["items"]}
    expected = world.expected(user, FILMS, moment(got["as_of"]), model, world.events)
    scores = np.array([items[film] for film in FILMS], np.float32)
    assert scores.tobytes() == expected.tobytes()
    order = sorted(items, key=lambda film: (-items[film], film))
    assert [item["item_id"] for item in got["items"]] == order
    assert got["model"] == {"name": model, "digest": world.models[model].digest}
    assert got["retrieval"] is None and got["fingerprint"] == bundle().fingerprint


def test_candidates_are_found_by_the_towers(world: Any, client: Any) -> None:
    """With fewer films than candidates all that the user has not rated are ranked."""
    rated = {event["item_id"] for event in world.events if event["user_id"] == 3}
    got = client.get("/v1/recommend/3?k=5").raise_for_status().json()
    others = [film for film in FILMS if film not in rated]
    everything = client.post(
        "/v1/recommend", json={"user_id": 3, "k": 5, "candidates": others}
    ).json()
    assert rated and len(got["items"]) == 5
    assert [i["item_id"] for i in got["items"]] == [i["item_id"] for i in everything["items"]]
    assert got["retrieval"]["digest"] == world.models["towers"].digest
    stages = client.get("/v1/recommend/3").headers["server-timing"]
    assert all(f"{name};dur=" in stages for name in ("total", "features", "queue", "model"))


def test_a_newcomer_is_answered_and_flagged(client: Any) -> None:
    """Nothing is known of the user: defaults, and a flag for each."""
    got = client.get("/v1/recommend/999999").raise_for_status().json()
    assert got["flags"] == ["no_profile", "no_ratings"] and len(got["items"]) == 10
    assert got["feature_age_s"]["user_state"] is None and 0 <= got["feature_age_s"]["film"] < 1e8
    page = client.get("/metrics").text
    assert 'featurelib_feature_flags_total{flag="no_profile"}' in page


def test_a_film_that_nobody_has_rated_has_no_age(world: Any, client: Any) -> None:
    """The age of features is that of ratings; where there are none there is none."""
    rated = {event["item_id"] for event in world.events}
    fresh = [film for film in FILMS if film not in rated and not 105 <= film <= 107]
    assert fresh
    got = client.post("/v1/recommend", json={"user_id": 2, "candidates": fresh}).json()
    assert got["feature_age_s"]["film"] is None


def test_the_contract_before_is_answered_too(client: Any) -> None:
    """Version 1 has two lists; it says that it will end; an unknown version is refused."""
    new = client.get("/v1/recommend/2?k=3")
    assert new.headers["x-contract-version"] == "2" and "deprecation" not in new.headers
    old = client.get("/v1/recommend/2?k=3", headers={"x-contract-version": "1"})
    assert old.headers["x-contract-version"] == "1" and "deprecation" in old.headers
    assert parsedate_to_datetime(old.headers["sunset"]).year >= 2027 and "sunset" not in new.headers
    assert old.json()["items"] == [item["item_id"] for item in new.json()["items"]]
    assert set(old.json()) == {"user_id", "items", "scores", "model"}
    asked = {"user_id": 2, "candidates": [100]}
    refused = client.post("/v1/recommend", json=asked, headers={"x-contract-version": "1"})
    assert refused.json()["error"]["reason"] == "unknown_field"
    wrong = client.get("/v1/recommend/2", headers={"x-contract-version": "3"})
    assert wrong.status_code == 400 and "1, 2" in wrong.json()["error"]["message"]


@pytest.mark.parametrize(
    "body, reason, field",
    [
        ({}, "missing_field", "body"),
        ({"user_id": "1"}, "wrong_type", "body.user_id"),
        ({"user_id": 1.5}, "wrong_type", "body.user_id"),
        ({"user_id": 2**63}, "wrong_value", "body.user_id"),
        ({"user_id": 1, "k": 0}, "wrong_value", "body.k"),
        ({"user_id": 1, "k": 101}, "wrong_value", "body.k"),
        ({"user_id": 1, "candidates": []}, "wrong_value", "body.candidates"),
        ({"user_id": 1, "candidates": [1] * 1001}, "wrong_value", "body.candidates"),
        ({"user_id": 1, "candidates": [100, 7]}, "unknown_item", "body.candidates"),
        ({"user_id": 1, "candidates": ["a"]}, "wrong_type", "body.candidates[0]"),
        ({"user_id": 1, "model": "towers"}, "wrong_value", "body.model"),
        ({"user_id": 1, "model": "none"}, "unknown_model", "model"),
        ({"user_id": 1, "min_offset": -1}, "wrong_value", "body.min_offset"),
        ({"user_id": 1, "min_offset": "9"}, "wrong_type", "body.min_offset"),
        ({"user_id": 1, "other": 1}, "unknown_field", "body"),
    ],
)
def test_a_wrong_request_is_refused_by_field_and_reason(
    client: Any, body: Any, reason: Any, field: Any
) -> None:
    """400 or 404 with the place and the case."""
    got = client.post("/v1/recommend", json=body)
    error = got.json()["error"]
    assert got.status_code in (400, 404) and (error["reason"], error["field"]) == (reason, field)


@pytest.mark.parametrize(
    "path",
    ["x", "1.5", "1_0", "+1", "%20", "%C2%B2", "99999999999999999999", "1?k=x", "1?k=0", "1?z=1",
     "1?min_offset=-1"],
)  # fmt: skip
def test_a_wrong_path_or_query_is_refused(client: Any, path: Any) -> None:
    """GET is read as strictly as POST."""
    got = client.get(f"/v1/recommend/{path}")
    assert got.status_code == 400 and got.json()["error"]["field"].startswith(("path", "query"))


def rating(world: Any, number: Any, **changes: Any) -> Any:
    """An event of now."""
    at = instant(world.clock()).isoformat()
    event = {"rating_id": number, "user_id": 7, "item_id": 105, "rating": 5.0, "rated_at": at}
    return event | changes


def test_a_request_waits_for_the_ratings_that_it_names(world: Any, client: Any) -> None:
    """With the offset that a rating was answered with, the next answer has seen it: no film that
    was rated is recommended, and the films' own vectors are those of after the rating.
    """
    for i in range(4):
        best = client.get("/v1/recommend/9?k=1").json()["items"][0]["item_id"]
        event = rating(world, 30_000 + i, user_id=9, item_id=best)
        offset = client.post("/v1/events", json={"events": [event]}).json()["offset"]
        if i % 2:
            got = client.get(f"/v1/recommend/9?k=1&min_offset={offset}").json()
        else:
            asked = {"user_id": 9, "k": 1, "min_offset": offset}
            got = client.post("/v1/recommend", json=asked).json()
        assert "behind" not in got["flags"] and got["items"][0]["item_id"] != best
        assert got["feature_age_s"]["user_state"] < 60
        films = world.films.features.films
        assert films.event_times[films.rows([best])[0]] == moment(event["rated_at"])


def test_who_waits_for_what_does_not_come_is_answered_and_flagged(world: Any, client: Any) -> None:
    """After half of the deadline, or a second: what is there, and that it is behind."""
    asked = f"/v1/recommend/9?k=1&min_offset={world.log.last() + 1}"
    got = client.get(asked, headers={"x-timeout-ms": "400"})
    assert got.status_code == 200 and "behind" in got.json()["flags"]
    assert "wait;dur=" in got.headers["server-timing"]
    page = client.get("/metrics").text
    assert 'featurelib_feature_flags_total{flag="behind"} 1.0' in page
    old = {"user_id": 9, "min_offset": 1}
    refused = client.post("/v1/recommend", json=old, headers={"x-contract-version": "1"})
    assert refused.json()["error"]["reason"] == "unknown_field"


def test_a_rating_changes_the_next_recommendation(world: Any, client: Any) -> None:
    """Acknowledged, tailed, and in the next request as offline has it, bit for bit."""
    before = client.post("/v1/recommend", json={"user_id": 7, "candidates": FILMS, "k": 30}).json()
    events = [rating(world, 10_000 + i, item_id=105 + i) for i in range(3)]
    taken = client.post("/v1/events", json={"events": events})
    assert taken.status_code == 202 and taken.json()["accepted"] == 3
    assert client.post("/v1/events", json={"events": events}).status_code == 202  # counts once
    offset = taken.json()["offset"]
    asked = {"user_id": 7, "candidates": FILMS, "k": 30, "min_offset": offset + 3}
    after = client.post("/v1/recommend", json=asked).json()
    assert before["items"] != after["items"]
    entries = world.log.read(len(world.events), offset - len(world.events))
    log = [json.loads(entry.data) for entry in entries]
    times = ("rated_at", "received_at")
    parsed = [{**e, **{n: dt.datetime.fromisoformat(e[n]) for n in times}} for e in log]
    all_events = [*world.events, *parsed]
    expected = world.expected(7, FILMS, moment(after["as_of"]), events=all_events)
    items = {item["item_id"]: item["score"] for item in after["items"]}
    assert np.array([items[f] for f in FILMS], np.float32).tobytes() == expected.tobytes()


@pytest.mark.parametrize(
    "changes, reason, field",
    [
        ({"item_id": 7}, "unknown_item", "body.events[1].item_id"),
        ({"rating": "5"}, "wrong_type", "body.events[1].rating"),
        ({"rated_at": "yesterday"}, "wrong_value", "body.events[1].rated_at"),
        ({"rated_at": "2024-01-01T00:00:00"}, "wrong_value", "body.events[1].rated_at"),
        ({"rated_at": "2044-01-01T00:00:00Z"}, "out_of_time", "body.events[1].rated_at"),
        ({"rated_at": "1970-01-01T00:00:00Z"}, "out_of_time", "body.events[1].rated_at"),
        ({"genres": "Drama"}, "unknown_field", "body.events[1]"),
        ({"user_id": None}, "wrong_type", "body.events[1].user_id"),
    ],
)
def test_a_wrong_event_refuses_its_request_and_no_other(
    world: Any, client: Any, changes: Any, reason: Any, field: Any
) -> None:
    """None of the request's events is taken; the error names the one at fault."""
    last = world.log.last()
    events = [rating(world, 20_000), rating(world, 20_001, **changes)]
    got = client.post("/v1/events", json={"events": events})
    error = got.json()["error"]
    assert got.status_code == 400 and (error["reason"], error["field"]) == (reason, field)
    assert world.log.last() == last


def test_models_are_listed_with_what_was_measured(world: Any, client: Any) -> None:
    """Names, digests, kinds, ladders."""
    told = {m["name"]: m for m in client.get("/v1/models").json()["models"]}
    assert {n: m["digest"] for n, m in told.items()} == {
        n: a.digest for n, a in world.models.items()
    }
    assert told["towers"]["kind"] == "towers" and told["ranker"]["ladder"] == [128, 256]


def test_readiness_tells_of_each_part(client: Any) -> None:
    """The device, the models, the tailer and the log."""
    parts = client.get("/readyz").json()["parts"]
    assert parts == dict.fromkeys(("device", "models", "accepting", "tailer", "event_log"), True)
    assert "featurelib_lag_seconds" in client.get("/metrics").text


def test_freshness_is_exported_with_its_objective(client: Any) -> None:
    """Of each view: ages, what was promised, and how much of what was served keeps it."""

    def served(how: Any) -> Any:
        page = client.get("/metrics").raise_for_status().text
        line = f'featurelib_features_served_total{{how="{how}",view="film"}} '
        (found,) = [rest for rest in page.splitlines() if rest.startswith(line)]
        return page, float(found.rpartition(" ")[2])

    before = served("all")[1], served("in_objective")[1]
    client.get("/v1/recommend/3").raise_for_status()
    page, everything = served("all")
    assert (everything, served("in_objective")[1]) == (before[0] + 1, before[1] + 1)
    assert 'featurelib_freshness_objective_seconds{of="lag",view="user_state"} 5.0' in page
    assert 'featurelib_feature_age_seconds_bucket{le="+Inf",view="film"}' in page
