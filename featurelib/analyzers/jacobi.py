"""Eigenvectors of a symmetric matrix by Jacobi's rotations, in one fixed order.

Plain floats of CPython: every step is an IEEE 754 operation in the order that is written here, so
the result has the same bits on every machine. Libraries of linear algebra promise no such order.
"""

from __future__ import annotations

import math

Matrix = list[list[float]]
_EPSILON = 2.0**-53
_SWEEPS = 60
"""More than enough: convergence is quadratic, and matrices of 50 columns took 8 sweeps."""


def eigenvectors(matrix: Matrix) -> Matrix:
    """Eigenvectors of length 1, one a row, by falling eigenvalue.

    Of equal eigenvalues the one of the earlier column comes first. In each vector the entry of the
    largest magnitude (of several the first) is positive.

    Args:
        matrix: Symmetric, finite, of covariances: no eigenvalue is below 0 but for rounding.
    """
    n = len(matrix)
    largest = max(abs(v) for row in matrix for v in row)
    # A power of two keeps every bit, and squares of angles stay within range.
    shift = -math.frexp(largest)[1] if largest > 0.0 else 0
    a = [[math.ldexp(v, shift) for v in row] for row in matrix]
    vectors = [[float(i == j) for j in range(n)] for i in range(n)]
    for _ in range(_SWEEPS):
        turned = 0
        for p in range(n - 1):
            for q in range(p + 1, n):
                if abs(a[p][q]) > _EPSILON * math.sqrt(abs(a[p][p]) * abs(a[q][q])):
                    _rotate(a, vectors, p, q)
                    turned += 1
        if turned == 0:
            break
    order = sorted(range(n), key=lambda i: (-a[i][i], i))
    return [_signed(vectors[i]) for i in order]


def _rotate(a: Matrix, vectors: Matrix, p: int, q: int) -> None:
    """Turns rows and columns p and q so that the entry at p, q becomes 0."""
    theta = (a[q][q] - a[p][p]) / (2.0 * a[p][q])
    t = math.copysign(1.0, theta) / (abs(theta) + math.sqrt(theta * theta + 1.0))
    c = 1.0 / math.sqrt(t * t + 1.0)
    s = t * c
    across = a[p][q]
    a[p][p] -= t * across
    a[q][q] += t * across
    a[p][q] = a[q][p] = 0.0
    for k in range(len(a)):
        if k not in (p, q):
            x, y = a[k][p], a[k][q]
            a[k][p] = a[p][k] = c * x - s * y
            a[k][q] = a[q][k] = s * x + c * y
        x, y = vectors[p][k], vectors[q][k]
        vectors[p][k] = c * x - s * y
        vectors[q][k] = s * x + c * y


def _signed(vector: list[float]) -> list[float]:
    largest = max(range(len(vector)), key=lambda i: abs(vector[i]))
    return [-v for v in vector] if vector[largest] < 0.0 else vector
