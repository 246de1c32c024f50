"""CSV: a file of text, where every cell is read as the type of its field or refused by name."""

from __future__ import annotations

import datetime as dt
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import featurelib as fl
from featurelib.errors import FieldValueError, InputError, MissingFieldError, UnknownFieldError
from featurelib_offline import files, fit

INT, FLOAT, TEXT = int | None, float | None, str | None
GOOD: dict[Any, str] = {
    INT: "1", FLOAT: "1.5", fl.Int8: "1", str: "a", fl.Float32: "1", fl.Bool: "true",
    fl.Date: "2013-01-01", fl.Datetime: "2013-01-01T00:00:00Z", fl.Duration: "PT1S",
}  # fmt: skip


def read(folder: Path, fields: dict[str, Any], *lines: str, extra: fl.Extra = "forbid") -> Any:
    path = folder / "rows.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    schema = fl.InputSchema.from_fields(fields, name="cells", extra=extra)
    frame = files.read_files(path, schema)
    with frame.naming_faults():
        return frame.checked().collect(engine="streaming").rows()


@pytest.mark.parametrize(
    ("kind", "cell", "value"),
    [
        (INT, "+7", 7),
        (INT, '"7"', 7),
        (INT, "", None),
        (INT, '""', None),
        (FLOAT, "9007199254740994", 2.0**53 + 2),
        (FLOAT, "10000000000000000000000", 1e22),
        (FLOAT, "1e-400", 0.0),
        (FLOAT, "-inf", float("-inf")),
        (FLOAT, "INF", float("inf")),
        (FLOAT, "", None),
        (fl.Float32 | None, "0.1", 0.10000000149011612),
        (fl.Bool, "true", True),
        (TEXT, "", None),
        (TEXT, '""', ""),
        (TEXT, "007", "007"),
        (TEXT, " a", " a"),
        (fl.Date | None, "2013-01-02", dt.date(2013, 1, 2)),
        (fl.Datetime, "2013-01-01T00:00:00-05:00", dt.datetime(2013, 1, 1, 5, tzinfo=dt.UTC)),
        (fl.Datetime, "2013-01-01 00:00:00+00:00", dt.datetime(2013, 1, 1, tzinfo=dt.UTC)),
        (fl.Datetime, "2013-01-01T00:00:00-0530", dt.datetime(2013, 1, 1, 5, 30, tzinfo=dt.UTC)),
        (fl.Duration, "PT1H", dt.timedelta(hours=1)),
    ],
)
def test_a_cell_is_read_as_its_field(tmp_path: Path, kind: Any, cell: str, value: Any) -> None:
    """Quotes say nothing about numbers; only text may be empty, in quotes."""
    assert read(tmp_path, {"k": int, "x": kind}, "k,x", f"1,{cell}") == [(1, value)]


@pytest.mark.parametrize(
    ("kind", "cell", "said"),
    [
        (INT, "1.0", "a whole number"),
        (INT, " 1", "a whole number"),
        (INT, "9223372036854775808", "a whole number"),
        (fl.Int8, "128", "-128 <= value <= 127"),
        (fl.Int8, "", "got None"),
        (str, "", "got None"),
        (FLOAT, "many", "expected a number"),
        (FLOAT, "1_000", "expected a number"),
        (FLOAT, "1e400", "outside Float64"),
        (FLOAT, "-1e999", "outside Float64"),
        (FLOAT, "9" * 400, "outside Float64"),
        (FLOAT, "9007199254740993", "not exact in Float64"),
        (FLOAT, "-123456789012345678901234567890", "not exact in Float64"),
        (FLOAT, "1" + "0" * 44, "not exact in Float64"),
        (fl.Float32, "1e39", "outside Float32"),
        (fl.Bool, "1", "true or false"),
        (fl.Date, "2013-02-30", "ISO 8601"),
        (fl.Date, "0000-01-01", "1 to 9999"),
        (fl.Datetime, "2013-01-01T05:00:00", "with an offset"),
        (fl.Datetime, "2013-01-01T05:00:00+2400", "with an offset"),
        (fl.Datetime, "2013-01-01T05:00+0000", "with an offset"),
        (fl.Duration, "1h", "ISO 8601"),
    ],
)
def test_a_cell_that_is_no_value_is_named(tmp_path: Path, kind: Any, cell: str, said: str) -> None:
    """Set, field, text and row."""
    with pytest.raises(FieldValueError, match=said) as caught:
        read(tmp_path, {"k": int, "x": kind}, "k,x", f"1,{GOOD[kind]}", f"2,{cell}")
    assert caught.value.field == "x" and caught.value.row == 1
    assert str(caught.value).startswith("cells: field `x` takes")


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
def test_times_that_polars_and_pandas_wrote_are_read(tmp_path: Path, unit: Any) -> None:
    """Their own writers' texts of instants and days, as they are."""
    moment = dt.datetime(2013, 3, 10, 7, 0, 0, 250_000, dt.UTC)
    path = tmp_path / "rows.csv"
    frame = pl.DataFrame({"at": [moment], "day": [moment.date()]})
    frame = frame.with_columns(pl.col("at").dt.cast_time_unit(unit))
    for write in (frame.write_csv, partial(frame.to_pandas().to_csv, index=False)):
        write(path)
        lines = path.read_text(encoding="utf-8").splitlines()
        fields = {"at": fl.Datetime, "day": fl.Date}
        assert read(tmp_path, fields, *lines) == [(moment, moment.date())]


def test_columns_are_those_of_the_schema(tmp_path: Path) -> None:
    """One that is missing, unknown, twice there, or holds lists is named before rows are read."""
    assert read(tmp_path, {"x": int, "y": (int, 5)}, "x", "1") == [(1, 5)]
    with pytest.raises(MissingFieldError, match=r"cells: field `y` \(Int64\) is missing"):
        read(tmp_path, {"x": int, "y": INT}, "x", "1")
    with pytest.raises(UnknownFieldError, match="`y` is not in the input schema"):
        read(tmp_path, {"x": int}, "x,y", "1,2")
    with pytest.raises(InputError, match="column `x` stands twice"):
        read(tmp_path, {"x": int}, "x,x", "1,2", extra="ignore")
    with pytest.raises(FieldValueError, match=r"`x` takes List\(Int64\), got a column of String"):
        read(tmp_path, {"x": list[int]}, "x", '"[1, 2]"')


def test_a_short_line_has_empty_cells(tmp_path: Path) -> None:
    """They are null; a field that may not be null refuses the line."""
    assert read(tmp_path, {"x": int, "y": INT}, "x,y", "1,2", "3") == [(1, 2), (3, None)]
    with pytest.raises(FieldValueError, match=r"`y` takes Int64, got None.*in row 1"):
        read(tmp_path, {"x": int, "y": int}, "x,y", "1,2", "3")


@pytest.mark.parametrize("text", [b"x\n1,2\n", b'x\n"1\n', b"x\n\xff\n"])
def test_a_file_that_is_no_csv_is_named(tmp_path: Path, text: bytes) -> None:
    """A line that is too long, an open quote, bytes that are no UTF-8."""
    path = tmp_path / "broken.csv"
    path.write_bytes(text)
    features = [fl.Feature("z", version=1, expr=fl.col("x") - fl.mean(fl.col("x")))]
    inputs = fl.InputSchema.from_fields({"x": float}, name="cells")
    cells = fl.FeatureSet("cells", version="1.0.0", inputs=inputs, features=features)
    with pytest.raises(InputError, match=r"broken\.csv"):
        fit(cells, path)
