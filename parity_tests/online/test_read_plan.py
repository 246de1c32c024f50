"""Whole rows: finding keys, defaults, other shapes of rows, batches, and running the program."""

from __future__ import annotations

import gc
import sys
from typing import Any

import numba
import numpy as np
import pytest

from featurelib import borders, dtypes
from featurelib.errors import CompileError, FieldValueError, InputError
from featurelib.fields import Constraints, Field, InputSchema
from featurelib_online import cpython_api, read_values, reader
from featurelib_online.cpython_api import peek_f64, peek_i64, poke_f64
from featurelib_online.read_plan import ReadPlan
from parity_tests.online.columns import stored

FLOATS = dtypes.list_type(dtypes.FLOAT64)


def plan_of(*fields: Field, extra: Any = "forbid", **more: Any) -> ReadPlan:
    return ReadPlan(InputSchema("s", fields, extra), **more)


def test_keys_are_found_in_any_order_and_from_any_origin():
    """Order, identity of the key objects, deletions and a shared key table change nothing."""
    names = [f"column {i}" for i in range(50)]
    plan = plan_of(*(Field(n, dtypes.INT64) for n in names))
    row = {n: i for i, n in enumerate(plan.schema.names)}
    copied = {"".join(list(n)): i for n, i in row.items()}
    holed = {"gone": 1} | dict(reversed(row.items()))
    del holed["gone"]
    holder = type("Holder", (), {})()
    for n, i in row.items():
        setattr(holder, n, i)
    for given_row in (row, copied, dict(reversed(row.items())), holed, vars(holder)):
        for column in plan.columns:
            column.valid[:] = 0
        assert plan._read_row(given_row) == read_values.READ
        assert [stored(c) for c in plan.columns] == list(range(50))


def test_absent_fields_take_their_defaults():
    """A default is stored by machine code; one of a List and a null one too."""
    plan = plan_of(
        Field("a", dtypes.FLOAT64, default=1.5),
        Field("b", dtypes.STRING, default="é"),
        Field("c", dtypes.INT8, True, default=None),
        Field("d", FLOATS, default=(1.0, 2.0)),
        Field("e", dtypes.FLOAT32, default=0.1),
        Field("f", dtypes.UINT64, default=2**64 - 1),
    )
    assert plan._read_row({}) == read_values.READ
    expected = [1.5, "é".encode(), None, (1.0, 2.0), float(np.float32(0.1)), 2**64 - 1]
    assert [stored(c) for c in plan.columns] == expected


@pytest.mark.parametrize("row", [{}, {"y": 1.0}, {"x": 1.0, "y": 2}, {"x": 1.0, 3: 4}, 3, None])
def test_a_row_of_other_shape_is_refused_as_at_the_border(row):
    """Missing and unknown fields, and what is no row, give the border's own error."""
    plan = plan_of(Field("x", dtypes.FLOAT64))
    with pytest.raises(InputError) as caught:
        plan.read(row)
    with pytest.raises(InputError) as expected:
        borders.canonical_row(row, plan.schema)
    assert str(caught.value) == str(expected.value)


def test_no_code_of_a_key_runs_while_values_are_held():
    """A key that is no exact str could drop a text in its `__eq__`: the row is left to Python."""
    asked = []

    class Key(str):
        __hash__ = str.__hash__

        def __eq__(self, other: object) -> bool:
            asked.append(other)
            return False

    plan = plan_of(Field("a", dtypes.STRING), Field("b", dtypes.STRING), extra="ignore")
    row = {"a": "x", Key("b"): "y"}
    asked.clear()
    assert plan._read_row(row) == read_values.WHOLE_ROW
    assert asked == []


@pytest.mark.parametrize("dtype, value", [(dtypes.STRING, "\ud800"), (dtypes.UINT64, 2**64)])
def test_a_failing_c_function_leaves_the_row_to_python(dtype, value):
    """The exception that it made may have run a collection: nothing read before it is used."""
    plan = plan_of(Field("a", dtypes.STRING), Field("b", dtype))
    assert plan._read_row({"a": "x", "b": value}) == read_values.WHOLE_ROW


def test_unknown_fields_are_ignored_where_the_schema_says_so():
    """extra="ignore" reads the known fields; keys that are no text are no reason to refuse."""
    plan = plan_of(Field("x", dtypes.FLOAT64), extra="ignore")
    for row in ({"x": 2.0, "y": 1}, {"y": 1, "x": 2.0}, {3: 4, "x": 2.0}):
        plan.columns[0].values[:] = 0
        plan.read(row)
        assert stored(plan.columns[0]) == 2.0


@numba.cfunc("void(int64, int64, int64)")
def double(slots, start, stop):
    source, target = peek_i64(slots), peek_i64(slots + 16)
    for i in range(start, stop):
        poke_f64(target + 8 * i, 2.0 * peek_f64(source + 8 * i))


def doubling(capacity: int, **more: Any) -> tuple[ReadPlan, np.ndarray[Any, Any]]:
    """A plan of one Float64 field whose program doubles it, and the output column."""
    plan = plan_of(
        Field("x", dtypes.FLOAT64, constraints=Constraints(ge=0.0)), capacity=capacity, **more
    )
    column, out = plan.columns[0], np.full(capacity, -1.0)
    addresses = [a.ctypes.data for a in (column.values, column.valid, out)]
    slots = np.array([*addresses, 0], np.int64)
    plan._lasting.append((slots, out))
    plan.set_program(double.address, slots.ctypes.data)
    return plan, out


