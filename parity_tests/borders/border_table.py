"""What each type takes from each source, by examples: the tests run them, docs/borders.md shows.

`python -m parity_tests.borders.border_table` writes the page. An example is Python source, so that
the page shows what a reader would type.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[2] / "docs" / "borders.md"


@dataclass(frozen=True)
class Row:
    """One type: examples that are taken, with what they become, and examples that are refused."""

    dtype: str
    python: dict[str, str]
    refused: tuple[str, ...]
    json: dict[str, str]
    json_refused: tuple[str, ...]
    polars: tuple[str, ...]
    polars_refused: tuple[str, ...]


NUMBERS = ("True", "'1'", "b'1'", "Decimal('1')", "Fraction(1, 2)", "1j", "np.bool_(True)", "[1]")
UTC = "datetime(2013, 1, 1, 5, tzinfo=UTC)"
UTC_US = "1_357_016_400_000_000"
TABLE = (
    Row(
        "fl.Bool",
        {"True": "True", "np.bool_(False)": "False"},
        ("1", "0.0", "'true'", "np.int8(1)"),
        {"true": "True"},
        ("1", '"true"'),
        ("pl.Series([True])",),
        ("pl.Series([1])", "pl.Series(['true'])"),
    ),
    Row(
        "fl.Int8",
        {"-128": "-128", "np.uint64(127)": "127", "np.int16(5)": "5"},
        (*NUMBERS, "128", "1.0", "np.float32(1)", "10**400", "np.timedelta64(1, 's')"),
        {"127": "127"},
        ("128", "1.0", '"1"', "true"),
        ("pl.Series([127], dtype=pl.Int64)", "pl.Series([1], dtype=pl.UInt64)"),
        ("pl.Series([128])", "pl.Series([1.0])", "pl.Series(['1'])", "pl.Series([True])"),
    ),
    Row(
        "fl.Int64",
        {"-(2**63)": "-(2**63)", "np.int8(-1)": "-1"},
        (*NUMBERS, "2**63", "1.0", "float('nan')"),
        {"9223372036854775807": "2**63 - 1"},
        ("9223372036854775808", "1e3"),
        ("pl.Series([-1], dtype=pl.Int8)", "pl.Series([2**63 - 1], dtype=pl.UInt64)"),
        ("pl.Series([2**63], dtype=pl.UInt64)", "pl.Series([1.0])"),
    ),
    Row(
        "fl.UInt64",
        {"2**64 - 1": "2**64 - 1"},
        (*NUMBERS, "-1", "2**64"),
        {"18446744073709551615": "2**64 - 1"},
        ("-1",),
        ("pl.Series([5], dtype=pl.Int8)",),
        ("pl.Series([-1], dtype=pl.Int8)",),
    ),
    Row(
        "fl.Float64",
        {
            "1.5": "1.5",
            "3": "3.0",
            "2**53": "2.0**53",
            "-0.0": "-0.0",
            "np.float32(0.1)": "0.10000000149011612",
            "np.int64(7)": "7.0",
            "float('inf')": "float('inf')",
        },
        (*NUMBERS, "2**53 + 1", "10**400"),
        {"1.5": "1.5", "3": "3.0"},
        ('"1.5"', "9007199254740993", "true"),
        (
            "pl.Series([1.5], dtype=pl.Float32)",
            "pl.Series([2**53])",
            "pl.Series([3], dtype=pl.Int8)",
        ),
        ("pl.Series([2**53 + 1])", "pl.Series(['1.5'])", "pl.Series([True])", "DECIMALS"),
    ),
    Row(
        "fl.Float32",
        {"0.1": "0.10000000149011612", "16777217": "16777216.0", "float('-inf')": "float('-inf')"},
        (*NUMBERS, "1e39"),
        {"0.1": "0.10000000149011612"},
        ("1e39", '"0.1"'),
        ("pl.Series([0.1])", "pl.Series([1.5], dtype=pl.Float32)", "pl.Series([3])"),
        ("pl.Series([1e39])", "pl.Series([True])"),
    ),
    Row(
        "fl.String",
        {"'é'": "'é'.encode()", "np.str_('a')": "b'a'", "''": "b''"},
        ("b'a'", "1", "True", "'\\ud800'", "['a']"),
        {'"é"': "'é'.encode()"},
        ("1", "null", '"\\ud800"'),
        (
            "pl.Series(['a'])",
            "pl.Series(['a'], dtype=pl.Categorical)",
            "pl.Series(['a'], dtype=pl.Enum(['a']))",
        ),
        ("pl.Series([b'a'])", "pl.Series([1])"),
    ),
    Row(
        "fl.Date",
        {"date(1970, 1, 2)": "1", "np.datetime64('1970-01-02')": "1", "date.min": "-719162"},
        ("1", "'1970-01-02'", UTC, "np.datetime64('1970-01')", "np.datetime64(1, 'us')"),
        {'"1970-01-02"': "1"},
        ("1", '"1970-1-2"', '"1970-02-30"', '"1970-01-02T00:00:00Z"'),
        ("pl.Series([date(1970, 1, 2)])",),
        ("pl.Series([1])", "pl.Series([datetime(1970, 1, 2)])", "pl.Series([10**7]).cast(pl.Date)"),
    ),
    Row(
        "fl.Datetime",
        {
            UTC: UTC_US,
            "datetime(2013, 1, 1, tzinfo=ZoneInfo('America/New_York'))": UTC_US,
            "pd.Timestamp('2013-01-01 05:00', tz='UTC')": UTC_US,
        },
        (
            "datetime(2013, 1, 1)",
            "date(2013, 1, 1)",
            "1_357_016_400",
            "'2013-01-01T05:00:00Z'",
            "np.datetime64('2013-01-01T05:00')",
            "datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=5)))",
            "pd.Timestamp(1, unit='ns', tz='UTC')",
        ),
        {'"2013-01-01T05:00:00Z"': UTC_US, '"2013-01-01T00:00:00.000-05:00"': UTC_US},
        ("1357016400", '"2013-01-01T05:00:00"', '"2013-01-01"', '"2013-01-01T05:00:60Z"'),
        (
            f"pl.Series([{UTC}])",
            f"pl.Series([{UTC}]).dt.convert_time_zone('Asia/Tokyo')",
            f"pl.Series([{UTC}]).cast(pl.Datetime('ns', 'UTC'))",
            f"pl.Series([{UTC}]).cast(pl.Datetime('ms', 'UTC'))",
        ),
        (
            "pl.Series([datetime(2013, 1, 1)])",
            "pl.Series([1])",
            "pl.Series([1]).cast(pl.Datetime('ns', 'UTC'))",
            "pl.Series([2**62]).cast(pl.Datetime('us', 'UTC'))",
        ),
    ),
    Row(
        "fl.Duration",
        {
            "timedelta(seconds=-1)": "-1_000_000",
            "np.timedelta64(2, 'ms')": "2_000",
            "pd.Timedelta('3us')": "3",
        },
        ("1", "1.5", "np.timedelta64(1, 'ns')", "np.timedelta64(1, 'M')", "pd.Timedelta('1ns')"),
        {'"PT1H30M"': "5_400_000_000", '"-P1DT0.5S"': "-86_400_500_000"},
        ("1", '"P1M"', '"P"', '"1:30"', '"PT0.0000001S"'),
        ("pl.Series([timedelta(1)])", "pl.Series([timedelta(1)], dtype=pl.Duration('ns'))"),
        ("pl.Series([1])", "pl.Series([1]).cast(pl.Duration('ns'))"),
    ),
    Row(
        "list[fl.Int16]",
        {"[1, 2]": "(1, 2)", "()": "()", "np.array([1, 2], np.int64)": "(1, 2)"},
        ("{1}", "'12'", "[1, None]", "[1.0]", "[40_000]", "np.array([1.0])", "np.array([[1]])"),
        {"[1, 2]": "(1, 2)"},
        ("[null]", "1", "[1.0]"),
        ("pl.Series([[1, 2]])", "pl.Series([[1, 2]], dtype=pl.Array(pl.Int8, 2))"),
        ("pl.Series([[1, None]])", "pl.Series([[40_000]])", "pl.Series([['1']])", "pl.Series([1])"),
    ),
    Row(
        "Annotated[list[fl.Float32], fl.Size(2)]",
        {"[1, 2.5]": "(1.0, 2.5)"},
        ("[1.0]", "[1.0, 2.0, 3.0]"),
        {"[1, 2.5]": "(1.0, 2.5)"},
        ("[1]",),
        ("pl.Series([[1.0, 2.5]])", "pl.Series([[1.0, 2.5]], dtype=pl.Array(pl.Float64, 2))"),
        ("pl.Series([[1.0]])", "pl.Series([[1.0]], dtype=pl.Array(pl.Float64, 1))"),
    ),
)


def names() -> dict[str, Any]:
    """What the examples may name."""
    import datetime as dt
    import decimal
    import fractions
    import typing
    import zoneinfo

    import numpy as np
    import pandas as pd
    import polars as pl

    import featurelib as fl

    return {
        "Annotated": typing.Annotated, "Decimal": decimal.Decimal, "Fraction": fractions.Fraction,
        "UTC": dt.UTC, "ZoneInfo": zoneinfo.ZoneInfo, "date": dt.date, "datetime": dt.datetime,
        "fl": fl, "np": np, "pd": pd, "pl": pl, "timedelta": dt.timedelta, "timezone": dt.timezone,
        "DECIMALS": pl.Series([decimal.Decimal("1.5")]),
    }  # fmt: skip


def _cell(items: Any) -> str:
    return " · ".join("`` " + str(i).replace("|", "\\|") + " ``" for i in items)


def _taken(items: dict[str, str]) -> str:
    return _cell(k if k == v else f"{k} → {v}" for k, v in items.items())


def page() -> str:
    """The text of docs/borders.md."""
    sections = [HEAD]
    for row in TABLE:
        sections.append(
            f"## {row.dtype.removeprefix('fl.')}\n\n"
            "| source | taken | refused |\n|---|---|---|\n"
            f"| Python, NumPy | {_taken(row.python)} | {_cell(row.refused)} |\n"
            f"| JSON | {_taken(row.json)} | {_cell(row.json_refused)} |\n"
            f"| Polars, Arrow, pandas | {_cell(row.polars)} | {_cell(row.polars_refused)} |\n"
        )
    return "\n".join(sections)


HEAD = """\
# The border

