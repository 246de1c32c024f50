"""The command line: a child process serves what lies in folders, and drains on SIGTERM."""

import contextlib
import datetime as dt
import json
import re
import signal
import subprocess
import sys
import time
from typing import Any

import httpx
import pytest

from serving_example.app.__main__ import main
from serving_example.app.keys import Keys
from serving_example.devices import Recording
from serving_example.simulate.paced.__main__ import main as paced
from serving_example.simulate.trace import read
from serving_example.tests.app.film_world import FilmWorld
from serving_example.tests.features.worlds import bundle

pytestmark = pytest.mark.filterwarnings(
    "ignore:event source:featurelib_offline.RefusedRecordsWarning"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: Any) -> Any:
    """A bundle, artifacts, a store and a log, as files."""
    made = tmp_path_factory.mktemp("service")
    world = FilmWorld(made)
    world.films.close()
    world.service.close()
    world.store.close()
    world.log.close()
    bundle().save(made / "bundle.json")
    return made


@contextlib.contextmanager
def started(folder: Any, *more: Any) -> Any:
    """The process, its public port and its admin port."""
    process = subprocess.Popen(
        [
            sys.executable, "-m", "serving_example.app", "serve", "--port", "0",
            "--admin-port", "0", "--data", str(folder), "--admin-token-file",
            str(folder / "token"), *more,
        ],
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stderr is not None
    try:
        lines = ""
        while "ready in" not in lines:
            lines += process.stderr.readline()
            assert process.poll() is None, lines
        found = re.search(r"http://127.0.0.1:(\d+), admin on (\d+)", lines)
        assert found
        yield process, int(found[1]), int(found[2])
    finally:
        process.kill()
        process.wait()
        process.stderr.close()


def answered(url: Any, **options: Any) -> Any:
    """The first answer of a port that is about to open."""
    until = time.monotonic() + 20
    while True:
        try:
            return httpx.get(url, **options)
        except httpx.ConnectError:
            assert time.monotonic() < until
            time.sleep(0.05)


def test_a_process_serves_and_drains(folder: Any) -> None:
    """It recommends, describes itself, takes admin calls, and SIGTERM ends it with status 0."""
    with started(folder) as (process, public, admin):
        base = f"http://127.0.0.1:{public}"
        assert answered(f"{base}/readyz").status_code == 200
        got = httpx.get(f"{base}/v1/recommend/3?k=4").raise_for_status().json()
        assert len(got["items"]) == 4 and got["fingerprint"] == bundle().fingerprint
        assert httpx.get(f"{base}/openapi.json").json()["openapi"] == "3.1.0"
        headers = {"Authorization": f"Bearer {(folder / 'token').read_text().strip()}"}
        status = httpx.get(f"http://127.0.0.1:{admin}/admin/status", headers=headers)
        assert status.json()["devices"][0]["models"] == ["other", "ranker", "towers"]
        assert httpx.get(f"{base}/admin/status").status_code == 403
        recording = folder / "recording.json"
        Recording("a test", {128: 0.001, 256: 0.001}, 0.0, 1, 100).dump(recording)
        paced = ("--device", f"2*paced:{recording}", "--policy", "clockwork")
        with started(folder, "--no-tailer", *paced) as (_, second, _):
            follows(base, f"http://127.0.0.1:{second}")
            page = httpx.get(f"http://127.0.0.1:{second}/metrics").text
            assert 'featurelib_device_alive{device="paced-cpu-1",kind="paced"} 1.0' in page
        none = httpx.post(f"http://127.0.0.1:{admin}/admin/keys/reload", headers=headers)
        assert none.json()["error"]["reason"] == "no_keys"
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
        learned = json.loads((folder / "profiles.json").read_text())["profiles"]
        assert {one["device"] for one in learned} >= {"cpu", "cpu-0"}


def follows(first: str, second: str) -> None:
    """A rating that one process takes is seen by both, though the first alone applies it."""
    assert answered(f"{second}/readyz").json()["parts"].keys() == {
        "device", "models", "accepting", "event_log",
    }  # fmt: skip
    assert "featurelib_log_trimmed 0.0" in httpx.get(f"{first}/metrics").text
    assert "featurelib_log_trimmed" not in httpx.get(f"{second}/metrics").text
    for number, (takes, other) in enumerate([(first, second), (second, first)]):
        best = httpx.get(f"{takes}/v1/recommend/3?k=1").json()["items"][0]["item_id"]
        at = dt.datetime.now(dt.UTC).isoformat()
        event = {"rating_id": 8_000 + number, "user_id": 3, "item_id": best, "rating": 4.0}
        taken = httpx.post(f"{takes}/v1/events", json={"events": [event | {"rated_at": at}]})
        offset = taken.raise_for_status().json()["offset"]
        for process in (takes, other):
            got = httpx.get(f"{process}/v1/recommend/3?k=1&min_offset={offset}").json()
            assert got["items"][0]["item_id"] != best and "behind" not in got["flags"]


def test_keys_are_asked_for_and_taken_again(folder: Any, capsys: Any) -> None:
    """A key made by the command works; one made later works when the file is read again."""
    path = folder / "keys.json"
    assert main(["key", "team-a", "--keys", str(path)]) == 0
    first = {"Authorization": f"Bearer {capsys.readouterr().out.strip()}"}
    with started(folder, "--keys", str(path), "--models", "ranker") as (process, public, admin):
        url, base = f"http://127.0.0.1:{public}/v1/models", f"http://127.0.0.1:{admin}/admin"
        assert answered(url).status_code == 401
        assert httpx.get(url, headers=first).status_code == 200
        assert main(["key", "team-b", "--keys", str(path)]) == 0
        second = {"Authorization": f"Bearer {capsys.readouterr().out.strip()}"}
        assert httpx.get(url, headers=second).status_code == 401
        token = {"Authorization": f"Bearer {(folder / 'token').read_text().strip()}"}
        assert httpx.post(f"{base}/keys/reload", headers=token).status_code == 200
        assert httpx.get(url, headers=second).status_code == 200
        path.write_bytes(b"{")
        assert httpx.post(f"{base}/keys/reload", headers=token).status_code == 422
        assert httpx.get(url, headers=second).status_code == 200
        assert httpx.post(f"{base}/drain", headers=token).status_code == 202
        assert process.wait(20) == 0
    path.unlink()


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--host", "0.0.0.0"], "can be reached from outside"),
        (["--device", "tpu"], "expected --device cpu"),
        (["--device", "paced:/nowhere/gpu.json"], "/nowhere/gpu.json"),
        (["--policy", "none"], "none"),
        (["--timeout-ms", "0"], "expected --timeout-ms above 0"),
        (["--memory", "0"], "expected --memory above 0"),
        (["--keep-events", "10"], "expected --keep-events of at least 4096"),
        (["--keys", "/nowhere/keys.json"], "No such file"),
        (["--bundle", "/nowhere/films.json"], "/nowhere/films.json"),
    ],
)
def test_what_cannot_be_served_is_told(
    folder: Any, capsys: Any, arguments: Any, message: Any
) -> None:
    """Status 1 and one line that says what to do."""
    given = {
        "--data": folder, "--port": 0, "--admin-port": 0,
    }  # fmt: skip
    given[arguments[0]] = arguments[1]
    flat = [str(part) for pair in given.items() for part in pair]
    assert main(["serve", *flat]) == 1
    assert message in capsys.readouterr().err


