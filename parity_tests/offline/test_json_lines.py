"""JSON lines: the JSON border, line by line; nothing is guessed and nothing is lost."""

from __future__ import annotations

import datetime as dt
import gzip
import json
from pathlib import Path
from typing import Annotated, Any

import polars as pl
import pytest

import featurelib as fl
from featurelib import borders
from featurelib.errors import FieldValueError, InputError, MissingFieldError, UnknownFieldError
from featurelib_offline import files, fit, job, json_parts, transform
from featurelib_offline.types import polars_type
from parity_tests.offline.small_set import trip_frame, trips

FIELDS: dict[str, Any] = {
    "n": fl.Int8,
    "big": (fl.UInt64, 7),
    "x": float | None,
    "y": (Annotated[fl.Float32, fl.Constraints(ge=-1.0)], 0.5),
    "flag": (bool, True),
    "text": (str | None, "none"),
    "day": (fl.Date | None, dt.date(2013, 1, 1)),
    "at": (
        Annotated[dt.datetime, fl.Zone("America/New_York")],
        dt.datetime(2013, 1, 1, 5, tzinfo=dt.UTC),
    ),
    "span": (fl.Duration, dt.timedelta(seconds=90)),
    "items": (list[fl.Int16], [1, 2]),
    "point": (Annotated[list[fl.Float32], fl.Size(2)], [0.0, 0.5]),
    "days": (list[fl.Date], []),
}
SCHEMA = fl.InputSchema.from_fields(FIELDS, name="all")
WHOLE = {
    "n": -128, "big": 2**64 - 1, "x": 3, "y": 0.1, "flag": False, "text": "é\u0000:\":",
    "day": "1970-01-02", "at": "2013-01-01T00:00:00.5-05:00", "span": "PT1H", "items": [],
    "point": [1, 2.5], "days": ["0001-01-01"],
}  # fmt: skip


def write(folder: Path, *lines: str | bytes, name: str = "rows.jsonl") -> Path:
    path = folder / name
    path.write_bytes(b"\n".join(x.encode() if isinstance(x, str) else x for x in lines) + b"\n")
    return path


def read(path: Any, schema: fl.InputSchema = SCHEMA, keep: Any = ()) -> pl.DataFrame:
    return files.read_files(path, schema, keep=keep).checked().collect(engine="streaming")


def expected(rows: list[dict[str, Any]], schema: fl.InputSchema = SCHEMA) -> pl.DataFrame:
    """The same rows through the JSON border of one row."""
    made = [borders.canonical_row(row, schema, source="json") for row in rows]
    return pl.DataFrame(
        [
            pl.Series(
                f.name,
                [borders.from_canonical(row[f.name], f.dtype) for row in made],
                polars_type(f.dtype),
            )
            for f in schema.fields
        ]
    )


@pytest.mark.parametrize("spaced", [False, True])
def test_a_file_is_what_its_rows_are_one_by_one(tmp_path: Path, spaced: bool) -> None:
    """Every type, nulls, absent keys with defaults, keys in any order, empty lines, spaces."""
    rows: list[dict[str, Any]] = [
        WHOLE,
        {"n": 1, "x": None},
        WHOLE | {"x": 2**53, "text": None, "day": None},
        dict(reversed(WHOLE.items())) | {"x": -0.0, "y": 16777217, "text": ""},
        WHOLE | {"x": 1e300, "at": "2013-01-01t05:00:00z", "items": [1, -5]},
    ]
    dumped = [json.dumps(r, separators=(" , ", " : ") if spaced else None) for r in rows]
    path = write(tmp_path, dumped[0], "", "  " + dumped[1] + " \r", *dumped[2:])
    assert read(path).equals(expected(rows))
    assert str(read(path)["x"][3]) == "-0.0"


def test_the_short_way_gives_the_same(tmp_path: Path) -> None:
    """Rows of one shape and clean types, over parts of a file and several files, packed or not."""
    names = ("n", "big", "x", "y", "flag", "text", "day", "items", "point")
    schema = fl.InputSchema("some", tuple(SCHEMA[n] for n in names))
    rows = [
        {n: WHOLE[n] for n in names} | {"n": k % 100, "x": k / 7, "text": f"{k}:"}
        for k in range(5000)
    ]
    dumped = [json.dumps(row) for row in rows]
    plain = write(tmp_path, *dumped[:3000], name="a.jsonl")
    packed = tmp_path / "b.jsonl.gz"
    packed.write_bytes(gzip.compress("\n".join(dumped[3000:]).encode()))
    assert read([plain, packed], schema).equals(expected(rows, schema))
    parts = list(json_parts.read_parts(plain, 1000))
    assert [text for part in parts for text in part.rows] == dumped[:3000]
    assert parts[-1].line_of(0) + len(parts[-1].lines) == 3001