One table says what each type takes, and it is the same for every engine: the reference
evaluator, the row kernel, JSON requests, frames. What an engine computes with is the
**canonical value** on the right of an arrow: a bool, an int (days, microseconds), a float,
UTF-8 bytes, a tuple.

This page is written from `parity_tests/borders/border_table.py`, whose examples the tests run:
`python -m parity_tests.borders.border_table` writes it again.

- **A value is the same number, text or instant in its type, or it is refused.** An integer
  column of 64 bits is taken as Int8 where every value fits; an integer is taken as a float
  where it is exact.
- The one exception: **a float that comes to a Float32 field rounds to the nearest Float32**,
  because Python and JSON have no other float. A finite float outside its range is refused.
- Text and truth values are never numbers. A float is never an integer. Decimal is refused: cast
  it.
- NumPy scalars are their Python kin; subclasses of int, float and str are what they extend.
- Datetimes are aware, in any zone; naive ones and `numpy.datetime64` are refused. The year in
  UTC is 1 to 9999. What would lose nanoseconds is refused.
- **Null** is None, pandas' NA and NaT, NumPy's NaT, a null in a column. NaN is a number. The
  one exception: a NaN in a NumPy float column of a pandas frame is null if the field is
  nullable, since pandas has no other way to say it.
- In frames Categorical, Enum, dictionary and view columns are String. A list column may be a
  List or an Array; no element is null.
