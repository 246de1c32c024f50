"""What a model remembers of its inputs: other tensors or features are refused, both sides shown."""

from __future__ import annotations

import random
from typing import Annotated

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import featurelib as fl
import featurelib_online as online
from featurelib import dtypes
from featurelib.errors import (
    DefinitionError,
    FeatureTypeError,
    LayoutMismatchError,
)
from featurelib.layout import Layout, Tensor
from featurelib_online import cuda
from parity_tests.core.model_bundles import BASE, COLUMNS, EXPRS, INPUTS, LAYOUT, bundle, refused
from parity_tests.core.small_sets import feature, make_set, rich_bundle


def test_the_bundle_of_the_training_serves() -> None:
    """A model's own bundle passes, also when it went through its file."""
    INPUTS.check(BASE)
    INPUTS.check(fl.Bundle.from_bytes(BASE.to_bytes()))
    rich = rich_bundle()
    fl.ModelInputs.of(rich).check(rich)


@given(st.text(max_size=8), st.integers(0, 99))
def test_what_fills_no_tensor_does_not_matter(name, minor) -> None:
    """Added features and columns, names, versions and constraints move no value of a tensor."""
    columns = {"z": float, "y": Annotated[fl.Float32, fl.Constraints(ge=0.0, finite=True)]}
    served = bundle(
        columns=columns, name=f"other {name}", version=f"2.{minor}.0", d=fl.col("z") + float(minor)
    )
    INPUTS.check(served)


def one_change(choose: random.Random, tensors: list[tuple[str, list[str]]]) -> None:
    """One change of names, order or members of a layout, in place."""
    at = choose.randrange(len(tensors))
    name, members = tensors[at]
    match choose.choice(["rename", "swap", "drop", "add", "turn", "member"]):
        case "rename":
            tensors[at] = (name + "_2", members)
        case "swap":
            other = choose.randrange(len(tensors))
            tensors[at], tensors[other] = tensors[other], tensors[at]
        case "drop":
            del tensors[at]
        case "add":
            tensors.insert(at, ("extra", ["a"]))
        case "turn":
            choose.shuffle(members)
        case "member":
            tensors[at] = (name, members[1:] or ["more"])


@given(st.randoms(use_true_random=False))
def test_any_change_of_the_layout_is_refused_with_both_sides(choose) -> None:
    """Another name, order or set of tensors or members is refused, and both sides are shown."""
    tensors = [(n, list(m)) for n, m in LAYOUT.items()]
    one_change(choose, tensors)
    assume([(n, list(m)) for n, m in LAYOUT.items()] != tensors)
    served = bundle(dict(tensors))
    error = refused(INPUTS, served)
    assert error.differences
    for what, model, other in error.differences:
        assert model != other
        assert all(text in said(error) for text in (what, model, other))
    assert "serve trips 1.0.0 (" in error.hint and "train the model again" in error.hint
    fl.ModelInputs.of(served).check(served)
    assert refused(fl.ModelInputs.of(served), BASE).differences


@given(st.sampled_from(sorted(EXPRS)), st.integers(1, 9))
def test_a_changed_feature_is_refused_with_both_fingerprints(name, by) -> None:
    """A feature of equal name and type that computes something else is not the model's."""
    plain = EXPRS[name]
    if name == "v":
        changed = ((fl.col("n") + by) % 3).cast(fl.UInt32).one_hot(3)
    else:
        changed = plain + by if name == "c" else (plain + float(by)).cast(fl.Float32)
    served = bundle(**{name: changed})
    error = refused(INPUTS, served)
    one, two = (b.fingerprints[name][:12] for b in (BASE, served))
    assert error.differences == ((f"`{name}`", f"fingerprint {one}", f"fingerprint {two}"),)
    assert f"  `{name}`: model fingerprint {one}, bundle fingerprint {two}" in str(error)


def test_a_fitted_value_is_part_of_what_a_model_was_trained_with() -> None:
    """A bundle of the same definition and another fit is another bundle to a model."""
    error = refused(fl.ModelInputs.of(rich_bundle(1.5)), rich_bundle(2.5))
    assert [d[0] for d in error.differences] == ["`delay_z`"]


def test_a_feature_that_fills_no_tensor_may_change() -> None:
    """Only members are compared."""
    fl.ModelInputs.of(bundle({"t": ["a"]})).check(bundle({"t": ["a"]}, b=fl.col("x")))


def said(error: LayoutMismatchError) -> str:
    """The message on one line."""
    return " ".join(str(error).split())


@pytest.mark.parametrize(
    "served, difference",
    [
        (bundle({**LAYOUT, "ids": ["n", "c"]}), ("tensor `ids`, members", "c, n", "n, c")),
        (
            bundle({k: LAYOUT[k] for k in ("ids", "bag", "dense")}),
            ("order of tensors", "dense, ids, bag", "ids, bag, dense"),
        ),
        (
            bundle({k: LAYOUT[k] for k in ("dense", "ids")}),
            ("tensor `bag`", "a List of Int32, of tags", "none"),
        ),
        (
            bundle({**LAYOUT, "extra": ["a", "a"]}),
            ("tensor `extra`", "none", "2 × Float32, of a, a"),
        ),
        (bundle(columns={"tags": list[fl.Int64]}), ("tensor `bag`, dtype", "Int32", "Int64")),
        (
            bundle(columns={"tags": list[fl.Int64]}),
            ("`tags`", "input column List(Int32)", "input column List(Int64)"),
        ),
        (
            bundle(columns={"tags": dtypes.array_type(dtypes.INT32, 4)}),
            ("tensor `bag`, width of `tags`", "a List", "4"),
        ),
        (
            bundle(v=(fl.col("n") % 3).cast(fl.UInt32).one_hot(4)),
            ("tensor `dense`, width of `v`", "3", "4"),
        ),
        (
            bundle(columns={"n": (fl.Int32, 4)}),
            ("`n`", "input column Int32 with default 3", "input column Int32 with default 4"),
        ),
    ],
    ids=lambda x: x[0] if isinstance(x, tuple) else "",
)
def test_each_difference_shows_both_sides(served, difference) -> None:
    """What differs, the model's side and the bundle's side are told, in lines of 78 at most."""
    error = refused(INPUTS, served)
    assert difference in error.differences
    what, model, other = difference
    stacked, line = (
        f"{what} model: {model} bundle: {other}",
        f"{what}: model {model}, bundle {other}",
    )
    assert stacked in said(error) or line in said(error)
    head, *lines = str(error).partition("\nHint")[0].splitlines()
    assert head == "trips 1.0.0: the bundle does not give the model what it was trained with"
    assert max(map(len, lines)) <= 78


