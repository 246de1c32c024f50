"""Time zones: one pinned IANA table, and the form in which kernels read a zone.

The data stands in `zone_data.txt` beside this file, so that neither the system's zones nor an
installed package can move a value. What a feature uses of it is frozen into its bundle as a table
of kind ``zone``:

    content = (rule, offset before the first transition, second, offset, second, offset, ...)

in seconds, as TZif files have it, with the POSIX rule for the time after the last. Kernels read
8-byte words of microseconds, made by `encode_zone`:

    word 0        n, the number of transitions
    word 1        end: from here on the table repeats every 400 years (or the largest integer)
    word 2        first bucket's start: the first transition
    word 3        number of buckets
    then          n + 1 pairs (from this instant, offset); the first pair holds since ever
    then          for each bucket of 2**43 microseconds the pair that holds at its start

The Gregorian calendar repeats every 400 years, weekdays included, so 400 years of a rule are all of
it; the buckets leave at most a few transitions to compare, so that a lookup costs no search.
"""

from __future__ import annotations

import calendar
import difflib
import re
import struct
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from featurelib.errors import DefinitionError
from featurelib.tables import TableData, encoder

DATA = Path(__file__).parent / "zone_data.txt"
SECOND = 1_000_000
CYCLE_DAYS = 146_097
"""Days in 400 Gregorian years; a whole number of weeks."""
BUCKET_BITS = 43
NEVER = (1 << 63) - 1

_DAY = 86_400
_EPOCH_ORDINAL = 719_162
_MAX_INSTANT = 1 << 38  # seconds: 8,700 years around the epoch
_NAME = r"(?:<[+\-0-9A-Za-z]+>|[A-Za-z]+)"
_TIME = r"[+-]?\d+(?::\d+){0,2}"
_DATE = rf"M(\d+)\.(\d)\.(\d)(?:/({_TIME}))?"
_RULE = re.compile(rf"{_NAME}({_TIME})(?:{_NAME}({_TIME})?,{_DATE},{_DATE})?")


class Rule(NamedTuple):
    """When a zone changes in every year after its last listed transition.

    Attributes:
        standard: Offset in standard time, seconds east of Greenwich.
        daylight: Offset in daylight time; equals `standard` where there is none.
        changes: For the change to daylight time and the one back: month, week of the month (5 is
            the last), weekday (Sunday is 0), and seconds after that day's local midnight.
    """

    standard: int
    daylight: int
    changes: tuple[tuple[int, int, int, int], ...]


def zone_names() -> tuple[str, ...]:
    """Every name in the pinned table."""
    return tuple(sorted(_lines()))


def zone_release() -> str:
    """The IANA release of the pinned table: ``"2026f"``."""
    return DATA.read_text(encoding="ascii").split(maxsplit=5)[4]


def zone_table(name: str) -> TableData:
    """The table of a zone, ready to be an argument of an op.

    Raises:
        DefinitionError: The pinned table has no such zone.
    """
    lines = _lines()
    line = lines.get(name) if isinstance(name, str) else None
    if line is None:
        close = difflib.get_close_matches(str(name), lines, n=3)
        raise DefinitionError(
            f"expected the name of an IANA time zone, got zone={name!r}",
            hint=f"did you mean {' or '.join(close)}?" if close else "as in `America/New_York`",
        )
    if line.startswith("="):
        line = lines[line[1:]]
    rule, first, transitions = line.split("|")
    numbers = (int(n) for pair in transitions.split() for n in pair.split(":"))
    return TableData("zone", (rule, int(first), *numbers), name)


def parse_rule(text: str) -> Rule:
    """Reads a POSIX TZ rule of the kind that the IANA table uses (``M`` dates only).

    Raises:
        DefinitionError: It is none.
    """
    found = _RULE.fullmatch(text)
    if found is None:
        raise DefinitionError(f"expected a POSIX zone rule with `M` dates, got {text!r}")
    std, dst, *dates = found.groups()
    standard = -_seconds(std)  # POSIX counts west of Greenwich
    if dates[0] is None:
        return Rule(standard, standard, ())
    daylight = standard + 3600 if dst is None else -_seconds(dst)
    changes = tuple(
        (int(m), int(w), int(d), 7200 if at is None else _seconds(at))
        for m, w, d, at in (dates[:4], dates[4:])
    )
    return Rule(standard, daylight, changes)


