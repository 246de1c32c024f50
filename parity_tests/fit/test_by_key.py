"""Statistics by key: exact, blind to the order of rows, and what rows of a key get from them."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import featurelib as fl
from featurelib import dtypes, errors
from featurelib.analyzers import ByKey, Count, from_json
from featurelib.analyzers.base import argument_type
from featurelib.analyzers.products import UNIT, GroupProducts
from featurelib.node import Node, input_node
from parity_tests.fit.fitting import batch, computed, fitted, fitted_state
from parity_tests.fit.test_exact_statistics import FINITE, bits
from parity_tests.soak import amount

ROWS = {
    "x": [1.0, 3.0, None, 5.0, 7.0, 2.0, 9.0],
    "key": ["a", "a", "a", "b", None, "c", "b"],
}


def column(name: str, dtype: dtypes.DType = dtypes.FLOAT64) -> Node:
    """A nullable input."""
    return input_node(name, dtype, True)


KEY = column("key", dtypes.STRING)


@settings(max_examples=amount(40, soak=1000))
@given(
    st.lists(st.tuples(st.none() | FINITE, st.sampled_from(["a", "b", "é"])), min_size=1),
    st.sampled_from(["mean", "std", "max", "quantile"]),
    st.data(),
)
def test_statistics_by_key_do_not_see_the_order_of_rows(
    rows: list[tuple[float | None, str]], name: str, data: st.DataObject
) -> None:
    """The table of keys has the same bits of shuffled rows in two parts, or is refused of both."""
    of = {"statistic": name, **({"probs": ["1/3"]} if name == "quantile" else {})}
    analyzer = from_json({"name": "by_key", "version": 1, "params": of})
    types = [dtypes.FLOAT64, dtypes.STRING]
    shuffled = data.draw(st.permutations(rows))
    cut = data.draw(st.integers(0, len(rows)))
    first, second, whole = (analyzer.start(argument_type(types)) for _ in range(3))
    for accumulator, some in ((whole, rows), (first, shuffled[:cut]), (second, shuffled[cut:])):
        accumulator.update(tuple(batch(t, [r[i] for r in some]) for i, t in enumerate(types)))
    second.merge(first)
    assert outcome(whole) == outcome(second)


def outcome(accumulator: Any) -> Any:
    """What an accumulator finds, or the error that it raises."""
    try:
        return bits(accumulator.finish())
    except errors.FitError as error:
        return str(error)


@given(st.lists(st.tuples(FINITE, FINITE, st.integers(0, 2)), max_size=20), st.data())
def test_sums_of_products_are_the_fractions(
    rows: list[tuple[float, float, int]], data: st.DataObject
) -> None:
    """Subnormal and huge factors too; merged from two parts."""
    cut = data.draw(st.integers(0, len(rows)))
    parts = [GroupProducts(3), GroupProducts(3)]
    for part, some in zip(parts, (rows[:cut], rows[cut:]), strict=True):
        columns = zip(*some, strict=True) if some else ((), (), ())
        x, y, groups = map(np.array, columns)
        part.update(x.astype(float), y.astype(float), groups.astype(np.int64))
    parts[0].merge(parts[1])
    exact = [
        sum((Fraction(x) * Fraction(y) for x, y, g in rows if g == k), Fraction(0))
        for k in range(3)
    ]
    assert [Fraction(t, 1 << UNIT) for t in parts[0].totals()] == exact


def test_scalings_by_key_are_those_of_the_rows_of_the_key() -> None:
    """A null value and a null key give null; a key with one value divides by 1."""
    x = column("x")
    assert fitted(x.standardize(by=KEY), ROWS) == [-1.0, 1.0, None, -1.0, None, 0.0, 1.0]
    assert fitted(x.min_max(by=KEY), ROWS) == [0.0, 1.0, None, 0.0, None, 0.0, 1.0]
    assert fitted(x.max_abs(by=KEY), ROWS) == [1 / 3, 1.0, None, 5 / 9, None, 1.0, 1.0]
    assert fitted(x.robust_scale(by=KEY), ROWS) == [-1.0, 1.0, None, -1.0, None, 0.0, 1.0]


def test_a_statistic_by_key_is_a_column() -> None:
    """Each row has that of its key, a row without a value too; too few values give null."""
    x = column("x")
    assert fitted(fl.mean(x, by=KEY), ROWS) == [2.0, 2.0, 2.0, 7.0, None, 2.0, 7.0]
    assert fitted(fl.var(x, ddof=1, by=KEY), ROWS) == [2.0, 2.0, 2.0, 8.0, None, None, 8.0]
    assert fitted(fl.quantile(x, 1, by=KEY), ROWS) == [3.0, 3.0, 3.0, 9.0, None, 2.0, 9.0]


def test_a_key_that_training_did_not_have_gives_null() -> None:
    """Nothing is known of it, and no other key's statistic stands for it."""
    node = fl.mean(column("x"), by=KEY)
    state = fitted_state(node, ROWS)
    assert computed(node, state, {"x": [1.0, 1.0], "key": ["", "A"]}) == [None, None]


def test_integer_keys_of_every_sign_have_statistics() -> None:
    """UInt64 above the signed range and negative Int64 are found again."""
    for dtype, keys in ((dtypes.UINT64, [2**64 - 1, 0]), (dtypes.INT64, [-(2**63), 2**63 - 1])):
        node = fl.max(column("x"), by=column("key", dtype))
        assert fitted(node, {"x": [1.5, 2.5], "key": keys}) == [1.5, 2.5]


def test_counts_and_shares_are_never_null() -> None:
    """What did not occur, and null, occurred 0 times."""
    rows = {"key": ["a", "a", None, "b"]}
    assert fitted(KEY.count_encode(), rows) == [2, 2, 0, 1]
    assert fitted(KEY.frequency_encode(), rows) == [2 / 3, 2 / 3, 0.0, 1 / 3]
    state = fitted_state(KEY.count_encode(), rows)
    assert computed(KEY.count_encode(), state, {"key": ["c"]}) == [0]
    assert not KEY.frequency_encode().nullable


def test_wrong_keys_and_statistics_are_refused_by_name() -> None:
    """A float is no key, a count no statistic of a key."""
    with pytest.raises(errors.FeatureTypeError, match=r"`mean` by a key takes .* got Float64, Flo"):
        fl.mean(column("x"), by=column("key"))
    with pytest.raises(errors.DefinitionError, match="got Count"):
        ByKey(Count())  # type: ignore[arg-type]
    with pytest.raises(errors.FitError, match="`std` met 1 value"):
        fitted(fl.std(column("x"), ddof=0, by=KEY), {"x": [np.inf], "key": ["a"]})
