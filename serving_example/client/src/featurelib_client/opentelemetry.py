"""What a client does, as traces and metrics of OpenTelemetry.

``pip install featurelib-client[opentelemetry]`` brings the API; whoever runs the program brings an
SDK and says where things go. Without one, all of this does nothing.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

from featurelib_client.errors import CallError
from featurelib_client.observe import BUCKETS_S, Called, Reasons
from featurelib_client.trace import passed_on
from featurelib_client.version import __version__
from featurelib_client.wire import Headers

try:
    from opentelemetry import metrics, trace
    from opentelemetry.metrics import CallbackOptions, MeterProvider, Observation
    from opentelemetry.trace import SpanKind, Status, StatusCode, TracerProvider
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
except ImportError as error:
    raise ImportError(
        "opentelemetry-api is not installed: pip install featurelib-client[opentelemetry]"
    ) from error

__all__ = ["OpenTelemetryObserver"]

_W3C = TraceContextTextMapPropagator()


class OpenTelemetryObserver:
    """An observer with a span for each call, and metrics.

    The span is a child of the one that is current. If none is, but `passing_on` has the headers of
    the request that is being served, it is a child of theirs; else it begins a trace. The server
    gets the span's W3C ``traceparent``.

    Args:
        client: Of which client, for the attribute ``featurelib_client.client``.
        tracer_provider: Makes spans; None: the process's.
        meter_provider: Makes metrics; None: the process's.
    """

    def __init__(
        self,
        client: str = "default",
        tracer_provider: TracerProvider | None = None,
        meter_provider: MeterProvider | None = None,
    ) -> None:
        self._tracer = trace.get_tracer(
            "featurelib_client", __version__, tracer_provider=tracer_provider
        )
        self._meter = metrics.get_meter(
            "featurelib_client", __version__, meter_provider=meter_provider
        )
        self._client, self._reasons = {_PREFIX + "client": client}, Reasons()
        counter, name = self._meter.create_counter, "featurelib_client.{}".format
        self._calls = counter(name("calls"), "{call}", "Calls, by how they ended.")
        self._attempts = counter(name("attempts"), "{request}", "Requests sent.")
        self._retries = counter(name("retries"), "{request}", "Requests sent again, by why.")
        self._cache = counter(
            name("cache"), "{call}", "Calls that may be kept, by the answer's place."
        )
        self._seconds = self._meter.create_histogram(
            name("call.duration"), "s", "From the begin of a call to its end.",
            explicit_bucket_boundaries_advisory=BUCKETS_S,
        )  # fmt: skip

    def called(self, call: Called) -> None:
        """A call has ended; its span, which is still current, is told too."""
        about = {**self._client, _PREFIX + "operation": call.operation}
        outcome = {**about, _PREFIX + "outcome": call.outcome}
        self._calls.add(1, outcome)
        self._seconds.record(call.elapsed_s, outcome)
        self._attempts.add(call.attempts, about)
        for reason in call.retries:
            self._retries.add(1, {**about, _PREFIX + "reason": self._reasons.bounded(reason)})
        if call.cache != "off":
            self._cache.add(1, {**about, _PREFIX + "result": call.cache})
        span = trace.get_current_span()
        span.set_attributes(
            {
                _PREFIX + "outcome": call.outcome, _PREFIX + "attempts": call.attempts,
                _PREFIX + "retries": call.retries, _PREFIX + "cache": call.cache,
            }
        )  # fmt: skip

    def watch(self, name: str, read: Callable[[], float]) -> None:
        """A figure to read when metrics are collected."""

        def observe(options: CallbackOptions) -> list[Observation]:
            return [Observation(read(), self._client)]

        self._meter.create_observable_gauge(f"featurelib_client.{name}", [observe])

    def span(self, operation: str, request_id: str) -> AbstractContextManager[Headers]:
        """Opens the span of a call; it gives the trace headers that the server gets."""
        return self._span(operation, request_id)

    @contextlib.contextmanager
    def _span(self, operation: str, request_id: str) -> Iterator[Headers]:
        parent = None
        if not trace.get_current_span().get_span_context().is_valid:
            parent = _W3C.extract({n.decode(): v.decode() for n, v in passed_on()})
        with self._tracer.start_as_current_span(
            f"featurelib_client {operation}", parent, SpanKind.CLIENT,
            {**self._client, _PREFIX + "operation": operation, _PREFIX + "request_id": request_id},
            record_exception=False, set_status_on_exception=False,
        ) as span:  # fmt: skip
            carrier: dict[str, str] = {}
            _W3C.inject(carrier)
            try:
                yield [(name.encode(), text.encode()) for name, text in carrier.items()]
            except CallError as error:
                span.set_attribute("error.type", type(error).__name__)
                span.set_status(Status(StatusCode.ERROR, error.reason))
                raise


_PREFIX = "featurelib_client."
