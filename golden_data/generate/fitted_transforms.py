"""Writes golden_data/transforms/*.jsonl: ``python golden_data/generate/fitted_transforms.py``.

The oracle is scikit-learn, fitted on the rows that it transforms. It rounds at every step and its
sums move with the order of rows, so a line says how far our values are from its own, in units of
the last place of its largest value: `measured` is the largest distance on the line, `bound` what it
may be. A distance of 0 is equality of bits. What was measured is filled in by the test
(``python -m parity_tests.fit.test_golden_transforms``), the values are not.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import sklearn
from sklearn.decomposition import PCA
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import (
    KBinsDiscretizer,
    MaxAbsScaler,
    MinMaxScaler,
    PolynomialFeatures,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
    TargetEncoder,
)

FOLDER = Path(__file__).parents[1] / "transforms"
SKLEARN = f"scikit-learn {sklearn.__version__}"
Line = dict[str, Any]
CANCELS = {"min_max", "standardize"}
"""Where the oracle subtracts rounded numbers of the size of x, not of its spread."""


def bound_of(method: str, made: Line) -> int:
    """Distance that a line allows, in ulps: 4, times how much larger than its spread x is.

    256 for components: an SVD of rounded, centred rows beside eigenvectors of exact covariances.
    """
    if method == "pca":
        return 256
    if method not in CANCELS:
        return 4
    values = [abs(v) for v in made["columns"]["x"]["values"] if v is not None]
    signed = [v for v in made["columns"]["x"]["values"] if v is not None]
    return 4 * (1 + int(max(values) / (max(signed) - min(signed))))


def column(values: list[Any]) -> np.ndarray:
    """A column as scikit-learn takes it: null as NaN."""
    return np.array([[np.nan if v is None else v] for v in values], np.float64)


def line(
    group: str, values: list[Any], out: Any, oracle: str, why: str, *args: Any, **params: Any
) -> Line:
    """One line; a NaN of the oracle is our null."""
    flat = [None if v != v else v for v in np.asarray(out).ravel().tolist()]
    named = oracle if oracle == "by hand" else f"{SKLEARN} {oracle}"
    return {
        "group": group,
        "columns": {"x": {"type": "Float64", "values": values}},
        "args": list(args),
        "params": params,
        "out": flat,
        "oracle": named,
        "why": why,
    }


def columns() -> Iterator[tuple[str, list[Any], str]]:
    """Group, values and reason."""
    rng = random.Random(20261123)
    yield "basic", [1.0, 2.0, 4.0, 7.0, 11.0], "small numbers"
    yield "nulls", [1.0, None, 4.0, None, 11.0, 3.0], "nulls are left out, and stay"
    yield "signed_zero", [0.0, -0.0, 1.0, -1.0], "both zeros"
    yield "bounds", [5e-324, 1.0, 2.0, 4.0], "a subnormal"
    for k in range(6):
        center, width = rng.choice([0.0, 1e3]), 10.0 ** rng.randrange(-4, 5)
        values = [rng.gauss(center, width) for _ in range(rng.randrange(5, 40))]
        yield "basic", values, f"normal numbers, draw {k}"


def scaled(name: str, made: Any) -> Iterator[Line]:
    """A scaler on every column, then on the rows of each key."""
    for group, values, why in columns():
        out = made.fit_transform(column(values))
        yield line(group, values, out, f"{name}()", why)
    rng = random.Random(20261124)
    for k in range(4):
        values = [rng.gauss(0.0, 10.0 ** rng.randrange(-4, 5)) for _ in range(rng.randrange(6, 40))]
        values[k] = None
        keys = rng.choices(["a", "b", "é", None], [4, 3, 2, 1], k=len(values))
        out = np.full(len(values), np.nan)
        for key in {*keys} - {None}:
            rows = [i for i, other in enumerate(keys) if other == key]
            if any(values[i] is not None for i in rows):
                out[rows] = made.fit_transform(column([values[i] for i in rows])).ravel()
        keyed = line("basic", values, out, f"{name}() on the rows of each key", f"by key, draw {k}")
        keyed["columns"]["by"] = {"type": "String", "values": keys}
        yield keyed


def robust() -> Iterator[Line]:
    yield from scaled("RobustScaler", RobustScaler())
    for group, values, why in columns():
        out = RobustScaler(quantile_range=(10, 90)).fit_transform(column(values))
        yield line(group, values, out, "RobustScaler(quantile_range=(10, 90))", why, 0.1, 0.9)


def imputed() -> Iterator[Line]:
    for ours, theirs in (("mean", "mean"), ("median", "median"), ("mode", "most_frequent")):
        for group, values, why in columns():
            gaps = [*values, None, values[0]]
            out = SimpleImputer(strategy=theirs).fit_transform(column(gaps))
            yield line(group, gaps, out, f"SimpleImputer(strategy={theirs!r})", why, ours)
    gaps = [1.0, None, 2.0]
    out = SimpleImputer(strategy="constant", fill_value=-1.0).fit_transform(column(gaps))
    why = "a constant"
    yield line(
        "basic", gaps, out, "SimpleImputer(strategy='constant')", why, "constant", value=-1.0
    )


def bins() -> Iterator[Line]:
    for group, values, why in columns():
        if None in values:
            continue
        for n in (2, 5):
            made = KBinsDiscretizer(n, encode="ordinal", strategy="uniform")
            out = made.fit_transform(column(values)).astype(int)
            named = f"KBinsDiscretizer({n}, strategy='uniform')"
            yield line(group, values, out, named, why, n)
    yield line("nulls", [1.0, None, 3.0], np.array([0.0, np.nan, 1.0]), "by hand", "null stays", 2)


def targets() -> Iterator[Line]:
    """Means of a target by value; a missing value is a value there as here."""
    rng = random.Random(20261125)
    for k, smoothing in enumerate((0.0, 1.0, 10.0, 2.5)):
        size = rng.randrange(12, 60)
        keys = rng.choices(["a", "b", "é", "rare", None], [6, 4, 3, 1, 2], k=size)
        target = [rng.gauss(3.0, 10.0 ** rng.randrange(-2, 3)) for _ in range(size)]
        made = TargetEncoder(smooth=smoothing, target_type="continuous")
        table = np.array([keys], object).T
        out = made.fit(table, target).transform(table)
        group = "nulls" if k == 0 else "basic"
        named = f"TargetEncoder(smooth={smoothing}).fit(...).transform"
        drawn = line(group, keys, out, named, f"draw {k}", smoothing=smoothing)
        drawn["columns"]["x"]["type"] = "String"
        drawn["columns"]["target"] = {"type": "Float64", "values": target}
        yield drawn


def several(seed: int) -> list[list[float]]:
    """Columns that vary together, of widths far apart, with one null."""
    rng = random.Random(seed)
    base = [[rng.gauss(0, 1) for _ in range(3)] for _ in range(rng.randrange(10, 40))]
    return [
        [8.0 * a + b for a, b, _ in base],
        [a - 2.0 * b + 0.25 * c for a, b, c in base],
        [100.0 + 0.5 * b + c for a, b, c in base],
    ]


def of_columns(
    made: Any, named: str, why: str, seed: int, null: int, *args: Any, **params: Any
) -> Iterator[Line]:
    """A line for each column that a transform of several makes; `null` is one that reads x1."""
    columns_ = several(seed)
    out = made.fit_transform(np.array(columns_).T)
    for i in range(out.shape[1]):
        one = line("basic", columns_[0], out[:, i], named, f"{why}, column {i}", *args, **params)
        one["columns"] = {
            f"x{k}": {"type": "Float64", "values": values} for k, values in enumerate(columns_)
        }
        yield {**one, "index": i}
    one["columns"]["x1"]["values"] = [None, *columns_[1][1:]]
    rest = made.fit_transform(np.array(columns_).T[1:])
    whole = [None, *rest[:, null].tolist()]
    yield {**one, "out": whole, "index": null, "group": "nulls", "why": "a row with a null"}


def polynomials() -> Iterator[Line]:
    made = PolynomialFeatures(3, include_bias=False)
    yield from of_columns(made, "PolynomialFeatures(3, include_bias=False)", "terms", 1, 4, 3)
    made = PolynomialFeatures(2, interaction_only=True, include_bias=False)
    named = "PolynomialFeatures(2, interaction_only=True, include_bias=False)"
    yield from of_columns(made, named, "interactions", 2, 3, 2, interaction_only=True)


def components() -> Iterator[Line]:
    for seed in (3, 4, 5):
        made = PCA(3, svd_solver="full")
        yield from of_columns(made, "PCA(3, svd_solver='full')", f"draw {seed}", seed, 2, 3)


def ranks() -> Iterator[Line]:
    """Numbers of quantiles at which the oracle's own positions are exact."""
    for group, values, why in columns():
        present = [v for v in values if v is not None]
        n = 5 if len(present) >= 5 else 3
        made = QuantileTransformer(n_quantiles=n)
        out = made.fit_transform(column(values))
        yield line(group, values, out, f"QuantileTransformer(n_quantiles={n})", why, n)


