"""Dates and times written in a format: English names, the same digits on every machine."""

from featurelib.dtypes import DATETIME, Datetime, Int64, String
from featurelib.errors import FeatureTypeError
from featurelib.intrinsics import (
    View,
    arena_limit,
    arena_reserve,
    i64_add,
    i64_and,
    i64_floordiv,
    i64_mod,
    i64_mul,
    i64_shr,
    i64_sub,
    load_u8,
    store_u8,
)
from featurelib.node import Node, apply, call
from featurelib.op import AnyDatetime, Arena, Nulls, kernel_function, method, op
from featurelib.ops.temporal.calendar import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    civil,
    day_of,
    iso_week,
    weekday_number,
    year_and_ordinal,
)
from featurelib.ops.temporal.zones import local
from featurelib.ops.text_values.time_formats import written_format

MINUS, PLUS, ZERO, SPACE, PERCENT, UNDERSCORE = 45, 43, 48, 32, 37, 95
WIDEST = 6
"""Bytes that one byte of a format can become: %s is at most a sign and 11 digits."""
YEAR, CENTURY, SHORT_YEAR, QUARTER, MONTH, DAY_OF_MONTH, ORDINAL = 89, 67, 121, 113, 109, 100, 106
SUNDAY_WEEK, MONDAY_WEEK, FROM_SUNDAY, FROM_MONDAY = 85, 87, 119, 117
ISO_YEAR, SHORT_ISO_YEAR, ISO_WEEK = 71, 103, 86
HOURS, TWELVE_HOURS, MINUTES, SECONDS, MICROSECONDS, MILLISECONDS = 72, 73, 77, 83, 102, 76
EPOCH, OFFSET_HOURS, OFFSET_MINUTES = 115, 105, 111
SHORT_DAY, DAY_NAME, SHORT_MONTH, MONTH_NAME, UPPER_HALF, LOWER_HALF = 97, 65, 98, 66, 112, 80
"""The letters of the directives of `time_formats.FIELDS`."""
LETTER_M, LETTER_A, LETTER_P, LOWER = 77, 65, 80, 32


def _packed(name: str) -> int:
    """The letters of a name, five bits each, the first lowest; an integer needs no table."""
    return sum((ord(letter) & 31) << 5 * i for i, letter in enumerate(name))


