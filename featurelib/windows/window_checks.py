"""What every window checks when it is made: lengths, rows, which ends belong to it."""

from __future__ import annotations

import datetime as dt
from typing import Any

from featurelib.errors import DefinitionError

CLOSED = ("left", "right", "both", "none")
LONGEST = dt.timedelta(days=3_652_059)
"""Years 1 to 9999: no two times are further apart."""
MICROSECOND = dt.timedelta(microseconds=1)


def microseconds(what: str, name: str, value: Any) -> int:
    """A timedelta in microseconds.

    Raises:
        DefinitionError: It is none.
    """
    if not isinstance(value, dt.timedelta):
        raise DefinitionError(f"{what}: expected a timedelta, got {name}={value!r}")
    return value // MICROSECOND


def length_of(what: str, name: str, length: dt.timedelta | None, units: dict[str, float]) -> int:
    """A length in microseconds, given as a timedelta or in the words of one.

    Raises:
        DefinitionError: Both are given, or none, or they are no length.
    """
    example = f"{what}(days=7), or {what}(datetime.timedelta(days=7))"
    if (length is None) == (not units):
        raise DefinitionError(
            f"{what}: expected one {name}, got {name}={length!r}, {units}", hint=example
        )
    if length is None:
        try:
            length = dt.timedelta(**units)
        except (TypeError, OverflowError, ValueError) as error:
            raise DefinitionError(f"{what}: {units} is no {name}: {error}") from None
    return microseconds(what, name, length)


def check_duration(what: str, name: str, value: Any) -> None:
    """Refuses a length in microseconds that is not above zero, or longer than all times."""
    if type(value) is not int or not 0 < value <= LONGEST // MICROSECOND:
        raise DefinitionError(
            f"{what}: expected a {name} above zero and below 10,000 years, got {value!r} us"
        )


def check_rows(what: str, n: Any) -> None:
    """Refuses a number of rows that is no positive integer."""
    if type(n) is not int or n < 1:
        raise DefinitionError(f"{what}: expected a number of rows >= 1, got {n!r}")


def check_closed(what: str, closed: Any, known: tuple[str, ...]) -> None:
    """Refuses a `closed` that is none of those known."""
    if closed not in known:
        raise DefinitionError(f"{what}: expected closed of {', '.join(known)}, got {closed!r}")


def sees_now(what: str, closed: str) -> bool:
    """Whether `closed` says that an event at the moment of the query is seen."""
    check_closed(what, closed, CLOSED)
    return closed in ("right", "both")


def shown(microseconds: int) -> str:
    """A length as people read it."""
    return str(microseconds * MICROSECOND)


def shown_now(sees_now: bool) -> str:
    """What a window says of the moment of the query; nothing if it does not see it."""
    return ", now included" if sees_now else ""
