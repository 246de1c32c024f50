"""A device that hangs, fails or is full, seen by clients."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx

from serving_example.app.limits import Limits
from serving_example.devices import TorchDevice
from serving_example.tests.app.world import (
    call_of,
    published,
    refused,
    rows_of,
    running,
    service_of,
    waited,
)

CALL = call_of(rows_of(2))


class Stoppable(TorchDevice):
    """A CPU device that can be made to hang, or to fail."""

    def __init__(self, name: str = "cpu-0") -> None:
        super().__init__(name, "cpu", 2**30, 1)
        self.go, self.entered, self.fails = threading.Event(), threading.Event(), False
        self.go.set()

    def run(self, loaded: Any, requests: Any) -> Any:
        """As the CPU, unless told otherwise."""
        self.entered.set()
        assert self.go.wait(20)
        if self.fails:
            raise RuntimeError("the device is on fire")
        return super().run(loaded, requests)


def test_a_stuck_device_is_seen_and_heals(tmp_path: Any) -> None:
    """Requests end at their deadline, readiness falls, new work is refused; then all is well."""
    device = Stoppable()
    service = service_of(
        published(tmp_path), devices=[device], stuck_after_s=0.3, limits=Limits(answer_s=0.8)
    )
    with running(service) as server, ThreadPoolExecutor(4) as pool:
        base = f"http://127.0.0.1:{server.ports[0]}"
        infer = f"{base}/v2/models/ranker/infer"
        assert httpx.get(f"{base}/readyz").status_code == 200
        device.go.clear()
        sent = [pool.submit(httpx.post, infer, json=CALL) for _ in range(4)]
        assert {refused(s.result())[1] for s in sent} == {"deadline_passed"}
        ready = httpx.get(f"{base}/readyz")
        assert ready.status_code == 503 and ready.json()["parts"]["device"] is False
        assert httpx.get(f"{base}/v2/health/ready").status_code == 503
        down = httpx.post(infer, json=CALL)
        assert refused(down)[:2] == (503, "no_device"), "at its deadline it would say so"
        assert int(down.headers["retry-after"]) >= 1
        device.go.set()
        assert waited(lambda: httpx.get(f"{base}/readyz").status_code == 200)
        assert waited(lambda: httpx.post(infer, json=CALL).status_code == 200)


def test_requests_go_to_the_device_that_is_left(tmp_path: Any) -> None:
    """What ran where one hangs is answered by the other; nobody waits for the hung one again."""
    hangs = Stoppable()
    service = service_of(
        published(tmp_path), devices=[hangs, Stoppable("cpu-1")], stuck_after_s=0.3
    )
    with running(service) as server, ThreadPoolExecutor(4) as pool:
        base = f"http://127.0.0.1:{server.ports[0]}"
        infer, alive = f"{base}/v2/models/ranker/infer", 'alive{device="cpu-0",kind="cpu"}'
        assert waited(lambda: all(len(d["models"]) == 2 for d in service.devices()))
        right = httpx.post(infer, json=CALL).json()["outputs"]
        hangs.go.clear()
        hangs.entered.clear()
        while not hangs.entered.is_set():
            sent = [pool.submit(httpx.post, infer, json=CALL, timeout=20) for _ in range(4)]
            assert [answer.result().json()["outputs"] for answer in sent] == [right] * 4
        assert httpx.get(f"{base}/readyz").status_code == 200
        assert f"featurelib_device_{alive} 0.0" in httpx.get(f"{base}/metrics").text
        counts = service.pool.stats().counts
        assert counts.requeued >= 1 and not counts.dropped
        hangs.go.set()
        assert waited(lambda: f"featurelib_device_{alive} 1.0" in httpx.get(f"{base}/metrics").text)
        assert waited(lambda: len(service.devices()[0]["models"]) == 2)


def test_a_batch_that_fails_is_a_500_and_no_more(tmp_path: Any) -> None:
    """The next request is answered; what failed says nothing of the inside."""
    device = Stoppable()
    with running(service_of(published(tmp_path), devices=[device])) as server:
        infer = f"http://127.0.0.1:{server.ports[0]}/v2/models/ranker/infer"
        device.fails = True
        failed = httpx.post(infer, json=CALL)
        assert refused(failed)[0] == 500 and "fire" not in failed.text
        device.fails = False
        assert httpx.post(infer, json=CALL).status_code == 200


def test_a_full_queue_is_refused_with_retry_after(tmp_path: Any) -> None:
    """Rows that wait are bounded; what was taken is answered."""
    device = Stoppable()
    service = service_of(published(tmp_path), devices=[device], max_queued_rows=4)
    with running(service) as server, ThreadPoolExecutor(8) as pool:
        infer = f"http://127.0.0.1:{server.ports[0]}/v2/models/ranker/infer"
        device.go.clear()
        sent = [pool.submit(httpx.post, infer, json=CALL)]
        assert device.entered.wait(10)  # one runs, and two fill the queue
        sent += [pool.submit(httpx.post, infer, json=CALL) for _ in range(7)]
        while sum(s.done() for s in sent) < 5:
            time.sleep(0.01)
        device.go.set()
        answers = [s.result() for s in sent]
        full = [a for a in answers if a.status_code != 200]
        assert {refused(a)[:2] for a in full} == {(503, "queue_full")}
        assert all("retry-after" in a.headers for a in full) and len(answers) - len(full) == 3
