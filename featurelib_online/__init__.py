"""Serving: a bundle compiled to row kernels. The request path needs NumPy and Numba only."""

from featurelib_online.batch import Batch, RowError
from featurelib_online.outputs import Row
from featurelib_online.row import RowKernel, compile

__all__ = ["Batch", "Row", "RowError", "RowKernel", "compile"]
