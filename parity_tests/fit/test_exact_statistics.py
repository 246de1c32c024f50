"""Fitted statistics are exact: rounded once, and blind to order, chunks and merges."""

from __future__ import annotations

import json
import math
import random
import struct
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from featurelib import dtypes, errors
from featurelib.analyzers import all_analyzers, from_json
from featurelib.analyzers.base import argument_type
from featurelib.jit import exact_sum
from featurelib.jit.exact_sum import ExactMoments
from featurelib.parity.golden_values import parse_type
from featurelib.tables import TableData
from parity_tests.cases import check_each
from parity_tests.fit.fitting import batch
from parity_tests.soak import examples

GOLDEN = Path(__file__).parents[2] / "golden_data" / "analyzers"
FINITE = st.floats(allow_nan=False, allow_infinity=False)
INT64 = st.integers(-(2**63), 2**63 - 1)
UINT64 = st.integers(0, 2**64 - 1)
COLUMNS = st.one_of(
    st.tuples(st.just(np.float64), st.lists(FINITE, max_size=30)),
    st.tuples(st.just(np.int64), st.lists(INT64, max_size=30)),
    st.tuples(st.just(np.uint64), st.lists(UINT64, max_size=30)),
)


def bits(value: Any) -> Any:
    """A value by its bits, so that 0.0 and -0.0 differ."""
    if isinstance(value, float):
        return struct.pack("<d", value)
    if isinstance(value, TableData):
        return value.kind, tuple(map(bits, value.content))
    return value


def nearest(exact: Fraction) -> float:
    """The float nearest to a fraction."""
    try:
        return float(exact)
    except OverflowError:
        return math.inf if exact > 0 else -math.inf


def golden_cases(key: str) -> list[dict[str, Any]]:
    """Every line about an analyzer of golden_data/analyzers."""
    return [*map(json.loads, (GOLDEN / f"{key}.jsonl").read_text(encoding="utf-8").splitlines())]


def special(value: Any) -> Any:
    """A golden value of a float column: "nan" and the infinities are text there."""
    return float(value) if isinstance(value, str) else value


def golden_values(column: dict[str, Any]) -> list[Any]:
    """The values of a golden column."""
    values: list[Any] = column["values"]
    return values if column["type"] == "String" else [special(v) for v in values]


@pytest.mark.parametrize("key", sorted(file.stem for file in GOLDEN.glob("*.jsonl")))
def test_analyzer_gives_the_golden_value(key: str) -> None:
    """Every analyzer gives the oracle's bits, or its error, whole and split into single rows."""
    check_each(_gives_the_golden_value, ((key, case) for case in golden_cases(key)))


def _gives_the_golden_value(key: str, case: dict[str, Any]) -> None:
    name, version = key.split("@")
    analyzer = from_json({"name": name, "version": int(version), "params": case["params"]})
    columns = case.get("columns") or [{"type": case["type"], "values": case["values"]}]
    types = [parse_type(c["type"]) for c in columns]
    rows = list(zip(*(golden_values(c) for c in columns), strict=True))
    for size in (1, max(1, len(rows))):
        total = analyzer.start(argument_type(types))
        for start in range(0, len(rows), size):
            part = analyzer.start(argument_type(types))
            some = rows[start : start + size]
            batches = tuple(batch(t, [r[i] for r in some]) for i, t in enumerate(types))
            part.update(batches[0] if len(batches) == 1 else batches)
            total.merge(part)
        if "error" in case:
            with pytest.raises(
                getattr(errors, case["error"]), match=f"the feature: `{case.get('named', name)}`"
            ):
                total.finish("the feature")
            continue
        found = total.finish("the feature")
        wanted = case["out"].encode() if isinstance(found, bytes) else case["out"]
        if isinstance(found, TableData):
            entries = map(special, wanted) if found.kind == "f64" else wanted
            assert tuple(map(bits, found.content)) == tuple(map(bits, entries))
        else:
            assert bits(found) == bits(wanted)
            assert type(found) is type(wanted)


def test_every_analyzer_has_golden_cases_of_values_and_nulls() -> None:
    """No analyzer is without an outside opinion on plain values and on nulls."""
    for cls in all_analyzers():
        lines = (GOLDEN / f"{cls.name}@{cls.version}.jsonl").read_text(encoding="utf-8")
        groups = {json.loads(line)["group"] for line in lines.splitlines()}
        assert groups >= {"basic", "nulls"}, cls.name


@given(COLUMNS, st.randoms(use_true_random=False))
def test_moments_are_the_nearest_floats_for_every_order_and_split(
    column: tuple[Any, list[Any]], rng: random.Random
) -> None:
    """Sum, mean, variance and deviation equal the rounded fractions, shuffled, split and merged."""
    dtype, values = column
    rng.shuffle(values)
    parts = [ExactMoments() for _ in range(3)]
    for value in values:
        parts[rng.randrange(3)].update(np.array([value], dtype))
    whole = ExactMoments()
    whole.update(np.array(values, dtype))
    rng.shuffle(parts)
    merged, *others = parts
    for other in others:
        merged.merge(other)
    exact = [Fraction(v) for v in values]
    total, squares, n = (
        sum(exact, Fraction(0)),
        sum((v * v for v in exact), Fraction(0)),
        len(exact),
    )
    for moments in (whole, merged):
        assert moments.n == n
        assert Fraction(*moments.ratio()) == total
        assert bits(moments.sum()) == bits(nearest(total))
        if n > 0:
            assert bits(moments.mean()) == bits(nearest(total / n))
        for ddof in (d for d in (0, 1) if n > d):
            variance = (n * squares - total * total) / (n * (n - ddof))
            assert bits(moments.variance(ddof)) == bits(nearest(variance))
            assert_is_nearest_root(moments.std(ddof), variance)


