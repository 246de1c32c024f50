"""Tracing: what a feature function may do, and graphs of any size."""

from __future__ import annotations

import copy
import dataclasses
import pickle

import pytest

import featurelib as fl
from featurelib.errors import DefinitionError, FeatureTypeError, TraceError, UnknownMethodError
from parity_tests.core.small_sets import Trip, feature, make_set

LIMITS = [1, 2]
CONSTANT = 2.5


def test_an_unknown_method_is_an_attribute_error_too() -> None:
    """hasattr() and editors work on expressions."""
    assert not hasattr(fl.col("km"), "no_such_method")
    with pytest.raises(UnknownMethodError):
        fl.col("km").no_such_method()


def test_a_mutable_global_or_closure_is_refused() -> None:
    """What may change after the definition cannot be part of it."""
    inner = {"a": 1}

    def of_global(km):
        return km.is_in(LIMITS)

    def of_closure(km):
        return km + inner["a"]

    for function, name, kind in ((of_global, "LIMITS", "list"), (of_closure, "inner", "dict")):
        with pytest.raises(TraceError, match=f"uses `{name}`, a {kind} that may change"):
            fl.feature(version=1)(function)


def test_constants_of_the_surroundings_are_captured_by_value() -> None:
    """A number that is bound anew later does not change a feature that was traced before."""
    factor = 2.0

    @fl.feature(version=1)
    def scaled(distance):
        return distance * factor + CONSTANT

    before = make_set(scaled).bind().fingerprint
    factor = 3.0
    assert make_set(scaled).bind().fingerprint == before


def test_star_arguments_are_refused() -> None:
    """Every parameter names a column, so *args and **kwargs name nothing."""
    with pytest.raises(TraceError, match="names no column"):
        fl.feature(version=1)(lambda *args: args[0])
    with pytest.raises(TraceError, match="names no column"):
        fl.feature(version=1)(lambda **kwargs: kwargs["a"])


def test_a_feature_must_give_an_expression() -> None:
    """A list, a number or nothing is no feature; the hint says how to write a constant."""
    for made in ([fl.col("km")], 1.0, None):
        with pytest.raises(DefinitionError, match=r"expected an expression") as refused:
            fl.Feature("f", version=1, expr=made)
        assert "fl.lit" in refused.value.hint


@pytest.mark.parametrize("version", [0, -1, 1.0, True, "1", None])
def test_a_version_is_a_positive_integer(version) -> None:
    """Versions are compared and counted up."""
    with pytest.raises(DefinitionError, match="expected version >= 1"):
        fl.Feature("f", version=version, expr=fl.col("km"))


def test_a_traced_graph_is_immutable() -> None:
    """Neither a field of an expression nor an argument that was a list can be changed later."""
    values = [1.0, [2.0]]
    made = fl.col("km").is_in(values)
    by_name = fl.col("km").is_in(values=values)
    values.append(3.0)
    values[1].append(4.0)
    assert made.args[1] == (1.0, (2.0,))
    assert dict(by_name.params)["values"] == (1.0, (2.0,))
    for name in ("name", "args", "params", "source"):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(made, name, ())


def test_a_set_of_values_has_one_order() -> None:
    """A Python set is given in any order of a process's hashes; the graph has its sorted values."""
    first, second = ["UA", "DL", "AA", "B6"], ["B6", "AA", "UA", "DL"]
    made = [fl.col("c").is_in(s).args[1] for s in (set(first), frozenset(second))]
    assert made[0] == made[1] == ("AA", "B6", "DL", "UA")


def test_a_notebook_cell_may_run_again() -> None:
    """Nothing is registered: the same name is traced as often as one likes."""
    scope = {"fl": fl}
    cell = "@fl.feature(version=1)\ndef twice(distance):\n    return distance * 2.0\n"
    exec(cell, scope)
    first = scope["twice"]
    exec(cell, scope)
    assert make_set(first).bind() == make_set(scope["twice"]).bind()


def test_a_plain_function_over_expressions_is_a_macro() -> None:
    """What a macro records is what its author could have written out."""

    def half(x):
        return x / 2.0

    macro = make_set(feature("f", half(fl.col("distance")))).bind()
    written = make_set(feature("f", fl.col("distance") / 2.0)).bind()
    assert macro.fingerprint == written.fingerprint


