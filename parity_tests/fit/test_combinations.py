"""Several columns at once: axes of a matrix against high precision, terms in a stated order."""

from __future__ import annotations

import random
from typing import Any

import mpmath
import pytest

import featurelib as fl
from featurelib import dtypes
from featurelib.analyzers import from_json
from featurelib.analyzers.base import argument_type
from featurelib.analyzers.jacobi import eigenvectors
from featurelib.errors import DefinitionError
from featurelib.node import Node, input_node
from parity_tests.fit.fitting import batch, fitted

WORST = 16
"""Distance from the true axes that is allowed, in units of 2**-53; 9.5 were measured."""


def column(name: str) -> Node:
    """A nullable input."""
    return input_node(name, dtypes.FLOAT64, True)


def spread_matrix(n: int, seed: int) -> list[list[float]]:
    """A symmetric matrix whose eigenvalues are about 1, 4, 16, ...: axes are well determined."""
    rng = random.Random(seed)
    rows = [[rng.gauss(0, 2.0**j) for j in range(n)] for _ in range(4 * n)]
    return [[sum(r[i] * r[j] for r in rows) for j in range(n)] for i in range(n)]


@pytest.mark.parametrize(("n", "seed"), [(2, 0), (3, 1), (5, 2), (8, 3)])
def test_axes_are_those_of_high_precision(n: int, seed: int) -> None:
    """Against mpmath with 60 digits, signs as stated, by falling eigenvalue."""
    matrix = spread_matrix(n, seed)
    with mpmath.workdps(60):
        values, vectors = mpmath.eigsy(mpmath.matrix(matrix))
        order = sorted(range(n), key=lambda i: -values[i])
        for found, i in zip(eigenvectors(matrix), order, strict=True):
            true = [vectors[k, i] for k in range(n)]
            sign = mpmath.sign(max(true, key=abs))
            worst = max(abs(f - sign * t) for f, t in zip(found, true, strict=True))
            assert worst <= WORST * mpmath.mpf(2) ** -53


def test_axes_do_not_depend_on_the_unit() -> None:
    """A matrix times a power of two, the smallest and largest included, has the same bits."""
    matrix = spread_matrix(4, 7)
    axes = eigenvectors(matrix)
    for power in (-900, 900):
        assert eigenvectors([[v * 2.0**power for v in row] for row in matrix]) == axes


def test_axes_of_shuffled_rows_have_the_same_bits() -> None:
    """Covariances are exact, so parts and the order of rows cannot show."""
    rng = random.Random(5)
    rows = [
        (rng.gauss(0, 1), rng.gauss(1e6, 1e-3), rng.choice([None, 2.5, -1.0])) for _ in range(60)
    ]
    analyzer = from_json({"name": "principal_axes", "version": 1, "params": {"n": 3}})
    types = [dtypes.FLOAT64] * 3

    def found(parts: list[list[Any]]) -> Any:
        total = analyzer.start(argument_type(types))
        for part in parts:
            one = analyzer.start(argument_type(types))
            one.update(tuple(batch(dtypes.FLOAT64, list(c)) for c in zip(*part, strict=True)))
            total.merge(one)
        return total.finish()

    mixed = rng.sample(rows, len(rows))
    assert found([mixed[:7], mixed[7:]]) == found([rows])


def test_terms_stand_in_the_stated_order() -> None:
    """By degree, then by the order of the columns; without repeats if they are interactions."""
    columns = [column("x"), column("y")]
    rows = {"x": [2.0, None], "y": [3.0, 1.0]}
    terms = fl.polynomial(columns, 3)
    assert [fitted(t, rows)[0] for t in terms] == [2, 3, 4, 6, 9, 8, 12, 18, 27]
    assert [fitted(t, rows)[1] for t in terms[:3]] == [None, 1.0, None]
    assert [fitted(t, rows)[0] for t in fl.polynomial(columns, interaction_only=True)] == [2, 3, 6]


def test_a_component_is_null_where_a_column_is() -> None:
    """Two columns on one line: all that varies is in the first component.

    By hand: the axes are (0.6, 0.8) and (0.8, -0.6), so the second component is what rounding the
    two products leaves.
    """
    first, second = fl.pca([column("x"), column("y")], 2)
    rows = {"x": [0.0, 3.0, 6.0, None], "y": [0.0, 4.0, 8.0, 1.0]}
    assert fitted(first, rows)[3] is None
    assert fitted(first, rows)[:3] == [-5.0, 0.0, 5.0]
    left = 3.0 * 0.8 - 4.0 * 0.6
    assert fitted(second, rows)[:3] == [-left, 0.0, left]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: fl.pca([column("x")], 2), "1 <= n <= 1 columns, got n=2"),
        (lambda: fl.pca([], 1), r"list of columns, got \[\]"),
        (lambda: fl.polynomial([column("x")], 0), "degree=0"),
        (lambda: fl.polynomial([column("x")] * 40, 4), "degree 4 of 40 columns has over 10,000"),
        (lambda: column("x").principal_component(k=1), "k=1, n=1"),
        (lambda: column("x").quantile_transform(1), "n=1"),
        (lambda: column("x").quantile_transform(output="gauss"), "output='gauss'"),
    ],
)
def test_what_has_no_meaning_is_refused_with_its_value(call: Any, message: str) -> None:
    """When a feature is written, not at the fit."""
    with pytest.raises(DefinitionError, match=message):
        call()
