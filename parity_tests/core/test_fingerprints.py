"""Fingerprints: all that can change a value moves them, and nothing else does."""

from __future__ import annotations

import dataclasses

import pytest

import featurelib as fl
from featurelib import fingerprint as fingerprint_module
from parity_tests.core.small_sets import feature, fitted, make_set, rich_bundle, rich_set


def moved(one: fl.Bundle, two: fl.Bundle) -> set[str]:
    """The features whose fingerprints differ."""
    names = one.fingerprints.keys() | two.fingerprints.keys()
    return {n for n in names if one.fingerprints.get(n) != two.fingerprints.get(n)}


X, Y = fl.col("distance"), fl.col("small")
A = feature("a", X + 1.0)
B = feature("b", fl.col("a") * 2.0)
C = feature("c", Y.log1p())
BASE = make_set(A, B, C, layout={"t": ["a", "b"]}).bind()


@pytest.mark.parametrize(
    "other, features",
    [
        (make_set(feature("a", X + 2.0), B, C), {"a", "b"}),
        (make_set(feature("a", X - 1.0), B, C), {"a", "b"}),
        (make_set(feature("a", 1.0 - X), B, C), {"a", "b"}),
        (make_set(feature("a", X + 1.0 + 0.0), B, C), {"a", "b"}),
        (make_set(A, feature("b", fl.col("a") * -2.0), C), {"b"}),
        (make_set(A, B, feature("c", Y.cast(fl.Float64).log1p())), {"c"}),
        (make_set(A, B, feature("c", Y.log())), {"c"}),
        (make_set(A, B, feature("c", fl.col("delay").log1p())), {"c"}),
        (make_set(feature("a", X + -0.0), B, C), {"a", "b"}),
    ],
    ids=["constant", "op", "order", "one more op", "of one", "type", "another op", "input", "-0.0"],
)
def test_a_change_moves_the_fingerprints_of_its_readers(other, features) -> None:
    """A constant, an op, a type or an input moves the features that read it, and no other."""
    assert moved(BASE, other.bind()) == features
    assert other.bind().fingerprint != BASE.fingerprint


def test_the_type_of_an_input_counts() -> None:
    """An Int32 column is not a Float32 column, whatever they are called."""
    narrow = make_set(
        feature("f", X + 1), inputs=fl.InputSchema.from_fields({"distance": fl.Float32})
    )
    wide = make_set(feature("f", X + 1))
    nullable = make_set(
        feature("f", X + 1), inputs=fl.InputSchema.from_fields({"distance": float | None})
    )
    assert len({s.bind().fingerprints["f"] for s in (narrow, wide, nullable)}) == 3


def test_the_default_of_an_input_counts() -> None:
    """A row without the field is computed from the default, so another one is another feature."""

    def bundle(default: float) -> fl.Bundle:
        fields = {"distance": (float, default), "small": (fl.Float32, 1.0)}
        return make_set(A, C, inputs=fl.InputSchema.from_fields(fields)).bind()

    assert moved(bundle(0.0), bundle(-0.0)) == {"a"}
    assert moved(bundle(0.0), bundle(0.0)) == set()
    plain = make_set(A, inputs=fl.InputSchema.from_fields({"distance": float})).bind()
    assert moved(bundle(0.0), plain) == {"a", "c"}


SAME = [
    ("name of the set", lambda: make_set(A, B, C, name="other", layout={"t": ["a", "b"]})),
    ("description", lambda: make_set(A, B, C, description="x", layout={"t": ["a", "b"]})),
    (
        "metadata of a feature",
        lambda: make_set(
            feature("a", X + 1.0, 7, description="y", owner="me", tags=("t",)),
            B,
            C,
            layout={"t": ["a", "b"]},
        ),
    ),
    (
        "fields that nothing reads",
        lambda: make_set(
            A,
            B,
            C,
            inputs=fl.InputSchema.from_fields({"distance": float, "small": fl.Float32}),
            layout={"t": ["a", "b"]},
        ),
    ),
]


