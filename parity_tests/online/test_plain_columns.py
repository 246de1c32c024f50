"""Arrays in the very type of their field: read where they lie, with the values of rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import featurelib as fl
import featurelib_online as online
from featurelib.errors import FieldValueError
from featurelib.fields import Constraints, Field, InputSchema
from parity_tests.late import Late
from parity_tests.online.all_types import assert_same

NUMBERS = [t for t in fl.dtypes.SCALARS.values() if t.is_numeric or t.name == "Bool"]
FIELDS = tuple(
    Field(f"{t.name}{'_or_null' * nullable}", t, nullable=bool(nullable))
    for t in NUMBERS
    for nullable in (0, 1)
)
FEATURES = [fl.Feature(f"f_{f.name}", version=1, expr=fl.col(f.name)) for f in FIELDS]
KERNEL = Late(
    lambda: online.compile(
        fl.FeatureSet(
            "numbers",
            version="1.0.0",
            inputs=InputSchema("Numbers", FIELDS),
            features=FEATURES,
            layout={
                "f32": ["Float32", "f_Float32"],
                "f64": ["Float64", "f_Float64", "Float64"],
                "flags": ["Bool", "f_Bool"],
            },
        )
    )
)


def _arrays(data: bytes, rows: int) -> dict[str, np.ndarray[Any, Any]]:
    """Any bits, NaN of every payload and truth values of every byte among them."""
    made = {}
    for at, field in enumerate(FIELDS):
        size = field.dtype.bits // 8
        raw = np.frombuffer((data[at:] + data) * (rows * size), np.uint8)[: rows * size].copy()
        storage = np.bool_ if field.dtype.name == "Bool" else field.dtype.storage
        made[field.name] = raw.view(storage)
    return made


@settings(max_examples=40, deadline=None)
@given(st.binary(min_size=9, max_size=80), st.sampled_from([0, 1, 7, 300]))
def test_columns_of_any_bits_are_what_their_values_are_in_rows(data: bytes, rows: int) -> None:
    """A NaN is the canonical one in features and tensors, a bool is 0 or 1."""
    arrays = _arrays(data, rows)
    lists = {
        n: (a.view(np.uint8) != 0 if a.dtype == bool else a).tolist() for n, a in arrays.items()
    }
    given_ = [{n: values[i] for n, values in lists.items()} for i in range(rows)]
    assert_same(KERNEL.columns(arrays), KERNEL.many(given_))


def test_arrays_that_lie_otherwise_are_the_same_values() -> None:
    """Strided, big-endian, not aligned, a mask without a null: copied where they must be."""
    arrays = _arrays(bytes(range(1, 60)), 5)
    expected = KERNEL.columns(arrays)
    shifted = {}
    for name, array in arrays.items():
        raw = np.zeros(array.nbytes + 1, np.uint8)
        shifted[name] = raw[1:].view(array.dtype)
        shifted[name][:] = array
    ways = [
        {n: np.repeat(a, 2)[::2] for n, a in arrays.items()},
        {n: a.astype(a.dtype.newbyteorder(">")) for n, a in arrays.items()},
        {n: np.ma.masked_array(a, np.zeros(5, bool)) for n, a in arrays.items()},
        {n: a[::-1][::-1] for n, a in arrays.items()},
        shifted,
    ]
    for way in ways:
        assert_same(KERNEL.columns(way), expected)


def test_a_plain_array_is_not_copied() -> None:
    """The kernel's input is the caller's memory."""
    arrays = _arrays(bytes(range(1, 60)), 5)
    entered = KERNEL.entry.read(arrays)
    assert entered.rows == 5
    assert set(entered.words[::2].tolist()) == {a.ctypes.data for a in arrays.values()}


@pytest.mark.parametrize("dtype", [fl.dtypes.FLOAT64, fl.dtypes.INT16])
def test_a_field_with_constraints_is_looked_at(dtype: fl.dtypes.DType) -> None:
    """Its type alone does not say that a value is taken."""
    field = Field("x", dtype, constraints=Constraints(ge=0))
    kernel = online.compile(
        fl.FeatureSet(
            "least",
            version="1.0.0",
            inputs=InputSchema("Least", (field,)),
            features=[fl.Feature("y", version=1, expr=fl.col("x") + 1)],
        )
    )
    with pytest.raises(FieldValueError, match="value >= 0"):
        kernel.columns({"x": np.array([1, -1], dtype.storage)})


@pytest.mark.parametrize("field", [f for f in FIELDS if "null" not in f.name], ids=lambda f: f.name)
def test_an_array_of_another_type_is_not_plain(field: Field) -> None:
    """It goes the way of all others: taken where each value fits, or refused."""
    for wrong in ("f8", "i8", "u1", "?", "U1", "M8[D]", "c16"):
        array = np.zeros(2, wrong)
        plain = np.bool_ if field.dtype.name == "Bool" else field.dtype.storage
        if array.dtype != plain:
            data = _arrays(bytes(9), 2) | {field.name: array}
            try:
                made = KERNEL.columns(data).columns[f"f_{field.name}"]
            except FieldValueError:
                continue
            assert made.tolist() == [0, 0]
