"""A server in a process of its own, whose devices take recorded time."""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from featurelib.errors import FeaturelibError, InputError
from serving_example.artifacts import ArtifactStore
from serving_example.devices import Recording
from serving_example.scheduler import Profiles

__all__ = ["Asked", "Setup", "asked", "batches", "serving", "some_rankers"]

START_S = 300.0
"""A server that is not ready by then does not come; it may have code to compile."""
END_S = 20.0
_BATCHES = re.compile(
    r"featurelib_device_batch_seconds_(sum|count)\{.*size=\"([0-9]+)\"\} ([0-9.e+-]+)"
)
_READY = re.compile(r"ready in .*(http://127\.0\.0\.1:[0-9]+)")


@dataclass(frozen=True, slots=True)
class Setup:
    """What is served.

    Attributes:
        data: The folder of the service: bundle, artifacts, store and log.
        rankers: Names of models, of one ladder.
        devices: How many paced ones.
        recording: What they take.
        policy: Of the scheduler.
    """

    data: Path
    rankers: tuple[str, ...]
    devices: int
    recording: Recording
    policy: str


@dataclass(frozen=True, slots=True)
class Asked:
    """Where a ranker is asked, and how.

    Attributes:
        path: Of its route.
        headers: Of a request, the deadline not among them.
        body: Of a request.
    """

    path: str
    headers: tuple[str, ...]
    body: bytes


def some_rankers(data: Path, most: int) -> tuple[dict[str, str], tuple[int, ...]]:
    """Rankers of a service's folder, no two of them the same.

    Args:
        data: The folder.
        most: How many at most.

    Returns:
        Names with their digests, and the sizes at which all of them run.

    Raises:
        FeaturelibError: There is none.
    """
    store, made, ladder = ArtifactStore(data / "artifacts"), dict[str, str](), tuple[int, ...]()
    for name, digest in sorted(store.manifest().names.items()):
        if len(made) == most:
            break
        card = store.get(digest).card
        if card.kind == "ranker" and digest not in made.values() and ladder in ((), card.ladder):
            made[name], ladder = digest, card.ladder
    if not made:
        raise InputError(
            f"{data}: no ranker among its models",
            hint="python -m serving_example.train makes some",
        )
    return made, ladder


@contextlib.contextmanager
def serving(setup: Setup) -> Iterator[str]:
    """The server for as long as it is needed, every ranker on every device; gives its URL.

    It is told the recorded latencies as its profile, so that it does not begin with guesses.

    Raises:
        FeaturelibError: It does not start.
    """
    data, store = setup.data, ArtifactStore(setup.data / "artifacts")
    with tempfile.TemporaryDirectory() as folder:
        scratch, profiles = Path(folder), Profiles()
        setup.recording.dump(scratch / "recording.json")
        for name in setup.rankers:
            profiles.tell(f"{store.digest(name)}:forward", "paced", setup.recording.run_s)
        (scratch / "profiles.json").write_text(profiles.to_json())
        command = [
            sys.executable, "-m", "serving_example.app", "serve", "--port", "0", "--admin-port",
            "0", "--data", folder, "--bundle", str(data / "bundle.json"), "--artifacts",
            str(data / "artifacts"), "--store", str(data / "store"), "--log", str(data / "log"),
            "--no-tailer", "--models", ",".join(setup.rankers), "--pin", ",".join(setup.rankers),
            "--device", f"{setup.devices}*paced:{scratch / 'recording.json'}",
            "--policy", setup.policy,
        ]  # fmt: skip
        with (scratch / "log.txt").open("w") as log:
            process = subprocess.Popen(command, stderr=log, stdout=log)
        try:
            url = _url(process, scratch / "log.txt")
            _wait_for_all(url, setup)
            yield url
        finally:
            process.terminate()
            try:
                process.wait(END_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def asked(url: str, ranker: str, rows: int) -> Asked:
    """How a ranker is asked for scores of so many rows of zeros: what they are does not matter."""
    inputs, tail = [], b""
    for tensor in _json(f"{url}/v2/models/{ranker}")["inputs"]:
        shape = [rows, tensor["shape"][1]]
        raw = bytes(shape[0] * shape[1] * (int(re.sub(r"\D", "", tensor["datatype"]) or 8) // 8))
        about = {"name": tensor["name"], "datatype": tensor["datatype"], "shape": shape}
        inputs.append({**about, "parameters": {"binary_data_size": len(raw)}})
        tail += raw
    outputs = [{"name": "score", "parameters": {"binary_data": True}}]
    head = json.dumps({"inputs": inputs, "outputs": outputs}).encode()
    return Asked(
        f"/v2/models/{ranker}/infer", (f"Inference-Header-Content-Length: {len(head)}",),
        head + tail,
    )  # fmt: skip


def batches(url: str) -> dict[int, tuple[float, float]]:
    """Seconds and number of the batches that all devices of a server have run, by size."""
    with urllib.request.urlopen(f"{url}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    made: dict[int, tuple[float, float]] = {}
    for kind, size, value in _BATCHES.findall(text):
        seconds, count = made.get(int(size), (0.0, 0.0))
        is_sum = kind == "sum"
        made[int(size)] = seconds + is_sum * float(value), count + (not is_sum) * float(value)
    return made


def _url(process: subprocess.Popen[bytes], log: Path) -> str:
    until = time.monotonic() + START_S
    while time.monotonic() < until:
        text = log.read_text()
        found = _READY.search(text)
        if found:
            return found[1]
        if process.poll() is not None:
            raise FeaturelibError(f"the server has ended: {text[-2000:].strip()}")
        time.sleep(0.05)
    raise FeaturelibError(f"the server was not ready in {START_S:g} s: {log.read_text()[-2000:]}")


def _wait_for_all(url: str, setup: Setup) -> None:
    """Until every ranker lies on every device: what is loaded meanwhile would stop one."""
    until, missing = time.monotonic() + START_S, list[str]()
    while time.monotonic() < until:
        missing = [name for name in setup.rankers if _held(url, name) < setup.devices]
        if not missing:
            return
        time.sleep(0.1)
    raise FeaturelibError(f"not on all devices in {START_S:g} s: {', '.join(missing)}")


def _held(url: str, ranker: str) -> int:
    about = _json(f"{url}/v2/models/{ranker}/config")["parameters"]["resident_on"]
    return sum(bool(name) for name in about["string_value"].split(","))


def _json(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return json.load(answer)