def test_a_member_that_became_a_feature_is_refused() -> None:
    """A column that a model read as it is may not be computed later, under the same name."""
    served = make_set(
        *(feature(n, e) for n, e in EXPRS.items()),
        feature("y", fl.col("x").cast(fl.Float32)),
        inputs=fl.InputSchema.from_fields({k: t for k, t in COLUMNS.items() if k != "y"}),
        layout=LAYOUT,
    ).bind()
    text = str(refused(INPUTS, served))
    assert "`y`: model input column Float32, bundle fingerprint " in text


def test_wide_tensors_are_shown_around_the_first_difference() -> None:
    """Of hundreds of members, the message shows those that differ and counts the others."""
    names = [f"f{i}" for i in range(300)]

    def wide(order: list[str]) -> fl.Bundle:
        return make_set(
            *(feature(n, fl.col("small") + i) for i, n in enumerate(names)), layout={"t": order}
        ).bind()

    model = fl.ModelInputs.of(wide(names))
    (change,) = refused(model, wide([*names[:150], *names[151:]])).differences
    assert change == (
        "tensor `t`, members",
        "(149 as the other), f149, f150, f151, (148 as the other)",
        "(149 as the other), f149, f151, (148 as the other)",
    )
    (change,) = refused(model, wide(names[::-1])).differences
    assert change[1].startswith("f0, f1, ") and change[1].endswith("f11, (288 more)")
    assert change[2].startswith("f299, f298, ")


def test_what_has_no_layout_feeds_no_model() -> None:
    """A bundle without tensors cannot be a model's, and serves none."""
    bare = make_set(feature("f", fl.col("distance"))).bind()
    with pytest.raises(DefinitionError, match="trips: there is no layout"):
        fl.ModelInputs.of(bare)
    assert len(refused(INPUTS, bare).differences) == len(LAYOUT)
    with pytest.raises(DefinitionError, match="expected a bundle"):
        INPUTS.check("trips-1.0.0.json")


DECLARED = {"dense": (fl.Float32, 6), "ids": (fl.Int32, 2), "bag": (fl.Int32, None)}


def test_a_model_may_declare_its_tensors_by_shape() -> None:
    """Names, order, dtypes and widths are checked where nothing else is known of a model."""
    fl.check_tensors(BASE, DECLARED)


@pytest.mark.parametrize(
    "declared, message",
    [
        ({**DECLARED, "dense": (fl.Float64, 6)}, "`dense`: model 6 × Float64, bundle 6 × Float32"),
        ({**DECLARED, "dense": (fl.Float32, 7)}, "`dense`: model 7 × Float32, bundle 6 × Float32"),
        ({**DECLARED, "ids": (fl.Int32, None)}, "`ids`: model a List of Int32, bundle 2 × Int32"),
        ({**DECLARED, "bag": (fl.Int32, 1)}, "`bag`: model 1 × Int32, bundle a List of Int32"),
        ({**DECLARED, "more": (fl.Int32, 1)}, "`more`: model 1 × Int32, bundle none"),
        ({"ids": (fl.Int32, 2)}, "`dense`: model none, bundle 6 × Float32"),
        (dict(reversed(DECLARED.items())), "model:  bag, ids, dense"),
    ],
    ids=lambda x: x[:30] if isinstance(x, str) else "",
)
def test_other_declared_tensors_are_refused(declared, message) -> None:
    """What a model declares and what the bundle gives both stand in the message."""
    with pytest.raises(LayoutMismatchError) as error:
        fl.check_tensors(BASE, declared)
    assert message in str(error.value)


def test_a_declared_dtype_is_a_type() -> None:
    """A dtype by an unknown name is refused with the tensor's name."""
    with pytest.raises(FeatureTypeError, match="tensor `dense`"):
        fl.check_tensors(BASE, {**DECLARED, "dense": ("float32", 6)})


def test_inputs_say_what_they_are() -> None:
    """The text of a model's inputs names its tensors."""
    assert repr(INPUTS).endswith(": dense: 6 × Float32, ids: 2 × Int32, bag: a List of Int32>")
    assert INPUTS.layout == Layout(
        (
            Tensor("dense", ("a", "b", "y", "v"), dtypes.FLOAT32, (1, 1, 1, 3)),
            Tensor("ids", ("c", "n"), dtypes.INT32, (1, 1)),
            Tensor("bag", ("tags",), dtypes.INT32, (0,)),
        )
    )


def test_a_kernel_for_a_model_is_not_compiled_from_another_bundle() -> None:
    """`model_inputs=` asks before anything is compiled, for a row kernel and for a device."""
    assert online.compile(BASE, model_inputs=INPUTS).fingerprint == BASE.fingerprint
    for compile_ in (online.compile, cuda.compile):
        with pytest.raises(LayoutMismatchError, match="trained with"):
            compile_(rich_bundle(), model_inputs=INPUTS)