def assert_is_nearest_root(root: float, square: Fraction) -> None:
    """Between the midpoints to its neighbours: checked on squares, in fractions."""
    if math.isinf(root):
        assert square >= (Fraction(sys.float_info.max) + Fraction(2**970)) ** 2
        return
    below, above = math.nextafter(root, -math.inf), math.nextafter(root, math.inf)
    if root > 0:
        assert ((Fraction(root) + Fraction(below)) / 2) ** 2 <= square
    if math.isfinite(above):
        assert square <= ((Fraction(root) + Fraction(above)) / 2) ** 2


@given(st.lists(st.floats(), max_size=20), st.randoms(use_true_random=False))
def test_nulls_and_non_finite_values_do_not_enter_sums(
    values: list[float], rng: random.Random
) -> None:
    """Rows flagged null are not seen, whatever they hold; NaN and infinities are only counted."""
    valid = [rng.random() < 0.7 for _ in values]
    moments = ExactMoments()
    moments.update(np.array(values, np.float64), np.array(valid, np.uint8))
    seen = [v for v, there in zip(values, valid, strict=True) if there]
    finite = [Fraction(v) for v in seen if math.isfinite(v)]
    assert (moments.n, moments.non_finite) == (len(finite), len(seen) - len(finite))
    assert Fraction(*moments.ratio()) == sum(finite, Fraction(0))


@pytest.mark.parametrize("value", [1.7976931348623157e308, -2.2250738585072014e-308, -1.5])
def test_limbs_do_not_overflow_in_a_long_column(value: float) -> None:
    """Many equal mantissas in one exponent stay exact across the emptying of the table."""
    n = exact_sum._SPILL_ROWS + 12345
    moments = ExactMoments()
    column = np.full(n, value)
    moments.update(column[:777])
    moments.update(column[777:])
    assert Fraction(*moments.ratio()) == n * Fraction(value)
    assert moments.mean() == value
    assert moments.variance(0) == 0.0


def test_a_slice_or_a_stride_of_a_column_is_read_as_it_is() -> None:
    """Views that are not contiguous give the same sums as their copies."""
    column = np.arange(100.0)
    moments = ExactMoments()
    moments.update(column[10:90:7], (np.arange(100) % 3 == 0).astype(np.uint8)[10:90:7])
    assert moments.sum() == sum(k for k in range(10, 90, 7) if k % 3 == 0)


def test_one_accumulator_refuses_floats_and_integers_together() -> None:
    """Units differ, so mixing is an error and not a wrong sum."""
    moments = ExactMoments()
    moments.update(np.array([1.0]))
    with pytest.raises(TypeError, match="not both"):
        moments.update(np.array([1]))


THIRDS = {"probs": ["1/10", "1/3", "1"]}
ORDERED: list[tuple[str, dict[str, Any]]] = [
    ("kmeans_edges", {"n": 3}),
    ("min", {}),
    ("max", {}),
    ("mode", {}),
    ("quantile", {"probs": ["1/3"]}),
    ("uniform_edges", {"n": 3}),
    ("vocabulary", {}),
    ("yeo_johnson", {}),
    *(("quantiles", {**THIRDS, "rule": r}) for r in ("linear", "midpoint", "equiprobable")),
]


@pytest.mark.parametrize(("name", "params"), ORDERED)
@examples(25, soak=500)
@given(data=st.data())
def test_order_statistics_do_not_see_the_order_of_rows(
    name: str, params: dict[str, Any], data: st.DataObject
) -> None:
    """Statistics of the order and of counts have the same bits of a shuffled, split column."""
    analyzer = from_json({"name": name, "version": 1, "params": params})
    if name == "vocabulary":
        dtype, element = dtypes.STRING, st.none() | st.text(max_size=2)
    else:
        zeros = st.sampled_from([0.0, -0.0, 1.0])
        dtype, element = dtypes.FLOAT64, st.none() | zeros | FINITE
    values = data.draw(
        st.lists(element, min_size=1).filter(lambda v: any(x is not None for x in v))
    )
    shuffled = data.draw(st.permutations(values))
    cut = data.draw(st.integers(0, len(values)))
    first, second, whole = (analyzer.start(dtype) for _ in range(3))
    whole.update(batch(dtype, values))
    first.update(batch(dtype, shuffled[:cut]))
    second.update(batch(dtype, shuffled[cut:]))
    second.merge(first)
    assert bits(whole.finish()) == bits(second.finish())


def test_definitions_load_without_numba() -> None:
    """A fresh interpreter that imports the analyzers has no numba and no polars."""
    code = "import sys, featurelib.analyzers; print({'numba', 'polars'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