DAYS = tuple(map(_packed, "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()))
MONTHS = tuple(
    map(
        _packed,
        "January February March April May June July August September October November "
        "December".split(),
    )
)


@kernel_function
def _put(out: View, at: Int64, byte: Int64) -> Int64:
    """Writes a byte if there is room; gives the place after it all the same."""
    if at < out.stop:
        store_u8(out.buf, at, byte)
    return i64_add(at, 1)


@kernel_function
def _put_number(out: View, at: Int64, value: Int64, width: Int64, fill: Int64) -> Int64:
    """Writes a number from 0 on behind what it lacks to a width; a fill of 0 is none."""
    ten, n = 10, 1
    while ten <= value:
        ten = i64_mul(ten, 10)
        n = i64_add(n, 1)
    for _ in range(i64_sub(width, n) if fill > 0 else 0):
        at = _put(out, at, fill)
    for _ in range(n):
        ten = i64_floordiv(ten, 10)
        at = _put(out, at, i64_add(ZERO, i64_mod(i64_floordiv(value, ten), 10)))
    return at


@kernel_function
def _put_name(out: View, at: Int64, packed: Int64, letters: Int64) -> Int64:
    """Writes a packed name, or its first letters."""
    case = 64
    while packed > 0 and letters > 0:
        at = _put(out, at, i64_add(case, i64_and(packed, 31)))
        packed = i64_shr(packed, 5)
        letters = i64_sub(letters, 1)
        case = 96
    return at


@kernel_function
def _day_number(letter: Int64, days: Int64) -> tuple[Int64, Int64]:
    """A number of a day and its digits; none has none."""
    if letter == ISO_YEAR:
        return iso_week(days)[0], 4
    if letter == SHORT_ISO_YEAR:
        return i64_mod(iso_week(days)[0], 100), 2
    if letter == ISO_WEEK:
        return iso_week(days)[1], 2
    weekday = weekday_number(days)
    if letter == FROM_MONDAY:
        return weekday, 1
    if letter == FROM_SUNDAY:
        return i64_mod(weekday, 7), 1
    year, ordinal = year_and_ordinal(days)
    if letter == YEAR:
        return year, 4
    if letter == CENTURY:
        return i64_floordiv(year, 100), 2
    if letter == SHORT_YEAR:
        return i64_mod(year, 100), 2
    if letter == ORDINAL:
        return ordinal, 3
    # Days before the first Sunday, or Monday, of a year are in its week 0.
    if letter == SUNDAY_WEEK:
        return i64_floordiv(i64_sub(i64_add(ordinal, 6), i64_mod(weekday, 7)), 7), 2
    if letter == MONDAY_WEEK:
        return i64_floordiv(i64_sub(i64_add(ordinal, 7), weekday), 7), 2
    _year, month, day = civil(days)
    if letter == QUARTER:
        return i64_floordiv(i64_add(month, 2), 3), 1
    if letter == MONTH:
        return month, 2
    if letter == DAY_OF_MONTH:
        return day, 2
    return 0, 0


@kernel_function
def _clock_number(letter: Int64, clock: Int64) -> tuple[Int64, Int64]:
    """A number of a clock, microseconds since midnight, and its digits; none has none."""
    hour = i64_floordiv(clock, HOUR)
    if letter == HOURS:
        return hour, 2
    if letter == TWELVE_HOURS:
        return i64_add(i64_mod(i64_add(hour, 11), 12), 1), 2
    if letter == MINUTES:
        return i64_floordiv(i64_mod(clock, HOUR), MINUTE), 2
    if letter == SECONDS:
        return i64_floordiv(i64_mod(clock, MINUTE), SECOND), 2
    if letter == MICROSECONDS:
        return i64_mod(clock, SECOND), 6
    if letter == MILLISECONDS:
        return i64_floordiv(i64_mod(clock, SECOND), 1000), 3
    return 0, 0


@kernel_function
def _put_instant(out: View, at: Int64, letter: Int64, shown: Int64, instant: Int64) -> Int64:
    """Writes seconds since 1970, or a part of the offset; gives -1 for another directive."""
    if letter == EPOCH:
        value, width, plus = i64_floordiv(instant, SECOND), 1, 0
    else:
        # To the nearest minute, as in Polars: local mean times have seconds.
        offset = i64_sub(shown, instant)
        ahead = i64_sub(0, offset) if offset < 0 else offset
        minutes = i64_floordiv(i64_add(ahead, 30 * SECOND), MINUTE)
        if letter == OFFSET_MINUTES:
            return _put_number(out, at, i64_mod(minutes, 60), 2, ZERO)
        if letter != OFFSET_HOURS:
            return -1
        value, width, plus = i64_floordiv(minutes, 60), 2, PLUS
        if offset < 0:
            at = _put(out, at, MINUS)
            plus = 0
    if value < 0:
        at = _put(out, at, MINUS)
        value = i64_sub(0, value)
    elif plus > 0:
        at = _put(out, at, plus)
    return _put_number(out, at, value, width, ZERO)


@kernel_function
def _put_text(out: View, at: Int64, letter: Int64, shown: Int64) -> Int64:
    """Writes the name of a day, of a month, or of half a day; gives -1 for another directive."""
    if letter == UPPER_HALF or letter == LOWER_HALF:
        low = LOWER if letter == LOWER_HALF else 0
        is_before_noon = i64_mod(shown, DAY) < 12 * HOUR
        at = _put(out, at, i64_add(LETTER_A if is_before_noon else LETTER_P, low))
        return _put(out, at, i64_add(LETTER_M, low))
    days = day_of(shown)
    if letter == SHORT_DAY or letter == DAY_NAME:
        name = DAYS[i64_sub(weekday_number(days), 1)]
        return _put_name(out, at, name, 3 if letter == SHORT_DAY else 9)
    if letter == SHORT_MONTH or letter == MONTH_NAME:
        name = MONTHS[i64_sub(civil(days)[1], 1)]
        return _put_name(out, at, name, 3 if letter == SHORT_MONTH else 9)
    return -1


@op(
    "dt.strftime",
    version=1,
    nulls=Nulls.MAYBE,
    device_reason="a value that makes text",
    public=False,
)
def strftime(shown: Datetime, instant: AnyDatetime, form: String, arena: Arena) -> String:
    """Local time in a format; null over the row limit, or where the format has no meaning.

    `instant` is the same time in UTC: their difference is the offset.
    """
    limit = arena_limit(arena)
    most = i64_mul(i64_sub(form.stop, form.start), WIDEST)
    most = most if most < limit else limit
    out = View(arena_reserve(arena, most), 0, most)
    at, f, valid = 0, form.start, True
    while valid and f < form.stop:
        letter = load_u8(form.buf, f)
        f = i64_add(f, 1)
        fill = ZERO
        is_plain = letter != PERCENT
        if not is_plain:
            letter = load_u8(form.buf, f) if f < form.stop else 0
            if letter == MINUS or letter == UNDERSCORE:
                fill = SPACE if letter == UNDERSCORE else 0
                f = i64_add(f, 1)
                letter = load_u8(form.buf, f) if f < form.stop else 0
            f = i64_add(f, 1)
            is_plain = letter == PERCENT
        if is_plain:
            at = _put(out, at, letter)
        else:
            value, width = _day_number(letter, day_of(shown))
            if width == 0:
                value, width = _clock_number(letter, i64_mod(shown, DAY))
            if width > 0:
                # Local time may be a few hours into year 10,000.
                if width == 4 and value > 9999:
                    at = _put(out, at, PLUS)
                at = _put_number(out, at, value, width, fill)
            else:
                after = _put_text(out, at, letter, shown)
                if after < 0:
                    after = _put_instant(out, at, letter, shown, instant)
                valid = after >= 0
                at = after
    valid = valid and at <= limit
    return View(out.buf, 0, at if valid else 0), valid


@method("dt.strftime")
def _strftime(x: Node, format: str) -> Node:
    """A Date or Datetime as text in a format, a Datetime as the clocks of its zone show it.

    Directives are Polars', without those that depend on a language or on the name of a zone:

    - dates: %Y %C %y %q %m %b %B %h %d %e %j, %F is %Y-%m-%d, %D is %m/%d/%y; %a %A, %u (Monday is
      1), %w (Sunday is 0); weeks %U (from Sundays) %W (from Mondays) and, of ISO 8601, %G %g %V;
    - clocks: %H %I %k %l %M %S %p %P, %R is %H:%M, %T is %H:%M:%S; %f is six digits of a second's
      fraction, as in Python and in `str.to_datetime`, %3f %6f %9f so many, %.3f %.6f %.9f with a
      point before; %s is seconds since 1970, %z and %:z the offset from UTC to the minute;
    - %% %n %t. `%-d` leaves the zeros before a number out, `%_d` makes them spaces.

    A local time before year 1 is in year 0000, one after 9999 in +10000. Null over the row limit,
    64 KiB unless the kernel is compiled with another.

    Args:
        x: A Date or a Datetime.
        format: A constant text.

    Raises:
        DefinitionError: A directive is not among these, or is of a clock and `x` is a Date.
    """
    if x.dtype.name not in ("Date", "Datetime"):
        raise FeatureTypeError(f"`dt.strftime` takes Date or Datetime, got {x.dtype}")
    is_date = x.dtype.name == "Date"
    form = written_format("dt.strftime", format, not is_date)
    instant = call("cast", (x, DATETIME), {}) if is_date else x
    return apply(strftime, (local(instant), instant, form))