@pytest.mark.parametrize(
    ("change", "kind", "said"),
    [
        ({"n": "1"}, FieldValueError, r"`n` takes Int8, got '1' \(str\)"),
        ({"n": True}, FieldValueError, "`n` takes Int8, got True"),
        ({"n": 1.0}, FieldValueError, "`n` takes Int8, got 1.0"),
        ({"n": 128}, FieldValueError, "expected -128 <= value <= 127"),
        ({"n": None}, FieldValueError, r"`n` takes Int8, got None"),
        ({"big": 2**64}, FieldValueError, "`big` takes UInt64"),
        ({"big": -1}, FieldValueError, "`big` takes UInt64"),
        ({"x": "1.5"}, FieldValueError, "`x` takes Float64 or null, got '1.5'"),
        ({"x": 2**53 + 1}, FieldValueError, "not exact"),
        ({"x": 10**400}, FieldValueError, "not exact"),
        ({"x": False}, FieldValueError, "got False"),
        ({"y": 1e39}, FieldValueError, "outside Float32"),
        ({"y": -1.5}, FieldValueError, "value >= -1.0"),
        ({"flag": 1}, FieldValueError, "`flag` takes Bool, got 1"),
        ({"flag": "true"}, FieldValueError, "`flag` takes Bool, got 'true'"),
        ({"text": 1}, FieldValueError, r"`text` takes String or null, got 1 \(int\)"),
        ({"text": "\ud800"}, FieldValueError, "lone surrogate"),
        ({"text": {"a": 1}}, FieldValueError, "`text`"),
        ({"day": "1970-1-2"}, FieldValueError, "`day` takes Date or null, got '1970-1-2'"),
        ({"day": "0000-01-01"}, FieldValueError, "`day`"),
        ({"day": 1}, FieldValueError, "`day`"),
        ({"at": "2013-01-01T05:00:00"}, FieldValueError, "with an offset"),
        ({"at": "0001-01-01T00:00:00+05:00"}, FieldValueError, "1 to 9999"),
        ({"span": 60}, FieldValueError, "`span`"),
        ({"items": [1, None]}, FieldValueError, r"`items\[1\]`"),
        ({"items": [1, 40_000]}, FieldValueError, r"`items\[1\]`"),
        ({"items": "12"}, FieldValueError, "`items`"),
        ({"items": ["1"]}, FieldValueError, r"`items\[0\]`"),
        ({"point": [1]}, FieldValueError, "expected 2 elements, got 1"),
        ({"more": 1}, UnknownFieldError, "`more` is not in the input schema"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_named(
    tmp_path: Path, change: dict[str, Any], kind: type[InputError], said: str
) -> None:
    """Set, field, value, row, and the line, which counts empty ones."""
    good = json.dumps(WHOLE)
    path = write(tmp_path, good, "", good, json.dumps(WHOLE | change), json.dumps({}))
    with pytest.raises(kind, match=said) as caught:
        read(path)
    assert caught.value.row == 2 and caught.value.field == next(iter(change))
    assert str(caught.value).startswith("all: ")
    assert "in row 2" in str(caught.value) and "(rows.jsonl, line 4)" in str(caught.value)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"n": 1, "n": 1}', "'n' stands twice"),
        ('{"n": 1, "n": 1, "x": 1}', "'n' stands twice"),
        ('{"n": 1, "x": 1, "x" : 2}', "'x' stands twice"),
        ('{"n": 1, "x": NaN}', "NaN is not JSON"),
        ('{"n": 1, "x": -Infinity}', "-Infinity is not JSON"),
        ('{"n": 1, "x": 1e400}', "1e400 is outside Float64"),
        ('{"n": 1, "x": 1}, {"n": 2}', "no readable JSON"),
        ('{"n": 1, "x": 1', "no readable JSON"),
        ('{"n": 1, "x": 1}}', "no readable JSON"),
        ('\u00a0{"n": 1, "x": 1}', "no readable JSON"),
        (b'{"n": 1, "x": 1, "\xff": 1}', "utf-8"),
        ("[1, 2]", "expected a JSON object"),
        ("null", "expected a JSON object"),
        ("[" * 100_000, "nested too deep"),
        ('{"x": 1}', r"field `n` \(Int8\) is missing in row 1"),
        ('{"n": 1, "X": 1}', "field `x`.* is missing"),
    ],
)
def test_a_line_that_says_no_one_thing_is_refused(
    tmp_path: Path, line: str | bytes, said: str
) -> None:
    """Repeated keys, NaN, numbers beyond Float64, text after the object, bytes that are no text."""
    schema = fl.InputSchema.from_fields({"n": fl.Int8, "x": float}, name="two")
    path = write(tmp_path, '{"n": 1, "x": 1}', line)
    with pytest.raises(InputError, match=said) as caught:
        read(path, schema)
    assert caught.value.row == 1 and str(caught.value).startswith("two: ")
    assert "(rows.jsonl, line 2)" in str(caught.value)


