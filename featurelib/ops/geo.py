"""Places on the sphere: distances, directions, geohashes and boxes."""

from featurelib.dtypes import STRING, UINT64, Int64, String, UInt64
from featurelib.errors import DefinitionError
from featurelib.intrinsics import (
    View,
    arena_limit,
    arena_reserve,
    f64_abs,
    f64_sqrt,
    i64_add,
    i64_and,
    i64_from_bool,
    i64_from_u64,
    i64_mul,
    i64_sub,
    store_u8,
    u64_add,
    u64_and,
    u64_from_i64,
    u64_shl,
    u64_shr,
)
from featurelib.node import Node, apply, call
from featurelib.op import Arena, Float, Nulls, kernel_function, method, op
from featurelib.ops.elementary import atan2, sin
from featurelib.ops.elementary.double import two_sum

NAN = float("nan")
RADIANS = 0.017453292519943295  # pi / 180
DEGREES = 57.29577951308232  # 180 / pi
DIAMETER_KM = 12742.0176  # twice 6371.0088 km, the mean radius of WGS 84 (IUGG)


@kernel_function
def _sine_squared(degrees):
    s = sin(degrees * RADIANS)
    return s * s


@op("haversine_km", version=1, promote=True)
def haversine_km(lat1: Float, lon1: Float, lat2: Float, lon2: Float) -> Float:
    """Great-circle distance in kilometres on a sphere of mean radius 6371.0088 km.

    Called on the first latitude: ``lat1.haversine_km(lon1, lat2, lon2)``, all in degrees. NaN for a
    latitude beyond -90 ... 90 or a longitude beyond -360 ... 360. Distances below 1e-140 km lose
    digits, and end at 0.

    At most 4.63 ulp from the true value in ``python golden_data/generate/geo.py --measure``.
    """
    # Angles stay in degrees until their sine is taken: there 90, 180 and 360 are exact, so that
    # neither the poles, nor the date line, nor a point and its antipode lose digits.
    turn, left = two_sum(lon2, -lon1)
    left = -left if turn < 0.0 else left
    turn = f64_abs(turn)
    turn = turn - 360.0 if turn > 360.0 else turn
    # Across the date line two large numbers leave a small one: what rounding took comes back.
    turn = (360.0 - turn) - left if turn > 180.0 else turn + left
    cosines = sin((90.0 - f64_abs(lat1)) * RADIANS) * sin((90.0 - f64_abs(lat2)) * RADIANS)
    near = _sine_squared(0.5 * (lat2 - lat1)) + cosines * _sine_squared(0.5 * turn)
    far = _sine_squared(0.5 * (lat2 + lat1)) + cosines * _sine_squared(0.5 * (180.0 - turn))
    distance = DIAMETER_KM * atan2(f64_sqrt(near), f64_sqrt(far))
    valid = f64_abs(lat1) <= 90.0 and f64_abs(lat2) <= 90.0
    valid = valid and f64_abs(lon1) <= 360.0 and f64_abs(lon2) <= 360.0
    return distance if valid else NAN


@kernel_function
def _turn(lon1, lon2):
    """The way east from one longitude to another within half a turn of 0: degrees, and an error."""
    turn, left = two_sum(lon2, -lon1)
    turn = turn - 360.0 if turn > 360.0 else turn
    turn = turn + 360.0 if turn < -360.0 else turn
    turn = turn - 360.0 if turn > 180.0 else turn
    turn = turn + 360.0 if turn < -180.0 else turn
    return turn, left


@kernel_function
def _sine_of_sum(a, b):
    """The sine of a + b degrees, from -180 to 180, with all digits beside 180 too."""
    total, left = two_sum(a, b)
    if f64_abs(total) <= 90.0:
        return sin((total + left) * RADIANS)
    if total < 0.0:
        return -sin(((180.0 + total) + left) * RADIANS)
    return sin(((180.0 - total) - left) * RADIANS)


@op("bearing", version=1, promote=True)
def bearing(lat1: Float, lon1: Float, lat2: Float, lon2: Float) -> Float:
    """The direction in which the great circle to another place starts: degrees from north by east.

    Called on the first latitude, as `haversine_km`; from 0 up to 360, which a Float32 may round to.
    0 from a place to itself. NaN for a latitude beyond -90 ... 90 or a longitude beyond
    -360 ... 360.

    At most 4.83 ulp from the true value in
    ``python golden_data/generate/geo_directions.py --measure``.
    """
    turn, left = _turn(lon1, lon2)
    side = -1.0 if turn < 0.0 else 1.0
    turn, left = side * turn, side * left
    # Beyond a quarter of a turn, what is left of half a turn: the float nearest to pi has a sine
    # that is not 0. Two forms of one sum, so that no places cancel digits.
    is_far = turn > 90.0
    rest = (180.0 - turn) - left if is_far else turn + left
    cosine = sin((90.0 - f64_abs(lat2)) * RADIANS)
    tilt = 2.0 * sin(lat1 * RADIANS) * cosine * _sine_squared(0.5 * rest)
    ahead = _sine_of_sum(lat2, lat1) - tilt if is_far else _sine_of_sum(lat2, -lat1) + tilt
    across = side * sin(rest * RADIANS)
    angle = atan2(across * cosine, ahead) * DEGREES + 0.0
    angle = angle + 360.0 if angle < 0.0 else angle
    angle = 0.0 if angle >= 360.0 else angle
    valid = f64_abs(lat1) <= 90.0 and f64_abs(lat2) <= 90.0
    valid = valid and f64_abs(lon1) <= 360.0 and f64_abs(lon2) <= 360.0
    return angle if valid else NAN


