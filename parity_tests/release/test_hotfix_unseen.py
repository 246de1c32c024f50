"""A hotfix is not proven by rows that cannot show what it moves."""

import polars as pl

import featurelib as fl
from featurelib.release.diff import compare
from featurelib.release.gate_hotfix import other_states, prove
from featurelib.release.hotfix import Hotfix, RowRule
from parity_tests.release.diff_cases import clicks, feature, make, on_data, with_aggregate


def declared(new: fl.Bundle) -> Hotfix:
    """`f` may move on all rows."""
    said = ("pairs", "1.0.0", "1.0.1", "a reason", "a review", ())
    return Hotfix(*said, new.schema, {"f": RowRule("all")})


def test_a_feature_whose_aggregate_moves_cannot_be_proven() -> None:
    """No row moves where no events fit both sides: that is no proof, and the way out is said."""
    old = with_aggregate(1, source=clicks(cost=float))
    new = with_aggregate(2, "1.0.1", clicks(price=float))
    found = prove(declared(new), compare(old, new, rows=50), []).findings
    assert [f.subject for f in found] == ["feature f"]
    assert "`mean_n`" in found[0].what
    assert "--data and --events" in found[0].way_out


def test_a_feature_that_was_not_compared_cannot_be_proven() -> None:
    """A new input without a default: rows of the old side lack it."""
    x, y = fl.col("x"), fl.col("y")
    old = make(feature("f", x), inputs=fl.InputSchema.from_fields({"x": float}))
    inputs = fl.InputSchema.from_fields({"x": float, "y": float})
    new = make(feature("f", x + y, 2), inputs=inputs, version="1.0.1")
    found = prove(declared(new), compare(old, new, rows=50), []).findings
    assert "no `y`" in found[0].what
    given = on_data(old, new, pl.DataFrame({"x": [1.0], "y": [2.0]}))
    assert not prove(declared(new), given, []).findings


def test_states_of_another_definition_are_told() -> None:
    """A longer window reads the same states; a number more in the state makes it another."""
    old = with_aggregate(1)
    assert not [*other_states(old, with_aggregate(2))]
    (said,) = other_states(old, with_aggregate(1, number=fl.col("n") * 2.0))
    assert said.startswith("the states of entities over `clicks` are of another definition")
    assert not [*other_states(make(feature("f", fl.col("x"))), old)]
