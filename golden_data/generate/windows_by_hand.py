"""A stream whose answers were worked by hand; each says how. `windows.py` writes it.

Three events are kept and a record may be two hours late. h(k) is k hours after 2024-03-10 05:00
UTC, midnight in New York, where clocks are put forward at h(2).
"""

from __future__ import annotations

import math
from typing import Any

from windows_streams import HOUR, LIFE, MINUTE, ORIGIN, WINDOWS

BEYOND, NOTHING = "!beyond_kept", "!no_events"


def h(hours: int, minutes: int = 0) -> int:
    """So long after midnight."""
    return ORIGIN + hours * HOUR + minutes * MINUTE


def record(at: int, got: int, number: int, x: float, n: int, **more: Any) -> dict[str, Any]:
    """A delivery."""
    base = {"at": at, "got": got, "seq": 0, "id": number, "gone": False, "x": x, "n": n}
    return {"record": {**base, "flag": True, **more}}


def made(kind: str, window: Any, *args: str, filter: str | None = None, **params: Any) -> Any:
    """An aggregate."""
    window = WINDOWS[window] if isinstance(window, str) else window
    return {"kind": kind, "args": list(args), "filter": filter, "window": window, "params": params}


def asked(at: int, name: str, expected: Any, why: str) -> dict[str, Any]:
    """A query, what it is answered, and how that was found."""
    return {"query": {"at": at}, "ask": [name], "expected": expected, "why": why}


AGGREGATES = {
    "sum_left": made("sum", "left", "x"),
    "sum_right": made("sum", "right", "x"),
    "sum_none": made("sum", "none", "x"),
    "sum_life": made("sum", LIFE, "x"),
    "mean_life": made("mean", LIFE, "x"),
    "var_life": made("var", LIFE, "x", ddof=1),
    "min_life": made("min", LIFE, "x"),
    "max_life": made("max", LIFE, "x"),
    "last_life": made("last", LIFE, "n"),
    "count_tiles": made("count", "tiles", "x"),
    "count_rows": made("count", "rows", "x"),
    "last_two": made("last_k", "rows", "n", k=2, distinct=True),
    "count_visit": made("count", "visit", "x"),
    "sum_day": made("sum", "day", "x"),
    "mean_day": made("mean", "day", "x"),
    "std_left": made("std", "left", "x", ddof=0),
    "median": made("quantile", "left", "x", q="1/2", rule="linear", max_items=None),
    "lower": made("quantile", "left", "x", q="1/2", rule="lower", max_items=None),
    "mode": made("mode_ratio", "left", "n", max_items=None),
    "top": made("top_k", "left", "n", k=2, max_items=None),
    "counts": made("count_of", "left", "n", values=[1, 3]),
    "unique": made("n_unique", "left", "n", max_items=1),
    "decayed": made("decayed_sum", "left", "x", filter="flag", half_life=HOUR, landmark=ORIGIN),
    "since": made("time_since_last", "left"),
    "where_most": made("arg_max", "left", "n", "x"),
    "second_last": made("lag", "left", "x", n=2),
    "third_last": made("lag", "left", "x", n=3),
}

SAID = [
    record(h(0), h(0), 1, 1.0, 1),
    record(h(1), h(1), 2, 2.5, 2),
    record(h(1), h(1), 2, 2.0, 2),
    asked(h(1), "sum_left", 1.0, "from h(-2) up to h(1), which is not in it: the event at h(0)"),
    asked(h(1), "sum_right", 3.0, "1 + 2: of the two records that came at h(1) the smaller"),
    asked(h(1), "min_life", 1.0, "one event"),
    record(h(2), h(2), 3, -0.0, 1),
    record(h(2), h(2, 15), 4, 0.0, 3),
    asked(h(3), "sum_left", BEYOND, "it begins at h(0), where the event is that is not kept"),
    asked(h(3), "sum_none", 2.0, "after h(0): 2 - 0 + 0; what is not kept is out of reach"),
    asked(h(3), "sum_life", 3.0, "h(0) left at 02:15, after its two hours: 1 + 2 - 0 + 0"),
    asked(h(3), "mean_life", 0.75, "3 over 4 events, one of them in the total only"),
    asked(h(3), "var_life", 11 / 12, "1/16 + 25/16 + 9/16 + 9/16 = 11/4, over 3"),
    asked(h(3), "min_life", -0.0, "of 1, 2, -0.0 and 0.0 the smallest; -0.0 is before 0.0"),
    asked(h(3), "max_life", 2.0, "of 1, 2, -0.0 and 0.0"),
    asked(h(3), "last_life", BEYOND, "a last value has no totals, and the lifetime reaches h(0)"),
    asked(h(3), "count_tiles", 4, "08:00 is a multiple of two hours, less six 02:00: all four"),
    asked(h(3), "count_rows", 3, "three rows, the first at h(1), later than what is not kept"),
    asked(h(3), "last_two", (1, 3), "3 is the last, 1 before it; of one time the id orders"),
    asked(h(3), "count_visit", BEYOND, "h(2), h(1); h(0) would be an hour before, and is not kept"),
    record(h(0), h(4), 5, 7.0, 1),
    record(h(6), h(4), 6, 7.0, 1),
    record(h(2), h(4), 4, 0.0, 3, gone=True),
    asked(h(4), "sum_life", 3.0, "one was too late and one ahead; 1 + 2 - 0 are left"),
    asked(h(4), "count_tiles", 3, "from 02:00: the event that was withdrawn is not counted"),
    asked(h(4), "count_rows", BEYOND, "it takes a place: two rows, and the third may be h(0)"),
    asked(h(4), "count_visit", 0, "the last event is two hours ago: the session has ended"),
    record(h(22, 45), h(23), 7, math.inf, 2, flag=None),
    record(h(23), h(23), 8, 5.0, 1),
    asked(h(23), "mean_day", NOTHING, "after 23 hours a day begins now; an event now is not seen"),
    asked(h(24), "sum_day", 5.0, "04:00 UTC is midnight now: the infinity was the day before"),
    asked(h(24), "sum_left", math.inf, "5 and an infinity"),
    asked(h(24), "std_left", math.nan, "a value is not finite"),
    asked(h(24), "median", math.inf, "between 5 and an infinity"),
    asked(h(24), "lower", 5.0, "the rule takes 5"),
    asked(h(24), "mode", 0.5, "one of 2 and 1: each is a half"),
    asked(h(24), "top", (1, 2), "equally frequent: the smaller first"),
    asked(h(24), "counts", (1, 0), "1 once, 3 never"),
    asked(h(24), "unique", "!too_many", "two values where one may be"),
    asked(h(24), "decayed", 2.5, "5 of an hour ago; a null filter does not pass"),
    asked(h(24), "since", HOUR, "the last event is an hour ago"),
    asked(h(24), "where_most", 2, "n of the infinity"),
    asked(h(24), "second_last", math.inf, "before 5"),
    asked(h(24), "third_last", NOTHING, "there are two"),
    asked(h(9000), "sum_left", 0.0, "nothing to sum"),
]  # fmt: skip

CASES = {"by_hand": ({"max_events": 3}, AGGREGATES, SAID)}
