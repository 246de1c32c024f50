"""A Struct input is taken apart at every border alike; engines see its members as columns."""

import datetime as dt
import itertools
from typing import Any

import polars as pl
import pytest
from pydantic import BaseModel

import featurelib as fl
import featurelib_online as online
from featurelib.borders import canonical_row
from featurelib.errors import (
    DefinitionError,
    FeatureTypeError,
    FieldValueError,
    InputError,
    MissingFieldError,
    UnknownFieldError,
)
from featurelib.parity.engines import all_engines
from featurelib.parity.generate_rows import generate_rows
from featurelib.parity.run import check_rows
from featurelib_offline import transform
from parity_tests.late import Late

NOON = dt.datetime(2024, 3, 10, 12, tzinfo=dt.UTC)


class Airport(BaseModel):
    code: str
    opened: fl.Datetime | None


class Place(BaseModel):
    lat: float
    lon: float
    airport: Airport | None


class Trip(fl.Schema):
    start: Place
    stop: Place | None = None
    n: int


@fl.feature(version=1)
def km(start: fl.Expr, stop: fl.Expr) -> fl.Expr:
    """Distance, null while the trip has no end."""
    return start.struct.field("lat").haversine_km(
        start.struct.field("lon"), stop.struct.field("lat"), stop.struct.field("lon")
    )


@fl.feature(version=1)
def code(start: fl.Expr) -> fl.Expr:
    """The airport's code in upper case."""
    return start.struct.field("airport").struct.field("code").str.to_uppercase()


@fl.feature(version=1)
def opened_hour(start: fl.Expr) -> fl.Expr:
    """Hour of the opening."""
    return start.struct.field("airport").struct.field("opened").dt.hour()


BUNDLE = fl.FeatureSet(
    "trips",
    version="1.0.0",
    inputs=Trip,
    features=[km, code, opened_hour],
).bind()
KERNEL = Late(lambda: online.compile(BUNDLE))
AIRPORT = {"code": "jfk", "opened": NOON}
START = {"lat": 40.64, "lon": -73.78, "airport": AIRPORT}
ROW: dict[str, Any] = {"start": START, "stop": {**START, "lat": 51.47, "lon": 0}, "n": 1}
FLAT = {
    "start.lat": 40.64, "start.lon": -73.78, "start.airport.code": "jfk",
    "start.airport.opened": NOON, "stop.lat": 51.47, "stop.lon": 0.0,
    "stop.airport.code": None, "stop.airport.opened": None, "n": 1,
}  # fmt: skip
JSON = """{"start": {"lat": 40.64, "lon": -73.78, "airport": {"code": "jfk", "opened":
    "2024-03-10T12:00:00Z"}}, "stop": {"lat": 51.47, "lon": 0, "airport": null}, "n": 1}"""


def frame(*rows: dict[str, Any]) -> pl.DataFrame:
    place = pl.Struct(
        {
            "lat": pl.Float64(),
            "lon": pl.Float64(),
            "airport": pl.Struct({"code": pl.String(), "opened": pl.Datetime("us", "UTC")}),
        }
    )
    return pl.DataFrame(list(rows), schema={"start": place, "stop": place, "n": pl.Int64()})


def test_members_are_columns() -> None:
    """The program reads columns named by path; a member is null where it or its Struct may be."""
    assert {n: (str(i.dtype), i.nullable) for n, i in BUNDLE.program.inputs.items()} == {
        "start.lat": ("Float64", False),
        "start.lon": ("Float64", False),
        "stop.lat": ("Float64", True),
        "stop.lon": ("Float64", True),
        "start.airport.code": ("String", True),
        "start.airport.opened": ("Datetime(UTC)", True),
    }


def test_all_ways_in_give_one_value() -> None:
    """A dict, a model, JSON, columns of members and frames of either kind: the same features."""
    expected = dict(KERNEL(ROW))
    assert expected["code"] == "JFK" and expected["opened_hour"] == 12
    assert dict(KERNEL(Trip(**ROW))) == expected
    assert dict(KERNEL(FLAT)) == expected
    assert KERNEL.many([ROW, FLAT])[0] == KERNEL.many([ROW, FLAT])[1] == expected
    assert dict(KERNEL.json(JSON)) == expected
    assert transform(BUNDLE, frame(ROW)).row(0, named=True) == expected
    assert transform(BUNDLE, pl.DataFrame([FLAT])).row(0, named=True) == expected
    assert transform(BUNDLE, frame(ROW).to_arrow()).to_pylist() == [expected]


def test_a_null_struct_gives_null_members() -> None:
    """Also where it stands as a default, and inside of another Struct."""
    row = {"start": {**START, "airport": None}, "n": 1}
    assert dict(KERNEL(row)) == {"km": None, "code": None, "opened_hour": None}
    made = transform(BUNDLE, frame(row))
    assert made.row(0) == (None, None, None)
    assert transform(BUNDLE, frame(row).drop("stop")).equals(made)


@pytest.mark.parametrize(
    ("start", "says"),
    [
        (None, "it may not be null"),
        (3, "got 3 (int)"),
        ({"lat": 1.0, "lon": 2.0}, "its field `airport` is missing"),
        ({**START, "x": 1}, "it has no field 'x'"),
        ({**START, 7: 1}, "it has no field 7"),
        ({**START, "lat": None}, ".lat: it may not be null"),
        ({**START, "lat": "x"}, "field `start.lat` takes Float64, got 'x'"),
        ({**START, "airport": {"code": None, "opened": None}}, ".code: it may not be null"),
        ({**START, "airport": 1}, "field `start.airport` takes"),
    ],
)
def test_a_wrong_struct_is_refused_by_name(start: Any, says: str) -> None:
    """The error names field, member and value, for one row, many, and the reference."""
    row = {**ROW, "start": start}
    readers = (KERNEL, lambda r: KERNEL.many([ROW, r]), KERNEL.trace)
    for read in readers:
        with pytest.raises(FieldValueError) as raised:
            read(row)
        assert says in str(raised.value)
    batch = KERNEL.many([row, ROW], errors="collect")
    assert [e.row for e in batch.errors] == [0] and len(batch) == 1


