"""Models come and go: foreign artifacts, many loads, what is counted of each."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import httpx
import polars as pl
import pytest
import tritonclient.http as triton

import featurelib as fl
from featurelib.errors import LayoutMismatchError
from featurelib_offline import fit
from serving_example.app.http import Rejection
from serving_example.artifacts import UnknownModelError
from serving_example.caches import ArtifactCache
from serving_example.devices import cpu_device
from serving_example.scheduler import SchedulerError
from serving_example.tests.app.world import (
    artifact,
    bundle,
    call_of,
    published,
    rows_of,
    running,
    service_of,
    waited,
)


def foreign_bundle() -> Any:
    """The same features after another fit: other vocabularies, so other fingerprints."""
    pairs = fl.FeatureSet(
        bundle().name, version="1.0.0", inputs=bundle().request,
        features=[
            fl.Feature(n, version=1, expr=e)
            for n, e in {
                "u": (fl.col("stars") / 5.0).cast(fl.Float32),
                "f": fl.col("year").cast(fl.Float32),
                "p": fl.col("stars").cast(fl.Float32),
                "i_user": fl.col("user_id").vocabulary_index(),
                "i_film": fl.col("item_id").vocabulary_index(),
            }.items()
        ],
        layout={
            "user": ["u"], "user_ids": ["i_user"], "film": ["f"], "film_ids": ["i_film"],
            "pair": ["p"],
        },
    )  # fmt: skip
    frame = pl.DataFrame({"user_id": [5], "item_id": [6], "stars": [1.0], "year": [1990]})
    return pairs.bind(fit(pairs, frame))


def test_a_model_of_other_features_is_refused_and_the_old_one_goes_on(tmp_path: Path) -> None:
    """The refusal shows both fingerprints; the name answers as before."""
    store = published(tmp_path)
    service = service_of(store)
    before = service.repository.get("ranker")
    store.publish({"ranker": store.put(artifact(of=foreign_bundle()))})
    with pytest.raises(LayoutMismatchError, match="does not give the model"):
        service.repository.load("ranker")
    assert service.repository.get("ranker") is before
    assert "does not give the model" in service.repository.index()[0].reason
    service.close()


def test_what_is_not_there_is_not_loaded(tmp_path: Path) -> None:
    """A name that nobody published, and a model that nobody loaded."""
    service = service_of(published(tmp_path))
    with pytest.raises(UnknownModelError, match="no model is named"):
        service.repository.load("none")
    with pytest.raises(Rejection, match="no model 'none' is loaded"):
        service.repository.unload("none")
    service.close()


def test_a_model_that_no_device_is_large_enough_for_leaves_nothing_behind(tmp_path: Path) -> None:
    """It is refused by name, and the programs that would have fitted are gone."""
    one = cpu_device()
    alone = service_of(published(tmp_path / "one", ranker=artifact()), devices=[one])
    used = one.used_bytes
    alone.close()
    device = cpu_device(memory_bytes=used + 100)
    store = published(tmp_path / "two", ranker=artifact(), towers=artifact("towers"))
    service = service_of(store, devices=[device], pinned=["ranker", "towers"])
    assert [m.name for m in service.repository.all()] == ["ranker"]
    with pytest.raises(SchedulerError, match=r"needs .* bytes beside"):
        service.repository.load("towers")
    assert "bytes beside" in service.repository.index()[1].reason
    assert device.used_bytes == used and len(service.pool.stats().models) == 1
    service.close()


def test_many_loads_leave_memory_and_threads_as_they_were(tmp_path: Path) -> None:
    """A model is exchanged, unloaded and loaded again; nothing of the old ones stays."""
    store = published(tmp_path, ranker=artifact())
    device = cpu_device()
    service = service_of(store, devices=[device])
    repository = service.repository
    used, threads = device.used_bytes, threading.active_count()
    digests = [store.put(artifact(seed=seed)) for seed in (0, 1)]
    for turn in range(30):
        store.publish({"ranker": digests[turn % 2]})
        repository.load("ranker")
        if turn % 3 == 0:
            repository.unload("ranker")
            repository.load("ranker")
    assert waited(lambda: device.used_bytes == used)
    assert threading.active_count() == threads
    page = service.metrics.page().decode()
    loaded = [line for line in page.splitlines() if line.startswith("featurelib_model_loaded{")]
    assert loaded == [f'featurelib_model_loaded{{digest="{digests[1]}",name="ranker"}} 1.0']
    service.close()


def test_two_names_of_one_artifact_share_what_lies_on_the_device(tmp_path: Path) -> None:
    """It is loaded once, and stays until the last of its names is unloaded."""
    store, device = published(tmp_path, one=artifact(), two=artifact()), cpu_device()
    service = service_of(store, devices=[device])
    used, repository = device.used_bytes, service.repository
    assert repository.get("one").outputs is repository.get("two").outputs
    with running(service) as server:
        base = f"http://127.0.0.1:{server.ports[0]}/v2/models"
        call = call_of(rows_of(3))
        answers = [httpx.post(f"{base}/{name}/infer", json=call).json() for name in ("one", "two")]
        assert answers[0]["outputs"] == answers[1]["outputs"]
        repository.unload("one")
        again = httpx.post(f"{base}/two/infer", json=call).json()
        assert again["outputs"] == answers[0]["outputs"] and device.used_bytes == used
        assert httpx.post(f"{base}/one/infer", json=call).status_code == 404
        repository.unload("two")
        assert waited(lambda: device.used_bytes == 0)


def test_what_a_model_did_is_counted(tmp_path: Path) -> None:
    """Triton's statistics and Prometheus tell of the same rows; routes are templates, not paths."""
    with running(service_of(published(tmp_path))) as server:
        base = f"http://127.0.0.1:{server.ports[0]}"
        for rows in (3, 5):
            call = call_of(rows_of(rows))
            httpx.post(f"{base}/v2/models/ranker/infer", json=call).raise_for_status()
        httpx.post(f"{base}/v2/models/nobody/infer", json=call)
        httpx.get(f"{base}/nothing/here")
        with triton.InferenceServerClient(f"127.0.0.1:{server.ports[0]}") as client:
            (told,) = client.get_inference_statistics("ranker")["model_stats"]
            everything = client.get_inference_statistics()["model_stats"]
        assert (told["inference_count"], told["execution_count"]) == (8, 2)
        assert told["inference_stats"]["success"]["ns"] > 0
        assert [m["name"] for m in everything] == ["ranker", "towers"]
        page = httpx.get(f"{base}/metrics").text
    infer = 'featurelib_http_requests_total{method="POST",route="/v2/models/{name}/infer"'
    assert f'{infer},status="200"}} 2.0' in page and f'{infer},status="404"}} 1.0' in page
    counted = 'featurelib_device_batch_rows_sum{device="cpu-0",model="ranker",part="forward"}'
    assert f"{counted} 8.0" in page
    assert 'featurelib_http_requests_total{method="GET",route="none",status="404"} 1.0' in page
    assert "nobody" not in page and "nothing/here" not in page


def test_served_models_are_held_in_the_cache_of_artifacts(tmp_path: Any) -> None:
    """Loaded through it they are not evicted; unloaded, or replaced by another, they can be."""
    now = [0.0]
    source = published(tmp_path / "far", ranker=artifact(), other=artifact(seed=1))
    cache = ArtifactCache(source, tmp_path / "here", max_bytes=1 << 30, clock=lambda: now[0])
    service = service_of(cache)
    digests = {name: source.digest(name) for name in ("ranker", "other")}
    cache.clear()
    assert len(cache) == 2
    service.repository.unload("other")
    cache.clear()
    assert [cache.peek(digests[name]) is None for name in digests] == [False, True]
    digest = source.put(artifact(seed=2))
    source.publish({"ranker": digest})
    now[0] += 1.0  # so long a name may be as it was
    service.repository.load("ranker")
    cache.clear()
    assert len(cache) == 1 and cache.peek(digest) is not None
    assert service.caches == [cache]
    service.close()
