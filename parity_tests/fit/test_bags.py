"""Lists as bags of terms, and random projections, where no golden line reaches."""

from __future__ import annotations

import math
from typing import Any

import polars as pl
import pytest

import featurelib as fl
from featurelib import dtypes
from featurelib.errors import DefinitionError, FeatureTypeError
from featurelib.node import input_node
from featurelib.ops.sequence.projection import signs_of
from featurelib.parity.engines import all_engines
from featurelib.parity.generate_rows import edge_rows, generate_rows
from featurelib.parity.run import check_rows
from featurelib_offline import fit, transform
from parity_tests.fit import fitting
from parity_tests.fit.test_fitted_parity import ENGINES
from parity_tests.soak import amount


class Row(fl.Schema):
    """What the features read."""

    ids: list[fl.UInt16] | None
    words: str | None
    x: float
    y: float
    z: float | None


def bags() -> fl.FeatureSet:
    """Bags of lists and of words, and projections."""
    ids, words = fl.col("ids"), fl.col("words").str.word_ngrams(1, 2**32)
    vector = fl.random_projection([fl.col("x"), fl.col("y"), fl.col("z")], 4, seed=9)
    made = {
        "bag": ids.list.bag_of_words(5),
        "weights": words.list.tf_idf(6, min_count=2),
        "component": vector[3],
    }
    features = [fl.Feature(name, version=1, expr=expr) for name, expr in made.items()]
    return fl.FeatureSet("bags", version="1.0.0", inputs=Row, features=features)


def training() -> pl.DataFrame:
    """Rows with missing and empty documents, and terms that tie."""
    words = ["to be or not to be", "", None, "be  or\tnot", "it is", "is it to be"]
    return pl.DataFrame({
        "ids": [None if i % 7 == 0 else [i * k % 11 for k in range(i % 5)] for i in range(60)],
        "words": [words[i % 6] for i in range(60)],
        "x": [i / 7 for i in range(60)],
        "y": [float(i % 3) for i in range(60)],
        "z": [None if i == 5 else -float(i) for i in range(60)],
    }, schema_overrides={"ids": pl.List(pl.UInt16)})  # fmt: skip


def test_documents_are_counted_alike_in_any_order_and_by_polars() -> None:
    """Shuffled rows in other chunks and threads, and the reference evaluator: one fitted state."""
    state = fit(bags(), training())
    mixed = training().sample(fraction=1.0, shuffle=True, seed=3)
    parts = pl.concat([mixed[:11], mixed[11:12], mixed[12:]], rechunk=False)
    assert fit(bags(), parts, threads=2) == state
    bag = bags().program.outputs["bag"]
    columns = {"ids": training()["ids"].to_list()}
    for key, value in fitting.fitted_state(bag, columns).items():
        assert state[key] == value


def test_engines_give_the_same_bits_of_bags() -> None:
    """Reference, machine code and Polars plans agree on rows of edges and on random ones."""
    bundle = bags().bind(fit(bags(), training()))
    rows = generate_rows(bundle, amount(200, soak=20_000), seed=5)
    section = check_rows(
        bundle, rows, all_engines(ENGINES), "generated", reference_rows=100, edges=edge_rows(bundle)
    )
    assert section.passed, "\n".join(line for m in section.mismatches for line in m.lines())
    assert transform(bundle, training())["bag"].null_count() == 0


def test_a_projection_of_columns_is_that_of_their_vector() -> None:
    """Component by component the same bits, in the order of the columns."""
    values = [0.1, -0.0, 7e300, -3.5, 1 / 3]
    columns = [input_node(f"c{k}", dtypes.FLOAT64, True) for k in range(5)]
    rows = {f"c{k}": [v] for k, v in enumerate(values)}
    vector = input_node("v", dtypes.array_type(dtypes.FLOAT64, 5), True)
    whole = vector.arr.random_projection(6, seed=3)
    of_vector = fitting.fitted(whole, {"v": [tuple(values)]})[0]
    of_columns = [fitting.fitted(c, rows)[0] for c in fl.random_projection(columns, 6, seed=3)]
    assert list(map(float.hex, of_vector)) == list(map(float.hex, of_columns))


def test_signs_are_even_and_independent() -> None:
    """Over 64,000 signs as many minus as plus, and as many alike in two components as not.

    Within four standard deviations, for fixed seeds: the test is exact, the bound is chance's.
    """
    n, bound = 64 * 1000, 4 * math.sqrt(64 * 1000) / 2
    first, second, other = (
        [signs_of(component, block, seed) for block in range(1000)]
        for component, seed in ((0, 0), (1, 0), (0, 1))
    )
    for words in (
        first,
        [a ^ b for a, b in zip(first, second, strict=True)],
        [a ^ b for a, b in zip(first, other, strict=True)],
        [a ^ (a >> 1 | a << 63) % 2**64 for a in first],
    ):
        assert abs(sum(w.bit_count() for w in words) - n / 2) < bound


LIST = input_node("x", dtypes.list_type(dtypes.INT64), True)
FLOATS = input_node("x", dtypes.list_type(dtypes.FLOAT32), True)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: LIST.list.bag_of_words(0), DefinitionError, "n=0"),
        (lambda: LIST.list.tf_idf(9, min_count=0), DefinitionError, "terms: .*min_count=0"),
        (lambda: LIST.list.tf_idf(9, norm="l1"), DefinitionError, "norm='l1'"),
        (lambda: FLOATS.list.tf_idf(9), FeatureTypeError, r"integers, got List\(Float32\)"),
        (lambda: LIST.list.random_projection(2), FeatureTypeError, r"floats, got List\(Int64\)"),
        (lambda: FLOATS.list.random_projection(8193), DefinitionError, "8192, got n=8193"),
        (lambda: fl.random_projection([], 2), DefinitionError, r"list of columns, got \[\]"),
        (lambda: FLOATS.list.random_projection(2, seed=-1), DefinitionError, "-1"),
    ],
)
def test_what_has_no_meaning_is_refused_with_its_value(
    call: Any, error: type[Exception], message: str
) -> None:
    """When a feature is written, not at the fit."""
    with pytest.raises(error, match=message):
        call()
