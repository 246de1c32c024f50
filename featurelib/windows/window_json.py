"""Windows as plain JSON data, as bundles hold them."""

from __future__ import annotations

from typing import Any

from featurelib import dtypes
from featurelib.errors import BundleFormatError, DefinitionError
from featurelib.fields import Field, InputSchema
from featurelib.program import Program
from featurelib.windows.window import (
    AS_OF,
    START,
    Calendar,
    Last,
    Lifetime,
    Rows,
    Session,
    Window,
)


def to_json(window: Window) -> dict[str, Any]:
    """A window as plain JSON data."""
    if isinstance(window, Last):
        tile = None if window.resolution_us is None else str(window.resolution_us)
        length = str(window.length_us)
        return {
            "window": "last", "length": length, "closed": window.closed,
            "resolution": tile, "rows": window.rows,
        }  # fmt: skip
    if isinstance(window, Rows):
        return {"window": "rows", "n": window.n, "sees_now": window.sees_now}
    if isinstance(window, Lifetime):
        return {"window": "lifetime", "sees_now": window.sees_now}
    if isinstance(window, Session):
        return {"window": "session", "gap": str(window.gap_us), "sees_now": window.sees_now}
    return {
        "window": "calendar", "unit": window.unit, "zone": window.zone,
        "sees_now": window.sees_now, "start": window.start.to_json(),
    }  # fmt: skip


def from_json(data: Any) -> Window:
    """The window that `to_json` wrote.

    Raises:
        BundleFormatError: The data is no window.
    """
    try:
        match data["window"]:
            case "last":
                tile = None if data["resolution"] is None else int(data["resolution"])
                return Last(int(data["length"]), data["closed"], tile, data["rows"])
            case "rows":
                return Rows(data["n"], _flag(data))
            case "lifetime":
                return Lifetime(_flag(data))
            case "session":
                return Session(int(data["gap"]), _flag(data))
            case "calendar":
                start = Program.from_json(data["start"])
                _check_start(start)
                return Calendar(data["unit"], data["zone"], _flag(data), start)
    except (KeyError, TypeError, ValueError, DefinitionError) as error:
        raise BundleFormatError(f"no readable window: {error!r}") from None
    raise BundleFormatError(f"no window is called {data['window']!r}")


def start_schema() -> InputSchema:
    """The input schema of a program that finds the start of a calendar window."""
    return InputSchema("query", (Field(AS_OF, dtypes.DATETIME),))


def _flag(data: Any) -> bool:
    if type(data["sees_now"]) is not bool:
        raise ValueError(f"sees_now={data['sees_now']!r}")
    return bool(data["sees_now"])


def _check_start(start: Program) -> None:
    """A program from a file must go from a query time to an instant, and read nothing else."""
    read = [(n, i.dtype, i.nullable) for n, i in start.inputs.items()]
    if read != [(AS_OF, dtypes.DATETIME, False)] or list(start.outputs) != [START] or start.fits:
        raise ValueError("the start of a calendar window is found from the query time")
    if start.outputs[START].dtype.name != "Datetime":
        raise ValueError("the start of a calendar window is a Datetime")


__all__ = ["from_json", "start_schema", "to_json"]
