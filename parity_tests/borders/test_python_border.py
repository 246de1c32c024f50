"""The border for Python and JSON values."""

import datetime as dt
import json
import math
import pickle
from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd
import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st

import featurelib as fl
from featurelib import borders
from featurelib.annotations import read_field
from featurelib.canonical_json import dumps, float_to_hex, hex_to_float
from featurelib.errors import (
    BundleFormatError,
    DefinitionError,
    FieldValueError,
    InputError,
    MissingFieldError,
    UnknownFieldError,
)
from featurelib.fields import Field, InputSchema
from parity_tests.borders.border_table import PAGE, TABLE, names, page
from parity_tests.cases import check_each

NAMES = names()


def evaluate(source: str) -> Any:
    return eval(source, NAMES)


def field_of(annotation: str, nullable: bool = False) -> Field:
    field = read_field("x", evaluate(annotation), "S")
    return Field("x", field.dtype, nullable)


TAKEN = [(r.dtype, v, out, "python") for r in TABLE for v, out in r.python.items()]
TAKEN += [(r.dtype, v, out, "json") for r in TABLE for v, out in r.json.items()]
REFUSED = [(r.dtype, v, "python") for r in TABLE for v in r.refused]
REFUSED += [(r.dtype, v, "json") for r in TABLE for v in r.json_refused]


def value_of(text: str, source: str) -> Any:
    return json.loads(text) if source == "json" else evaluate(text)


def same(a: Any, b: Any) -> bool:
    if isinstance(a, tuple):
        return type(b) is tuple and len(a) == len(b) and all(map(same, a, b))
    if type(a) is float and type(b) is float:
        return float_to_hex(a) == float_to_hex(b)
    return type(a) is type(b) and a == b


def test_taken_values_become_canonical() -> None:
    """Each example of the table becomes the canonical value beside it, of its exact type."""
    check_each(_becomes_canonical, TAKEN)


def _becomes_canonical(dtype: str, value: str, out: str, source: Any) -> None:
    read = borders.canonical(value_of(value, source), field_of(dtype), source=source)
    assert same(read, evaluate(out))


def test_refused_values_name_set_field_value_and_type() -> None:
    """Each refused example raises an error that names feature set, field, type and row."""
    check_each(_refusal_names_set_field_value_and_type, REFUSED)


def _refusal_names_set_field_value_and_type(dtype: str, value: str, source: Any) -> None:
    with pytest.raises(FieldValueError) as caught:
        borders.canonical(
            value_of(value, source), field_of(dtype), where="flights", row=7, source=source
        )
    assert caught.value.field == "x" and caught.value.row == 7
    assert str(caught.value).startswith("flights: field `x")
    assert str(field_of(dtype).dtype) in str(caught.value)


@pytest.mark.parametrize("dtype", [r.dtype for r in TABLE])
def test_every_type_refuses_null_unless_nullable(dtype: str) -> None:
    """None, pandas' NA and NaT and NumPy's NaT are null in a nullable field, else an error."""
    for null in (None, pd.NA, pd.NaT, np.datetime64("NaT"), np.timedelta64("NaT")):
        assert borders.canonical(null, field_of(dtype, nullable=True)) is None
        with pytest.raises(FieldValueError, match="declare it nullable"):
            borders.canonical(null, field_of(dtype))


def test_nan_of_python_is_a_number_in_a_nullable_field() -> None:
    """A NaN of Python is never null."""
    assert math.isnan(borders.canonical(float("nan"), field_of("fl.Float64", nullable=True)))


def test_the_page_is_what_the_table_writes() -> None:
    """docs/borders.md is not older than its table."""
    assert PAGE.read_text(encoding="utf-8") == page()


class Hostile:
    """An object whose every method raises."""

    def _raise(self, *args: object) -> Any:
        raise RuntimeError("no")

    __eq__ = __hash__ = __float__ = __int__ = __index__ = __repr__ = __str__ = _raise  # type: ignore
    __len__ = __iter__ = __bool__ = __class_getitem__ = _raise

    @property
    def __class__(self) -> Any:
        raise RuntimeError("no")


