"""A service over several devices, over too small ones, and over too few for what is asked."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from serving_example.app.limits import Limits
from serving_example.devices import PacedDevice, Recording, cpu_device
from serving_example.tests.app.film_world import serving
from serving_example.tests.app.world import (
    LADDER,
    artifact,
    busy,
    call_of,
    published,
    refused,
    rows_of,
    running,
    service_of,
    waited,
)
from serving_example.tests.features.worlds import bundle

pytestmark = pytest.mark.filterwarnings(
    "ignore:event source:featurelib_offline.RefusedRecordsWarning"
)


def infer(server: Any, model: Any = "ranker", rows: Any = 2, **options: Any) -> Any:
    """An inference of so many rows."""
    url = f"http://127.0.0.1:{server.ports[0]}/v2/models/{model}/infer"
    return httpx.post(url, json=call_of(rows_of(rows, rows)), timeout=20, **options)


def scores(server: Any) -> Any:
    """What some requests at once are answered."""
    with ThreadPoolExecutor(4) as pool:
        sent = [pool.submit(infer, server, rows=rows) for rows in (1, 2, 7, 16, 33, 64, 100, 128)]
        return [answer.result().json()["outputs"] for answer in sent]


def test_two_devices_answer_with_the_bits_of_one(tmp_path: Any) -> None:
    """Whichever device runs it, a request has the same scores."""
    store = published(tmp_path)
    with running(service_of(store)) as server:
        one = scores(server)
    service = service_of(store, devices=[cpu_device(0), cpu_device(1)])
    with running(service) as server:
        assert waited(lambda: service.devices()[1]["models"] == ["ranker", "towers"])
        assert scores(server) == one
        with busy(service.pool):  # one of the two: all are answered by the other
            assert scores(server) == one


def test_what_would_be_late_is_refused_at_once_and_what_is_taken_is_in_time(tmp_path: Any) -> None:
    """While the only device is busy, who can wait waits, and who cannot is told when to come."""
    service = service_of(published(tmp_path))
    with running(service) as server, ThreadPoolExecutor(1) as pool:
        assert infer(server).status_code == 200
        with busy(service.pool):
            # So long it runs already, where some ms were expected.
            assert waited(lambda: service.pool.health().devices[0].busy_s > 0.05)
            late = infer(server, headers={"X-Timeout-Ms": "20"})
            assert refused(late)[:2] == (503, "predicted_late")
            after_ms = late.json()["retry_after_ms"]
            assert 0 < after_ms < 1000 and late.headers["retry-after"] == "1"
            assert late.json()["code"] == "overloaded"
            taken = pool.submit(infer, server, headers={"X-Timeout-Ms": "5000"})
            assert waited(lambda: service.pool.stats().models[_score(service)].works == 1)
        answer = taken.result()
        assert answer.status_code == 200
        page = httpx.get(f"http://127.0.0.1:{server.ports[0]}/metrics").text
        assert 'featurelib_pool_refused_total{reason="predicted_late"} 1.0' in page
        assert 'featurelib_tenant_jobs_total{outcome="in_time",tenant=""} 2.0' in page


def test_what_expires_in_the_queue_is_a_504_and_never_runs(tmp_path: Any) -> None:
    """Without admission it is taken; its deadline passes while it waits."""
    service = service_of(published(tmp_path), is_admitting=False)
    with running(service) as server:
        with busy(service.pool):
            expired = infer(server, headers={"X-Timeout-Ms": "50"})
        assert refused(expired)[:2] == (504, "deadline_passed")
        counts = service.pool.stats().counts  # the queue sees it, or its client's connection
        assert counts.dropped["expired"] + counts.cancelled == 1
        assert 'featurelib_device_batch_rows_count{device="cpu-0",model="ranker"' not in (
            service.metrics.page().decode()
        )


def test_the_time_of_a_computed_answer_has_a_default(tmp_path: Any) -> None:
    """Who gives no time gets that of the server; who gives one may ask for more."""
    limits = Limits(compute_s=0.05, answer_s=20.0)
    service = service_of(published(tmp_path), limits=limits, is_admitting=False)
    with running(service) as server, ThreadPoolExecutor(1) as pool:
        with busy(service.pool):
            patient = pool.submit(infer, server, headers={"X-Timeout-Ms": "15000"})
            assert refused(infer(server))[:2] == (504, "deadline_passed")
        assert patient.result().status_code == 200


def test_a_cold_model_is_refused_and_loaded(tmp_path: Any) -> None:
    """Memory for one of two: the other's first request is told when to come, and then it is."""
    one = cpu_device()
    alone = service_of(published(tmp_path / "one", ranker=artifact()), devices=[one])
    needs = alone.pool.stats().models[_score(alone)].memory_bytes
    alone.close()
    store = published(tmp_path / "two", other=artifact(seed=1), ranker=artifact())
    shift = [0.0]
    service = service_of(
        store, devices=[cpu_device(memory_bytes=needs * 3 // 2)],
        clock=lambda: time.monotonic() + shift[0],
    )  # fmt: skip
    with running(service) as server:
        base = f"http://127.0.0.1:{server.ports[0]}"
        assert [m.name for m in service.repository.all()] == ["other", "ranker"]
        told = {m["name"]: m for m in httpx.post(f"{base}/v2/repository/index").json()}
        assert told["other"] == {**told["other"], "state": "READY", "reason": ""}
        assert told["ranker"]["state"] == "READY" and "cold" in told["ranker"]["reason"]
        assert infer(server, "other").status_code == 200
        cold = infer(server, headers={"X-Timeout-Ms": "1"})
        assert refused(cold)[:2] == (503, "cold") and int(cold.headers["retry-after"]) >= 1
        shift[0] = 60.0  # what was loaded just now would stay for some seconds
        assert waited(lambda: infer(server).status_code == 200)
        assert service.devices()[0]["models"] == ["ranker"]
        assert refused(infer(server, "other", headers={"X-Timeout-Ms": "1"}))[1] == "cold"
        page = httpx.get(f"{base}/metrics").text
        assert 'featurelib_model_devices{model="other",part="forward"} 0.0' in page
        assert 'featurelib_device_unloads_total{device="cpu-0",kind="cpu"} 1.0' in page


def test_pinned_models_stay(tmp_path: Any) -> None:
    """However much another model is asked for, the service's own keep their place."""
    store = published(tmp_path, other=artifact(seed=1), ranker=artifact())
    one = cpu_device()
    alone = service_of(published(tmp_path / "one", ranker=artifact()), devices=[one])
    needs = alone.pool.stats().models[_score(alone)].memory_bytes
    alone.close()
    shift = [0.0]
    service = service_of(
        store, devices=[cpu_device(memory_bytes=needs * 3 // 2)], pinned=["ranker"],
        clock=lambda: time.monotonic() + shift[0],
    )  # fmt: skip
    assert service.devices()[0]["models"] == ["ranker"]
    with running(service) as server:
        for _ in range(20):
            shift[0] += 10.0
            asked = infer(server, "other", headers={"X-Timeout-Ms": "1"})
            assert refused(asked)[1] == "cold"
        assert service.devices()[0]["models"] == ["ranker"]
        assert waited(lambda: infer(server).status_code == 200)  # a clock that jumps looks like lag
        config = httpx.get(f"http://127.0.0.1:{server.ports[0]}/v2/models/ranker/config").json()
        parameters = {name: told["string_value"] for name, told in config["parameters"].items()}
        assert parameters == {
            "resident_on": "cpu-0", "memory_bytes": str(needs), "is_pinned": "true",
            "policy": "hybrid",
        }  # fmt: skip
        assert config["instance_group"] == [{"name": "cpu-0", "count": 1, "kind": "KIND_CPU"}]


def test_towers_are_exchanged_under_traffic(tmp_path: Any) -> None:
    """No request fails; each tells of one pair of models, and the new one is told of at last."""
    with serving(tmp_path, devices=[cpu_device(0), cpu_device(1)]) as (world, server):
        base = f"http://127.0.0.1:{server.ports[0]}/v1/recommend"
        towers = [artifact("towers", seed=seed, of=bundle()) for seed in (5, 6, 7)]
        digests, ends = [world.models["towers"].digest], threading.Event()

        seen: set[str] = set()

        def ask(user: int) -> None:
            with httpx.Client() as client:
                while not ends.is_set():
                    got = client.get(f"{base}/{user}?k=3").raise_for_status().json()
                    seen.add(got["retrieval"]["digest"])

        with ThreadPoolExecutor(3) as pool:
            asking = [pool.submit(ask, user) for user in (1, 2, 3)]
            try:
                assert waited(lambda: digests[0] in seen)  # a slow machine has not asked yet
                for made in towers:
                    world.artifacts.publish({"towers": world.artifacts.put(made)})
                    digests.append(world.service.repository.load("towers").digest)
                assert waited(lambda: digests[-1] in seen)
            finally:
                ends.set()
            for one in asking:
                one.result()
        assert seen <= set(digests)
        assert httpx.get(f"{base}/1").json()["retrieval"]["digest"] == digests[-1]
        assert waited(lambda: len(world.service.pool.stats().models) == 7)  # of the old ones none
        world.service.repository.unload("towers")
        none = httpx.get(f"{base}/1")
        assert none.status_code == 503 and none.json()["error"]["reason"] == "no_candidates"
        named = httpx.post(base, json={"user_id": 1, "candidates": [100]}).json()
        assert named["items"] and named["retrieval"] is None


def test_a_paced_device_says_so_everywhere(tmp_path: Any) -> None:
    """A rehearsal is never taken for a measurement: metrics, models and devices name its kind."""
    recording = Recording("a test", dict.fromkeys(LADDER, 0.001), 0.0, 100, 10_000)
    paced = [PacedDevice(cpu_device(at), recording) for at in range(2)]
    service = service_of(published(tmp_path), devices=paced)
    with running(service) as server:
        assert infer(server).status_code == 200
        assert waited(lambda: len(service.devices()[1]["models"]) == 2)
        base = f"http://127.0.0.1:{server.ports[0]}"
        models = httpx.get(f"{base}/v1/models").json()["models"]
        kinds = {"paced-cpu-0": "paced", "paced-cpu-1": "paced"}
        assert [m["devices"] for m in models] == [kinds, kinds]
        page = httpx.get(f"{base}/metrics").text
        assert 'featurelib_device_alive{device="paced-cpu-1",kind="paced"} 1.0' in page
        assert {d["kind"] for d in httpx.get(f"{base}/dashboard/data").json()["devices"]} == {
            "paced"
        }


def _score(service: Any) -> Any:
    """The name of the ranker's own program."""
    return service.repository.get("ranker").outputs["score"].model