def test_features_in_bulk() -> None:
    """`fl.Feature` makes features in a loop, over columns of any name."""
    inputs = fl.InputSchema.from_fields({"page views": float})
    features = [
        fl.Feature(f"by_{k}", version=1, expr=fl.col("page views") / float(k)) for k in (2, 4, 8)
    ]
    made = make_set(*features, inputs=inputs)
    assert list(made.program.outputs) == ["by_2", "by_4", "by_8"]
    assert list(made.program.inputs) == ["page views"]


def test_a_feature_may_use_another_in_any_order() -> None:
    """A parameter names an input or a feature; the features need not come first."""
    uses = feature("uses", fl.col("base") + 1.0)
    base = feature("base", fl.col("distance") * 2.0)
    made = make_set(uses, base)
    assert made.program.outputs["uses"].args[0] is made.program.outputs["base"]
    assert list(made.program.outputs) == ["uses", "base"]


@pytest.mark.parametrize("names", [("a",), ("a", "b"), ("a", "b", "c")])
def test_features_that_refer_to_each_other_are_refused(names) -> None:
    """A cycle is drawn in the error."""
    after = (*names[1:], names[0])
    features = [feature(n, fl.col(m) + 1.0) for n, m in zip(names, after, strict=True)]
    with pytest.raises(DefinitionError) as refused:
        make_set(*features)
    assert " -> ".join((*names, names[0])) in str(refused.value)


def test_clashing_and_unknown_names_are_refused() -> None:
    """A name stands for one feature, and never for a feature and an input at once."""
    f = feature("f", fl.col("distance"))
    with pytest.raises(DefinitionError, match="two features are named `f`"):
        make_set(f, feature("f", fl.col("small")))
    with pytest.raises(DefinitionError, match="has the name of an input column"):
        make_set(feature("distance", fl.col("small")))
    with pytest.raises(
        FeatureTypeError, match=r"trips\.f: `milage` is neither an input"
    ) as refused:
        make_set(feature("f", fl.col("milage")))
    assert "distance" in refused.value.hint
    with pytest.raises(DefinitionError, match="is no feature"):
        make_set(lambda distance: distance)


def _deep(calls: int) -> fl.Expr:
    made = fl.col("distance")
    for _ in range(calls // 2):
        made = made * 0.5 + 1.0
    return made


def test_a_graph_of_3000_calls_is_traced_typed_saved_and_loaded(tmp_path) -> None:
    """Depth is no limit: nothing on the way recurses."""
    deep = feature("deep", _deep(3000))
    bundle = make_set(deep).bind()
    assert len(bundle.program.nodes) == 3003  # two constants, one input
    assert fl.load(bundle.save(tmp_path / "deep.json")) == bundle
    assert len(repr(deep.expr)) < 2000
    assert make_set(pickle.loads(pickle.dumps(deep))).bind() == bundle
    assert make_set(copy.deepcopy(deep)).bind() == bundle


def test_a_chain_of_3000_features_is_typed() -> None:
    """Features that use features may go as deep as they like, in any order."""
    chain = [feature("f0", fl.col("distance") + 1.0)]
    chain += [feature(f"f{i}", fl.col(f"f{i - 1}") + 1.0) for i in range(1, 3000)]
    made = make_set(*reversed(chain))
    assert len(made.program.nodes) == 3002
    assert pickle.loads(pickle.dumps(make_set(*chain[:50]))).bind() == make_set(*chain[:50]).bind()


def test_the_graph_of_a_schema_class_and_of_its_data_are_one() -> None:
    """A set takes the class or the schema that it describes."""
    f = feature("f", fl.col("distance") + 1.0)
    assert make_set(f).bind() == make_set(f, inputs=Trip.input_schema()).bind()


@pytest.mark.parametrize("version", ["1", "1.0", "1.0.x", "v1.0.0", "", "1.0.0.0"])
def test_the_version_of_a_set_has_three_numbers(version) -> None:
    """Releases are ordered by it."""
    with pytest.raises(DefinitionError, match=r"expected version like '1\.0\.0'"):
        fl.FeatureSet("trips", version=version, inputs=Trip, features=[])


def test_when_takes_an_expression() -> None:
    """A plain truth value in `when` was meant for Python's `if`."""
    with pytest.raises(TraceError, match=r"when\(\) takes an expression, got True"):
        fl.when(True)
