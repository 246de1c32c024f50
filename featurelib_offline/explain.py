"""What `explain` shows of a batch: which way each feature goes, and Polars' plan."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from featurelib.explain import BatchView
from featurelib.node import Node
from featurelib.program import Program
from featurelib.tables import TableData
from featurelib_offline.plan import plan
from featurelib_offline.types import polars_type

__all__ = ["batch_view"]

_ZEROS: dict[str, Any] = {"b": False, "i": 0, "u": 0, "f": 0.0}


def batch_view(program: Program, state: Mapping[str, Any] | None) -> BatchView:
    """The batch plan of a program, for people; nothing is compiled.

    Args:
        program: The program.
        state: Fitted values by node key. Before a fit (None) there are ways, which do not depend on
            fitted values, and no plan.
    """
    values = {n.key: _stand_in(n) for n in program.fits} if state is None else state
    steps = plan(program, values)
    names = {"native": "native Polars", "kernel": "column kernel"}
    ways = {c.feature: (names[c.way], c.reason) for c in steps.choices}
    if state is None:
        return BatchView(ways, "")
    schema = {n: polars_type(i.dtype) for n, i in program.inputs.items()}
    # Features that read no column are as long as the frame, which therefore has one.
    frame = pl.LazyFrame(schema=schema or {"any_column": pl.Int64()})
    return BatchView(ways, steps.apply(frame, compiled=False).explain(optimized=True))


def _stand_in(node: Node) -> Any:
    return _ZEROS.get(node.dtype.kind, TableData("strings", ()))