def test_a_struct_that_raises_is_refused() -> None:
    """What the object's own code raises never leaves the border."""

    class Bad(dict):
        def items(self):
            raise RuntimeError("no")

    with pytest.raises(InputError, match="reading the row raised RuntimeError"):
        KERNEL({**ROW, "start": Bad()})


def test_a_struct_beside_its_members_is_unknown() -> None:
    """A row gives one or the other; with both, the Struct is an unknown field."""
    with pytest.raises(UnknownFieldError, match="start"):
        KERNEL({**FLAT, "start": START})
    with pytest.raises(UnknownFieldError, match="start"):
        transform(BUNDLE, pl.DataFrame([FLAT]).with_columns(frame(ROW)["start"]))


def test_a_missing_struct_is_named() -> None:
    """Without a default it is an error, also with `extra="ignore"`."""
    with pytest.raises(MissingFieldError, match=r"start\.lat"):
        KERNEL({"n": 1})


def test_a_default_holds_only_where_nothing_is_given() -> None:
    """A given Struct is never passed over for the default, even where unknown fields are."""

    class Loose(fl.Schema, extra="ignore"):
        stop: Place | None = None

    @fl.feature(version=1)
    def lat(stop: fl.Expr) -> fl.Expr:
        return stop.struct.field("lat")

    kernel = online.compile(
        fl.FeatureSet("loose", version="1.0.0", inputs=Loose, features=[lat]).bind()
    )
    assert kernel({"stop": START})["lat"] == 40.64
    assert kernel({"other": 1})["lat"] is None
    with pytest.raises(MissingFieldError):
        kernel({"stop.lat": 1.0})


@pytest.mark.parametrize(
    ("column", "says"),
    [
        (pl.lit(1), "got a column of Int32"),
        (pl.struct(pl.lit(1.0).alias("lat")), "its fields are lat, lon, airport"),
        (pl.when(pl.col("n") > 1).then("start"), "got None"),
        (
            pl.struct(pl.lit(None, pl.Float64).alias("lat"), pl.col("start").struct.field("^l?on$"),
                      pl.col("start").struct.field("airport")),
            r".lat: it may not be null",
        ),
        (pl.struct(lat="n", lon="n", airport=pl.lit("x")), "got a column of"),
    ],
    ids=["no struct", "members", "null", "null member", "inner"],
)  # fmt: skip
def test_a_wrong_struct_column_is_refused(column: pl.Expr, says: str) -> None:
    """By its type before any data is read, by its values as the row border does."""
    with pytest.raises(FieldValueError) as raised:
        transform(BUNDLE, frame(ROW).with_columns(column.alias("start")))
    assert says in str(raised.value)


def test_every_engine_agrees_on_struct_inputs() -> None:
    """Generated rows through all engines: the members are ordinary columns."""
    rows = generate_rows(BUNDLE, 300, seed=3)
    section = check_rows(BUNDLE, rows, all_engines(), "generated rows", reference_rows=100)
    assert section.passed, "\n".join(line for m in section.mismatches for line in m.lines())


def test_a_bundle_remembers_structs(tmp_path) -> None:
    """A saved bundle takes apart what its set took apart, and its JSON Schema shows the Struct."""
    again = fl.load(BUNDLE.save(tmp_path / "trips.json"))
    assert again == BUNDLE and again.schema == BUNDLE.schema
    assert canonical_row(ROW, again.schema)["start.airport.code"] == b"jfk"
    properties = again.inputs["properties"]
    assert set(properties) == {"n", "start", "stop"}
    assert properties["start"]["properties"]["lat"] == {"type": "number"}
    assert again.inputs["required"] == ["n", "start"]


def test_mistakes_are_found_when_the_set_is_made() -> None:
    """A Struct as a whole, an unknown member, a member of what is no Struct, a clash of names."""

    def made(expr: fl.Expr, inputs: Any = Trip) -> fl.FeatureSet:
        feature = fl.Feature("x", version=1, expr=expr)
        return fl.FeatureSet("s", version="1.0.0", inputs=inputs, features=[feature])

    start, n = fl.col("start"), fl.col("n")
    for expr, says in (
        (start, r"is a Struct; ops take its members"),
        (start.is_null(), r"is a Struct; ops take its members"),
        (start.struct.field("x"), "has no member 'x'"),
        (n.struct.field("x"), "takes a Struct input, got Int64"),
        ((n + 1).struct.field("x"), "takes a Struct input"),
    ):
        with pytest.raises(FeatureTypeError, match=says):
            made(expr)
    clash = fl.InputSchema.from_fields({"a": Airport, "a.code": str})
    with pytest.raises(DefinitionError, match=r"`a\.code` is declared twice"):
        made(fl.col("a.code"), clash)


def test_the_order_of_keys_does_not_matter() -> None:
    """Members are taken by name."""
    expected = dict(KERNEL(ROW))
    for keys in itertools.permutations(START):
        assert dict(KERNEL({**ROW, "start": {k: START[k] for k in keys}})) == expected
