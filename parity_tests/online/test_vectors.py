"""Columns as an online store holds them: matrices of fields, vectors, one value for all rows."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import featurelib as fl
import featurelib_online as online
from featurelib.errors import FieldValueError, InputError, MissingFieldError, UnknownFieldError
from featurelib_online.columns import read_columns
from parity_tests.late import Late
from parity_tests.online.all_types import EDGES, assert_same
from parity_tests.online.layouts import Offer, as_columns, bundle_of, random_rows


class Candidate(fl.Schema):
    age: float
    clicks: fl.Int16
    name: str | None
    vector: Annotated[list[fl.Float32], fl.Size(3)]


BUNDLE = fl.FeatureSet(
    "candidates",
    version="1.0.0",
    inputs=Candidate,
    features=[
        fl.Feature(f"{n}_", version=1, expr=fl.col(n)) for n in ("age", "clicks", "name", "vector")
    ],
    layout={"dense": ["vector"], "counts": ["clicks"]},
).bind()
KERNEL = Late(lambda: online.compile(BUNDLE))
OFFERS = Late(lambda: online.compile(bundle_of({"dense": ["half", "pair"], "tags": ["tags"]})))
REST: dict[str, Any] = {
    "name": np.array(["a", None, "ß"], object),
    "vector": np.arange(9, dtype="<f4").reshape(3, 3),
}
AGES, CLICKS = np.array([1.5, -0.0, np.nan]), np.array([1.0, 2.0, 3.0])


def test_a_matrix_holds_a_column_for_each_of_its_fields() -> None:
    """Whatever its order in memory, it is what its columns are alone."""
    matrix = np.array([[1, 5], [2, 6], [3, 7]], np.int16)
    expected = KERNEL.columns({**REST, "age": matrix[:, 0], "clicks": matrix[:, 1]})
    for given_ in (
        matrix,
        np.asfortranarray(matrix),
        np.repeat(matrix, 2, axis=1)[:, ::2],
        np.vstack([matrix, matrix])[:3],
        matrix.astype(">i4"),
    ):
        assert_same(KERNEL.columns({**REST, ("age", "clicks"): given_}), expected)
        assert_same(KERNEL.columns({("clicks", "age"): given_[:, ::-1], **REST}), expected)


@given(st.lists(st.tuples(st.floats(), st.floats()), max_size=5), st.booleans())
def test_the_border_reads_a_matrix_as_its_columns(rows: list[tuple[float, float]], f: bool) -> None:
    """Each value is taken, refused and named as it would be in a column of its own."""
    matrix = np.array(rows, float, order="F" if f else "C").reshape(len(rows), 2)
    rest = {"name": online.Constant("x"), "vector": np.zeros((len(rows), 3))}
    alone = {**rest, "age": matrix[:, 0], "clicks": np.zeros(len(rows), int)}
    assert_same(
        KERNEL.columns({("age",): matrix[:, :1], "clicks": alone["clicks"], **rest}),
        KERNEL.columns(alone),
    )
    with pytest.raises(FieldValueError, match="`clicks` takes Int16, got a column of NumPy float6"):
        KERNEL.columns({("age", "clicks"): matrix, **rest})


def test_a_column_of_a_fortran_matrix_is_not_copied() -> None:
    """Nor are the vectors of an Array field: the kernel reads the store's own memory."""
    matrix = np.asfortranarray(np.arange(6.0).reshape(3, 2))
    vectors = np.arange(9, dtype="<f4").reshape(3, 3)
    data = {("age", "other"): matrix, "clicks": np.zeros(3, "<i2"), "vector": vectors}
    loose = BUNDLE.schema.__class__("c", BUNDLE.schema.fields, extra="ignore")
    columns, rows = read_columns(
        data | {"name": online.Constant(None)},
        fl.FeatureSet("c", version="1.0.0", inputs=loose, features=[]).bind(),
    )
    assert rows == 3
    assert np.shares_memory(columns["age"].values, matrix)
    assert columns["vector"].values[:, 0].tolist() == [
        vectors.ctypes.data + 12 * row for row in range(3)
    ]