def test_a_file_of_keys_holds_no_key(tmp_path: Any, capsys: Any) -> None:
    """The key is printed once; the file has its hash."""
    path = tmp_path / "keys.json"
    assert main(["key", "team-a", "--keys", str(path), "--rate", "5", "--burst", "7"]) == 0
    text = capsys.readouterr().out.strip()
    assert text not in path.read_text() and json.loads(path.read_text())["keys"]
    (stored,) = Keys.read(path)
    assert (stored.name, stored.rate, stored.burst) == ("team-a", 5.0, 7.0)
    assert main(["key", "team-a", "--keys", str(path)]) == 1


def test_a_trace_is_sent_to_a_paced_server_and_simulated(folder: Any, capsys: Any) -> None:
    """Every request is counted on both sides, and the trace is kept as it was sent.

    How near the two come is for a machine that does nothing else: docs/scheduling.md.
    """
    recording, out = folder / "slow.json", folder / "paced"
    Recording("a test", {128: 0.02, 256: 0.04}, 0.0, 1, 100).dump(recording)
    given = ["--data", str(folder), "--recording", str(recording), "--seconds", "1"]
    assert paced([*given, "--trace", "steady", "--slo-s", "2", "--out", str(out)]) in (0, 2)
    told = capsys.readouterr()
    assert "a request that comes alone" in told.err and "2 paced devices, 2 models" in told.err
    cells = [cell.strip() for cell in told.out.splitlines()[2].strip("|").split("|")]
    trace = read(out / "steady.csv")
    assert cells[0] == "steady" and int(cells[2]) == len(trace) > 300
    assert 0.0 < float(cells[3]) <= 100.0 and float(cells[4]) > 90.0
    assert (out / "paced.md").read_text() == told.out
