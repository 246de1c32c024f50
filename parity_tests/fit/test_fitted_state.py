"""The fitted state keeps every bit; the shorthands compose analyzers and row ops as documented."""

from __future__ import annotations

import json
import math
import pickle
from typing import Any

import pytest

import featurelib.ops.arithmetic
import featurelib.ops.cast
import featurelib.ops.comparison
import featurelib.ops.conditional
import featurelib.ops.encode
import featurelib.ops.rounding  # noqa: F401 - the shorthands are made of their ops
from featurelib import dtypes
from featurelib.analyzers import functions
from featurelib.dtypes import FLOAT64, INT64, STRING, UINT64, table_type
from featurelib.errors import BundleFormatError, DefinitionError, FeatureTypeError, FitError
from featurelib.node import Node, input_node
from featurelib.state import FittedState
from featurelib.tables import TableData
from parity_tests.fit import fitting

VALUES: dict[str, Any] = {
    "a": (FLOAT64, -0.0),
    "b": (INT64, -(2**63)),
    "c": (UINT64, 2**64 - 1),
    "d": (table_type("strings"), TableData("strings", ("é", ""))),
    "e": (table_type("f64"), TableData("f64", (5e-324, -0.0, 0.1))),
    "f": (dtypes.BOOL, True),
    "g": (dtypes.datetime_type("Asia/Tokyo"), 1),
    "h": (STRING, "é".encode()),
}


def test_state_survives_json_and_pickle_bit_for_bit() -> None:
    """What is written is what is read: signs of zeros, 64-bit integers, zones, tables."""
    state = FittedState(VALUES)
    text = json.dumps(state.to_json())
    for read in (FittedState.from_json(json.loads(text)), pickle.loads(pickle.dumps(state))):
        assert read == state
        assert json.dumps(read.to_json()) == text
        assert math.copysign(1.0, read["a"]) == -1.0
        assert {k: read.dtype(k) for k in read} == {k: t for k, (t, _) in VALUES.items()}


def test_states_are_equal_by_bits_whatever_their_order() -> None:
    """0.0 is not -0.0; the order in which nodes were fitted does not matter."""
    assert FittedState({"x": (FLOAT64, 0.0)}) != FittedState({"x": (FLOAT64, -0.0)})
    assert FittedState(VALUES) == FittedState(dict(reversed(VALUES.items())))


def test_state_refuses_what_it_cannot_hold() -> None:
    """A value of the wrong type, a missing node and a conflict are errors by name."""
    with pytest.raises(TypeError, match="expected a value of type Float64, got 1"):
        FittedState({"x": (FLOAT64, 1)})
    with pytest.raises(FitError, match="no value for node abc"):
        FittedState({})["abc"]
    with pytest.raises(FitError, match="differ at node x"):
        FittedState({"x": (FLOAT64, 0.0)}).union(FittedState({"x": (FLOAT64, -0.0)}))


@pytest.mark.parametrize(
    "data",
    [
        {"x": {"type": "Float64"}},
        {"x": {"type": "Float64", "value": {"f": "f" * 17}}},
        {"x": {"type": "Int8", "value": {"i": "128"}}},
        {"x": {"type": "Nothing", "value": None}},
        ["x"],
    ],
)
def test_unreadable_state_is_a_bundle_error(data: Any) -> None:
    """Whatever stands in a file, no other error comes out."""
    with pytest.raises(BundleFormatError):
        FittedState.from_json(data)


def test_a_table_of_another_kind_is_refused_before_a_kernel_could_read_it() -> None:
    """Numbers where text is expected, a scalar where a table is, and a missing value."""
    node = functions.vocabulary(column(STRING))
    FittedState({node.key: (table_type("strings"), TableData("strings", ("a",)))}).check([node])
    for wrong in ((table_type("f64"), TableData("f64", (1.0,))), (FLOAT64, 1.0)):
        with pytest.raises(BundleFormatError, match=r"expected Table\(strings\), got"):
            FittedState({node.key: wrong}).check([node])
    with pytest.raises(BundleFormatError, match="no value"):
        FittedState({}).check([node])


def fitted(node: Node, column: list[Any]) -> list[Any]:
    """The outputs of `node` over input x, fitted on that column, by the reference evaluator."""
    return fitting.fitted(node, {"x": column})


def column(dtype: dtypes.DType) -> Node:
    """The nullable input x."""
    return input_node("x", dtype, True)


