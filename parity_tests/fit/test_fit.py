"""`fit`: exact, nested, and blind to order, batches and threads."""

from __future__ import annotations

import statistics
from fractions import Fraction

import numpy as np
import polars as pl
import pytest

import featurelib as fl
from featurelib.errors import FieldValueError, FitError
from featurelib_offline import fit, transform
from parity_tests.offline.small_set import trip_frame, trips

ROWS = 1000


def test_order_chunks_and_threads_do_not_show() -> None:
    """Shuffled rows, other chunks, lazy or not, files' engine or memory, threads: one state."""
    frame = trip_frame(ROWS)
    state = fit(trips, frame)
    assert len(state) == len(trips.program.fits) == 3
    for seed in range(3):
        shuffled = frame.sample(fraction=1.0, shuffle=True, seed=seed)
        parts = [shuffled[a : a + 97 + seed] for a in range(0, ROWS, 97 + seed)]
        other = pl.concat(parts, rechunk=False)
        assert fit(trips, other, threads=1 + seed) == state
        assert fit(trips, other.lazy(), native="never", threads=4) == state


def test_statistics_are_those_of_exact_arithmetic() -> None:
    """Mean and deviation against rational arithmetic; the vocabulary by falling count."""
    frame = trip_frame(ROWS)
    values = dict(fit(trips, frame))
    delays = [Fraction(min(max(d or 0.0, -30.0), 180.0)) for d in frame["delay"]]
    mean = sum(delays) / len(delays)
    assert float(mean) in values.values()
    variance = sum((d - mean) ** 2 for d in delays) / len(delays)
    (deviation,) = [v for v in values.values() if isinstance(v, float) and v != float(mean)]
    # Exact up to the one square root, which is rounded once.
    low, high = (Fraction(float(np.nextafter(deviation, t))) for t in (-np.inf, np.inf))
    assert low**2 < variance < high**2
    (table,) = [v for v in values.values() if not isinstance(v, float)]
    counts = statistics.multimode(frame["carrier"])
    assert table.content[0] in counts and len(table.content) == frame["carrier"].n_unique()


def test_analyzers_may_stand_inside_one_another() -> None:
    """The mean of squared distances from the mean is the variance: two levels, two passes."""
    x = fl.col("x")
    distance = x - fl.mean(x)
    schema = fl.InputSchema.from_fields({"x": float})
    nested = fl.FeatureSet(
        "nested", version="1.0.0", inputs=schema,
        features=[fl.Feature("z", version=1, expr=distance / fl.max(distance.abs()))],
    )  # fmt: skip
    seen: list[int] = []
    frame = pl.DataFrame({"x": [1.0, 2.0, 6.0]})
    bundle = nested.bind(fit(nested, frame, progress=seen.append))
    assert seen[-1] == 6
    assert transform(bundle, frame)["z"].to_list() == [-2 / 3, -1 / 3, 1.0]


def test_a_set_without_analyzers_needs_no_pass() -> None:
    """Nothing to fit: an empty state, and the data is not looked at."""
    schema = fl.InputSchema.from_fields({"x": float})
    feature = fl.Feature("y", version=1, expr=fl.col("x") + 1.0)
    plain = fl.FeatureSet("plain", version="1.0.0", inputs=schema, features=[feature])
    assert len(fit(plain, pl.DataFrame({"other": [1]}))) == 0


def test_errors_name_the_feature_and_the_analyzer() -> None:
    """A column without a value, a NaN where none may be, a refused row: each by name."""
    frame = trip_frame(20)
    schema = fl.InputSchema.from_fields({"x": float | None})
    feature = fl.Feature("y", version=1, expr=fl.col("x") - fl.mean(fl.col("x")))
    small = fl.FeatureSet("small", version="1.0.0", inputs=schema, features=[feature])
    with pytest.raises(FitError, match=r"small: feature `y`: `mean` of a column without a value"):
        fit(small, pl.DataFrame({"x": [None, None]}, schema={"x": pl.Float64}))
    with pytest.raises(FitError, match=r"small: feature `y`: `mean` met 1 value"):
        fit(small, pl.DataFrame({"x": [1.0, float("nan")]}))
    bad = frame.with_columns(carrier=pl.when(pl.int_range(20) == 4).then(None).otherwise("carrier"))
    for data in (bad, bad.lazy()):
        with pytest.raises(FieldValueError, match=r"trips: field `carrier` takes String.*row 4"):
            fit(trips, data)