- Columns for a row kernel are Arrow data (a frame, a stream, one array a column) or NumPy arrays:
  there None in an array of objects, NaT and a mask are null, and an array of two dimensions is a
  column of lists. Arrow promises that its text is UTF-8, and it is not looked at again.
- Vectors of an online store are columns too: **a tuple of fields may have one matrix** with a
  column for each (`{("age", "clicks"): matrix}`), and a field may have one value for all rows
  (`online.Constant(42)`, read as the value of a row). The other columns say how many rows there
  are.
- JSON writes time as text: RFC 3339 with an offset, ISO 8601 dates and durations (weeks, days,
  hours, minutes, seconds).
- **Constraints** hold for the canonical value: `finite`, `ge`, `gt`, `le`, `lt`, `one_of`,
  `max_length` (code points of a text, elements of a list). A bound takes the column's type, so
  a bound of a Float32 field is rounded as its values are. A NaN lies within no bound. `finite`
  on a list is for its elements; no other constraint is.
- A missing field is an error unless it has a default. An unknown field is refused unless the
  schema says `extra="ignore"`.
- A pydantic instance of a schema is checked by this table too, not by pydantic's own rules.
- **A Struct** (a field whose type is a pydantic model) is a mapping or model with exactly its
  members, a Struct column, or a JSON object. Engines read each member as a column, named
  `place.lat`; rows and frames may also give these columns themselves (`kernel.columns` takes
  only them). A Struct that is null gives null members.
- **JSON lines** are read by the JSON rows of this page, each line as a request would be: 1 is not
  "1", an absent key is no null, and a repeated key, NaN or 1e400 refuses the line. Empty lines
  are left out. An error names row and line; collected rows come back as the text of their line.
- **CSV** has text only, so 1 and "1" are the same there. A cell is read as its field: a number in
  decimal (or inf, nan), true or false, time as in JSON (and with an offset like +0000, as Polars
  writes it); no spaces around. An empty cell is null, a String needs quotes to be empty, and cells
  that a short line lacks are empty. A number that the type does not hold is refused (an integer
  between two floats, 1e400). There are no lists.
"""

if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