def normal_ranks() -> Iterator[Line]:
    for group, values, why in columns():
        n = 5 if sum(v is not None for v in values) >= 5 else 3
        made = QuantileTransformer(n_quantiles=n, output_distribution="normal")
        out = made.fit_transform(column(values))
        named = f"QuantileTransformer(n_quantiles={n}, output_distribution='normal')"
        yield line(group, values, out, named, f"{why}, as a normal variable", n, output="normal")


def quantile_bins() -> Iterator[Line]:
    """Numbers of bins whose edges are exact in the oracle's own arithmetic."""
    for group, values, why in columns():
        if None in values or group == "signed_zero":
            continue
        for n in (2, 4):
            made = KBinsDiscretizer(
                n, encode="ordinal", strategy="quantile", quantile_method="linear"
            )
            out = made.fit_transform(column(values)).astype(int)
            named = f"KBinsDiscretizer({n}, strategy='quantile', quantile_method='linear')"
            yield line(group, values, out, named, why, n)
    yield line("nulls", [1.0, None, 3.0], np.array([0.0, np.nan, 1.0]), "by hand", "null stays", 2)


FILES = {
    "impute": imputed,
    "max_abs": lambda: scaled("MaxAbsScaler", MaxAbsScaler()),
    "min_max": lambda: scaled("MinMaxScaler", MinMaxScaler()),
    "pca": components,
    "polynomial": polynomials,
    "quantile_bin": quantile_bins,
    "quantile_transform": lambda: (*ranks(), *normal_ranks()),
    "robust_scale": robust,
    "standardize": lambda: scaled("StandardScaler", StandardScaler()),
    "target_encode": targets,
    "uniform_bin": bins,
}

if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for method, lines in FILES.items():
        texts = (json.dumps({**m, "ulp": {"bound": bound_of(method, m)}}) for m in lines())
        (FOLDER / f"{method}.jsonl").write_text("\n".join(texts) + "\n", encoding="utf-8")