@pytest.mark.parametrize("make", [m for _, m in SAME], ids=[n for n, _ in SAME])
def test_words_for_people_are_in_the_file_digest_only(make) -> None:
    """Names of sets, descriptions, versions and unread fields change no value."""
    other = make().bind()
    assert moved(BASE, other) == set()
    assert other.fingerprint == BASE.fingerprint
    assert other.digest != BASE.digest


def test_the_layout_is_in_the_fingerprint_of_the_set_only() -> None:
    """Where a value stands in a tensor is no part of the value."""
    layouts = [None, {"t": ["b", "a"]}, {"t": ["a"]}, {"u": ["a", "b"]}, {"t": ["a"], "u": ["b"]}]
    sets = [make_set(A, B, C, layout=layout).bind() for layout in layouts]
    assert all(moved(BASE, s) == set() for s in sets)
    assert len({BASE.fingerprint, *(s.fingerprint for s in sets)}) == 1 + len(layouts)


def test_an_added_feature_leaves_the_others_alone() -> None:
    """A model that reads three features does not care for a fourth."""
    more = make_set(A, B, C, feature("d", X * 3.0), layout={"t": ["a", "b"]}).bind()
    assert moved(BASE, more) == {"d"}


def test_the_name_of_a_used_feature_does_not_count() -> None:
    """A feature is what it computes: through another feature or written out."""
    through = make_set(A, B).bind()
    written = make_set(feature("b", (X + 1.0) * 2.0)).bind()
    assert through.fingerprints["b"] == written.fingerprints["b"]


def test_a_fitted_value_moves_what_reads_it() -> None:
    """Another mean, vocabulary or set of edges moves exactly the features above it."""
    base = rich_bundle()
    features = rich_set()
    expected = {
        "mean": {"delay_z"},
        "std": {"delay_z"},
        "strings": {"carrier_index"},
        "f64": {"binned"},
    }
    seen = set()
    for fit in features.program.fits:
        state = {k: (base.state.dtype(k), base.state[k]) for k in base.state}
        dtype, value = state[fit.key]
        kind = dtype.table or fit.param["analyzer"].partition('"name": "')[2].partition('"')[0]
        if dtype.name == "Table":
            value = dataclasses.replace(value, content=value.content[:-1])
        else:
            value += 1
        state[fit.key] = (dtype, value)
        assert moved(base, features.bind(fl.FittedState(state))) == expected[kind]
        seen.add(kind)
    assert seen == set(expected)


def test_what_an_analyzer_was_fitted_on_does_not_count_the_value_does() -> None:
    """Two definitions whose fitted values agree compute the same row, so they are equal."""
    one = make_set(feature("f", X - fl.mean(X)))
    two = make_set(feature("f", X - fl.max(X)))
    assert one.bind(fitted(one)).fingerprints == two.bind(fitted(two)).fingerprints


def test_zeros_of_both_signs_are_two_fitted_values() -> None:
    """State counts by its bits."""
    features = make_set(feature("f", X - fl.mean(X)))
    digests = {features.bind(fitted(features, s)).fingerprint for s in (0.0, -0.0, 1.0)}
    assert len(digests) == 3


def test_another_body_moves_every_feature_that_runs_it(monkeypatch) -> None:
    """An edited body is another meaning: the features that call it move, others stay."""
    plain = fingerprint_module.op_hash

    def edited(op):
        return "0" * 64 if op.key == "log1p@1" else plain(op)

    monkeypatch.setattr(fingerprint_module, "op_hash", edited)
    assert moved(BASE, make_set(A, B, C, layout={"t": ["a", "b"]}).bind()) == {"c"}


def test_known_fingerprints_do_not_move() -> None:
    """Bundles of models live long: the recipe changes only with its number."""
    one = make_set(feature("f", fl.col("distance"))).bind()
    assert fingerprint_module.RECIPE == 1
    known = "3160941c8955622e56e928d0f806d6f1f7ec42712295c64650fddd054a2d2e18"
    assert one.fingerprints["f"] == known