@pytest.mark.parametrize("dtype", [r.dtype for r in TABLE])
def test_objects_whose_methods_raise_are_refused(dtype: str) -> None:
    """The border asks an object for its type only; its own code never decides or escapes."""
    with pytest.raises(FieldValueError, match=r"got a value \(Hostile\)"):
        borders.canonical(Hostile(), field_of(dtype))


@given(st.one_of(st.floats(), st.integers(), st.text(), st.booleans(), st.binary(), st.none()))
def test_any_plain_value_is_taken_or_refused(value: Any) -> None:
    """No value makes the border raise anything else, and what is taken is equal to the value."""
    for row in TABLE:
        try:
            read = borders.canonical(value, field_of(row.dtype))
        except FieldValueError:
            continue
        back = borders.from_canonical(read, field_of(row.dtype).dtype)
        if row.dtype != "fl.Float32":
            assert back == value or back != back


class Flight(fl.Schema):
    carrier: str
    distance: Annotated[float, fl.Constraints(ge=0, finite=True)]
    dep_delay: float | None
    time_hour: fl.Datetime
    kind: Literal["day", "night"] = "day"
    seats: Annotated[fl.Int16, pydantic.Field(gt=0, le=853)] = 100
    share: Annotated[fl.Float32, fl.Constraints(le=0.1)] = 0.1
    arrival: float | None = pydantic.Field(None, alias="arr delay", description="minutes")


class Lenient(fl.Schema, extra="ignore"):
    x: float


ROW = {
    "carrier": "UA",
    "distance": 733,
    "dep_delay": None,
    "time_hour": dt.datetime(2013, 1, 1, 5, tzinfo=dt.UTC),
}


def test_a_row_is_read_in_schema_order_with_defaults() -> None:
    """Every field is there in canonical form; absent ones have their defaults."""
    read = borders.canonical_row(ROW, Flight.input_schema())
    assert list(read) == list(Flight.input_schema().names)
    assert read["distance"] == 733.0 and read["kind"] == b"day" and read["arr delay"] is None


BAD_VALUES = [
    ("carrier", 1), ("distance", -1.0), ("distance", float("nan")), ("distance", float("inf")),
    ("kind", "noon"), ("seats", 0), ("seats", 854), ("seats", True), ("share", 0.2),
    ("time_hour", dt.datetime(2013, 1, 1)), ("dep_delay", "1"), ("carrier", None),
]  # fmt: skip
GOOD_VALUES = [
    ("distance", np.int64(3)), ("share", 0.1), ("share", 0.10000000001), ("seats", np.uint8(7)),
    ("dep_delay", 3), ("arr delay", 1.5), ("kind", "night"),
]  # fmt: skip


@pytest.mark.parametrize("name, value", BAD_VALUES + GOOD_VALUES)
def test_pydantic_and_border_agree(name: str, value: Any) -> None:
    """A model validates exactly when the border takes the row, and then means the same row."""
    schema, row = Flight.input_schema(), ROW | {name: value}
    if (name, value) in BAD_VALUES:
        with pytest.raises(FieldValueError, match=f"`{name}`"):
            borders.canonical_row(row, schema)
        with pytest.raises(pydantic.ValidationError, match=f"`{name}`"):
            Flight(**row)
        return
    assert borders.canonical_row(Flight(**row), schema) == borders.canonical_row(row, schema)


def test_missing_and_unknown_fields_are_named() -> None:
    """The error names the field and the nearest name; extra="ignore" takes unknown ones."""
    schema = Flight.input_schema()
    misspelt = {k: v for k, v in ROW.items() if k != "carrier"} | {"carier": "UA"}
    with pytest.raises(MissingFieldError, match=r"S: field `carrier` \(String\) is missing") as e:
        borders.canonical_row(misspelt, schema, where="S")
    assert "got `carier`" in str(e.value)
    with pytest.raises(UnknownFieldError, match="did you mean `distance`"):
        borders.canonical_row(ROW | {"distanse": 1}, schema)
    for key in (1, None, Hostile):
        with pytest.raises(UnknownFieldError):
            borders.canonical_row({**ROW, key: 1}, schema)
    assert borders.canonical_row({"x": 1, "y": 2}, Lenient.input_schema()) == {"x": 1.0}
    with pytest.raises(InputError, match="a row is a mapping"):
        borders.canonical_row([1], schema)


