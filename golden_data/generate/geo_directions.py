"""Golden cases of directions and geohashes: ``python golden_data/generate/geo_directions.py``.

A direction is asked of mpmath with 300 bits in the textbook's form, with sines of half turns that
know 180 degrees exactly. A geohash is no halving here but one fraction: how far a place is on the
way from west to east, in cells. With ``--measure COUNT`` the body's distance from the truth.
"""

from __future__ import annotations

import math
import platform
import sys
from fractions import Fraction
from typing import Any

from geo import BOUNDS, INVALID, MPMATH, OUTSIDE, PLACES, Points, hard_points, single
from mpmath import mp, mpf
from numeric_cases import BY_HAND, INF, NAN, Case, case, write

ULP = 6
FRACTIONS = f"CPython {platform.python_version()} fractions"
LETTERS = "0123456789bcdefghjkmnpqrstuvwxyz"
SPOTS = [
    (42.605, -5.603, "the example of the page that introduced geohashes, ezs42"),
    (57.64911, 10.40744, "u4pruydqqvj"),
    (40.6413, -73.7781, "JFK"),
    (-33.8688, 151.2093, "Sydney"),
    (0.1, -0.1, "beside the null meridian"),
]
EDGES = [
    (0.0, 0.0, "on the lines between cells: the eastern and northern one"),
    (90.0, 180.0, "the last corner"),
    (-90.0, -180.0, "the first corner"),
    (90.0, -180.0, "a corner"),
    (45.0, 22.5, "on lines"),
    (math.nextafter(45.0, 0), math.nextafter(22.5, 0), "a hair below lines"),
    (12.0, 350.0, "a longitude beyond 180"),
    (12.0, -190.0, "a longitude beyond -180"),
    (12.0, 360.0, "once round"),
    (5e-324, -5e-324, "the least numbers"),
]
NOWHERE = [(90.00000000000001, 0.0), (-91.0, 0.0), (0.0, 360.00000000000006), (0.0, -400.0)]


def direction(points: Points) -> Any:
    """The true bearing in degrees, from 0 up to 360; 0 where it rounds to 360."""
    with mp.workprec(300):
        lat1, lon1, lat2, lon2 = (mpf(p) / 180 for p in points)
        turn = lon2 - lon1
        across = mp.sinpi(turn) * mp.cospi(lat2)
        along = mp.cospi(lat1) * mp.sinpi(lat2)
        along -= mp.sinpi(lat1) * mp.cospi(lat2) * mp.cospi(turn)
        angle = mp.atan2(across, along) * 180 / mp.pi
        angle += 360 if angle < 0 else 0
        return mpf(0) if float(angle) == 360.0 else angle


def bearing_cases() -> list[Case]:
    made: list[Case] = []

    def add(group: str, points: Any, out: Any, why: str, kind: str = "Float64") -> None:
        oracle = BY_HAND if group == "nulls" or out is NAN or out == 0 else MPMATH
        line = case(group, [kind] * 4, points, kind, out, oracle, why)
        made.append(line if oracle == BY_HAND else line | {"ulp": ULP})

    for points, why in PLACES:
        add("basic", points, float(direction(points)), why)
    for points in hard_points(40):
        add("basic", points, float(direction(points)), "random")
    for points, _ in PLACES[:2]:
        rounded = tuple(single(p) for p in points)
        add("basic", rounded, single(float(direction(rounded))), "rounded once", "Float32")
    for i in range(4):
        add("nulls", [None if i == k else 1.0 for k in range(4)], None, "null in, null out")
    for points in INVALID:
        add("nan_inf", points, NAN, "no place")
    for points in OUTSIDE:
        add("bounds", points, NAN, "beyond the degrees that name places")
    for points, why in BOUNDS[3:]:
        add("bounds", points, float(direction(points)), why)
    for points, why in (
        ((10.0, 0.0, 20.0, 180.0), "over the pole"),
        ((10.0, 0.0, -50.0, 180.0), "over the other pole"),
        ((0.0, 0.0, 0.0, -1.0), "west"),
        ((0.0, 0.0, -1.0, 0.0), "south"),
        ((89.0, 20.0, 90.0, -100.0), "to the pole"),
    ):
        add("bounds", points, float(direction(points)), why)
    for zeros in ((0.0, 0.0, 0.0, 0.0), (-0.0, -0.0, 0.0, 0.0), (7.5, 3.25, 7.5, 3.25)):
        add("signed_zero", zeros, 0.0, "a place from itself")
    return made


