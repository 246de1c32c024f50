"""Stages: a bundle that is cut by who knows what gives the bits of the whole."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import featurelib as fl
from featurelib.bundle import Bundle
from featurelib.errors import DefinitionError
from featurelib.evaluate import Evaluator
from featurelib.parity import check
from featurelib.parity.strategies import bundle_of_program, programs, rows
from featurelib.parity.values import bits_text
from featurelib.stages import Stages, split
from featurelib.windows import EventSource, lifetime
from featurelib.windows import rows as last_rows
from parity_tests.core.small_sets import Trip, feature, make_set, rich_bundle
from parity_tests.soak import examples


def values(bundle: Bundle, row: dict[str, Any]) -> dict[str, Any]:
    """The features of a row by the reference evaluator."""
    return Evaluator(bundle.program, bundle.state).row(row)


def in_stages(stages: Stages, row: dict[str, Any]) -> dict[str, Any]:
    """The features of a row, each stage computed apart."""
    known = dict(row)
    for part in stages.parts.values():
        known |= values(part, {name: row[name] for name in part.schema.names})
    return values(stages.rest, {name: known[name] for name in stages.rest.schema.names})


@examples(60, 1000)
@given(st.data())
def test_stages_give_the_bits_of_the_whole(data: st.DataObject) -> None:
    """Any program, cut by any owners of its inputs, gives every output of the whole."""
    bundle = bundle_of_program(data.draw(programs()))
    owners = {n: data.draw(st.sampled_from(["a", "b", None])) for n in bundle.schema.names}
    stages = split(bundle, {s: [n for n in owners if owners[n] == s] for s in ("a", "b")})
    for _ in range(5):
        row = data.draw(rows(bundle.schema))
        whole = values(bundle, row)
        cut = in_stages(stages, row)
        assert list(cut) == list(whole)
        for name, value in whole.items():
            dtype = bundle.program.outputs[name].dtype
            assert bits_text(cut[name], dtype) == bits_text(value, dtype), name


def test_a_stage_computes_all_that_only_it_needs() -> None:
    """Nodes of one side are computed there, and the rest has only what mixes the sides."""
    mixed = (fl.col("distance") + 1.0).log1p() * (fl.col("delay").fill_null(0.0) + 1.0).log1p()
    bundle = make_set(feature("mixed", mixed), feature("far", fl.col("distance") > 10.0)).bind()
    stages = split(bundle, {"trip": ["distance"], "day": ["delay"]})
    assert list(stages.parts["trip"].program.outputs) == ["trip.#0", "trip.far"]
    assert [n.op for n in stages.rest.program.nodes if n.is_call] == ["mul@1"]
    names = stages.rest.schema.names
    assert names[-3:] == ("trip.#0", "trip.far", "day.#0")
    assert "distance" not in names
    assert "seats" in names


def test_fitted_values_are_constants_of_the_stages() -> None:
    """A cut bundle needs no fit, is written and read, and gives the same bits by every engine."""
    bundle = rich_bundle()
    stages = split(bundle, {"trip": ["distance", "carrier", "leaves"], "seat": ["seats", "gate"]})
    for part in (*stages.parts.values(), stages.rest):
        assert not part.program.fits
        assert Bundle.from_bytes(part.to_bytes()) == part
        assert check(part, rows=200).passed
    assert stages.rest.layout == bundle.layout
    assert list(stages.rest.program.outputs) == list(bundle.program.outputs)


class Thing(fl.Schema):
    """A record."""

    user: str
    friend: str
    at: fl.Datetime
    id: int
    x: float


class Request(fl.Schema):
    """What is asked."""

    user: str
    friend: str
    now: fl.Datetime
    limit: float


THINGS = EventSource("things", Thing, key="user", time="at", id="id", max_events=20)


def served(**aggregates: Any) -> Bundle:
    """A bundle with aggregates: each as a feature, and compared with the request's limit."""
    made = [feature(f"is_{n}", fl.col(n) > fl.col("limit")) for n in aggregates]
    return fl.FeatureSet(
        "served", version="1.0.0", inputs=Request, features=made, aggregates=aggregates,
        as_of="now",
    ).bind()  # fmt: skip


def test_aggregates_follow_their_entity() -> None:
    """A stage has the aggregates of its entity, their states' fingerprint, and the query time."""
    ever = THINGS.over(lifetime())
    bundle = served(total=ever.sum(fl.col("x")), recent=THINGS.over(last_rows(3)).mean(fl.col("x")))
    stages = split(bundle, {"user": ["user"]})
    part = stages.parts["user"]
    assert part.aggregates is not None
    assert bundle.aggregates is not None
    assert part.aggregates.state_fingerprints == bundle.aggregates.state_fingerprints
    assert part.request.names == ("user", "now")
    assert list(part.program.outputs) == ["user.total", "user.recent"]
    assert stages.rest.aggregates is None
    assert stages.rest.schema.names == ("friend", "now", "limit", "user.total", "user.recent")


def test_states_are_not_cut() -> None:
    """Aggregates of one source over two fields belong together: their states are one."""
    ever = THINGS.over(lifetime())
    mine, theirs = ever.sum(fl.col("x")), ever.min(fl.col("x")).on("friend")
    with pytest.raises(DefinitionError, match=r"some of the aggregates over `things`"):
        split(served(mine=mine, theirs=theirs), {"user": ["user"]})


def test_what_no_stage_can_be_made_of_is_refused() -> None:
    """An unknown field, a field in two stages, an input that stands in a tensor."""
    bundle = make_set(feature("far", fl.col("distance") > 10.0)).bind()
    with pytest.raises(DefinitionError, match=r"names `distanse`, no field"):
        split(bundle, {"trip": ["distanse"]})
    with pytest.raises(DefinitionError, match=r"in the stages `a` and `b`"):
        split(bundle, {"a": ["distance"], "b": ["distance"]})
    far = feature("far", (fl.col("distance") > 10.0).cast(fl.Float64))
    tensor = make_set(far, inputs=Trip, layout={"x": ["far", "distance"]}).bind()
    with pytest.raises(DefinitionError, match=r"tensor `x` holds the input `distance`"):
        split(tensor, {"a": ["distance"]})
