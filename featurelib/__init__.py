"""featurelib: one definition of a feature for training and serving, with the same bits.

    import featurelib as fl

Definitions live here and need numpy and pydantic only. `featurelib_offline` runs them over data
with Polars, `featurelib_online` compiles them to row kernels with Numba.
"""

from typing import TYPE_CHECKING

from featurelib import ops as _ops  # noqa: F401 - registers every op and method
from featurelib.analyzers import (
    count,
    max,
    mean,
    median,
    min,
    mode,
    pca,
    polynomial,
    quantile,
    quantiles,
    random_projection,
    std,
    var,
    vocabulary,
)
from featurelib.bundle import Bundle, FeatureInfo, load
from featurelib.dtypes import (
    Bool,
    Date,
    Datetime,
    DType,
    Duration,
    Float32,
    Float64,
    Int8,
    Int16,
    Int32,
    Int64,
    Size,
    String,
    UInt8,
    UInt16,
    UInt32,
    UInt64,
    Zone,
)
from featurelib.errors import FeaturelibError
from featurelib.expr import Expr, col, element, lit, when
from featurelib.feature import Feature, feature
from featurelib.feature_set import FeatureSet
from featurelib.fields import Constraints, InputSchema
from featurelib.layout import Layout, Tensor
from featurelib.layout_difference import check_tensors
from featurelib.model_inputs import ModelInputs
from featurelib.op import Nulls, kernel_function, method, op
from featurelib.schema import Schema
from featurelib.state import FittedState

if TYPE_CHECKING:
    from featurelib.expr_methods import (
        coalesce,
        concat_str,
        cross_bucket,
        cross_hash,
        max_horizontal,
        min_horizontal,
    )
else:
    from featurelib.ops.conditional import coalesce
    from featurelib.ops.hashing import cross_bucket, cross_hash
    from featurelib.ops.ranges import max_of as max_horizontal
    from featurelib.ops.ranges import min_of as min_horizontal
    from featurelib.ops.text_methods import concat_str

__version__ = "0.1.0.dev0"

__all__ = [
    "Bool",
    "Bundle",
    "Constraints",
    "DType",
    "Date",
    "Datetime",
    "Duration",
    "Expr",
    "Feature",
    "FeatureInfo",
    "FeatureSet",
    "FeaturelibError",
    "FittedState",
    "Float32",
    "Float64",
    "InputSchema",
    "Int8",
    "Int16",
    "Int32",
    "Int64",
    "Layout",
    "ModelInputs",
    "Nulls",
    "Schema",
    "Size",
    "String",
    "Tensor",
    "UInt8",
    "UInt16",
    "UInt32",
    "UInt64",
    "Zone",
    "check_tensors",
    "coalesce",
    "col",
    "concat_str",
    "count",
    "cross_bucket",
    "cross_hash",
    "element",
    "feature",
    "kernel_function",
    "lit",
    "load",
    "max",
    "max_horizontal",
    "mean",
    "median",
    "method",
    "min",
    "min_horizontal",
    "mode",
    "op",
    "pca",
    "polynomial",
    "quantile",
    "quantiles",
    "random_projection",
    "std",
    "var",
    "vocabulary",
    "when",
]
