"""What a client tells of itself: by the real libraries of Prometheus and OpenTelemetry."""

import asyncio
import logging
import re
import subprocess
import sys
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import CollectorRegistry, generate_latest

from featurelib_client import Called, Client, DeadlineError, Observers, OverloadError, passing_on
from featurelib_client.observe import Reasons, Silent
from featurelib_client.opentelemetry import OpenTelemetryObserver
from featurelib_client.prometheus import PrometheusObserver
from featurelib_client.testing import LOST, FakeServer, refused

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
FULL = refused(503, "overloaded", "queue_full")


def script(server: FakeServer, client: Client) -> None:
    """Two hits, a call with two retries, one that fails at once, one too late."""
    for _ in range(3):
        client.recommend(1)
    server.next(LOST, FULL)
    client.recommend(2)
    server.next(refused(429, "overloaded", "rate", retry_after_s=60.0))
    with pytest.raises(OverloadError):
        client.recommend(3)
    server.takes_s = 60.0
    with pytest.raises(DeadlineError):
        client.models()


def test_prometheus_has_every_figure() -> None:
    """Calls by outcome, attempts, retries by reason, the cache, latencies, budget and breaker."""
    registry, server = CollectorRegistry(), FakeServer()
    with server.client(
        observer=PrometheusObserver("films", registry), cache_bytes=10_000, timeout_s=5.0
    ) as client:
        script(server, client)

        def value(name: str, **labels: str) -> float | None:
            return registry.get_sample_value(
                f"featurelib_client_{name}", {"client": "films", **labels}
            )

        about = {"operation": "recommend"}
        assert value("calls_total", outcome="ok", **about) == 4
        assert value("calls_total", outcome="OverloadError", **about) == 1
        assert value("calls_total", outcome="DeadlineError", operation="models") == 1
        assert value("attempts_total", **about) == 5 == len(server.requests) - 1
        assert value("retries_total", reason="disconnect", **about) == 1
        assert value("retries_total", reason="queue_full", **about) == 1
        assert value("cache_total", result="hit", **about) == 2
        # The call that failed was no hit either; it has no place.
        assert value("cache_total", result="miss", **about) == 2
        assert value("call_seconds_count", **about) == 5
        slept = sum(server.clock.slept)
        assert value("call_seconds_sum", **about) == pytest.approx(slept + 5 * 0.001)
        # A retry after a failure takes 14 tokens, after "too much to do" 5; two answers gave two
        # back.
        assert value("budget_tokens") == 500 - 14 - 5 + 1
        assert value("breaker_open") == 0.0
    assert b"featurelib_client_call_seconds_bucket" in generate_latest(registry)


def test_clients_of_one_registry_count_apart_by_name() -> None:
    """Two observers of a registry share its metrics; the label `client` tells them apart."""
    registry = CollectorRegistry()
    for name, times in (("a", 1), ("b", 2), ("a", 1)):
        with FakeServer().client(observer=PrometheusObserver(name, registry)) as client:
            for _ in range(times):
                client.models()
    for name in ("a", "b"):
        about = {"client": name, "operation": "models", "outcome": "ok"}
        assert registry.get_sample_value("featurelib_client_calls_total", about) == 2


def traced() -> tuple[OpenTelemetryObserver, InMemorySpanExporter, InMemoryMetricReader, Any]:
    spans, reader = InMemorySpanExporter(), InMemoryMetricReader()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    meters = MeterProvider([reader])
    return OpenTelemetryObserver("films", provider, meters), spans, reader, provider


def figures(reader: InMemoryMetricReader) -> dict[tuple[str, ...], float]:
    """Values of metrics by name and attributes, without the client's."""
    data: Any = reader.get_metrics_data()
    found = {}
    for metric in data.resource_metrics[0].scope_metrics[0].metrics:
        for point in metric.data.data_points:
            values = [
                str(v) for k, v in sorted(point.attributes.items()) if "client.client" not in k
            ]
            key = (metric.name.removeprefix("featurelib_client."), *values)
            found[key] = point.count if hasattr(point, "count") else point.value
    return found


def test_opentelemetry_has_every_figure() -> None:
    """The same figures as metrics of OpenTelemetry, read with its own reader."""
    observer, _, reader, _ = traced()
    server = FakeServer()
    with server.client(observer=observer, cache_bytes=10_000, timeout_s=5.0) as client:
        script(server, client)
        found = figures(reader)
    assert {key: found[key] for key in found if key[0] != "call.duration"} == {
        ("calls", "recommend", "ok"): 4, ("calls", "recommend", "OverloadError"): 1,
        ("calls", "models", "DeadlineError"): 1, ("attempts", "recommend"): 5,
        ("attempts", "models"): 1, ("retries", "recommend", "disconnect"): 1,
        ("retries", "recommend", "queue_full"): 1, ("cache", "recommend", "hit"): 2,
        ("cache", "recommend", "miss"): 2, ("budget_tokens",): 482.0, ("breaker_open",): 0.0,
    }  # fmt: skip
    assert found["call.duration", "recommend", "ok"] == 4