@encoder("zone")
def encode_zone(content: tuple[str | int, ...]) -> tuple[bytes, int]:
    """The words that kernels read; the layout is at the top of this file."""
    rule = parse_rule(str(content[0]))
    numbers = [int(n) for n in content[1:]]
    pairs = [(-NEVER - 1, numbers[0] * SECOND)]
    _check(rule, numbers)
    listed = [(s * SECOND, o * SECOND) for s, o in zip(numbers[1::2], numbers[2::2], strict=True)]
    pairs += listed
    end = NEVER
    if rule.changes:
        last = listed[-1][0] if listed else 0
        # Two years on, the listed transitions are out of reach of any look back.
        start_year = 1970 + last // (365 * _DAY * SECOND) + 2
        end = _new_year(start_year + 400) * SECOND
        for year in range(start_year - 3, start_year + 402):
            pairs += [c for c in _changes(rule, year) if c[0] > max(last, pairs[-1][0])]
    buckets = _buckets([at for at, _ in pairs[1:]])
    words = [len(pairs) - 1, end, pairs[1][0] if len(pairs) > 1 else NEVER, len(buckets)]
    words += [w for pair in pairs for w in pair] + buckets
    return struct.pack(f"<{len(words)}q", *words), len(words)


def _check(rule: Rule, numbers: list[int]) -> None:
    """Kernels walk the table without a look at its bounds, so it must be in order."""
    instants = numbers[1::2]
    offsets = [rule.standard, rule.daylight, numbers[0], *numbers[2::2]]
    if (
        any(a >= b for a, b in pairwise(instants))
        or any(abs(i) > _MAX_INSTANT for i in instants)
        or any(abs(o) >= _DAY for o in offsets)
        or any(
            not (1 <= month <= 12 and 1 <= week <= 5 and weekday <= 6 and abs(at) <= 7 * _DAY)
            for month, week, weekday, at in rule.changes
        )
    ):
        raise ValueError("a zone's transitions are in order, and its offsets below a day")


def _changes(rule: Rule, year: int) -> list[tuple[int, int]]:
    """The two transitions of a year under a rule, in the order of time, in microseconds."""
    before_after = ((rule.standard, rule.daylight), (rule.daylight, rule.standard))
    made = []
    for (month, week, weekday, at), (before, after) in zip(rule.changes, before_after, strict=True):
        first = (calendar.weekday(2000 + year % 400, month, 1) + 1) % 7
        day = 1 + (weekday - first) % 7 + 7 * (week - 1)
        if day > calendar.monthrange(2000 + year % 400, month)[1]:
            day -= 7
        days = _new_year(year) // _DAY + _days_before(year, month) + day - 1
        made.append(((days * _DAY + at - before) * SECOND, after * SECOND))
    return sorted(made)


def _buckets(instants: list[int]) -> list[int]:
    """For each bucket, the index of the pair that holds at its start."""
    if not instants:
        return []
    indices, i = [], 0
    for bucket in range(((instants[-1] - instants[0]) >> BUCKET_BITS) + 1):
        start = instants[0] + (bucket << BUCKET_BITS)
        while i < len(instants) and instants[i] <= start:
            i += 1
        indices.append(i)
    return indices


def _new_year(year: int) -> int:
    """Seconds from the epoch to the start of a year (any year: zones reach beyond 9999)."""
    y = year - 1
    return (365 * y + y // 4 - y // 100 + y // 400 - _EPOCH_ORDINAL) * _DAY


def _days_before(year: int, month: int) -> int:
    """Days of a year before a month."""
    return sum(calendar.monthrange(2000 + year % 400, m)[1] for m in range(1, month))


def _seconds(text: str) -> int:
    """Seconds in ``[+-]h[:m[:s]]``."""
    h, m, s = (*(int(p) for p in text.lstrip("+-").split(":")), 0, 0)[:3]
    return (3600 * h + 60 * m + s) * (-1 if text.startswith("-") else 1)


@lru_cache(maxsize=1)
def _lines() -> dict[str, str]:
    text = DATA.read_text(encoding="ascii")
    return dict(line.split("|", 1) for line in text.splitlines() if not line.startswith("#"))
