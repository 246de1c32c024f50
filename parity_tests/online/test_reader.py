"""The reader takes what the border takes, stores the same value, and leaves the rest to Python."""

from __future__ import annotations

import datetime as dt
import decimal
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from featurelib import borders, dtypes
from featurelib.errors import FieldValueError
from featurelib.fields import Constraints, Field, InputSchema
from featurelib_online import cpython_api, read_values
from featurelib_online.read_plan import ReadPlan
from parity_tests.online.columns import stored

UTC = dt.UTC
TYPES = [t for t in dtypes.SCALARS.values() if t.name != "Table"]
LISTS = [dtypes.list_type(dtypes.FLOAT64), dtypes.array_type(dtypes.INT16, 2)]
LIMITS: dict[str, list[Constraints]] = {
    "f": [Constraints(finite=True), Constraints(gt=0.0, le=1.5), Constraints(ge=-1.0, lt=2.0)],
    "i": [Constraints(ge=-3, lt=100), Constraints(gt=0, le=7), Constraints(one_of=(1, 2, 99))],
    "u": [Constraints(ge=3, lt=100), Constraints(gt=0, le=7), Constraints(one_of=(1, 2, 99))],
    "v": [Constraints(max_length=2), Constraints(one_of=("a", "é", ""))],
}


class Text(str):
    """A subclass of str."""


class Whole(int):
    """A subclass of int."""


def plan_of(*fields: Field, extra: Any = "forbid", **more: Any) -> ReadPlan:
    return ReadPlan(InputSchema("s", fields, extra), **more)


def bits(value: Any) -> Any:
    """A value that compares by bits; every NaN is one."""
    if isinstance(value, float):
        return struct.pack("<d", value) if value == value else "NaN"
    return tuple(map(bits, value)) if isinstance(value, tuple) else (type(value), value)


EDGES = [
    *(0, 1, -1, 7, 127, 128, -128, 255, 256, 32767, 65536, 2**31 - 1, 2**31, -(2**31), 2**32),
    *(2**24, 2**24 + 1, 2**53, 2**53 + 1, -(2**53) - 1, 2**63 - 1, 2**63, -(2**63), -(2**63) - 1),
    *(2**64 - 1, 2**64, 10**400, 0.0, -0.0, 1.5, float("nan"), float("inf"), float("-inf")),
    *(5e-324, 1e300, 3.4028235677973366e38, 0.1, True, False, None, "", "a", "é", "abc", "x" * 300),
    *("\ud800", "a\udfff", "\0", "😀", b"a", Text("a"), Whole(3), decimal.Decimal(1), 1j),
    *(np.float64(1.5), np.float32(0.1), np.int8(-3), np.uint64(2**63), np.bool_(True)),
    *(np.datetime64("2020-01-01"), np.timedelta64(5, "s"), np.str_("a"), float, [], [1.0, 2.0]),
    *((1, 2), [1, None], {}, {"a": 1}, np.array([1.0, 2.0]), object()),
    *(dt.date(1, 1, 1), dt.date(9999, 12, 31), dt.date(2000, 2, 29), dt.date(1970, 1, 1)),
    *(dt.datetime(1, 1, 1, tzinfo=UTC), dt.datetime(9999, 12, 31, 23, 59, 59, 999999, UTC)),
    *(dt.datetime(2020, 3, 1, 1, 2, 3, 4), dt.datetime(1969, 12, 31, 23, 59, 59, 1, UTC)),
    dt.datetime(2020, 3, 1, tzinfo=dt.timezone(dt.timedelta(hours=5, minutes=30))),
    dt.datetime(1, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=5))),
    *(dt.timedelta.max, dt.timedelta.min, dt.timedelta(days=106_000_000), dt.timedelta(0)),
    *(dt.timedelta(days=-106_751_991), dt.timedelta(days=106_751_992), dt.timedelta(-1, 5, 7)),
]
VALUES = st.one_of(
    st.sampled_from(EDGES),
    st.integers(),
    st.integers(-(2**63), 2**64),
    st.floats(),
    st.text(),
    st.dates(),
    st.datetimes(timezones=st.sampled_from([UTC, ZoneInfo("UTC")])),
    st.timedeltas(),
)


