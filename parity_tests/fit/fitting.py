"""Fits a node on columns row by row and computes it, with the reference evaluator alone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from featurelib.analyzers import Accumulator, ArrayBatch, ListBatch, TextBatch, from_json
from featurelib.analyzers.base import argument_type
from featurelib.dtypes import DType
from featurelib.evaluate import Evaluator
from featurelib.node import Node
from featurelib.program import Program
from featurelib.state import FittedState


def batch(dtype: DType, values: list[Any]) -> ArrayBatch | ListBatch | TextBatch:
    """Rows of a column; a null row holds 7, which nothing may see."""
    if dtype.name == "String":
        return TextBatch([v.decode() if isinstance(v, bytes) else v for v in values])
    if dtype.inner is not None:
        return ListBatch(values)
    valid = np.array([v is not None for v in values], np.uint8)
    filled = [7 if v is None else v for v in values]
    return ArrayBatch(np.array(filled, dtype.storage), valid if None in values else None)


def computed(node: Node, state: FittedState, columns: Mapping[str, list[Any]]) -> list[Any]:
    """A node on every row; text as bytes."""
    evaluator = Evaluator(Program({"out": node}), state)
    encoded = [[_entered(v) for v in values] for values in columns.values()]
    return [
        evaluator.row(dict(zip(columns, row, strict=True)))["out"]
        for row in zip(*encoded, strict=True)
    ]


def _entered(value: Any) -> Any:
    """A value as the evaluator takes it."""
    if isinstance(value, list):
        return tuple(value)
    return value.encode() if isinstance(value, str) else value


def accumulator_of(fit: Node) -> Accumulator:
    """An empty accumulator of a fitted node."""
    analyzer = from_json(json.loads(fit.param["analyzer"]))
    return analyzer.start(argument_type([a.dtype for a in fit.args]))


def fitted_state(node: Node, columns: Mapping[str, list[Any]]) -> FittedState:
    """What the analyzers below a node find in these columns, by input name."""
    state = FittedState({})
    for fit in Program({"out": node}).fits:
        accumulator = accumulator_of(fit)
        parts = tuple(batch(a.dtype, computed(a, state, columns)) for a in fit.args)
        accumulator.update(parts[0] if len(parts) == 1 else parts)
        found = FittedState({fit.key: (fit.dtype, accumulator.finish("the feature"))})
        state = state.union(found)
    return state


def fitted(node: Node, columns: Mapping[str, list[Any]]) -> list[Any]:
    """A node fitted on columns and computed on every row of them."""
    return computed(node, fitted_state(node, columns), columns)
