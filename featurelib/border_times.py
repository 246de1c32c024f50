"""How time is read at the border: dates, instants and durations, from objects and from text."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import numpy as np

from featurelib.border_rules import ReadMember, Refusal
from featurelib.dtypes import DType

EPOCH_ORDINAL = dt.date(1970, 1, 1).toordinal()
MIN_DAYS = dt.date.min.toordinal() - EPOCH_ORDINAL
MAX_DAYS = dt.date.max.toordinal() - EPOCH_ORDINAL
DAY_US = 86_400_000_000
MIN_US = MIN_DAYS * DAY_US
MAX_US = (MAX_DAYS + 1) * DAY_US - 1
UNIT_NS = {
    "W": 604_800_000_000_000, "D": 86_400_000_000_000, "h": 3_600_000_000_000,
    "m": 60_000_000_000, "s": 1_000_000_000, "ms": 1_000_000, "us": 1_000, "ns": 1,
}  # fmt: skip


def read_date(value: Any, dtype: DType, read: ReadMember) -> int:
    """A date, as days since 1970-01-01."""
    kind = type(value)
    if issubclass(kind, np.datetime64):
        if np.datetime_data(value)[0] != "D":
            raise Refusal(hint='cut it to a day yourself: value.astype("datetime64[D]")')
        days = int(value.astype(np.int64))
        if not MIN_DAYS <= days <= MAX_DAYS:
            raise Refusal("the year is outside 1 to 9999")
        return days
    if issubclass(kind, dt.datetime):
        raise Refusal(hint="a datetime is no date: say which day it is with value.date()")
    if issubclass(kind, dt.date):
        return dt.date.toordinal(value) - EPOCH_ORDINAL
    raise Refusal(hint="write a datetime.date")


def read_datetime(value: Any, dtype: DType, read: ReadMember) -> int:
    """An aware datetime, as microseconds since the epoch."""
    kind = type(value)
    if issubclass(kind, np.datetime64):
        raise Refusal(
            "numpy.datetime64 has no time zone",
            "write an aware datetime: datetime(..., tzinfo=timezone.utc)",
        )
    if not issubclass(kind, dt.datetime):
        raise Refusal(hint="write an aware datetime.datetime")
    try:
        offset = value.utcoffset()
    except Exception as error:
        raise Refusal(f"its tzinfo raised {type(error).__name__}") from None
    if offset is None:
        raise Refusal(
            "the datetime has no time zone", "give it one: value.replace(tzinfo=timezone.utc)"
        )
    instant = _numpy_kin(value)
    if instant is not None:
        micros = scaled_to_us(instant)
    else:
        micros = dt.datetime.toordinal(value) - EPOCH_ORDINAL
        micros = (micros * 24 + value.hour) * 60 + value.minute
        micros = (micros * 60 + value.second) * 1_000_000 + value.microsecond
        micros -= duration_us(offset)
    return check_instant(micros)


def check_instant(micros: int) -> int:
    """The instant, refused where its year in UTC is outside 1 to 9999."""
    if not MIN_US <= micros <= MAX_US:
        raise Refusal("the year in UTC is outside 1 to 9999")
    return micros


def duration_us(value: dt.timedelta) -> int:
    """A timedelta in microseconds, exactly."""
    return (value.days * 86_400 + value.seconds) * 1_000_000 + value.microseconds


def read_duration(value: Any, dtype: DType, read: ReadMember) -> int:
    """A timedelta, as microseconds."""
    kind = type(value)
    if issubclass(kind, np.timedelta64):
        return check_duration(scaled_to_us(value))
    if not issubclass(kind, dt.timedelta):
        raise Refusal(hint="write a datetime.timedelta; a number has no unit")
    kin = _numpy_kin(value)
    return check_duration(duration_us(value) if kin is None else scaled_to_us(kin))


def check_duration(micros: int) -> int:
    """The duration, refused where its microseconds leave 64 bits."""
    if not -(1 << 63) <= micros < 1 << 63:
        raise Refusal("the duration is over 64 bits of microseconds")
    return micros


def scaled_to_us(value: np.datetime64 | np.timedelta64) -> int:
    """Microseconds of a NumPy time value, refused if its unit has no fixed length or is lost."""
    unit, count = np.datetime_data(value)
    if unit not in UNIT_NS:
        raise Refusal(f"its unit `{unit}` has no fixed length in microseconds")
    micros, rest = divmod(int(value.astype(np.int64)) * count * UNIT_NS[unit], 1_000)
    if rest:
        raise Refusal(
            "nanoseconds would be lost", 'round it yourself: value.round("us") or .floor("us")'
        )
    return micros


def _numpy_kin(value: Any) -> Any:
    """The NumPy scalar of a pandas Timestamp or Timedelta (UTC), which knows its nanoseconds."""
    if str(type(value).__module__).startswith("pandas"):
        return getattr(value, "asm8", None)
    return None


_INSTANT = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:[Zz]|([+-])(\d\d):(\d\d))",
    re.ASCII,
)
_SPAN = re.compile(
    r"([+-]?)P(?=.)(?:(\d{1,9})W)?(?:(\d{1,12})D)?"
    r"(?:T(?=.)(?:(\d{1,12})H)?(?:(\d{1,12})M)?(?:(\d{1,15})(?:\.(\d{1,9}))?S)?)?",
    re.ASCII,
)


def read_datetime_text(value: Any, dtype: DType, read: ReadMember) -> int:
    """RFC 3339 with an offset, to the microsecond."""
    match = _INSTANT.fullmatch(value) if type(value) is str else None
    if match is None:
        raise Refusal(hint='write RFC 3339 text with an offset: "2013-01-01T05:00:00Z"')
    *parts, fraction, sign, hours, minutes = match.groups()
    try:
        year, month, day, hour, minute, second = map(int, parts)
        moment = dt.datetime(year, month, day, hour, minute, second, tzinfo=dt.UTC)
    except ValueError as error:
        raise Refusal(str(error)) from None
    offset = 60 * int(hours) + int(minutes) if sign else 0
    if sign and (int(hours) > 23 or int(minutes) > 59):
        raise Refusal(f"no offset of {sign}{hours}:{minutes} exists")
    micros = read_datetime(moment, dtype, read) + _fraction_us(fraction)
    return check_instant(micros - (-offset if sign == "-" else offset) * 60_000_000)


def read_date_text(value: Any, dtype: DType, read: ReadMember) -> int:
    """ISO 8601, year to day."""
    if type(value) is not str or not re.fullmatch(r"\d{4}-\d\d-\d\d", value, re.ASCII):
        raise Refusal(hint='write ISO 8601 text: "2013-01-01"')
    try:
        return dt.date.fromisoformat(value).toordinal() - EPOCH_ORDINAL
    except ValueError as error:
        raise Refusal(str(error)) from None


def read_duration_text(value: Any, dtype: DType, read: ReadMember) -> int:
    """ISO 8601 in weeks, days, hours, minutes and seconds, as pydantic writes it."""
    match = _SPAN.fullmatch(value) if type(value) is str else None
    if match is None:
        raise Refusal(hint='write ISO 8601 text: "PT1H30M", "P1DT0.5S", "-PT5S"')
    sign, *parts, fraction = match.groups()
    weeks, days, hours, minutes, seconds = (int(p or 0) for p in parts)
    total = (((weeks * 7 + days) * 24 + hours) * 60 + minutes) * 60 + seconds
    micros = total * 1_000_000 + _fraction_us(fraction)
    return check_duration(-micros if sign == "-" else micros)


def _fraction_us(digits: str | None) -> int:
    padded = (digits or "").ljust(9, "0")
    if padded[6:] != "000":
        raise Refusal("digits below a microsecond would be lost", "round it to microseconds")
    return int(padded[:6])
