"""The client with its extras: arrays, metrics of Prometheus, traces of OpenTelemetry."""

import importlib.util
import sys

import numpy as np
from opentelemetry import trace
from prometheus_client import CollectorRegistry, generate_latest

from featurelib_client import Client, Observers, passing_on
from featurelib_client.opentelemetry import OpenTelemetryObserver
from featurelib_client.prometheus import PrometheusObserver
from featurelib_client.testing import FakeServer

(url,) = sys.argv[1:]
for absent in ("featurelib", "torch", "numba", "polars", "opentelemetry.sdk"):
    found = importlib.util.find_spec(absent)
    assert found is None, f"{absent} came along"

registry = CollectorRegistry()
seen = Observers(PrometheusObserver("films", registry), OpenTelemetryObserver("films"))
began = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
values = np.arange(6, dtype=np.float32).reshape(2, 3)
with Client(url, timeout_s=10, observer=seen) as client:
    assert client.recommend(42, k=2).items

server, spans = FakeServer(), []


def twice(inputs):
    spans.append(trace.get_current_span().get_span_context().trace_id)
    return {"y": inputs["x"].numpy() * 2}


server.infers("m", twice)
with server.client(observer=seen) as client, passing_on({"traceparent": began}):
    given = client.infer("m", {"x": values}).outputs["y"].numpy()
assert given.dtype == np.float32 and given.tolist() == (values * 2).tolist()
assert server.requests[0].headers["traceparent"] == began  # no SDK: the caller's trace goes on
assert spans == [0x0AF7651916CD43DD8448EB211C80319C]
told = generate_latest(registry).decode()
for operation in ("recommend", "infer"):
    line = f'client_calls_total{{client="films",operation="{operation}",outcome="ok"}} 1.0'
    assert line in told, told
print("arrays go in and come out; calls are counted and traced")
