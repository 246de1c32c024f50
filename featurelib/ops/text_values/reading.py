"""Text read as integers, truth values, dates and times.

A text that is not exactly a value of the type is null: white space, a digit that is not ASCII, a
number out of range, a day that no month has. Nothing is guessed.
"""

from featurelib.dtypes import Bool, Date, Datetime, Int64, String, UInt64
from featurelib.errors import DefinitionError
from featurelib.intrinsics import (
    View,
    i64_add,
    i64_from_bool,
    i64_from_u64,
    i64_mul,
    i64_sub,
    load_u8,
    load_u32_le,
    u64_add,
    u64_from_i64,
    u64_mul,
)
from featurelib.node import Node, apply
from featurelib.op import Nulls, kernel_function, method, op
from featurelib.ops.cast import _to
from featurelib.ops.temporal.calendar import DAY, HOUR, MINUTE, SECOND, day_of, month_length
from featurelib.ops.temporal.calendar import month_start as first_of_month
from featurelib.ops.text_values.time_formats import split_format

MINUS, PLUS, ZERO, PERCENT = 45, 43, 48, 37
TENTH = 1844674407370955161  # (2**64 - 1) // 10, which leaves 5
TRUE_BYTES, FALS_BYTES = 0x65757274, 0x736C6166  # "true" and "fals", the first byte lowest
LETTER_E = 101
YEAR, MONTH, DAY_OF_MONTH, HOURS, MINUTES, SECONDS, FRACTION = 89, 109, 100, 72, 77, 83, 102
"""The letters Y m d H M S f of directives."""
_DATE_DIRECTIVES, _TIME_DIRECTIVES = "Ymd", "HMSf"


@kernel_function
def _magnitude(s: View, start: Int64) -> tuple[UInt64, Bool]:
    """The digits from byte `start` to the end as a number; whether they are one of 64 bits."""
    value = u64_from_i64(0)
    valid = start < s.stop
    for i in range(start, s.stop):
        digit = i64_sub(load_u8(s.buf, i), ZERO)
        valid = valid and digit >= 0 and digit <= 9
        tenth = u64_from_i64(TENTH)
        valid = valid and (value < tenth or (value == tenth and digit <= 5))
        value = u64_add(u64_mul(value, 10), u64_from_i64(digit))
    return value, valid


@op("parse_signed", version=1, nulls=Nulls.MAYBE, result=_to, public=False)
def parse_signed(s: String, *, low: Int64, high: Int64) -> Int64:
    """Digits with a sign or none as an integer from low to high; null for all else."""
    sign = load_u8(s.buf, s.start) if s.start < s.stop else 0
    is_negative = sign == MINUS
    skipped = i64_from_bool(is_negative or sign == PLUS)
    magnitude, valid = _magnitude(s, i64_add(s.start, skipped))
    value = i64_from_u64(magnitude)
    value = i64_sub(0, value) if is_negative else value
    # A magnitude beyond 63 bits shows by its sign.
    fits = value <= 0 if is_negative else value >= 0
    return value, valid and fits and low <= value and value <= high


@op("parse_unsigned", version=1, nulls=Nulls.MAYBE, result=_to, public=False)
def parse_unsigned(s: String, *, high: UInt64) -> UInt64:
    """Digits with a plus or none as an integer up to high; null for all else, -0 included."""
    sign = load_u8(s.buf, s.start) if s.start < s.stop else 0
    magnitude, valid = _magnitude(s, i64_add(s.start, i64_from_bool(sign == PLUS)))
    return magnitude, valid and magnitude <= high


@op("parse_bool", version=1, nulls=Nulls.MAYBE, public=False)
def parse_bool(s: String) -> Bool:
    """Whether the text is "true"; null where it is neither that nor "false"."""
    n = i64_sub(s.stop, s.start)
    word = load_u32_le(s.buf, s.start) if n >= 4 else u64_from_i64(0)
    is_true = n == 4 and word == u64_from_i64(TRUE_BYTES)
    is_false = n == 5 and word == u64_from_i64(FALS_BYTES)
    if is_false:
        is_false = load_u8(s.buf, i64_add(s.start, 4)) == LETTER_E
    return is_true, is_true or is_false


@kernel_function
def _number(s: View, at: Int64, least: Int64, most: Int64) -> tuple[Int64, Int64]:
    """Up to `most` digits from byte `at`, and their count; -1 if there are fewer than `least`."""
    value, n = 0, 0
    while n < most and i64_add(at, n) < s.stop:
        digit = i64_sub(load_u8(s.buf, i64_add(at, n)), ZERO)
        if digit < 0 or digit > 9:
            most = n
        else:
            value = i64_add(i64_mul(value, 10), digit)
            n = i64_add(n, 1)
    return value if n >= least else -1, n


