"""Counts of answers against those of prometheus_client itself."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Histogram

from parity_tests.soak import examples
from serving_example.app.counters import Answers

BOUNDS = (0.25, 1.0, 4.0)
LABELS = ("route", "method", "status")
ANSWERS = st.lists(
    st.tuples(
        st.sampled_from(["/a", "/b/{x}"]), st.sampled_from(["GET", "POST"]),
        st.sampled_from([200, 404, 499]), st.sampled_from([0.0, 0.25, 0.375, 1.0, 4.0, 64.0]),
    )
)  # fmt: skip


def samples(registry: CollectorRegistry) -> Any:
    """Names, labels and values, but for the time at which a counter was made."""
    return sorted(
        (sample.name, sorted(sample.labels.items()), sample.value)
        for family in registry.collect()
        for sample in family.samples
        if not sample.name.endswith("_created")
    )


@examples(30, 2_000)
@given(ANSWERS)
def test_answers_are_counted_as_the_library_counts_them(answers: Any) -> None:
    """Each route, method and status; buckets and sums of each route over all of them."""
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    made = Answers("answers", "seconds", BOUNDS)
    ours.register(made)
    count = Counter("answers", "", LABELS, registry=theirs)
    spread = Histogram("seconds", "", ("route",), buckets=BOUNDS, registry=theirs)
    for route, method, status, seconds in answers:
        made.add(route, method, status, seconds)
        count.labels(route, method, status).inc()
        spread.labels(route).observe(seconds)
    assert samples(ours) == samples(theirs)  # the seconds are sums of quarters: no rounding
