"""Peers for a batch: frame in, 39 columns out, each as its users would write it well."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import xxhash

from benchmarks.criteo import BUCKETS, INTS, TEXTS


def polars_expressions(own_hash: bool = False) -> list[Any] | None:
    """The workload as Polars expressions; None without the polars-hash plugin, which has XXH64.

    Args:
        own_hash: With Polars' own hash instead: quicker, but of other values, and not stable from
            one version to the next.
    """
    import polars as pl

    def number(name: str) -> Any:
        return pl.col(name).fill_null(0).clip(0).cast(pl.Float64).log1p().cast(pl.Float32)

    numbers = [number(n) for n in INTS]
    if own_hash:
        hashes = [pl.col(n).fill_null("").hash() for n in TEXTS]
    else:
        try:
            import polars_hash
        except ImportError:
            print("no Polars peer with XXH64: pip install polars-hash")
            return None
        hashes = [polars_hash.col(n).fill_null("").nchash.xxhash64() for n in TEXTS]
    return [*numbers, *((h % BUCKETS).cast(pl.UInt32) for h in hashes)]


def polars(frame: Any, expressions: list[Any], engine: str) -> Any:
    """The expressions over a frame by one of Polars' engines."""
    return frame.lazy().select(expressions).collect(engine=engine)


def pandas(frame: Any) -> Any:
    """pandas and NumPy; the hash by the xxhash package, once for each distinct text."""
    import pandas as pd

    made: dict[str, Any] = {}
    for name in INTS:
        numbers = pd.to_numeric(frame[name]).fillna(0).to_numpy(np.float64)
        made[name] = np.log1p(np.maximum(numbers, 0.0)).astype(np.float32)
    return pd.DataFrame(made | {name: _ids(frame[name], np.uint32) for name in TEXTS})


def _ids(texts: Any, dtype: Any) -> Any:
    import pandas as pd

    codes, words = pd.factorize(texts.fillna(""))
    return np.array([xxhash.xxh64_intdigest(w.encode()) % BUCKETS for w in words], dtype)[codes]


@lru_cache(maxsize=1)
def sklearn_pipeline() -> Any:
    """scikit-learn: an imputer and log1p for numbers, a function around xxhash for texts."""
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer

    numbers = make_pipeline(
        SimpleImputer(strategy="constant", fill_value=0, keep_empty_features=True),
        FunctionTransformer(_log_of),
    )
    return ColumnTransformer(
        [("numbers", numbers, list(INTS)), ("texts", FunctionTransformer(_ids_of), list(TEXTS))]
    )


def _log_of(x: Any) -> Any:
    return np.log1p(np.maximum(x, 0.0)).astype(np.float32)


def _ids_of(frame: Any) -> Any:
    """Hashes as a matrix of float64, which holds them exactly."""
    return np.column_stack([_ids(frame[name], np.float64) for name in TEXTS])
