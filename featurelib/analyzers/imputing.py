"""impute: a value in place of a null, found in the training rows or given."""

from __future__ import annotations

from typing import Any

from featurelib.analyzers.base import Analyzer
from featurelib.analyzers.mode import Mode
from featurelib.analyzers.moments import Mean
from featurelib.analyzers.quantile import Quantile
from featurelib.dtypes import FLOAT64
from featurelib.errors import DefinitionError
from featurelib.node import Node, analyze
from featurelib.op import method

STRATEGIES = ("mean", "median", "mode", "constant")


@method("impute")
def impute(x: Node, strategy: str, *, value: Any = None, non_finite: str = "error") -> Any:
    """The value, and in place of a null a statistic of the training rows, or a constant.

    Mean and median are Float64 and so is the result; the mode has the type of x. Only a null is
    replaced: a NaN is a value (`x.fill_nan(None).impute("mean")` replaces both).

    Args:
        x: A column of numbers; for the mode also of times, truth values or text.
        strategy: ``"mean"``, ``"median"``, ``"mode"`` (of several the smallest) or ``"constant"``.
        value: The constant; only with that strategy.
        non_finite: See `fl.mean`.
    """
    if strategy not in STRATEGIES:
        raise DefinitionError(
            f"impute: expected a strategy of {STRATEGIES}, got strategy={strategy!r}"
        )
    if (value is None) == (strategy == "constant"):
        raise DefinitionError(
            f"impute: a value belongs to the strategy constant, got strategy={strategy!r}, "
            f"value={value!r}",
            hint='x.impute("constant", value=0), or x.impute("mean")',
        )
    if strategy == "constant":
        return x.fill_null(value)
    found: dict[str, Analyzer] = {
        "mean": Mean(non_finite),
        "median": Quantile(("1/2",), "linear", non_finite),
        "mode": Mode(non_finite),
    }
    fitted = analyze(found[strategy], x)
    return (x if strategy == "mode" else x.cast(FLOAT64)).fill_null(fitted)