LONGEST = 12
"""Letters of a geohash: 60 bits, about 4 cm."""


def _cell_type(_types, params):
    if not 1 <= params.get("bits", 0) <= 5 * LONGEST:
        raise DefinitionError(f"`geohash`: bits={params.get('bits')!r} is not from 1 to 60")
    return UINT64


def _letters_type(_types, params):
    if not 1 <= params.get("length", 0) <= LONGEST:
        raise DefinitionError(f"`geohash`: length={params.get('length')!r} is not from 1 to 12")
    return STRING


@op(
    "geohash_cell",
    version=1,
    nulls=Nulls.MAYBE,
    promote=True,
    result=_cell_type,
    public=False,
)
def geohash_cell(lat: Float, lon: Float, *, bits: Int64) -> UInt64:
    """The cell of a place on the geohash grid: `bits` halvings in turn, the longitude's first.

    A place on the line between two cells is in the eastern or northern one. Null for a latitude
    beyond -90 ... 90 or a longitude beyond -360 ... 360.
    """
    valid = f64_abs(lat) <= 90.0 and f64_abs(lon) <= 360.0
    x = lon - 360.0 if lon > 180.0 else lon
    x = x + 360.0 if x < -180.0 else x
    west, east, south, north = -180.0, 180.0, -90.0, 90.0
    cell = u64_from_i64(0)
    for i in range(bits):
        # All middles are exact: whole multiples of 45 degrees, halved at most 30 times.
        if i64_and(i, 1) == 0:
            middle = 0.5 * (west + east)
            is_upper = x >= middle
            west = middle if is_upper else west
            east = east if is_upper else middle
        else:
            middle = 0.5 * (south + north)
            is_upper = lat >= middle
            south = middle if is_upper else south
            north = north if is_upper else middle
        cell = u64_add(u64_shl(cell, 1), u64_from_i64(i64_from_bool(is_upper)))
    return cell, valid


@op(
    "geohash_text",
    version=1,
    nulls=Nulls.MAYBE,
    result=_letters_type,
    device_reason="text that is made",
    public=False,
)
def geohash_text(cell: UInt64, arena: Arena, *, length: Int64) -> String:
    """The letters of a cell of 5 times `length` bits: digits and lower case without a, i, l, o."""
    if length > arena_limit(arena):
        return View(arena_reserve(arena, 0), 0, 0), False
    buf = arena_reserve(arena, length)
    for i in range(length):
        digit = i64_from_u64(u64_and(u64_shr(cell, i64_mul(5, i64_sub(i64_sub(length, 1), i))), 31))
        letter = i64_add(digit, 48)
        if digit >= 10:
            # From b on; then i, l and o are left out.
            letter = i64_add(digit, 88)
            if digit >= 17:
                letter = i64_add(letter, 1)
            if digit >= 19:
                letter = i64_add(letter, 1)
            if digit >= 21:
                letter = i64_add(letter, 1)
        store_u8(buf, i, letter)
    return View(buf, 0, length), True


def _cell(lat: Node, lon: Node, precision: int, name: str) -> Node:
    if isinstance(precision, bool) or not isinstance(precision, int):
        raise DefinitionError(f"`{name}`: expected an integer precision, got {precision!r}")
    if not 1 <= precision <= LONGEST:
        raise DefinitionError(
            f"`{name}`: expected 1 <= precision <= {LONGEST}, got precision={precision}"
        )
    return apply(geohash_cell, (lat, lon), {"bits": 5 * precision})


@method("geohash")
def geohash(lat: Node, lon: Node, precision: int = 6) -> Node:
    """The geohash of a place, as text of `precision` letters, 1 to 12: 6 are about a kilometre.

    Called on the latitude, both in degrees. Null where the place does not exist.
    """
    cell = _cell(lat, lon, precision, "geohash")
    return apply(geohash_text, (cell,), {"length": precision})


@method("geohash_bits")
def geohash_bits(lat: Node, lon: Node, precision: int = 6) -> Node:
    """The cell of `geohash` as a UInt64 of 5 bits a letter: what a bucket or an id is made of."""
    return _cell(lat, lon, precision, "geohash_bits")


@method("is_in_box")
def is_in_box(lat: Node, lon: Node, south: float, west: float, north: float, east: float) -> Node:
    """Whether a place is in a box of degrees, its edges included.

    Called on the latitude. A box whose west is greater than its east crosses the date line.
    Longitudes are those of the box, -180 to 180.
    """
    given = {"south": south, "west": west, "north": north, "east": east}
    for name, value in given.items():
        most = 90 if name in ("south", "north") else 180
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not is_number or not -most <= value <= most:
            raise DefinitionError(
                f"`is_in_box`: expected -{most} <= {name} <= {most}, got {name}={value!r}"
            )
    if south > north:
        raise DefinitionError(
            f"`is_in_box`: expected south <= north, got south={south}, north={north}"
        )
    from_west, to_east = apply("ge", (lon, float(west))), apply("le", (lon, float(east)))
    along = apply("or_" if west > east else "and_", (from_west, to_east))
    across = call("is_between", (lat, float(south), float(north)), {})
    return apply("and_", (across, along))