def test_a_default_dict_does_not_invent_fields() -> None:
    """A mapping is asked for what it holds, never for a missing key."""
    import collections

    with pytest.raises(MissingFieldError):
        borders.canonical_row(collections.defaultdict(float), Lenient.input_schema())


def test_schema_travels_as_json() -> None:
    """A schema read back from its JSON is equal, and the JSON has no float in it."""
    schema = Flight.input_schema()
    text = dumps(schema.to_json())
    assert InputSchema.from_json(json.loads(text)) == schema
    assert pickle.loads(pickle.dumps(schema)) == schema
    for broken in ({}, None, {"name": "S", "fields": [{}], "extra": "forbid"}):
        with pytest.raises(BundleFormatError):
            InputSchema.from_json(broken)


def test_json_schema_says_what_the_border_takes() -> None:
    """Required fields, ranges, choices and other fields stand in the JSON Schema."""
    about = Flight.input_schema().json_schema()
    assert about["required"] == ["carrier", "distance", "dep_delay", "time_hour"]
    assert about["properties"]["kind"]["enum"] == ["day", "night"]
    seats = {"type": "integer", "minimum": -32768, "maximum": 853, "exclusiveMinimum": 0}
    assert about["properties"]["seats"] == {**seats, "default": 100}
    assert about["additionalProperties"] is False
    assert Lenient.input_schema().json_schema()["additionalProperties"] is True


@pytest.mark.parametrize(
    "annotation, word",
    [
        (Annotated[str, pydantic.Field(pattern="a+")], "checked by every engine"),
        (Annotated[int, pydantic.Field(multiple_of=2)], "checked by every engine"),
        (Annotated[int, pydantic.AfterValidator(abs)], "checked by every engine"),
        (Annotated[str, fl.Constraints(ge="a")], "does not apply to String"),
        (Annotated[bool, fl.Constraints(ge=0)], "does not apply to Bool"),
        (Annotated[int, fl.Constraints(ge=1.5)], "value of its type"),
        (Annotated[float, fl.Constraints(ge=3.0, le=1.0)], "expected ge <= le"),
        (Literal["a", 1], "all text or all integers"),
        (int | str, "one type"),
        (dict, "no type of featurelib"),
        (Annotated[dt.datetime, fl.Zone("Mars/Base")], "Mars/Base"),
        ((int, "3"), "default does not fit"),
    ],
)
def test_what_engines_cannot_check_is_refused_at_definition(annotation: Any, word: str) -> None:
    """A schema never carries a rule that one engine alone would obey."""
    with pytest.raises(DefinitionError, match=word):
        InputSchema.from_fields({"x": annotation})


def test_validators_are_refused() -> None:
    """A validator function in a schema is an error that shows the way out."""
    with pytest.raises(DefinitionError, match="is a validator"):

        class Checked(fl.Schema):
            x: float

            @pydantic.field_validator("x")
            @classmethod
            def positive(cls, value: float) -> float:
                return abs(value)


def test_column_names_may_be_any_text() -> None:
    """Names that are no identifiers work from a mapping and by alias."""
    schema = InputSchema.from_fields({"arr delay": float | None, "é": (int, 3)})
    assert borders.canonical_row({"arr delay": 1}, schema) == {"arr delay": 1.0, "é": 3}


@given(st.floats())
def test_hex_of_a_float_is_its_bits(value: float) -> None:
    """A float comes back with the same bits; every NaN is the canonical one."""
    assert float_to_hex(hex_to_float(float_to_hex(value))) == float_to_hex(value)
    assert same(hex_to_float(float_to_hex(value)), value)
    with pytest.raises(TypeError):
        dumps({"x": value})
