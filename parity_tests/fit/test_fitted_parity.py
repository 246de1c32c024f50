"""Fitted transforms on real rows: one state whatever the order, one value in every engine."""

from __future__ import annotations

from functools import cache

import polars as pl
import pytest

import featurelib as fl
from featurelib.parity.engines import all_engines
from featurelib.parity.generate_rows import edge_rows, generate_rows
from featurelib.parity.run import check_rows
from featurelib_offline import fit
from parity_tests.soak import amount

ENGINES = ["reference", "batch kernel", "row kernel", "polars in-memory"]
"""One of each way to compute; what else engines differ in is not of the fitted transforms."""
ROWS = 600
WORDS = ["", "a", "b", "é", "日本", "a longer text than a view holds"]


class Row(fl.Schema):
    """What the features read."""

    x: float | None
    y: float | None
    n: int | None
    word: str | None


def features() -> dict[str, fl.Expr]:
    """Every fitted transform, by the name of its feature."""
    x, n, word = fl.col("x"), fl.col("n"), fl.col("word")
    return {
        "robust": x.robust_scale(non_finite="drop"),
        "robust_wide": n.robust_scale(0.1, 0.9, rule="nearest"),
        "mean_in": n.impute("mean"),
        "median_in": x.impute("median", non_finite="drop"),
        "mode_in": word.impute("mode"),
        "mode_number": x.impute("mode", non_finite="drop"),
        "widths": x.uniform_bin(7, non_finite="drop"),
        "by_word": n.standardize(by=word),
        "range_by_word": x.min_max(by=word, non_finite="drop"),
        "median_by_number": fl.median(fl.col("y"), by=n, non_finite="drop"),
        "robust_by_word": x.robust_scale(by=word, non_finite="drop"),
        "count": word.count_encode(),
        "share": n.frequency_encode(),
        "target_by_word": word.target_encode(fl.col("y"), smoothing=3.5),
        "target_by_number": n.target_encode(x > 0.0, smoothing=0),
        "rank": x.quantile_transform(33, non_finite="drop"),
        "normal": x.quantile_transform(33, output="normal", non_finite="drop"),
        "component": fl.pca([x, fl.col("y"), n], 2, non_finite="drop")[1],
        "product": fl.polynomial([x, n], 3)[-2],
        "bent": x.yeo_johnson(non_finite="drop"),
        "bent_above_zero": (x + 1.0).box_cox(non_finite="drop"),
        "nearest": x.kmeans_bin(5, non_finite="drop"),
        "below": x < fl.quantile(x, 0.1, non_finite="drop"),
    }


@cache
def fitted_set() -> fl.FeatureSet:
    """All of them as one set."""
    made = [fl.Feature(name, version=1, expr=expr) for name, expr in features().items()]
    return fl.FeatureSet("fitted", version="1.0.0", inputs=Row, features=made)


@cache
def training() -> pl.DataFrame:
    """Rows with nulls, ties and both zeros; every seventh is null in a column."""
    rows = range(ROWS)
    return pl.DataFrame({
        "x": [None if i % 7 == 1 else (i * 37 % 101 - 50) * 0.25 * (-1) ** i for i in rows],
        "y": [None if i % 7 == 2 else (i * i % 97) / 3 for i in rows],
        "n": [None if i % 7 == 3 else i * 61 % 53 - 20 for i in rows],
        "word": [None if i % 7 == 4 else WORDS[i * i % 11 % 6] for i in rows],
    })  # fmt: skip


@pytest.mark.parametrize("seed", range(2))
def test_order_chunks_and_threads_do_not_show_in_a_fit(seed: int) -> None:
    """Shuffled rows in other chunks, taken by threads, give the identical state."""
    state = fit(fitted_set(), training())
    shuffled = training().sample(fraction=1.0, shuffle=True, seed=seed)
    parts = [shuffled[a : a + 97 + seed] for a in range(0, ROWS, 97 + seed)]
    assert fit(fitted_set(), pl.concat(parts, rechunk=False), threads=3) == state


def test_engines_give_the_same_bits() -> None:
    """Reference, machine code and Polars plans agree on rows of edges and on random ones."""
    bundle = fitted_set().bind(fit(fitted_set(), training()))
    rows = generate_rows(bundle, amount(300, soak=20_000), seed=9)
    section = check_rows(
        bundle, rows, all_engines(ENGINES), "generated", reference_rows=200, edges=edge_rows(bundle)
    )
    assert section.passed, "\n".join(line for m in section.mismatches for line in m.lines())
