"""Distances on the sphere."""

from featurelib.intrinsics import f64_abs, f64_sqrt
from featurelib.op import Float, kernel_function, op
from featurelib.ops.elementary import atan2, sin
from featurelib.ops.elementary.double import two_sum

NAN = float("nan")
RADIANS = 0.017453292519943295  # pi / 180
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
