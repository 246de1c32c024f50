"""The best cut of sorted values into groups: k-means in one dimension, solved and not searched.

Groups of the least sum of squares are runs of the sorted values (Fisher 1958), and where the last
run begins never moves back as values are added: so a step of the dynamic programming asks for
n log n costs in place of n squared (Wu 1991).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from fractions import Fraction
from math import lcm


def least_spread(values: Sequence[Fraction], counts: Sequence[int], k: int) -> list[Fraction]:
    """The means of the k groups of least sum of squared distances to them.

    Each group's cost is exact and rounded once. Of cuts that then cost the same the one whose last
    group begins first is taken, then the one before it.

    Args:
        values: Rising and different.
        counts: How often each occurs.
        k: How many groups; of fewer values each is a group.
    """
    n = len(values)
    if n <= k:
        return list(values)
    unit = lcm(*(v.denominator for v in values))
    whole = [int((v - values[0]) * unit) for v in values]
    weights, sums, squares = (
        [0, *itertools.accumulate(terms)]
        for terms in (
            counts,
            [c * x for c, x in zip(counts, whole, strict=True)],
            [c * x * x for c, x in zip(counts, whole, strict=True)],
        )
    )
    # Costs as shares of the cost of one group: within the range of a float for any values.
    least = squares[n] * weights[n] - sums[n] * sums[n]

    def cost(first: int, last: int) -> float:
        weight = weights[last] - weights[first]
        total = sums[last] - sums[first]
        spread = (squares[last] - squares[first]) * weight - total * total
        return spread * weights[n] / (weight * least)

    best = [0.0, *(cost(0, last) for last in range(1, n + 1))]
    begins: list[list[int]] = []
    for groups in range(2, k + 1):
        best, begin = _one_more(best, groups, n, cost)
        begins.append(begin)
    cuts = [n]
    for begin in reversed(begins):
        cuts.append(begin[cuts[-1]])
    cuts = [0, *reversed(cuts)]
    return [
        values[0] + Fraction(sums[b] - sums[a], (weights[b] - weights[a]) * unit)
        for a, b in itertools.pairwise(cuts)
    ]


def _one_more(
    best: list[float], groups: int, n: int, cost: Callable[[int, int], float]
) -> tuple[list[float], list[int]]:
    """The least costs of the first values in so many groups, from those with a group fewer.

    Returns:
        The costs by how many values, and where the last group begins.
    """
    made, begin = [0.0] * (n + 1), [0] * (n + 1)
    # Ranges of ends, and within which their last groups begin; halved until every end is done.
    open_ranges = [(groups, n, groups - 1, n - 1)]
    while open_ranges:
        low, high, first, last = open_ranges.pop()
        if low > high:
            continue
        end = (low + high) // 2
        starts = range(first, min(last, end - 1) + 1)
        found, at = min((best[start] + cost(start, end), start) for start in starts)
        made[end], begin[end] = found, at
        open_ranges += [(low, end - 1, first, at), (end + 1, high, at, last)]
    return made, begin