@kernel_function
def _read_time(s: View, form: View) -> tuple[Int64, Bool]:
    """The instant that a text shows in a format, and whether it shows one."""
    at, f, valid = s.start, form.start, True
    year, month, day, clock = 1970, 1, 1, 0
    while f < form.stop:
        letter = load_u8(form.buf, f)
        f = i64_add(f, 1)
        is_directive = letter == PERCENT and f < form.stop
        if is_directive:
            letter = load_u8(form.buf, f)
            f = i64_add(f, 1)
        if is_directive and letter != PERCENT:
            width = 4 if letter == YEAR else (6 if letter == FRACTION else 2)
            number, read = _number(s, at, 1 if letter == FRACTION else width, width)
            valid = valid and number >= 0
            at = i64_add(at, read)
            if letter == YEAR:
                year = number
            elif letter == MONTH:
                month = number
            elif letter == DAY_OF_MONTH:
                day = number
            elif letter == HOURS:
                valid = valid and number < 24
                clock = i64_add(clock, i64_mul(number, HOUR))
            elif letter == MINUTES:
                valid = valid and number < 60
                clock = i64_add(clock, i64_mul(number, MINUTE))
            elif letter == SECONDS:
                valid = valid and number < 60
                clock = i64_add(clock, i64_mul(number, SECOND))
            elif letter == FRACTION:
                for _ in range(read, 6):
                    number = i64_mul(number, 10)
                clock = i64_add(clock, number)
            else:
                valid = False
        else:
            valid = valid and at < s.stop
            if valid:
                valid = load_u8(s.buf, at) == letter
            at = i64_add(at, 1)
    valid = valid and at == s.stop and year >= 1 and month >= 1 and month <= 12
    valid = valid and day >= 1 and day <= month_length(year, month)
    days = i64_add(first_of_month(year, month), i64_sub(day, 1))
    return i64_add(i64_mul(days, DAY), clock), valid


@op("parse_date", version=1, nulls=Nulls.MAYBE, public=False)
def parse_date(s: String, form: String) -> Date:
    """The day that the text shows in a format; null where it shows none."""
    t, valid = _read_time(s, form)
    return day_of(t), valid


@op("parse_datetime", version=1, nulls=Nulls.MAYBE, public=False)
def parse_datetime(s: String, form: String) -> Datetime:
    """The instant in UTC that the text shows in a format; null where it shows none."""
    return _read_time(s, form)


@method("str.to_date")
def to_date(s: Node, format: str = "%Y-%m-%d") -> Node:
    """The Date that a text shows in a format; null where it does not show one exactly.

    Directives: %Y is four digits, %m and %d are two each, %% is a percent sign; every other
    character stands for itself.
    """
    return apply("parse_date", (s, _checked("str.to_date", format, _DATE_DIRECTIVES)))


@method("str.to_datetime")
def to_datetime(s: Node, format: str) -> Node:
    """The Datetime in UTC that a text shows in a format; null where it does not show one exactly.

    Besides those of `str.to_date`, %H %M %S are two digits each, %f is one to six digits of a
    second's fraction. For clocks of another zone: ``.dt.replace_time_zone(zone, ambiguous=...)``.
    """
    known = _DATE_DIRECTIVES + _TIME_DIRECTIVES
    return apply("parse_datetime", (s, _checked("str.to_datetime", format, known)))


def _checked(what: str, form: object, known: str) -> str:
    """A format with each directive once, and year, month and day among them."""
    if not isinstance(form, str):
        raise DefinitionError(f"`{what}`: expected a constant text as format, got {form!r}")
    pieces = [p for p in split_format(form) if p.name is not None and p.text != "%%"]
    names = " ".join(f"%{d}" for d in known)
    for piece in pieces:
        if piece.text[1:] not in tuple(known):
            raise DefinitionError(f"`{what}`: expected {names}, got {piece.text} in {form!r}")
    found = [piece.name for piece in pieces]
    wrong = [d for d in known if found.count(d) > 1 or (d in _DATE_DIRECTIVES and d not in found)]
    if wrong:
        times = "twice" if found.count(wrong[0]) > 1 else "nowhere"
        raise DefinitionError(f"`{what}`: %{wrong[0]} stands {times} in {form!r}")
    return form