@pytest.mark.parametrize("masked", [0, 1])
def test_a_mask_of_a_matrix_is_null(masked: int) -> None:
    """As in a column; and null is refused where a field has none, with its row."""
    matrix = np.ma.masked_array(np.ones((3, 2), np.int16), np.zeros((3, 2), bool))
    matrix[2, masked] = np.ma.masked
    field = ("age", "clicks")[masked]
    with pytest.raises(FieldValueError, match=f"field `{field}` takes .*, got None .* in row 2"):
        KERNEL.columns({**REST, ("age", "clicks"): matrix})


WRONG = [
    ({("age", "clicks"): np.ones((3, 3))}, r"take a matrix of shape \(rows, 2\), got .*\(3, 3\)"),
    ({("age", "clicks"): np.ones(3)}, r"take a matrix of shape \(rows, 2\), got shape \(3,\)"),
    ({("age", "clicks"): [[1, 2]] * 3}, "`age`, `clicks` are given as one list"),
    ({("age", "clicks"): pa.array([1])}, "are given as one Int64Array"),
    ({("age", "clicks"): np.ones((3, 2)), "age": np.ones(3)}, "column `age` stands twice"),
    ({("age", "age"): np.ones((3, 2)), "clicks": np.ones(3, int)}, "column `age` stands twice"),
    ({("age", "clicks"): np.ones((2, 2), int)}, "column `name` has 3 rows, `age` has 2"),
]


@pytest.mark.parametrize("data, message", WRONG)
def test_what_is_no_matrix_of_its_fields_is_refused(data: dict[Any, Any], message: str) -> None:
    """With the fields and both shapes."""
    with pytest.raises(InputError, match=message):
        KERNEL.columns({**REST, **data})


def test_names_in_a_tuple_are_checked_as_names_are() -> None:
    """Missing and unknown ones are refused."""
    with pytest.raises(UnknownFieldError, match="`other` is not in the input schema"):
        KERNEL.columns({**REST, "age": AGES, ("clicks", "other"): np.ones((3, 2), int)})
    with pytest.raises(MissingFieldError, match="`age`"):
        KERNEL.columns({**REST, ("clicks",): np.ones((3, 1), int)})


@pytest.mark.parametrize("n", [0, 1, 300])
def test_a_constant_is_its_value_in_every_row(n: int) -> None:
    """Of every type, text, time, Arrays and Lists included."""
    rows = random_rows(n)
    shared = random_rows(1, seed=5)[0]
    for name in (field.name for field in Offer.input_schema().fields):
        given_ = as_columns(rows) | {name: online.Constant(shared[name])}
        expected = OFFERS.many([row | {name: shared[name]} for row in rows])
        assert_same(OFFERS.columns(given_), expected)


def test_a_constant_is_read_by_the_border_of_rows() -> None:
    """Null only where a field may be; a wrong value is named; the types are those of rows."""
    numbers = {"age": AGES, "clicks": CLICKS.astype(int), "vector": REST["vector"]}
    assert (
        KERNEL.columns({**numbers, "name": online.Constant(None)}).canonical("name_") == [None] * 3
    )
    with pytest.raises(FieldValueError, match="field `name` takes String or null, got 5"):
        KERNEL.columns({**numbers, "name": online.Constant(5)})
    with pytest.raises(FieldValueError, match="field `clicks` takes Int16, got 32768"):
        KERNEL.columns({**REST, "age": AGES, "clicks": online.Constant(2**15)})
    for value in EDGES["Float64"]:
        batch = KERNEL.columns({**REST, "age": online.Constant(value), "clicks": numbers["clicks"]})
        assert batch.columns["age_"].tobytes() == np.full(3, value).tobytes()


def test_constants_alone_do_not_say_how_many_rows_there_are() -> None:
    """The way out: one row, or one column."""
    row = {"age": 1.0, "clicks": 2, "name": "x", "vector": [1, 2, 3]}
    with pytest.raises(InputError, match="none says how many rows"):
        KERNEL.columns({name: online.Constant(value) for name, value in row.items()})