def test_a_span_tells_its_call_and_reaches_the_server() -> None:
    """Each call has one span; all its attempts carry that span's traceparent."""
    observer, spans, _, _ = traced()
    server = FakeServer()
    server.next(LOST)
    with server.client(observer=observer, timeout_s=5.0) as client:
        client.recommend(1)
        server.always(refused(429, "overloaded", "rate", retry_after_s=60.0))
        with pytest.raises(OverloadError):
            client.recommend(2)
    good, bad = spans.get_finished_spans()
    sent = [request.headers["traceparent"] for request in server.requests]
    for span, headers in ((good, sent[:2]), (bad, sent[2:])):
        context = span.context
        told = f"00-{context.trace_id:032x}-{context.span_id:016x}-"
        assert {told} == {header[:-2] for header in headers}
        assert span.parent is None and span.name == "featurelib_client recommend"
    assert good.attributes is not None and bad.attributes is not None
    assert good.attributes["featurelib_client.attempts"] == 2
    assert good.attributes["featurelib_client.retries"] == ("disconnect",)
    request_id = server.requests[0].headers["x-request-id"]
    assert good.attributes["featurelib_client.request_id"] == request_id
    assert bad.attributes["error.type"] == "OverloadError" and not bad.status.is_ok
    assert bad.status.description == "rate"


def test_a_span_has_the_parent_that_is_there() -> None:
    """The current span, or the request that is being served, is the parent; baggage goes on."""
    observer, spans, _, provider = traced()
    server = FakeServer()
    served = {"Traceparent": PARENT, "tracestate": "a=1", "baggage": "b=2", "x-other": "c"}

    async def run() -> None:
        async with server.async_client(observer=observer) as client:
            with passing_on(served):
                await asyncio.gather(*(client.recommend(i) for i in range(3)))
                with provider.get_tracer("mine").start_as_current_span("mine"):
                    await client.recommend(1)

    asyncio.run(run())
    finished = spans.get_finished_spans()
    for span in finished[:3]:
        assert span.parent is not None and f"{span.parent.trace_id:032x}" == PARENT[3:35]
        assert f"{span.parent.span_id:016x}" == PARENT[36:52]
    inner, mine = finished[3:]
    assert inner.parent is not None and inner.parent.span_id == mine.context.span_id
    assert trace.get_current_span() is trace.INVALID_SPAN
    headers = [request.headers for request in server.requests]
    assert len({one["traceparent"] for one in headers}) == 4
    assert all(one["baggage"] == "b=2" and "x-other" not in one for one in headers)
    assert [one.get("tracestate") for one in headers] == ["a=1"] * 3 + [None]


def test_without_an_observer_the_trace_of_the_request_goes_on() -> None:
    """`passing_on` alone sends the headers as they came."""
    server = FakeServer()
    with server.client() as client, passing_on({"traceparent": PARENT, "tracestate": "a=1"}):
        client.recommend(1)
    assert server.requests[0].headers["traceparent"] == PARENT
    assert server.requests[0].headers["tracestate"] == "a=1"


def test_several_observers_are_told_the_same() -> None:
    """Metrics by one library and traces by the other; both see each call."""
    observer, spans, reader, _ = traced()
    registry, server = CollectorRegistry(), FakeServer()
    both = Observers(PrometheusObserver("films", registry), observer)
    with server.client(observer=both) as client:
        client.models()
        assert figures(reader)["calls", "models", "ok"] == 1
    assert len(spans.get_finished_spans()) == 1
    assert "traceparent" in server.requests[0].headers
    about = {"client": "films", "operation": "models", "outcome": "ok"}
    assert registry.get_sample_value("featurelib_client_calls_total", about) == 1


def test_an_observer_that_fails_fails_no_call(caplog: pytest.LogCaptureFixture) -> None:
    """The answer is given all the same, and the log has the observer's error."""

    class Broken(Silent):
        def called(self, call: Called) -> None:
            raise RuntimeError("full disk")

    with FakeServer().client(observer=Broken()) as client, caplog.at_level(logging.ERROR):
        assert client.recommend(1).items
    assert "the observer failed" in caplog.text and "full disk" in caplog.text


def test_reasons_of_a_server_make_a_bounded_number_of_series() -> None:
    """After so many, or where it is long, a reason counts as `other`."""
    reasons = Reasons()
    given = {reasons.bounded(f"reason {i}") for i in range(1000)}
    assert len(given) == Reasons.MOST + 1 and "other" in given
    assert reasons.bounded("reason 3") == "reason 3" and reasons.bounded("x" * 81) == "other"


def test_a_failure_is_logged_with_its_request_id(caplog: pytest.LogCaptureFixture) -> None:
    """One line for each failed call, with the id that the server saw; none for one that worked."""
    server = FakeServer()
    with server.client() as client:
        client.recommend(1)
        server.next(refused(400, "invalid", "wrong_value"))
        with pytest.raises(Exception, match="refused by a test"):
            client.recommend(2)
    (line,) = [one.getMessage() for one in caplog.records]
    assert server.requests[1].headers["x-request-id"] in line and "wrong_value" in line


@pytest.mark.parametrize("library", ["prometheus", "opentelemetry"])
def test_a_library_that_is_not_installed_names_the_extra(library: str) -> None:
    """The client works without both; only their adapters ask for them, and say what to install."""
    blocked = "prometheus_client" if library == "prometheus" else "opentelemetry"
    code = (
        f"import sys; sys.modules['{blocked}'] = None; import featurelib_client\n"
        f"import featurelib_client.{library}"
    )
    path = re.sub(r"/featurelib_client/.*", "", sys.modules["featurelib_client"].__file__ or "")
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60,
        env={"PYTHONPATH": path},
    )  # fmt: skip
    assert f"pip install featurelib-client[{library}]" in done.stderr.splitlines()[-1]
