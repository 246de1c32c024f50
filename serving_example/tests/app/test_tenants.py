"""Whose request it is, what it is worth, and on what it runs: keys, headers, options, files."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from featurelib.errors import FeaturelibError, NoDeviceError
from serving_example.app.devices import devices_of
from serving_example.app.keys import new_key
from serving_example.app.profile_file import ProfileFile
from serving_example.devices import Recording
from serving_example.tests.app.world import (
    busy,
    call_of,
    published,
    refused,
    rows_of,
    running,
    service_of,
    waited,
)

CALL = call_of(rows_of(2))


def test_what_is_worth_less_is_refused_earlier(tmp_path: Any) -> None:
    """A key has a weight; a request may lower it, and not raise it; both stand in metrics."""
    told = {name: new_key(name, bytes, weight=w) for name, w in (("batch", 0.01), ("app", 1.0))}
    service = service_of(published(tmp_path), keys=[stored for _, stored in told.values()])
    with running(service) as server:
        url = f"http://127.0.0.1:{server.ports[0]}/v2/models/ranker/infer"

        def ask(key: str, **headers: str) -> httpx.Response:
            headers["Authorization"] = f"Bearer {told[key][0]}"
            return httpx.post(url, json=CALL, headers=headers, timeout=20)

        assert ask("app").status_code == 200
        with busy(service.pool):
            assert waited(lambda: service.pool.health().devices[0].busy_s > 0.1)
            assert refused(ask("batch"))[1] == "predicted_late"
            assert refused(ask("batch", **{"X-Priority-Weight": "1"}))[1] == "predicted_late"
            assert refused(ask("app", **{"X-Priority-Weight": "0.01"}))[1] == "predicted_late"
        assert waited(lambda: ask("batch").status_code == 200)
        for wrong in ("0", "0.0", "1.5", "-1", "nan", "1e-3", ""):
            answer = refused(ask("app", **{"X-Priority-Weight": wrong}))
            assert answer == (400, "wrong_value", "headers.x-priority-weight")
        page = service.metrics.page().decode()
    for key in told:
        assert f'featurelib_tenant_jobs_total{{outcome="in_time",tenant="{key}"}} 1.0' in page


def test_latencies_are_known_to_the_next_process(tmp_path: Any) -> None:
    """What one service learned stands in a file that the next one reads."""
    file = ProfileFile(tmp_path / "profiles.json")
    store = published(tmp_path / "artifacts")
    service = service_of(store, profiles=file)
    with running(service) as server:
        url = f"http://127.0.0.1:{server.ports[0]}/v2/models/ranker/infer"
        assert httpx.post(url, json=CALL).status_code == 200
        model = service.repository.get("ranker").outputs["score"].model
    assert [one.name for one in tmp_path.iterdir() if one.suffix != ""] == ["profiles.json"]
    known = file.read().seconds(model, "cpu-0", 128)
    assert 0 < known < 1 and known != ProfileFile(tmp_path / "none").read().seconds(
        model, "cpu-0", 128
    )


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff", b'{"format": 9}'])
def test_a_damaged_file_of_latencies_is_learned_anew(
    tmp_path: Path, caplog: Any, content: bytes
) -> None:
    """It is told, and the service starts all the same."""
    path = tmp_path / "profiles.json"
    path.write_bytes(content)
    assert ProfileFile(path).read().seconds("m", "cpu-0", 128) > 0
    assert "learned anew" in caplog.text and str(path) in caplog.text


def test_devices_are_asked_for_by_name(tmp_path: Path) -> None:
    """Several of a kind, and kinds beside each other; each has a name of its own."""
    path = tmp_path / "a:recording.json"
    Recording("a test", {128: 0.001}, 0.1, 100, 1000).dump(path)
    made = devices_of(["cpu", "2*cpu", f"2*paced:{path}"], 3.5)
    assert [device.name for device in made] == [
        "cpu-0", "cpu-1", "cpu-2", "paced-cpu-3", "paced-cpu-4",
    ]  # fmt: skip
    assert [d.memory_bytes for d in made] == [7 << 19] * 3 + [1000] * 2
    assert {device.kind for device in made} == {"cpu", "paced"}


@pytest.mark.parametrize(
    "given, message",
    [
        ("tpu", "expected --device cpu"), ("0*cpu", "expected --device cpu"),
        ("paced:", "expected --device cpu"), ("cuda:x", "expected --device cpu"),
        ("*cpu", "expected --device cpu"), ("cpu,cpu", "expected --device cpu"),
    ],
)  # fmt: skip
def test_a_device_that_is_none_is_refused(given: str, message: str) -> None:
    """The error says what can be given."""
    with pytest.raises(FeaturelibError, match=message):
        devices_of([given])
    with pytest.raises(FeaturelibError, match="--memory above 0"):
        devices_of(["cpu"], 0.0)


def test_a_gpu_that_is_not_there_is_refused() -> None:
    """No device is taken in its place."""
    with pytest.raises(NoDeviceError, match="--device cpu"):
        devices_of(["cpu", "cuda:97"])
