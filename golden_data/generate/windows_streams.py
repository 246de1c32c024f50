"""Streams of records and what is asked about them: for `windows.py`, which asks the oracle."""

from __future__ import annotations

import math
import random
from typing import Any

HOUR, MINUTE = 3_600_000_000, 60_000_000
ORIGIN = 1_710_046_800_000_000
"""2024-03-10 05:00 UTC, midnight in New York; its clocks are put forward two hours later."""
RULES = {"max_events": 6, "max_lateness": 2 * HOUR, "max_ahead": HOUR, "has_arrival": True}
LIFE = {"kind": "lifetime", "closed": "left"}


def last(length: int, closed: str = "left", **more: Any) -> dict[str, Any]:
    """A window of time."""
    return {
        "kind": "last",
        "length": length,
        "closed": closed,
        "resolution": None,
        "rows": None,
    } | more


def calendar(unit: str, closed: str = "left") -> dict[str, Any]:
    """A window of local time."""
    return {"kind": "calendar", "unit": unit, "zone": "America/New_York", "closed": closed}


WINDOWS: dict[str, dict[str, Any]] = {
    "left": last(3 * HOUR),
    "right": last(3 * HOUR, "right"),
    "both": last(3 * HOUR, "both"),
    "none": last(3 * HOUR, "none"),
    "tiles": last(6 * HOUR, resolution=2 * HOUR),
    "few": last(8 * HOUR, rows=3),
    "rows": {"kind": "rows", "n": 3, "closed": "left"},
    "rows_now": {"kind": "rows", "n": 3, "closed": "right"},
    "life": LIFE,
    "life_now": {"kind": "lifetime", "closed": "right"},
    "visit": {"kind": "session", "gap": HOUR, "closed": "left"},
    "day": calendar("day"),
    "week": calendar("week"),
    "month": calendar("month", "both"),
    "year": calendar("year"),
}
NUMBERS: dict[str, tuple[list[str], dict[str, Any]]] = {
    "count": (["x"], {}),
    "sum": (["x"], {}),
    "mean": (["x"], {}),
    "var": (["x"], {"ddof": 1}),
    "std": (["x"], {"ddof": 0}),
    "min": (["x"], {}),
    "max": (["x"], {}),
}
ORDERED: dict[str, tuple[list[str], dict[str, Any]]] = {
    "first": (["x"], {}),
    "last": (["n"], {}),
    "lag": (["x"], {"n": 2}),
    "first_k": (["x"], {"k": 2, "distinct": False}),
    "last_k": (["n"], {"k": 2, "distinct": True}),
    "arg_min": (["n", "x"], {}),
    "arg_max": (["n", "x"], {}),
    "time_since_last": ([], {}),
}
COUNTED: dict[str, tuple[list[str], dict[str, Any]]] = {
    "n_unique": (["x"], {"max_items": None}),
    "top_k": (["n"], {"k": 2, "max_items": 4}),
    "count_of": (["n"], {"values": [1, 2]}),
    "mode_ratio": (["n"], {"max_items": None}),
    "quantile": (["x"], {"q": "1/3", "rule": "linear", "max_items": None}),
    "decayed_sum": (["x"], {"half_life": HOUR, "landmark": ORIGIN}),
}
"""Kind of an aggregate: the columns that it reads, and its parameters."""
FLOATS = (
    None, 0.0, -0.0, 0.1, 1.0, 1.5, -2.0, 3.0, 1e16, -1e16, 1e308, 5e-324, math.nan, math.inf,
    -math.inf,
)  # fmt: skip


def aggregates(kinds: dict[str, Any], windows: list[str]) -> dict[str, Any]:
    """Every kind over every window; every other window is filtered."""
    return {
        f"{name}_{kind}": {
            "kind": kind, "args": args, "filter": "flag" if i % 2 else None,
            "window": WINDOWS[name], "params": params,
        }
        for i, name in enumerate(windows)
        for kind, (args, params) in kinds.items()
    }  # fmt: skip


def stream(seed: int, n: int, plain: bool, has_arrival: bool = True) -> list[dict[str, Any]]:
    """Records in the order of arrival, and queries between them.

    Times stand on half hours, so they tie and fall on edges of windows; some records are late,
    ahead, delivered again (with other values too), or withdraw their event.

    Args:
        seed: Of the generator.
        n: How many times something comes.
        plain: Small values; else those of all floats.
        has_arrival: Whether arrivals differ from times.
    """
    make = random.Random(seed)
    made: list[dict[str, Any]] = []
    for i in range(n):
        at = ORIGIN + make.randrange(0, 48) * 15 * MINUTE
        delay = make.choice([0, 0, 0, 1, 2, 4, 8, 9, -1, -4, -5]) if has_arrival else 0
        record = {
            "at": at, "got": at + delay * 15 * MINUTE, "seq": make.choice([0, 0, 1]), "id": i,
            "gone": make.random() < 0.06,
            "x": make.choice((None, 1.0, 1.5, 2.0) if plain else FLOATS),
            "n": make.choice([None, 1, 1, 2, 3, -7]),
            "flag": make.choice([True, True, False, None]),
        }  # fmt: skip
        made.append(record)
        if make.random() < 0.3:
            more: dict[str, Any] = make.choice([
                {}, {"x": 3.0, "n": 2}, {"got": record["got"] + 15 * MINUTE, "x": 9.0},
                {"got": record["got"] + 30 * MINUTE, "gone": True},
            ])  # fmt: skip
            made.append(record | (more if has_arrival else {"got": record["got"]}))
    made.sort(key=lambda r: r["got"])
    said: list[dict[str, Any]] = []
    for i, record in enumerate(made):
        said.append({"record": record})
        is_last = i + 1 == len(made) or made[i + 1]["got"] > record["got"]
        if is_last and (i % 6 == 5 or i + 1 == len(made)):
            said.append({"query": {"at": record["got"]}})
    last_one = made[-1]["got"]
    return [*said, {"query": {"at": last_one + HOUR}}, {"query": {"at": last_one + 9000 * HOUR}}]
