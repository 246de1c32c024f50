"""Analyzers: statistics over all rows, found at fit. Importing this registers their methods too."""

from featurelib.analyzers import bags as _bags  # noqa: F401 - registers methods
from featurelib.analyzers import encoders as _encoders  # noqa: F401 - registers methods
from featurelib.analyzers import imputing as _imputing  # noqa: F401 - registers methods
from featurelib.analyzers import transforms as _transforms  # noqa: F401 - registers methods
from featurelib.analyzers.base import (
    Accumulator,
    Analyzer,
    FittedValue,
    all_analyzers,
    analyzer,
    from_json,
)
from featurelib.analyzers.batches import ArrayBatch, ColumnBatch, TextBatch
from featurelib.analyzers.box_cox import BoxCox
from featurelib.analyzers.by_key import ByKey
from featurelib.analyzers.combinations import pca, polynomial, random_projection
from featurelib.analyzers.counting import Count, Vocabulary
from featurelib.analyzers.counts import Counts
from featurelib.analyzers.documents import InverseFrequencies, ListBatch, Terms
from featurelib.analyzers.functions import (
    count,
    max,
    mean,
    median,
    min,
    mode,
    quantile,
    quantiles,
    std,
    var,
    vocabulary,
)
from featurelib.analyzers.kmeans_edges import KMeansEdges
from featurelib.analyzers.mode import Mode
from featurelib.analyzers.moments import Mean, Std, Var
from featurelib.analyzers.order import Max, Min, Quantiles
from featurelib.analyzers.principal_axes import PrincipalAxes
from featurelib.analyzers.quantile import Quantile
from featurelib.analyzers.target_mean import TargetMean
from featurelib.analyzers.uniform_edges import UniformEdges
from featurelib.analyzers.yeo_johnson import YeoJohnson

__all__ = [
    "Accumulator",
    "Analyzer",
    "ArrayBatch",
    "BoxCox",
    "ByKey",
    "ColumnBatch",
    "Count",
    "Counts",
    "FittedValue",
    "InverseFrequencies",
    "KMeansEdges",
    "ListBatch",
    "Max",
    "Mean",
    "Min",
    "Mode",
    "PrincipalAxes",
    "Quantile",
    "Quantiles",
    "Std",
    "TargetMean",
    "Terms",
    "TextBatch",
    "UniformEdges",
    "Var",
    "Vocabulary",
    "YeoJohnson",
    "all_analyzers",
    "analyzer",
    "count",
    "from_json",
    "max",
    "mean",
    "median",
    "min",
    "mode",
    "pca",
    "polynomial",
    "quantile",
    "quantiles",
    "random_projection",
    "std",
    "var",
    "vocabulary",
]
