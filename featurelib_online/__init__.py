"""Serving: a bundle compiled to row kernels. The request path needs NumPy and Numba only."""

from featurelib_online.batch import Batch, RowError
from featurelib_online.outputs import Row
from featurelib_online.row import RowKernel, compile
from featurelib_online.vectors import Constant

__all__ = ["Batch", "Constant", "Row", "RowError", "RowKernel", "compile"]
