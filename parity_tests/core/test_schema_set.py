"""Feature sets over schemas: what a set says of itself, and what its bundle tells a client."""

from __future__ import annotations

from typing import Annotated

import pytest

import featurelib as fl
from featurelib.errors import DefinitionError
from parity_tests.core.small_sets import feature, make_set, rich_bundle, rich_set


class Wide(fl.Schema):
    x: float


def test_a_set_needs_a_fit_only_for_analyzers() -> None:
    """Without analyzers a set binds as it is."""
    assert rich_set().needs_fit
    plain = make_set(feature("f", fl.col("distance") + 1.0))
    assert not plain.needs_fit
    assert plain.bind().state == fl.FittedState({})


def test_an_empty_set_is_a_set() -> None:
    """A set without features binds, saves and loads; it computes nothing."""
    bundle = make_set().bind()
    assert fl.Bundle.from_bytes(bundle.to_bytes()) == bundle
    assert bundle.outputs == {}


def test_a_bundle_lists_features_inputs_and_outputs() -> None:
    """Name, version, type, nullability, fingerprint and metadata of each feature."""
    bundle = rich_bundle()
    about = bundle.features["hour"]
    assert (about.version, about.owner, about.tags) == (1, "core", ("time",))
    assert bundle.features["log_distance"].description == "On a log scale."
    assert bundle.outputs["tail_upper"] == "String?"
    assert bundle.outputs["log_distance"] == "Float32"
    assert bundle.inputs["required"][0] == "carrier"
    assert {n: f.fingerprint for n, f in bundle.features.items()} == bundle.fingerprints


def test_reprs_are_short_and_name_the_thing() -> None:
    """What a notebook or a log shows is one line."""
    assert repr(rich_set()) == "<feature set trips 1.0.0: 12 features>"
    assert repr(rich_set().features[0]) == "<feature log_distance@1>"
    bundle = rich_bundle()
    assert repr(bundle) == f"<bundle trips 1.0.0: 12 features, {bundle.fingerprint[:12]}>"


def test_bundles_compare_by_their_bytes() -> None:
    """Equal bundles have one hash; another object is not equal, and no error."""
    assert rich_bundle() == rich_bundle()
    assert hash(rich_bundle()) == hash(rich_bundle())
    assert rich_bundle() != rich_bundle(2.5)
    assert rich_bundle() != "trips"


def test_a_docstring_is_the_description() -> None:
    """The decorator takes name, description, owner and tags from where they stand."""

    @fl.feature(version=3, owner="core", tags=["a", "b"], name="renamed")
    def short(distance):
        """Half the way."""
        return distance / 2.0

    assert (short.name, short.version, short.description) == ("renamed", 3, "Half the way.")
    assert (short.owner, short.tags) == ("core", ("a", "b"))
    assert short.source.file == __file__


def test_columns_of_any_name() -> None:
    """A column whose name is no identifier is read by `fl.col`."""
    inputs = fl.InputSchema.from_fields({"arr delay": float, "Straße": str, "": int})
    made = make_set(
        feature("f", fl.col("arr delay") + 1.0),
        feature("Größe", fl.col("Straße").str.len_chars()),
        inputs=inputs,
    )
    bundle = made.bind()
    assert fl.Bundle.from_bytes(bundle.to_bytes()) == bundle
    assert list(bundle.outputs) == ["f", "Größe"]


def test_constraints_and_defaults_travel_in_the_bundle() -> None:
    """A loaded bundle refuses what the author's schema refuses."""
    fields = {
        "x": Annotated[float, fl.Constraints(finite=True, ge=-1.0, lt=2.5)],
        "s": (Annotated[str, fl.Constraints(one_of=("a", "ü"), max_length=3)], "ü"),
        "d": (fl.Datetime | None, None),
        "v": Annotated[list[fl.Float32], fl.Size(2)],
    }
    inputs = fl.InputSchema.from_fields(fields, name="Odd", extra="ignore")
    bundle = make_set(feature("f", fl.col("x") + 1.0), inputs=inputs).bind()
    again = fl.Bundle.from_bytes(bundle.to_bytes())
    assert again.schema == inputs
    assert again.inputs == bundle.inputs


def test_a_feature_that_is_no_text_is_refused() -> None:
    """Names are text that is there, on one line."""
    for name in ("", None, 3, "a\nb", "a\x00b"):
        with pytest.raises(DefinitionError, match="a feature needs a name"):
            fl.Feature(name, version=1, expr=fl.col("x"))


@pytest.mark.parametrize(
    ("made", "way_out"),
    [
        (fl.when(fl.col("x") > 0.0).then(1.0), ".otherwise(None) for null"),
        (fl.col("x").log1p, "call it: x.log1p()"),
        (1.0, "fl.lit(value)"),
    ],
)
def test_a_feature_that_is_no_expression_shows_the_way_out(made: object, way_out: str) -> None:
    """An unfinished conditional, a method that was not called, a bare number."""
    with pytest.raises(DefinitionError, match="expected an expression") as refused:
        fl.Feature("f", version=1, expr=made)
    assert way_out in str(refused.value.hint)


@pytest.mark.parametrize("version", [1, None, "1.0", "1.0.x"])
def test_a_version_is_three_numbers(version: object) -> None:
    """Anything else is named, whatever its type."""
    with pytest.raises(DefinitionError, match=f"version like '1.0.0', got {version!r}"):
        fl.FeatureSet("s", version=version, inputs=Wide, features=[])


@pytest.mark.parametrize("inputs", [dict, {"x": float}, None])
def test_inputs_are_a_schema(inputs: object) -> None:
    """A set over something else is refused, with the way out."""
    with pytest.raises(DefinitionError, match="s: `inputs` is a schema, got") as refused:
        fl.FeatureSet("s", version="1.0.0", inputs=inputs, features=[])
    assert "InputSchema.from_fields" in str(refused.value.hint)
