"""A bundle with tensors of each sort, its variants, and what a model remembers of it."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

import featurelib as fl
from featurelib.errors import LayoutMismatchError
from parity_tests.core.small_sets import feature, make_set

COLUMNS = {
    "x": float,
    "y": fl.Float32,
    "n": (fl.Int32, 3),
    "tags": list[fl.Int32],
    "more": list[fl.Int32],
}
EXPRS = {
    "a": (fl.col("x") + 1.0).cast(fl.Float32),
    "b": (fl.col("x") * 2.0).cast(fl.Float32),
    "c": fl.col("n") % 5,
    "v": (fl.col("n") % 3).cast(fl.UInt32).one_hot(3),
}
LAYOUT = {"dense": ["a", "b", "y", "v"], "ids": ["c", "n"], "bag": ["tags"]}


def bundle(
    layout: Any = None,
    *,
    columns: Any = None,
    name: str = "trips",
    version: str = "1.0.0",
    **exprs: Any,
) -> fl.Bundle:
    """A bundle over these columns; `exprs` adds features or replaces them."""
    inputs = fl.InputSchema.from_fields({**COLUMNS, **(columns or {})})
    features = [feature(n, e) for n, e in {**EXPRS, **exprs}.items()]
    made = make_set(*features, inputs=inputs, name=name, layout=layout or LAYOUT)
    return dataclasses.replace(made.bind(), version=version)


BASE = bundle()
INPUTS = fl.ModelInputs.of(BASE)


def refused(inputs: fl.ModelInputs, served: fl.Bundle) -> LayoutMismatchError:
    """The error of a check that must fail."""
    with pytest.raises(LayoutMismatchError) as error:
        inputs.check(served)
    return error.value
