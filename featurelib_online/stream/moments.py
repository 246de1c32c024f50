"""Moments as machine code has them, microseconds since 1970 in UTC, and as Python has them."""

from __future__ import annotations

import datetime as dt

from featurelib.border_times import MAX_US, MIN_US
from featurelib.errors import InputError

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def microseconds(as_of: dt.datetime | int) -> int:
    """A datetime with a zone as microseconds, which stay what they are.

    Raises:
        InputError: It is neither.
    """
    if type(as_of) is int:
        moment = as_of
    elif isinstance(as_of, dt.datetime) and as_of.tzinfo is not None:
        since = as_of - _EPOCH
        moment = 1_000_000 * (86400 * since.days + since.seconds) + since.microseconds
    else:
        raise InputError(
            f"expected a datetime with a zone, or microseconds since 1970, got as_of={as_of!r}"
        )
    if not MIN_US <= moment <= MAX_US:
        raise InputError(
            f"expected a moment of the years 1 to 9999, got as_of={as_of!r}",
            hint="a number counts microseconds since 1970, not nanoseconds",
        )
    return moment


def datetime_of(moment: int) -> dt.datetime:
    """Microseconds as a datetime in UTC."""
    return _EPOCH + dt.timedelta(microseconds=moment)
