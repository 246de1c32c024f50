"""What a fit of the set `flights` finds, by plain Python: the other half of `flights_by_hand`."""

import math
from collections import Counter
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True)
class Fitted:
    """Statistics of the training rows."""

    delay_mean: float
    delay_deviation: float
    known_mean: float
    least_air_time: int
    most_air_time: int
    distance_edges: list[float]
    carriers: dict[str, int]
    destinations: dict[str, int]
    tails: dict[str, int]


def fit_by_hand(flights: list[dict]) -> Fitted:
    known = [f["dep_delay"] for f in flights if f["dep_delay"] is not None]
    clipped = [min(max(f["dep_delay"] or 0.0, -30.0), 180.0) for f in flights]
    air_times = [f["air_time"] for f in flights if f["air_time"] is not None]
    distances = sorted(f["distance"] for f in flights)
    return Fitted(
        delay_mean=float(mean(clipped)),
        delay_deviation=deviation(clipped),
        known_mean=float(mean(known)),
        least_air_time=min(air_times),
        most_air_time=max(air_times),
        distance_edges=[quantile(distances, Fraction(k, 10)) for k in range(1, 10)],
        carriers=vocabulary([f["carrier"] for f in flights], most=12),
        destinations=vocabulary([f["dest"] for f in flights], least=100),
        tails=vocabulary([f["tailnum"] for f in flights if f["tailnum"]], most=2_000),
    )


def mean(values: list[float]) -> Fraction:
    return sum(map(Fraction, values), Fraction(0)) / len(values)


def deviation(values: list[float]) -> float:
    """Square root of the exact population variance, by integers of 400 bits, rounded once."""
    center = mean(values)
    counts = Counter(values)
    spread = sum(n * (Fraction(v) - center) ** 2 for v, n in counts.items()) / len(values)
    root = math.isqrt(spread.numerator * spread.denominator << 400)
    return float(Fraction(root, spread.denominator << 200))


def quantile(ordered: list[int], p: Fraction) -> float:
    """Linear between the two neighbours of the position (n - 1) p."""
    place = (len(ordered) - 1) * p
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return float(ordered[below] + (place - below) * (ordered[above] - ordered[below]))


def vocabulary(words: list[str], most: int | None = None, least: int = 1) -> dict[str, int]:
    """Indices from 2 by falling count, ties by bytes."""
    counts = [(w, n) for w, n in Counter(words).items() if n >= least]
    order = sorted(counts, key=lambda pair: (-pair[1], pair[0].encode()))[:most]
    return {word: i for i, (word, _) in enumerate(order, start=2)}
