"""Golden cases of distances: ``python golden_data/generate/geo.py [--measure COUNT]``.

The oracle is mpmath with 300 bits and another formula than the body's: the angle between two points
from its tangent (Vincenty's form for the sphere), which is well conditioned everywhere.
"""

from __future__ import annotations

import math
import random
import struct
import sys
from collections.abc import Iterator
from typing import Any

import mpmath
from mpmath import mp, mpf
from numeric_cases import BY_HAND, INF, NAN, case, write

MPMATH = f"mpmath {mpmath.__version__}"
ULP = 6
Points = tuple[float, float, float, float]

PLACES: list[tuple[Points, str]] = [
    ((40.6413, -73.7781, 51.47, -0.4543), "New York JFK to London Heathrow"),
    ((40.639751, -73.778925, 33.942536, -118.408075), "JFK to LAX"),
    ((52.0, 5.0, 52.0, 5.001), "along a parallel, about 68 m"),
    ((0.0, 0.0, 0.0, 90.0), "a quarter of the equator"),
    ((90.0, 0.0, 0.0, 77.0), "from the pole the longitude of the other point is all the same"),
    ((-33.8688, 151.2093, -33.8688, -151.2093), "across the date line"),
    ((35.5494, 139.7798, 35.5494, 499.7798 - 360.0), "the same point, a longitude west of 360"),
]
BOUNDS: list[tuple[Points, str]] = [
    ((90.0, 0.0, -90.0, 0.0), "pole to pole"),
    ((0.0, -90.0, 0.0, 90.0), "antipodes on the equator"),
    ((36.5, -109.25, -36.5, 70.75), "antipodes"),
    ((36.5, -109.25, -36.49999999, 70.75000001), "nearly antipodes"),
    ((45.0, 7.0, 45.00000000000001, 7.0), "one unit in the last place apart"),
    ((12.0, 180.0, 12.0, -179.99999999999997), "a hair across the date line"),
    ((1.0, -360.0, 2.0, 360.0), "the ends of the longitudes"),
]
INVALID: list[Points] = [
    (NAN, 0.0, 0.0, 0.0), (0.0, NAN, 0.0, 0.0), (0.0, 0.0, NAN, 0.0), (0.0, 0.0, 0.0, NAN),
    (INF, 0.0, 0.0, 0.0), (0.0, -INF, 0.0, 0.0), (0.0, 0.0, -INF, 0.0), (0.0, 0.0, 0.0, INF),
]  # fmt: skip
OUTSIDE: list[Points] = [
    (90.00000000000001, 0.0, 0.0, 0.0), (0.0, 360.00000000000006, 0.0, 0.0),
    (0.0, 0.0, -91.0, 0.0), (0.0, 0.0, 0.0, -1e300),
]  # fmt: skip


def distance(points: Points) -> Any:
    """The true distance in kilometres."""
    with mp.workprec(300):
        lat1, lon1, lat2, lon2 = (mpf(p) * mp.pi / 180 for p in points)
        turn = lon2 - lon1
        across = mp.cos(lat2) * mp.sin(turn)
        along = mp.cos(lat1) * mp.sin(lat2) - mp.sin(lat1) * mp.cos(lat2) * mp.cos(turn)
        ahead = mp.sin(lat1) * mp.sin(lat2) + mp.cos(lat1) * mp.cos(lat2) * mp.cos(turn)
        return mpf("6371.0088") * mp.atan2(mp.sqrt(across**2 + along**2), ahead)


def hard_points(count: int, seed: int = 20261122) -> Iterator[Points]:
    """Random points: anywhere, close together, nearly antipodes, at a pole, at the date line."""
    rng = random.Random(seed)
    for i in range(count):
        spread = 10 ** rng.uniform(-12, 1)
        lat1, lon1 = rng.uniform(-90, 90), rng.uniform(-180, 180)
        lat2, lon2 = rng.uniform(-90, 90), rng.uniform(-180, 180)
        near = rng.uniform(-spread, spread), rng.uniform(-spread, spread)
        if i % 5 == 1:
            lat2, lon2 = lat1 + near[0], lon1 + near[1]
        elif i % 5 == 2:
            lat2, lon2 = -lat1 + near[0], lon1 + 180 + near[1]
        elif i % 5 == 3:
            lat1 = 90 - spread
            lat2 = 90 - abs(near[0])
        elif i % 5 == 4:
            lon1, lon2 = 180 - spread, -180 + abs(near[1])
            lat2 = lat1 + near[0] / 9
        yield max(-90.0, min(90.0, lat1)), lon1, max(-90.0, min(90.0, lat2)), lon2


def single(x: float) -> float:
    """x in binary32."""
    return float(struct.unpack("<f", struct.pack("<f", x))[0])


def cases() -> list[dict[str, Any]]:
    """Every line of the file."""
    made: list[dict[str, Any]] = []

    def add(
        group: str, points: Any, out: Any, oracle: str, why: str, kind: str = "Float64"
    ) -> None:
        line = case(group, [kind] * 4, points, kind, out, oracle, why)
        made.append(line if oracle == BY_HAND else line | {"ulp": ULP})

    for points, why in PLACES:
        add("basic", points, float(distance(points)), MPMATH, why)
    for points in hard_points(40):
        add("basic", points, float(distance(points)), MPMATH, "random")
    for points, _ in PLACES[:2]:
        rounded = tuple(single(p) for p in points)
        add("basic", rounded, single(float(distance(rounded))), MPMATH, "rounded once", "Float32")
    for i in range(4):
        args = [None if i == k else 1.0 for k in range(4)]
        add("nulls", args, None, BY_HAND, "null in, null out")
    for points in INVALID:
        add("nan_inf", points, NAN, BY_HAND, "no place")
    for points in OUTSIDE:
        add("bounds", points, NAN, BY_HAND, "beyond the degrees that name places")
    for points, why in BOUNDS:
        add("bounds", points, float(distance(points)), MPMATH, why)
    for zeros in ((0.0, 0.0, 0.0, 0.0), (-0.0, -0.0, 0.0, 0.0), (0.0, 0.0, -0.0, -0.0)):
        add("signed_zero", zeros, 0.0, BY_HAND, "no distance, and no sign")
    add("basic", (10.0, 350.0, 10.0, -10.0), 0.0, BY_HAND, "one meridian by two names")
    tiny = (5e-324, 0.0, -5e-324, 0.0)
    add("bounds", tiny, 0.0, BY_HAND, "the square of so small an angle underflows")
    add("signed_zero", (7.5, 3.25, 7.5, 3.25), 0.0, BY_HAND, "a point from itself")
    return made


def measure(count: int) -> None:
    """Prints the largest distance of the body from the truth, in units in the last place."""
    from featurelib.ops.geo import haversine_km

    worst: tuple[float, Points] = (0.0, (0.0, 0.0, 0.0, 0.0))
    for points in hard_points(count, seed=1):
        true = distance(points)
        got = mpf(haversine_km(*points))
        worst = max(worst, (float(abs(got - true) / mpf(math.ulp(float(true)))), points))
    print(f"haversine_km: {worst[0]:.3f} ulp at {worst[1]} over {count} points")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        measure(int(sys.argv[2]) if len(sys.argv) > 2 else 100_000)
    else:
        write("geo", "haversine_km", cases())
