"""Several columns at once: polynomial terms, interactions, principal and random components."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from itertools import combinations, combinations_with_replacement
from operator import add, mul
from typing import Any, TypeVar

from featurelib.analyzers.principal_axes import PrincipalAxes
from featurelib.dtypes import FLOAT64, UINT32
from featurelib.errors import DefinitionError
from featurelib.node import Node, analyze, apply, literal, number
from featurelib.op import method
from featurelib.ops.hashing import checked_seed
from featurelib.ops.sequence.projection import checked_components, scale_of, signs_of

E = TypeVar("E")
"""An expression where features are written, a node inside of a method."""
MAX_TERMS = 10_000
"""Terms that one call may make; each is a feature with a name of its own."""


def polynomial(columns: Sequence[E], degree: int = 2, *, interaction_only: bool = False) -> list[E]:
    """All products of at most `degree` columns, as Float64, each multiplied from left to right.

    By rising degree, and within one degree in the order of the columns: of x and y with degree 2
    that is x, y, x x, x y, y y. There is no constant term. A product is null where a factor is.

    Args:
        columns: Columns of numbers or truth values; text is read as by `cast`.
        degree: Most factors of a term.
        interaction_only: No column twice in a term: x, y, x y.

    Raises:
        DefinitionError: No columns, a degree below 1, or over 10,000 terms.
    """
    _check_columns("polynomial", columns)
    if not isinstance(degree, int) or isinstance(degree, bool) or degree < 1:
        raise DefinitionError(f"polynomial: expected degree >= 1, got degree={degree!r}")
    choose = combinations if interaction_only else combinations_with_replacement
    floats = [c._call("cast", (c, FLOAT64), {}) for c in columns]  # type: ignore[attr-defined]
    made: list[Any] = []
    for k in range(1, degree + 1):
        for factors in choose(floats, k):
            made.append(reduce(mul, factors))
            if len(made) > MAX_TERMS:
                raise DefinitionError(
                    f"polynomial: degree {degree} of {len(columns)} columns has over "
                    f"{MAX_TERMS:,} terms",
                    hint="a lower degree, fewer columns, or interaction_only=True",
                )
    return made


def pca(columns: Sequence[E], n: int, *, non_finite: str = "error") -> list[E]:
    """The first n principal components of several columns, as Float64, by falling variance.

    Component k of a row is the sum of (x - mean) * axis over the columns, from left to right.
    Scale the columns first where their units differ: `pca([x.standardize(), y.standardize()], 1)`.
    Axes are found from exact covariances, so neither the order of rows nor threads can show in
    them. A component is null where a column is; rows with a null are left out of the fit.

    Args:
        columns: Columns of numbers or truth values.
        n: How many components.
        non_finite: See `fl.mean`.

    Raises:
        DefinitionError: No columns, or more components than columns.
    """
    _check_columns("pca", columns)
    if not isinstance(n, int) or isinstance(n, bool) or not 1 <= n <= len(columns):
        raise DefinitionError(f"pca: expected 1 <= n <= {len(columns)} columns, got n={n!r}")
    made: Any = principal_component
    return [made(*columns, k=k, n=n, non_finite=non_finite) for k in range(n)]


@method("principal_component")
def principal_component(
    first: Node, *others: Node, k: int = 0, n: int = 1, non_finite: str = "error"
) -> Any:
    """Component k, from 0, of the first n principal components of several columns; see `fl.pca`."""
    if type(k) is not int or type(n) is not int or not 0 <= k < n:
        raise DefinitionError(f"principal_component: expected 0 <= k < n, got k={k!r}, n={n!r}")
    columns = [number(x, "principal_component") for x in (first, *others)]
    table = analyze(PrincipalAxes(n, non_finite), *columns)

    def entry(place: int) -> Any:
        # Null only beyond the end of the table, where no entry is asked for.
        return apply("fitted_value", (literal(place, UINT32), table), {}).fill_null(0.0)

    size = len(columns)
    terms = ((x - entry(i)) * entry((k + 1) * size + i) for i, x in enumerate(columns))
    return reduce(add, terms)


def random_projection(columns: Sequence[E], n: int, *, seed: int = 0) -> list[E]:
    """n random projections of several columns, as Float64: rows that are near stay near.

    Component i is what `x.arr.random_projection(n)` of a vector of these columns has at place i:
    their sum with random signs, from left to right, times 1 / sqrt(n). Nothing is fitted; scale the
    columns first where their units differ. A component is null where a column is.

    Args:
        columns: Columns of numbers or truth values; text is read as by `cast`.
        n: How many components.
        seed: Another seed is another projection.

    Raises:
        DefinitionError: No columns, or n is not from 1 to 8,192.
    """
    _check_columns("random_projection", columns)
    checked_seed(seed)
    floats = [c._call("cast", (c, FLOAT64), {}) for c in columns]  # type: ignore[attr-defined]
    made: list[Any] = []
    for i in range(checked_components(n)):
        total: Any = 0.0
        for j, x in enumerate(floats):
            is_minus = signs_of(i, j >> 6, seed) >> (j & 63) & 1
            total = total - x if is_minus else total + x
        made.append(total * scale_of(n))
    return made


def _check_columns(what: str, columns: Sequence[Any]) -> None:
    if not isinstance(columns, (list, tuple)) or not columns:
        raise DefinitionError(f"{what}: expected a list of columns, got {columns!r}")
