"""Zones: from an instant to local time and back, and the zone of a type.

A zone is a table of kind ``zone`` (layout: `featurelib/zones.py`). Local time travels between ops
as a Datetime in UTC that shows what a clock on the wall shows.
"""

from featurelib.dtypes import Datetime, Int64, datetime_type
from featurelib.errors import DefinitionError, FeatureTypeError
from featurelib.intrinsics import (
    i64_add,
    i64_floordiv,
    i64_mul,
    i64_shr,
    i64_sub,
    load_i64,
)
from featurelib.node import Node, apply, table
from featurelib.op import AnyDatetime, Nulls, ZoneTable, kernel_function, method, op
from featurelib.ops.temporal.calendar import DAY, FIRST_INSTANT, LAST_INSTANT
from featurelib.zones import BUCKET_BITS, CYCLE_DAYS, zone_table

CYCLE = CYCLE_DAYS * DAY
REACH = DAY
"""No offset of the table reaches a day, so an instant is within a day of its local time."""

EARLIEST = 0
LATEST = 1
NULL = 2
SHIFT_FORWARD = 1

AMBIGUOUS = {"earliest": EARLIEST, "latest": LATEST, "null": NULL}
NON_EXISTENT = {"null": NULL, "shift_forward": SHIFT_FORWARD}


@kernel_function
def into_table(t, z):
    """An instant that the table lists: beyond its end, the same one of 400-year cycles before."""
    end = load_i64(z, 1)
    if t < end:
        return t
    cycles = i64_add(i64_floordiv(i64_sub(t, end), CYCLE), 1)
    return i64_sub(t, i64_mul(cycles, CYCLE))


@kernel_function
def pair_at(t, z):
    """Index of the pair (from this instant, offset) that holds at an instant before the end."""
    first = load_i64(z, 2)
    if t < first:
        return 0
    n = load_i64(z, 0)
    if t >= load_i64(z, i64_add(4, i64_mul(2, n))):
        return n
    bucket = i64_shr(i64_sub(t, first), BUCKET_BITS)
    i = load_i64(z, i64_add(i64_add(6, i64_mul(2, n)), bucket))
    while i < n and t >= load_i64(z, i64_add(6, i64_mul(2, i))):
        i = i64_add(i, 1)
    return i


@kernel_function
def offset_at(t, z):
    """Microseconds by which local time is ahead of UTC at an instant."""
    return load_i64(z, i64_add(5, i64_mul(2, pair_at(into_table(t, z), z))))


@kernel_function
def instant_of(local, z, fold, gap):
    """The instant of a local time, by rules for times that clocks show twice or never.

    `fold` is EARLIEST, LATEST or NULL. In a gap, SHIFT_FORWARD gives the instant at which the gap
    is jumped over, NULL nothing. What lies outside years 1 to 9999 is nothing either.
    """
    w = into_table(local, z)
    n = load_i64(z, 0)
    i = pair_at(i64_sub(w, REACH), z)
    start = load_i64(z, i64_add(4, i64_mul(2, i)))
    found = 0
    result = 0
    after_gap = start
    going = True
    while going:
        u = i64_sub(w, load_i64(z, i64_add(5, i64_mul(2, i))))
        last = i >= n
        stop = start if last else load_i64(z, i64_add(6, i64_mul(2, i)))
        if u >= start:
            after_gap = stop
            if last or u < stop:
                if found == 0 or fold == LATEST:
                    result = u
                found = i64_add(found, 1)
        going = not last and stop <= i64_add(w, REACH)
        start = stop
        i = i64_add(i, 1)
    valid = True
    if found == 0:
        result = after_gap
        valid = gap == SHIFT_FORWARD
    elif found > 1:
        valid = fold != NULL
    result = i64_add(result, i64_sub(local, w))
    return result, valid and result >= FIRST_INSTANT and result <= LAST_INSTANT


@op("to_local", version=1, public=False)
def to_local(t: AnyDatetime, zone: ZoneTable) -> Datetime:
    """Local time in a zone. Within a day of the ends of years 1 and 9999 it may be outside them."""
    return i64_add(t, offset_at(t, zone.buf))


@op(
    "from_local",
    version=1,
    nulls=Nulls.MAYBE,
    public=False,
    result=lambda types, params: datetime_type(params["zone"]),
)
def from_local(t: Datetime, zone: ZoneTable, *, fold: Int64, gap: Int64) -> Datetime:
    """The instant of a local time; null outside years 1 to 9999, and as `fold` and `gap` say."""
    return instant_of(t, zone.buf, fold, gap)


@op(
    "retype_datetime",
    version=1,
    public=False,
    result=lambda types, params: datetime_type(params["zone"]),
)
def retype_datetime(t: AnyDatetime) -> Datetime:
    """The same instant, in a type of another zone."""
    return t


def zone_of(x: Node, method_name: str) -> str:
    """The zone of a Datetime node.

    Raises:
        FeatureTypeError: It is no Datetime.
    """
    if x.dtype.name != "Datetime" or x.dtype.zone is None:
        raise FeatureTypeError(f"`{method_name}` takes Datetime, got {x.dtype}")
    return x.dtype.zone


def local(x: Node) -> Node:
    """Local time of a Datetime as the clocks of its zone show it; other nodes as they are."""
    if x.dtype.name != "Datetime" or x.dtype.zone in (None, "UTC"):
        return x
    return apply("to_local", (x, table(zone_table(x.dtype.zone))), {})


def from_wall(x: Node, zone: str, fold: int, gap: int) -> Node:
    """The instant in `zone` of local time, with the rules of `from_local`."""
    if zone == "UTC":
        return apply("retype_datetime", (x,), {"zone": zone})
    params = {"fold": fold, "gap": gap, "zone": zone}
    return apply("from_local", (x, table(zone_table(zone))), params)


@method("dt.convert_time_zone")
def convert_time_zone(x: Node, zone: str) -> Node:
    """The same instant, shown in another zone: its parts are then those of that zone."""
    zone_of(x, "dt.convert_time_zone")
    zone_table(zone)  # refuses an unknown name
    return apply("retype_datetime", (x,), {"zone": zone})


@method("dt.replace_time_zone")
def replace_time_zone(
    x: Node, zone: str, *, ambiguous: str = "", non_existent: str = "null"
) -> Node:
    """The instant at which the clocks of `zone` show what `x` shows in its own zone.

    Args:
        x: A Datetime.
        zone: The IANA zone that `x` is read in.
        ambiguous: What a time means that clocks show twice: ``"earliest"``, ``"latest"`` or
            ``"null"``; required, since no choice is right for everyone.
        non_existent: What a time means that clocks never show: ``"null"``, or
            ``"shift_forward"`` for the instant at which they jump over it.
    """
    zone_of(x, "dt.replace_time_zone")
    zone_table(zone)
    for name, value, known in (
        ("ambiguous", ambiguous, AMBIGUOUS),
        ("non_existent", non_existent, NON_EXISTENT),
    ):
        if value not in known:
            raise DefinitionError(
                f"`dt.replace_time_zone`: expected {name} of {', '.join(known)}, "
                f"got {name}={value!r}"
            )
    return from_wall(local(x), zone, AMBIGUOUS[ambiguous], NON_EXISTENT[non_existent])