@pytest.mark.parametrize("holds_text", [False, True])
@pytest.mark.parametrize("value", [1.5, 3, np.float64(2.5), np.float32(1.5), np.int64(4)])
def test_a_served_row_runs_the_program_once_all_is_read(value, holds_text):
    """Values of machine code and values of Python reach the program alike."""
    plan, out = doubling(1, holds_text=holds_text)
    plan.serve({"x": value})
    assert out.tolist() == [2.0 * float(value)]


def test_a_refused_row_does_not_run_the_program():
    """Nothing is computed from a row that breaks a constraint."""
    plan, out = doubling(3)
    with pytest.raises(FieldValueError):
        plan.serve({"x": -1.0})
    with pytest.raises(FieldValueError) as caught:
        plan.serve_rows([{"x": 1.0}, {"x": 2.0}, {"x": -1.0}])
    assert caught.value.row == 2
    assert out.tolist() == [-1.0] * 3


@pytest.mark.parametrize("make", [list, tuple, lambda rows: np.array(rows, object)])
@pytest.mark.parametrize("odd", [None, 0, 1, 3])
def test_many_rows_are_read_into_their_places(make, odd):
    """A row that needs Python stands at its own index; none of its neighbours moves."""
    rows = [{"x": float(i)} for i in range(4)]
    if odd is not None:
        rows[odd] = {"x": np.int64(odd)}
    plan, out = doubling(5)
    assert plan.serve_rows(make(rows)) == 4
    assert out.tolist() == [0.0, 2.0, 4.0, 6.0, -1.0]


def test_no_rows_and_too_many_rows():
    """An empty batch is served; one over the capacity is refused before anything is read."""
    plan, out = doubling(2)
    assert plan.serve_rows([]) == 0
    with pytest.raises(InputError, match="expected at most 2 rows, got 3"):
        plan.serve_rows([{"x": 1.0}] * 3)
    assert out.tolist() == [-1.0, -1.0]


def test_reading_owns_no_reference():
    """Values, keys, the row and the plan have as many references after 1,000 reads as before."""
    value, text, key = 1234.5678, "".join(["a", "b"]), "x"
    plan = plan_of(Field("x", dtypes.FLOAT64), Field("y", dtypes.STRING))
    row = {key: value, "y": text}
    objects = (value, text, key, row, plan, None, float)
    gc.collect()
    before = [sys.getrefcount(o) for o in objects]
    for _ in range(1000):
        assert plan._read_row(row) == read_values.READ
    after = [sys.getrefcount(o) for o in objects]
    # The interpreter itself takes and drops a few references to None and float.
    assert max(abs(x - y) for x, y in zip(after, before, strict=True)) < 100


def test_texts_of_a_slow_row_live_until_the_next_read():
    """The row may be dropped by everyone else: the addresses in the columns stay good."""
    plan = plan_of(Field("a", dtypes.STRING), Field("b", dtypes.INT64), Field("c", FLOATS))
    plan.read({"a": "x" * 100, "b": np.int64(1), "c": [1.0, 2.0]})
    gc.collect()
    filler = ["y" * 100 for _ in range(1000)]
    assert [stored(c) for c in plan.columns] == [b"x" * 100, 1, (1.0, 2.0)]
    assert len(filler) == 1000


def test_a_builtin_outlives_its_plan():
    """What a bound reader points to is held by it."""
    read = plan_of(Field("a", dtypes.STRING, constraints=Constraints(one_of=("x",))))._read_row
    gc.collect()
    assert read({"a": "x"}) == read_values.READ
    assert read({"a": "y"}) == read_values.SOME_FIELDS


def test_machine_code_of_another_version_refuses_the_plan():
    """A stale file in the cache can read no plan: the stamp differs."""
    plan = plan_of(Field("a", dtypes.INT64))
    plan._words[read_values.STAMP // 8] += 1
    assert plan._read_row({"a": 1}) == reader.WRONG_PLAN
    assert plan._serve_rows([{"a": 1}]) == -1


def test_an_unknown_layout_is_read_in_python(monkeypatch):
    """Where objects lie otherwise, rows are read with the same values, and never by address."""
    monkeypatch.setattr("featurelib_online.read_plan.LAYOUT_IS_KNOWN", False)
    plan, out = doubling(2)
    assert plan._read_row({"x": 1.0}) == read_values.WHOLE_ROW
    assert plan.serve_rows([{"x": 1.0}, {"x": 2.0}]) == 2
    assert out.tolist() == [2.0, 4.0]


def test_a_missing_c_function_is_an_error_at_import_and_not_at_the_first_row():
    """Numba would compile the call and the process would die."""
    with pytest.raises(CompileError, match="does not export the C function PyDict_Nonsense"):
        cpython_api._external("PyDict_Nonsense", numba.int64, numba.int64)


def test_a_struct_field_is_refused_by_name():
    """Better than a column that no kernel fills."""
    inside = dtypes.struct_type((("lat", dtypes.FLOAT64, False),))
    with pytest.raises(CompileError, match="field `place` is a Struct"):
        plan_of(Field("place", inside))
