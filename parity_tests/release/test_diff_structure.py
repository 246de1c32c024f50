"""What is written differently is found without a row: graphs, state, inputs, layout, ops."""

from __future__ import annotations

from typing import Any

import pytest

import featurelib as fl
from featurelib.release.diff import compare
from parity_tests.core.small_sets import rich_bundle
from parity_tests.release.diff_cases import feature, make, with_aggregate

x, y = fl.col("x"), fl.col("y")


def part_of(old: Any, new: Any) -> Any:
    found = compare(make(feature("f", old)), make(feature("f", new)), rows=0)
    return found.features["f"].part


@pytest.mark.parametrize(
    ("old", "new", "what", "nodes"),
    [
        (x.clip(0.0, 1.0), x.clip(0.0, 2.0), "constant", ("0.0, 1.0", "0.0, 2.0")),
        (x.abs() + 1.0, x.floor() + 1.0, "op", ("abs@1 x", "floor@1 x")),
        (x + 1.0, x.abs() + 1.0, "op", ("input `x`", "abs@1 x")),
        (x + y.fill_null(0.0), y.fill_null(0.0) + x, "op", ("input `x`", "fill_null@1 y")),
        ((x * 2.0).abs(), (x * 3.0).abs(), "constant", ("mul@1 x, 2.0", "mul@1 x, 3.0")),
    ],
)
def test_the_first_node_that_is_not_the_same(
    old: Any, new: Any, what: str, nodes: tuple[str, str]
) -> None:
    """From the inputs on; a constant is shown with the op that reads it."""
    part = part_of(old, new)
    assert part.what == what
    assert nodes[0] in part.old and nodes[1] in part.new


def test_the_line_of_the_author_is_shown() -> None:
    """Of a set that comes from Python; a bundle that was read knows no lines."""
    old = fl.Bundle.from_bytes(make(feature("f", x.abs())).to_bytes())

    @fl.feature(version=2)
    def f(x: fl.Expr) -> fl.Expr:
        return x.floor()

    part = compare(old, make(f), rows=0).features["f"].part
    assert part is not None and part.old_source == ""
    assert "test_diff_structure.py:" in part.new_source


def test_a_fitted_value_that_moved_is_named() -> None:
    """The analyzer, what reads it, and both values; the graph parts there."""
    found = compare(rich_bundle(1.5), rich_bundle(2.5), rows=0)
    assert found.features["delay_z"].part is not None
    assert found.features["delay_z"].part.what == "fitted value"
    said = {c.what: (c.old, c.new) for c in found.structure.state}
    assert said["mean@1 of `delay_z`"] == ("1.5", "2.5")
    assert said["quantiles@1 of `binned`"] == ("(-1.0, 0.0, 1.5)", "(-1.0, 0.0, 2.5)")
    changed = {n for n, f in found.features.items() if f.status == "changed"}
    assert changed == {"delay_z", "binned"}


def test_inputs_layout_ops_and_metadata_are_compared() -> None:
    """Each in its own part, with both sides of every difference."""
    fields = {"x": (fl.Float64, 0.0), "z": int}
    new_inputs = fl.InputSchema.from_fields(fields)
    old = make(feature("f", x.abs()), feature("g", x), layout={"dense": ["f", "g"]})
    new = make(
        fl.Feature("f", version=1, expr=x.floor(), owner="core"), feature("g", x),
        inputs=new_inputs, layout={"dense": ["g", "f"], "ids": ["z"]},
    )  # fmt: skip
    found = compare(old, new, rows=0)
    assert found.layout_changed and found.inputs_changed and not found.is_same
    parts = {name: {c.what: (c.old, c.new) for c in cs} for name, cs in found.structure.parts()}
    assert parts["inputs"] == {
        "`x`": ("Float64", "Float64, default 0.0"),
        "`y`": ("Float64?", ""),
        "`z`": ("", "Int64"),
    }
    assert parts["ops"] == {"`abs@1`": ("used", ""), "`floor@1`": ("", "used")}
    assert parts["layout"]["tensor `dense`, members"] == ("f, g", "g, f")
    assert parts["layout"]["tensor `ids`"][0] == ""
    assert parts["metadata"] == {"owner of `f`": ("", "core")}
    assert parts["state"] == parts["aggregates"] == {}


def test_metadata_alone_changes_no_feature() -> None:
    """A description moves no fingerprint, and the two bundles count as the same."""
    old = make(feature("f", x))
    new = make(fl.Feature("f", version=1, expr=x, description="The x."))
    found = compare(old, new, rows=50)
    assert found.is_same and found.structure.metadata
    assert found.features["f"].status == "same"


def test_added_and_removed_features() -> None:
    """They have one side only, and no rows."""
    found = compare(make(feature("f", x)), make(feature("g", x)), rows=50)
    assert {n: f.status for n, f in found.features.items()} == {"g": "added", "f": "removed"}
    assert found.features["g"].old is None and found.features["g"].rows == 0
    assert not found.is_same


def test_an_aggregate_of_another_meaning_is_shown() -> None:
    """By both windows; rows of made-up aggregates do not move with it."""
    found = compare(with_aggregate(1), with_aggregate(2), rows=100)
    change = found.features["f"]
    assert change.status == "changed" and change.moves["generated"].moved == 0
    assert [c.what for c in found.structure.aggregates] == ["`mean_n`"]