def test_an_absent_key_is_no_null(tmp_path: Path) -> None:
    """A nullable field without a default must be there; one with a default has it, in each row."""
    schema = fl.InputSchema.from_fields({"a": int | None, "b": (int, 3)}, name="two")
    path = write(tmp_path, '{"a": null, "b": 1}', '{"a": 2}')
    assert read(path, schema).rows() == [(None, 1), (2, 3)]
    with pytest.raises(MissingFieldError, match=r"two: field `a` \(Int64\) is missing in row 0"):
        read(write(tmp_path, '{"b": 1}'), schema)


def test_other_keys_are_ignored_where_the_schema_says_so(tmp_path: Path) -> None:
    """They may hold anything that is JSON; a kept one goes along, null where it is absent."""
    schema = fl.InputSchema("one", (SCHEMA["n"],), extra="ignore")
    path = write(tmp_path, '{"n": 1, "id": "a", "z": {"n": 9}}', '{"n": 2}', '{"id": "c", "n": 3}')
    assert read(path, schema).rows() == [(1,), (2,), (3,)]
    assert read(path, schema, keep=["id"]).rows() == [(1, "a"), (2, None), (3, "c")]
    with pytest.raises(InputError, match="keep: no column `no`"):
        read(path, schema, keep=["no"])
    with pytest.raises(InputError, match="keep: column `z` holds dict"):
        read(path, schema, keep=["z"])
    lists = write(tmp_path, '{"n": 1, "l": [1, 2.5]}', '{"n": 2, "l": []}', '{"n": 3, "l": null}')
    assert read(lists, schema, keep=["l"])["l"].to_list() == [[1.0, 2.5], [], None]
    with pytest.raises(InputError, match="keep: column `l` holds lists of str"):
        read(write(tmp_path, '{"n": 1, "l": ["a"]}'), schema, keep=["l"])


class Place(fl.Schema):
    """A Struct."""

    lat: float
    name: str | None


def test_structs_are_objects(tmp_path: Path) -> None:
    """A Struct is a JSON object with exactly its members, or their columns."""
    fields = {"n": int, "place": Place | None}
    schema = fl.InputSchema.from_fields(fields, name="places")
    features = [
        fl.Feature("lat", version=1, expr=fl.col("place").struct.field("lat")),
        fl.Feature("n2", version=1, expr=fl.col("n") + 1),
    ]
    places = fl.FeatureSet("places", version="1.0.0", inputs=schema, features=features)
    path = write(
        tmp_path,
        '{"n": 1, "place": {"lat": 2, "name": "x"}}',
        '{"n": 2, "place": null}',
        '{"n": 3, "place.lat": 4, "place.name": null}',
    )
    assert read(path, places.inputs)["place.lat"].to_list() == [2.0, None, 4.0]
    bad = write(tmp_path, '{"n": 1, "place": {"lat": "2", "name": "x"}}', name="bad.jsonl")
    with pytest.raises(FieldValueError, match=r"place.lat.*got '2'"):
        read(bad, places.inputs)


def test_a_job_collects_what_it_refuses(tmp_path: Path) -> None:
    """Good rows become features; every other line comes back as it was, with all its reasons."""
    frame = trip_frame(300).with_columns(pl.col("distance").fill_nan(1.5))
    lines = frame.with_columns(pl.col("left_at").dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ"))
    rows = lines.write_ndjson().splitlines()
    bad = json.dumps(json.loads(rows[7]) | {"seats": "4", "distance": None})
    source = write(tmp_path, *rows[:7], bad, b'{"\xff', *rows[8:])
    bundle = trips.bind(fit(trips, frame))
    done = job(bundle, source, tmp_path / "out.parquet", errors="collect", progress=False)
    good = pl.concat([frame[:7], frame[8:]])
    assert pl.read_parquet(done.output).equals(transform(bundle, good)) and done.rows == 299
    assert done.refused is not None and done.refused["row"].to_list() == [7, 8]
    assert done.refused["input"].to_list() == [bad, '{"\\xff']
    first, second = done.refused["reasons"].to_list()
    assert first == [
        "field `distance` takes Float64, got None (NoneType)",
        "field `seats` takes Int16, got '4' (str)",
    ]
    assert "utf-8" in second[0]
    with pytest.raises(FieldValueError, match=r"trips: field `distance`.*in row 7.*line 8"):
        job(bundle, source, tmp_path / "none.parquet", progress=False)
    with pytest.raises(FieldValueError, match=r"trips: field `distance`.*in row 7"):
        fit(trips, source)
    assert not (tmp_path / "none.parquet").exists()


def test_a_cut_archive_is_named(tmp_path: Path) -> None:
    """A packed file that ends too early is an error, not fewer rows."""
    path = tmp_path / "cut.jsonl.gz"
    lines = "\n".join(json.dumps(WHOLE | {"text": str(k)}) for k in range(999))
    path.write_bytes(gzip.compress(lines.encode())[:-20])
    with pytest.raises(InputError, match=r"cut\.jsonl\.gz"):
        read(path)
