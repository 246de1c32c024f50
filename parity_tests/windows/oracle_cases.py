"""Short ways to ask the naive oracle, for the cases that a reader can check by hand."""

from __future__ import annotations

from typing import Any

from parity_tests.windows import oracle
from parity_tests.windows.described import power_of_two


def record(at: int, x: Any = None, **more: Any) -> dict[str, Any]:
    """A record of the entity "e" whose arrival is its time and whose id is its time."""
    base = {"key": "e", "t": at, "a": at, "s": 0, "id": at, "deleted": False}
    return base | {"args": [x], "filters": [True]} | more


def ask(records: list[Any], at: int, window: Any, kind: str = "count", **params: Any) -> Any:
    """One aggregate of the entity "e" at a time: its value, or the reason of its null."""
    bounds = ("max_lateness", "max_ahead", "has_arrival")
    rules = {k: params.pop(k) for k in bounds if k in params}
    spec = {"max_events": params.pop("max_events", 100), **rules}
    args = [] if kind in ("count", "time_since_last") else [0]
    about = {"kind": kind, "args": params.pop("args", args), "filter": params.pop("filter", None)}
    spec["aggregates"] = {"made": about | {"window": window, "type": "Float64"} | params}
    ((value, reason),) = oracle.answers(records, [("e", at)], spec, power_of_two)[0].values()
    return value if reason is None else reason


def last(length: int, closed: str = "left", **more: Any) -> dict[str, Any]:
    """A window of time."""
    return {"kind": "last", "length": length, "closed": closed} | more


LIFE = {"kind": "lifetime", "closed": "left"}
"""A window of all that came before."""
