"""The dashboard in a real browser, over a real server."""

import json
import os
import re
from typing import Any

import httpx
import pytest
from playwright.sync_api import expect
from prometheus_client import CollectorRegistry, Gauge

from serving_example.app.keys import new_key
from serving_example.dashboard import Timeline, snapshot
from serving_example.devices import PacedDevice, Recording, cpu_device
from serving_example.tests.app.browser import browser
from serving_example.tests.app.film_world import serving
from serving_example.tests.app.world import LADDER, published, running, service_of

pytestmark = pytest.mark.filterwarnings(
    "ignore:event source:featurelib_offline.RefusedRecordsWarning"
)
WAIT_MS = 20_000


@pytest.fixture(scope="module")
def chromium() -> Any:
    """A browser for the module."""
    with browser() as made:
        yield made


def opened(chromium: Any, port: int, width: int = 1200) -> tuple[Any, list[str], list[str]]:
    """The page, what its console complained of, and where it sent requests."""
    page = chromium.new_page(viewport={"width": width, "height": 900})
    complaints: list[str] = []
    hosts: list[str] = []
    page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: hosts.append(request.url.split("/")[2]))
    page.goto(f"http://127.0.0.1:{port}/dashboard")
    return page, complaints, hosts


def test_the_page_shows_what_the_service_does(chromium: Any, tmp_path: Any) -> None:
    """Rate, times, refusals, batches with reasons, resident models; nothing from another host."""
    recording = Recording("a test", dict.fromkeys(LADDER, 0.001), 0.0, 1 << 20, 1 << 30)
    devices = [cpu_device(), PacedDevice(cpu_device(1), recording)]
    with serving(tmp_path, devices=devices) as (world, server):
        page, complaints, hosts = opened(chromium, server.ports[0])
        expect(page.locator("#state")).to_have_text("ready", timeout=WAIT_MS)
        with httpx.Client(base_url=f"http://127.0.0.1:{server.ports[0]}") as client:
            for user in range(40):
                client.get(f"/v1/recommend/{user % 12}?k=3").raise_for_status()
            assert client.get("/v1/recommend/1?k=0").status_code == 400
            late = client.get("/v1/recommend/1?k=3&model=other", headers={"X-Timeout-Ms": "1"})
            assert late.json()["error"]["reason"] == "predicted_late"
        expect(page.locator("#refused-legend")).to_contain_text("wrong_value", timeout=WAIT_MS)
        expect(page.locator("#p95")).to_have_text(re.compile("^[0-9.]+ ms$"), timeout=WAIT_MS)
        assert float(page.text_content("#rate").rstrip("k")) > 0
        assert re.fullmatch(r"[0-9.]+ %", page.text_content("#goodput"))
        boxes = page.locator("#devices .device")
        expect(boxes).to_have_count(2)
        for at, name in enumerate(["cpu-0 (cpu)", "paced-cpu-1 (paced), a rehearsal"]):
            expect(boxes.nth(at)).to_contain_text(name)
            expect(boxes.nth(at)).to_contain_text("ranker (forward, recommend)", timeout=WAIT_MS)
            assert all(model in boxes.nth(at).text_content() for model in world.models)
        assert page.locator("#devices svg rect").count() >= 1
        expect(page.locator("#pool-legend")).to_have_text("predicted_late", timeout=WAIT_MS)
        assert page.text_content("#tenants-legend") == "no keythe service"  # marks between
        if shot := os.environ.get("DASHBOARD_SHOT"):  # how docs/dashboard.png is made
            page.screenshot(path=shot, full_page=True)
        assert page.locator("#reasons rect").count() >= 1
        assert "batches/s" in page.text_content("#rows-legend")
        assert complaints == [] and set(hosts) == {f"127.0.0.1:{server.ports[0]}"}
        page.set_viewport_size({"width": 360, "height": 800})
        assert page.locator("html").evaluate("page => page.scrollWidth") <= 360
    expect(page.locator("#state")).to_contain_text("no answer", timeout=WAIT_MS)
    page.close()


def test_a_service_with_keys_asks_for_one(chromium: Any, tmp_path: Any) -> None:
    """The page is for anyone; what it shows is for whoever has a key."""
    text, stored = new_key("someone", lambda n: bytes(range(n)), 100.0, 200.0)
    with running(service_of(published(tmp_path), keys=[stored])) as server:
        url = f"http://127.0.0.1:{server.ports[0]}/dashboard/data"
        assert httpx.get(url).status_code == 401
        page, _, _ = opened(chromium, server.ports[0])
        page.wait_for_selector("#key:not([hidden])", timeout=WAIT_MS)
        page.fill("#key input", text)
        page.click("#key button")
        expect(page.locator("#state")).to_have_text("ready", timeout=WAIT_MS)
        assert page.locator("#key").is_hidden()
        page.close()


def test_the_data_is_json_whatever_was_counted() -> None:
    """A gauge that nobody knows is null: JSON has no NaN."""
    registry = CollectorRegistry()
    Gauge("lag", "Unknown.", registry=registry).set(float("nan"))
    Gauge("ready", "Known.", registry=registry).set(1)
    told = snapshot(registry, list, Timeline(str), lambda: 5.0, 0.05)
    assert json.loads(json.dumps(told, allow_nan=False)) == {
        "now": 5.0, "objective_s": 0.05, "devices": [],
        "samples": {"lag": [[{}, None]], "ready": [[{}, 1.0]]},
    }  # fmt: skip