def test_standardize_uses_the_population_and_divides_by_one_when_nothing_varies() -> None:
    """A null stays null; a constant column gives 0.0."""
    assert fitted(column(FLOAT64).standardize(), [1.0, None, 3.0]) == [-1.0, None, 1.0]
    assert fitted(column(INT64).standardize(), [5, 5]) == [0.0, 0.0]


def test_max_abs_divides_by_the_largest_magnitude_on_either_side() -> None:
    """The value farthest from zero becomes 1 or -1; a zero, a null and a constant zero stay."""
    assert fitted(column(INT64).max_abs(), [2, -8, 0, None]) == [0.25, -1.0, 0.0, None]
    assert fitted(column(FLOAT64).max_abs(), [0.5, 4.0]) == [0.125, 1.0]
    assert fitted(column(FLOAT64).max_abs(), [0.0, 0.0]) == [0.0, 0.0]
    assert fitted(column(FLOAT64).max_abs(non_finite="drop"), [float("inf"), 2.0])[1] == 1.0


def test_min_max_maps_the_training_range_to_zero_and_one() -> None:
    """Also for integers; a range of 0 gives 0.0."""
    assert fitted(column(INT64).min_max(), [2, 6, 3, None]) == [0.0, 1.0, 0.25, None]
    assert fitted(column(FLOAT64).min_max(), [7.5, 7.5]) == [0.0, 0.0]


def test_robust_scale_is_around_the_median_in_quartile_distances() -> None:
    """Quartiles of 1, 2, 4, 8, 100 are 2 and 8; where they are equal the divisor is 1."""
    assert fitted(column(INT64).robust_scale(), [100, 1, 8, None, 4, 2]) == [
        16.0, -0.5, 2 / 3, None, 0.0, -1 / 3,
    ]  # fmt: skip
    assert fitted(column(FLOAT64).robust_scale(0, 1), [3.0, 3.0]) == [0.0, 0.0]


def test_impute_replaces_nulls_alone() -> None:
    """By a statistic or a constant; text has a mode; a NaN stays what it is."""
    assert fitted(column(INT64).impute("mean"), [1, None, 4]) == [1.0, 2.5, 4.0]
    assert fitted(column(INT64).impute("median"), [1, None, 4, 9]) == [1.0, 4.0, 4.0, 9.0]
    assert fitted(column(INT64).impute("mode"), [7, None, 3]) == [7, 3, 3]
    assert fitted(column(STRING).impute("mode"), ["b", None, "é", "b"]) == [
        b"b",
        b"b",
        "é".encode(),
        b"b",
    ]
    assert fitted(column(STRING).impute("constant", value="-"), [None, "x"]) == [b"-", b"x"]
    values = [math.nan, None, 3.0]
    kept, filled, _ = fitted(column(FLOAT64).impute("mean", non_finite="drop"), values)
    assert math.isnan(kept) and filled == 3.0
    assert not column(INT64).impute("mode").nullable


def test_uniform_bins_are_of_equal_width() -> None:
    """Four bins from 0 to 8; an edge is in the upper bin, what is beyond in the outer ones."""
    node = column(FLOAT64).uniform_bin(4)
    values = [0.0, 1.9, 2.0, 6.0, 8.0, None]
    assert fitted(node, values) == [0, 0, 1, 3, 3, None]
    state = fitting.fitted_state(node, {"x": values})
    assert fitting.computed(node, state, {"x": [-9.0, 99.0]}) == [0, 3]


def test_box_cox_of_what_has_no_logarithm_is_a_limit_or_nan() -> None:
    """Powers of 1 by hand (x - 1): 0 gives -1, what is below it NaN, null is null."""
    node = column(FLOAT64).box_cox()
    state = fitting.fitted_state(node, {"x": [5.0, 5.0]})
    out = fitting.computed(node, state, {"x": [3.0, 0.0, -0.0, None, math.inf, -1.0, math.nan]})
    assert out[:5] == [pytest.approx(2.0, rel=1e-15), -1.0, -1.0, None, math.inf]
    assert math.isnan(out[5]) and math.isnan(out[6])
    with pytest.raises(FitError, match="2 values that are not above 0 and finite"):
        fitted(node, [1.0, 0.0, -3.0])