def cell(lat: float, lon: float, bits: int) -> int:
    """Bits of both fractions in turn, the longitude's first."""
    east = Fraction(lon) - (360 if lon > 180 else 0) + (360 if lon < -180 else 0)
    halves = (bits + 1) // 2, bits // 2
    along = ((east + 180) / 360, (Fraction(lat) + 90) / 180)
    counts = [min(int(f * 2**k), 2**k - 1) for f, k in zip(along, halves, strict=True)]
    texts = [f"{c:0{k}b}" if k else "" for c, k in zip(counts, halves, strict=True)]
    mixed = "".join(texts[i % 2][i // 2] for i in range(bits))
    return int(mixed, 2)


def cell_cases() -> list[Case]:
    made = []
    types, out = ["Float64", "Float64"], "UInt64"
    for bits in (30, 60):
        params = {"bits": bits}
        for group, spots in (("basic", SPOTS), ("bounds", EDGES)):
            for lat, lon, why in spots:
                wanted = cell(lat, lon, bits)
                made.append(case(group, types, [lat, lon], out, wanted, FRACTIONS, why, params))
        for lat, lon in NOWHERE:
            made.append(case("bounds", types, [lat, lon], out, None, BY_HAND, "no place", params))
    params = {"bits": 30}
    for given in ([NAN, 0.0], [0.0, INF], [-INF, NAN]):
        made.append(case("nan_inf", types, given, out, None, BY_HAND, "no place", params))
    for given in ([-0.0, 0.0], [0.0, -0.0]):
        wanted = cell(0.0, 0.0, 30)
        made.append(case("signed_zero", types, given, out, wanted, FRACTIONS, "no sign", params))
    for given in ([None, 1.0], [1.0, None]):
        made.append(case("nulls", types, given, out, None, BY_HAND, "null in, null out", params))
    lat, lon = single(40.6413), single(-73.7781)
    wanted = cell(lat, lon, 30)
    made.append(case("basic", ["Float32"] * 2, [lat, lon], out, wanted, FRACTIONS, "JFK", params))
    return made


def letters(value: int, length: int) -> str:
    made = ""
    for _ in range(length):
        value, digit = divmod(value, 32)
        made = LETTERS[digit] + made
    return made


def text_cases() -> list[Case]:
    made = []
    for length in (1, 6, 12):
        values = [("basic", cell(lat, lon, 5 * length), why) for lat, lon, why in SPOTS]
        values += [("bounds", 32**length - 1, "the last cell"), ("bounds", 0, "the first cell")]
        if length == 1:
            values += [("basic", digit, "every letter") for digit in range(1, 31)]
        for group, value, why in {v[1]: v for v in values}.values():
            params, out = {"length": length}, letters(value, length)
            made.append(case(group, ["UInt64"], [value], "String", out, FRACTIONS, why, params))
    params = {"length": 6}
    made.append(case("nulls", ["UInt64"], [None], "String", None, BY_HAND, "null", params))
    return made


def measure(count: int) -> None:
    """Prints the largest distance of the body from the truth, in units in the last place."""
    from featurelib.ops.geo import bearing

    worst: tuple[float, Points] = (0.0, (0.0, 0.0, 0.0, 0.0))
    for points in hard_points(count, seed=1):
        true = direction(points)
        got = mpf(bearing(*points))
        apart = min(abs(got - true), 360 - abs(got - true))
        worst = max(worst, (float(apart / mpf(math.ulp(float(true)))), points))
    print(f"bearing: {worst[0]:.3f} ulp at {worst[1]} over {count} points")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        measure(int(sys.argv[2]) if len(sys.argv) > 2 else 100_000)
    else:
        write("geo", "bearing", bearing_cases())
        write("geo", "geohash_cell", cell_cases())
        write("geo", "geohash_text", text_cases())