def fields_of_all_types() -> list[Field]:
    fields = [Field("x", t, nullable) for t in TYPES + LISTS for nullable in (False, True)]
    for dtype in TYPES:
        fields += [Field("x", dtype, True, constraints=c) for c in limits_of(dtype)]
    return fields


def limits_of(dtype: dtypes.DType) -> list[Constraints]:
    if dtype.is_temporal:
        low = {"Date": dt.date(2000, 1, 1), "Duration": dt.timedelta(0)}
        return [Constraints(ge=low.get(dtype.name, dt.datetime(2000, 1, 1, tzinfo=UTC)))]
    return LIMITS.get(dtype.kind, [])


PLANS = [(field, plan_of(field)) for field in fields_of_all_types()]


def assert_reads_as_the_border(field: Field, plan: ReadPlan, value: Any) -> None:
    expected, refused = None, ""
    try:
        expected = borders.canonical(value, field, where="s")
    except FieldValueError as error:
        refused = str(error)
    if refused:
        with pytest.raises(FieldValueError) as caught:
            plan.read({"x": value})
        assert str(caught.value) == refused
    else:
        plan.read({"x": value})
        assert bits(stored(plan.columns[0])) == bits(expected), (field, value)


@pytest.mark.parametrize("value", EDGES, ids=lambda v: ascii(v)[:30].partition(" object at ")[0])
def test_every_type_reads_an_edge_value_as_the_border_does(value):
    """Machine code and Python agree on what is taken, its bits, and the text of the error."""
    for field, plan in PLANS:
        assert_reads_as_the_border(field, plan, value)


@settings(max_examples=150, deadline=None)
@given(VALUES)
def test_every_type_reads_any_value_as_the_border_does(value):
    """The same, for values that Hypothesis finds."""
    for field, plan in PLANS:
        assert_reads_as_the_border(field, plan, value)


PLAIN = [
    (dtypes.BOOL, True), (dtypes.INT8, -128), (dtypes.UINT8, 255), (dtypes.INT64, -(2**63)),
    (dtypes.UINT64, 2**64 - 1), (dtypes.FLOAT64, 1.5), (dtypes.FLOAT64, float("nan")),
    (dtypes.FLOAT64, 3), (dtypes.FLOAT32, 0.1), (dtypes.STRING, "é"), (dtypes.STRING, ""),
    (dtypes.DATE, dt.date(2020, 1, 1)), (dtypes.DURATION, dt.timedelta(1, 2, 3)),
    (dtypes.DATETIME, dt.datetime(2020, 1, 1, tzinfo=UTC)), (dtypes.INT32, None),
    (dtypes.FLOAT64, np.float64(1.5)),
]  # fmt: skip


@pytest.mark.parametrize("dtype, value", PLAIN, ids=str)
def test_plain_values_are_read_by_machine_code(dtype, value):
    """The common case of every type needs no Python: a slow path here would be silent."""
    assert cpython_api.LAYOUT_IS_KNOWN
    plan = plan_of(Field("x", dtype, nullable=True))
    assert plan._read_row({"x": value}) == read_values.READ


@pytest.mark.parametrize("zone", [UTC, ZoneInfo("UTC")], ids=["timezone.utc", "zoneinfo"])
def test_both_objects_for_utc_are_read_by_the_reader(
    zone: dt.tzinfo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows of Polars carry zoneinfo's UTC: they do not go the long way through Python."""
    plan = ReadPlan(InputSchema("moments", (Field("at", dtypes.DATETIME),)))
    monkeypatch.setattr(borders, "canonical", None)
    plan.read({"at": dt.datetime(2013, 11, 3, 6, 30, 0, 7, zone)})
    assert stored(plan.columns[0]) == 1_383_460_200_000_007


def test_the_layout_is_known_where_modules_come_from_bytecode_too(tmp_path: Path) -> None:
    """A constant of a module that was read from bytecode has no hash yet; one just compiled has.

    The first process writes the bytecode of our modules, the second reads it.
    """
    code = (
        "import sys, numba, numpy, pydantic\n"
        f"sys.dont_write_bytecode, sys.pycache_prefix = False, {str(tmp_path)!r}\n"
        "from featurelib_online import cpython_api; print(cpython_api.LAYOUT_IS_KNOWN)"
    )
    for _ in range(2):
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert done.stdout == "True\n", done.stderr
    assert [*tmp_path.rglob("cpython_api.*.pyc")]
