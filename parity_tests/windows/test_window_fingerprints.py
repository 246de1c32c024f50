"""Fingerprints of aggregates, and of sets whose features read them."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import pickle
from typing import Any

import pytest

import featurelib as fl
from featurelib import digest_file
from featurelib.errors import BundleFormatError, DefinitionError
from featurelib.windows import EventSource, calendar, define, last, rows, session
from parity_tests.windows.strategies import FLAG, N, Thing, X

ROLES: dict[str, Any] = {"key": "user", "time": "at", "id": "id", "arrival": "got"}
HOUR = dt.timedelta(hours=1)


def source(schema: Any = Thing, name: str = "things", **more: Any) -> EventSource:
    """A source of things."""
    return EventSource(name, schema, **{**ROLES, "max_lateness": HOUR, **more})


def mean(window: Any = None, where: Any = FLAG, x: Any = X, **more: Any) -> Any:
    """The mean of things in the last week."""
    part = source(**more).over(window or last(days=7))
    return (part if where is None else part.where(where)).mean(x)


def digest(made: Any, as_of: str = "as_of") -> str:
    """The fingerprint of one aggregate."""
    return define({"made": made}, as_of=as_of).fingerprints["made"]


def fields(**changed: Any) -> fl.InputSchema:
    """The schema of things, with fields replaced."""
    old = Thing.input_schema()
    made = tuple(dataclasses.replace(f, **changed.get(f.name, {})) for f in old)
    return fl.InputSchema(old.name, made, old.extra)


@pytest.mark.parametrize(
    "other",
    [
        mean(last(days=8)),
        mean(last(days=7, closed="both")),
        mean(last(days=7, closed="right")),
        mean(last(days=7, closed="none")),
        mean(last(days=7, rows=5)),
        mean(last(days=7, resolution=HOUR)),
        mean(rows(5)),
        mean(session(days=7)),
        mean(calendar("day", "Europe/Berlin")),
        mean(where=None),
        mean(where=~FLAG),
        mean(where=FLAG & (X > 0.0)),
        mean(x=X * 2.0),
        mean(x=X + 0.0),
        mean(x=N),
        source().over(last(days=7)).where(FLAG).sum(X),
        source().over(last(days=7)).where(FLAG).std(X, ddof=0),
        mean(max_events=999),
        mean(max_lateness=2 * HOUR),
        mean(max_lateness=None),
        mean(max_ahead=HOUR),
        mean(arrival=None, max_lateness=None),
        mean(sequence="seq"),
        mean(deleted="gone"),
        mean(id="n"),
        mean(time="got"),
        mean(key="word"),
        mean(schema=fields(word={"constraints": fl.Constraints(max_length=3)})),
        mean(schema=fields(seq={"nullable": True})),
        mean().on("friend"),
    ],
)
def test_whatever_can_change_a_value_moves_the_fingerprint(other) -> None:
    """Window, edge, filter, argument, retention, bounds, columns, constraints: each counts."""
    assert digest(other) != digest(mean())


def test_the_query_time_and_parameters_count() -> None:
    """Another field of the query time, another ddof, another zone is another aggregate."""
    assert digest(mean(), as_of="now") != digest(mean())
    week = source().over(last(days=7))
    assert digest(week.var(X, ddof=0)) != digest(week.var(X, ddof=1))
    assert digest(week.last_k(X, 3)) != digest(week.last_k(X, 3, distinct=True))
    days = [digest(mean(calendar("day", z))) for z in ("UTC", "Europe/Berlin", "Asia/Tokyo")]
    assert len(set(days)) == 3
    about = [week.approx_n_unique(X, precision=p) for p in (11, 12)]
    about += [week.approx_quantile(X, q, precision=p) for q in (0.1, 0.2) for p in (7, 8)]
    about += [week.approx_quantile(X, 0.1, max_buckets=99)]
    assert len({digest(a) for a in about}) == len(about)
    gaps = [digest(week.n_sessions(gap)) for gap in (HOUR, 2 * HOUR)]
    gaps += [
        digest(mean(session(gap, closed=c))) for gap in (HOUR, 2 * HOUR) for c in ("left", "both")
    ]
    assert len(set(gaps)) == 6


@pytest.mark.parametrize(
    "same",
    [
        mean(description="Things that happen."),
        mean(name="stuff"),
        mean(schema=fields(x={"description": "How much."})),
        mean(schema=fl.InputSchema("Other", Thing.input_schema().fields)),
        mean().on("user"),
        mean(last(dt.timedelta(hours=168))),
    ],
)
def test_words_do_not_move_the_fingerprint(same) -> None:
    """Descriptions, names of sources and schemas, and other spellings of one length do not."""
    assert digest(same) == digest(mean())


def test_an_aggregate_does_not_depend_on_those_beside_it() -> None:
    """A definition may grow: the fingerprints of what was there stay."""
    alone = define({"a": mean()}).fingerprints["a"]
    first, more = mean(x=N * 2), source().over(rows(3)).where(X > 1.0).max(N)
    assert define({"b": first, "c": more, "a": mean()}).fingerprints["a"] == alone


def test_the_state_is_that_of_arguments_and_not_of_lengths() -> None:
    """A longer window reads the same state; another argument, tile or retention does not."""

    def state(made: Any) -> str:
        (found,) = define({"made": made}).state_fingerprints.values()
        return found

    assert state(mean(last(days=30))) == state(mean())
    for other in (mean(x=N), mean(max_events=9), mean(last(days=7, resolution=HOUR))):
        assert state(other) != state(mean())


# --- in feature sets --------------------------------------------------------------------------


class Request(fl.Schema):
    """What a request gives."""

    user: str
    as_of: fl.Datetime
    bonus: float | None


TWICE = fl.Feature("twice", version=1, expr=fl.col("mean_x").fill_null(0.0) * 2.0)
PLAIN = fl.Feature("plain", version=1, expr=fl.col("bonus") + 1.0)


def make_set(inputs: Any = Request, **more: Any) -> fl.FeatureSet:
    """A set with a feature that reads an aggregate, and one that does not."""
    given: dict[str, Any] = {"aggregates": {"mean_x": mean()}} | more
    return fl.FeatureSet(
        "s", version="1.0.0", inputs=inputs, features=[TWICE, PLAIN],
        layout={"dense": ["twice"]}, **given,
    )  # fmt: skip


def test_features_read_aggregates_like_inputs() -> None:
    """An aggregate is a nullable input of its type, after the fields of the request."""
    made = make_set()
    assert made.request.names == ("user", "as_of", "bonus")
    assert made.inputs.names == ("user", "as_of", "bonus", "mean_x")
    bundle = made.bind()
    assert bundle.request == made.request
    assert bundle.schema["mean_x"].nullable
    assert bundle.features["twice"].dtype == bundle.schema["mean_x"].dtype


def test_a_bundle_keeps_its_aggregates() -> None:
    """A bundle reads back whole, and a set and a bundle travel between processes."""
    bundle = make_set().bind()
    read = fl.Bundle.from_bytes(bundle.to_bytes())
    assert read == bundle
    assert read.aggregates is not None and bundle.aggregates is not None
    assert read.aggregates.fingerprints == bundle.aggregates.fingerprints
    assert pickle.loads(pickle.dumps(bundle)) == bundle
    assert pickle.loads(pickle.dumps(make_set())).bind() == bundle


def test_an_aggregate_moves_the_features_that_read_it_and_no_other() -> None:
    """A longer window is another `twice`, and the same `plain`; a word about it is neither."""
    base = make_set().bind().fingerprints
    longer = make_set(aggregates={"mean_x": mean(last(days=8))}).bind().fingerprints
    told = make_set(aggregates={"mean_x": mean(description="Told.")}).bind().fingerprints
    assert longer["twice"] != base["twice"]
    assert longer["plain"] == base["plain"]
    assert told == base


def test_a_bundle_without_aggregates_says_nothing_of_them() -> None:
    """Bundles that were made before there were aggregates keep their bytes."""
    made = fl.FeatureSet("s", version="1.0.0", inputs=Request, features=[PLAIN])
    assert "windows" not in json.loads(made.bind().to_bytes())
    assert made.aggregates is None and made.bind().request == made.inputs


def test_a_bundle_whose_schema_lacks_an_aggregate_is_refused() -> None:
    """Whoever makes the digest fit still gives columns that the aggregates fill."""
    content = json.loads(make_set().bind().to_bytes())
    del content["digest"]
    content["windows"]["aggregates"][0]["name"] = "other"
    with pytest.raises(BundleFormatError):
        fl.Bundle.from_bytes(digest_file.with_digest(content))
    del content["windows"]
    with pytest.raises(BundleFormatError):
        fl.Bundle.from_bytes(digest_file.with_digest(content))


@pytest.mark.parametrize(
    "inputs, more, message",
    [
        ({"user": str, "bonus": float}, {}, "as_of=`as_of` is no field"),
        ({"user": str, "as_of": fl.Datetime | None, "bonus": float}, {}, "never null"),
        ({"user": str, "as_of": int, "bonus": float}, {}, "expected Datetime"),
        ({"who": str, "as_of": fl.Datetime, "bonus": float}, {}, "name the entity's by .on(field)"),
        ({"user": int, "as_of": fl.Datetime, "bonus": float}, {}, "expected String"),
        ({"user": str | None, "as_of": fl.Datetime, "bonus": float}, {}, "got String?"),
        (
            {"user": str, "as_of": fl.Datetime, "bonus": float, "mean_x": float},
            {},
            "aggregate `mean_x` has the name of an input column",
        ),
        (Request, {"aggregates": {"mean_x": source().over(rows(3))}}, "wants a method"),
        (Request, {"aggregates": {"mean_x": mean().on("bonus")}}, "`bonus`: expected String"),
    ],
)
def test_a_request_that_does_not_fit_the_aggregates_is_refused(inputs, more, message) -> None:
    """The query time and every entity stand in the request, with the source's type, never null."""
    schema = inputs if isinstance(inputs, type) else fl.InputSchema.from_fields(inputs)
    with pytest.raises(DefinitionError) as caught:
        make_set(schema, **more)
    assert message in str(caught.value)


def test_a_set_can_name_other_fields() -> None:
    """`.on(...)` and `as_of=` say which fields of the request are the entity and the time."""
    inputs = fl.InputSchema.from_fields({"who": str, "now": fl.Datetime, "bonus": float})
    made = make_set(inputs, aggregates={"mean_x": mean().on("who")}, as_of="now")
    assert made.aggregates is not None
    assert made.aggregates.as_of == "now"
    assert made.aggregates.aggregates["mean_x"].entity == "who"