def test_quantile_bin_puts_equal_shares_in_bins_and_edges_in_the_upper_one() -> None:
    """Four bins of eight values hold two each; a null stays null."""
    values = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, None]
    bins = [0, 0, 1, 1, 2, 2, 3, 3, None]
    assert fitted(column(FLOAT64).quantile_bin(4), values) == bins
    assert fitted(column(INT64).quantile_bin(2), [1, 2, 3]) == [0, 1, 1]


def test_vocabulary_index_counts_from_two_by_falling_count() -> None:
    """Null is 0, out of vocabulary 1; integers have vocabularies too."""
    values = ["b", "a", None, "b", "c", "a", "b"]
    indices = column(STRING).vocabulary_index(max_size=2)
    assert fitted(indices, values) == [2, 3, 0, 2, 1, 3, 2]
    assert fitted(column(INT64).vocabulary_index(min_count=2), [9, -4, 9, None]) == [2, 1, 2, 0]
    largest = 2**64 - 1
    assert fitted(column(UINT64).vocabulary_index(), [0, largest, largest]) == [3, 2, 2]


@pytest.mark.parametrize(("dtype", "value"), [(STRING, "a"), (INT64, 1)])
def test_an_empty_vocabulary_knows_nothing(dtype: dtypes.DType, value: Any) -> None:
    """Where nothing is frequent enough every value is out of vocabulary."""
    assert fitted(column(dtype).vocabulary_index(min_count=2), [value, None]) == [1, 0]


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: functions.std(column(FLOAT64), ddof=-1), DefinitionError, "ddof=-1"),
        (lambda: functions.mean(column(STRING)), FeatureTypeError, "got String"),
        (lambda: functions.vocabulary(column(FLOAT64)), FeatureTypeError, "got Float64"),
        (lambda: functions.vocabulary(column(STRING), max_size=0), DefinitionError, "max_size=0"),
        (lambda: functions.quantiles(column(FLOAT64), [0.5, 0.5]), DefinitionError, "increasing"),
        (lambda: functions.quantiles(column(FLOAT64), [1.5]), DefinitionError, "from 0 to 1"),
        (lambda: functions.quantiles(column(FLOAT64), ["1e-99999"]), DefinitionError, "e-99999"),
        (lambda: functions.quantiles(column(FLOAT64), ["1/0"]), DefinitionError, "1/0"),
        (
            lambda: column(STRING).target_encode(column(FLOAT64), smoothing=-1),
            DefinitionError,
            "-1",
        ),
        (
            lambda: column(STRING).target_encode(column(STRING), smoothing=0),
            FeatureTypeError,
            "String",
        ),
        (lambda: column(STRING).yeo_johnson(), FeatureTypeError, "got String"),
        (lambda: column(STRING).box_cox(), FeatureTypeError, "got String"),
        (lambda: column(FLOAT64).kmeans_bin(257), DefinitionError, "2 <= n <= 256 bins, got n=257"),
        (lambda: column(STRING).principal_component(), FeatureTypeError, "got String"),
        (lambda: functions.mean(column(STRING), by=column(INT64)), FeatureTypeError, "String"),
        (
            lambda: column(FLOAT64).target_encode(column(INT64), smoothing=0),
            FeatureTypeError,
            "Float64, Float64",
        ),
        (lambda: functions.quantiles(column(FLOAT64), [0.5], rule="x"), DefinitionError, "'x'"),
        (lambda: functions.min(column(INT64), non_finite="skip"), DefinitionError, "'skip'"),
        (lambda: column(FLOAT64).quantile_bin(1), DefinitionError, "n=1"),
        (lambda: column(FLOAT64).uniform_bin(1), DefinitionError, "n=1"),
        (lambda: column(FLOAT64).robust_scale(0.5, 0.5), DefinitionError, "low=0.5, high=0.5"),
        (lambda: column(FLOAT64).impute("modal"), DefinitionError, "'modal'"),
        (lambda: column(FLOAT64).impute("mean", value=1.0), DefinitionError, "value=1.0"),
        (lambda: column(FLOAT64).impute("constant"), DefinitionError, "value=None"),
        (lambda: functions.quantile(column(FLOAT64), 2), DefinitionError, "from 0 to 1"),
    ],
)
def test_wrong_parameters_are_refused_with_their_value(
    call: Any, error: type[Exception], message: str
) -> None:
    """At definition, not at fit, and by name."""
    with pytest.raises(error, match=message):
        call()
