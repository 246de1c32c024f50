"""Columns by a plan: what machine code lets in is what the border takes, and no more."""

from __future__ import annotations

import ctypes
from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import featurelib as fl
from featurelib import borders
from featurelib.dtypes import SCALARS
from featurelib.errors import InputError
from featurelib.fields import Constraints, Field, InputSchema
from featurelib.parity.golden_values import same_bits
from featurelib_online.column_entry import ColumnEntry, Entered

ARROW_NUMBERS = [
    pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint16(), pa.uint32(),
    pa.uint64(), pa.float32(), pa.float64(),
]  # fmt: skip
EDGES = [0, 1, -1, 3, 127, 128, 255, 256, -129, 2**15, 2**24 + 1, 2**31, 2**32, 2**53 + 1]
EDGES += [2**62 + 2**9, 2**62 + 2**10, 2**63 - 1, 2**63, 2**64 - 1, 2**64 - 2048, -(2**63)]
FLOATS = [0.0, -0.0, 0.1, 1e39, -1e39, 2.0**128 - 2.0**103, 2.0**128 - 2.0**104, 5e-324]
FLOATS += [float("inf"), float("-inf"), float("nan"), 2.0**-149]
TEXTS = ["", "é", "a" * 12, "b" * 13, "naïve, and over twelve bytes", "\0"]


def entry_of(*fields: Field, extra: Any = "forbid") -> ColumnEntry:
    bundle: Any = SimpleNamespace(name="flights", schema=InputSchema("S", fields, extra))
    return ColumnEntry(bundle, [f.name for f in fields])


def values(entered: Entered, at: int, field: Field) -> list[Any]:
    """What a kernel would read, in canonical form."""
    first, flags = entered.words[2 * at : 2 * at + 2].tolist()
    made: list[Any] = []
    for row in range(entered.rows):
        if field.nullable and not ctypes.string_at(flags + row, 1)[0]:
            made.append(None)
        elif field.dtype.kind == "v":
            pair = np.frombuffer(ctypes.string_at(first + 16 * row, 16), np.int64)
            is_text = field.dtype.inner is None
            size = int(pair[1]) * (1 if is_text else field.dtype.bits // 8)
            text = ctypes.string_at(int(pair[0]), size) if size else b""
            made.append(
                text if is_text else tuple(np.frombuffer(text, field.dtype.storage).tolist())
            )
        else:
            size = field.dtype.bits // 8
            raw = ctypes.string_at(first + size * row, size)
            value = np.frombuffer(raw, field.dtype.storage)[0].item()
            made.append(bool(value) if field.dtype.name == "Bool" else value)
    return made


def is_quick(entered: Entered) -> bool:
    return entered.made.free is not None


def check(entry: ColumnEntry, data: Any, fields: list[Field], rows: list[list[Any]]) -> None:
    """The values of the border, or the error of the first row that it refuses."""
    refusals = []
    for field, column in zip(fields, rows, strict=True):
        for row, value in enumerate(column):
            try:
                borders.canonical(value, field, where="flights", row=row)
            except InputError as error:
                refusals.append((row, str(error)))
                break
    if refusals:
        with pytest.raises(InputError) as caught:
            entry.read(data)
        assert str(caught.value) == min(refusals, key=lambda r: r[0])[1]
        return
    entered = entry.read(data)
    for at, (field, column) in enumerate(zip(fields, rows, strict=True)):
        expected = [borders.canonical(v, field) for v in column]
        for a, b in zip(values(entered, at, field), expected, strict=True):
            assert same_bits(a, b, field.dtype), (field, a, b)
    entered.free()


def _fits(value: Any, kind: pa.DataType) -> bool:
    try:
        pa.array([value], kind)
    except (pa.ArrowInvalid, OverflowError, pa.ArrowTypeError):
        return False
    return True


@st.composite
def number_columns(draw: st.DrawFn) -> tuple[Field, pa.Array]:
    """A field of numbers, with or without bounds, and a column of any number type for it."""
    dtype = SCALARS[draw(st.sampled_from([t.name for t in SCALARS.values() if t.is_numeric]))]
    # A column of floats is refused by an integer field whatever it holds.
    kind = draw(st.sampled_from(ARROW_NUMBERS[:8] if dtype.is_integer else ARROW_NUMBERS))
    edges = FLOATS if pa.types.is_floating(kind) else [e for e in EDGES if _fits(e, kind)]
    items = draw(st.lists(st.none() | st.sampled_from(edges), max_size=20))
    limits: dict[str, Any] = {}
    low, high = ((0, 1), (100, 127)) if dtype.is_integer else ((-0.1, 0.0), (0.1, 2.0**100))
    for names, bounds in ((("ge", "gt"), low), (("le", "lt"), high)):
        if draw(st.booleans()):
            limits[draw(st.sampled_from(names))] = draw(st.sampled_from(bounds))
    if dtype.is_float:
        limits["finite"] = draw(st.booleans())
    field = Field("x", dtype, draw(st.booleans()), constraints=Constraints(**limits))
    start = draw(st.integers(0, len(items)))
    return field, pa.array(items, kind).slice(start)


@settings(max_examples=400, deadline=None)
@given(number_columns(), st.booleans())
def test_numbers_are_taken_and_refused_as_the_border_does(
    column: tuple[Field, pa.Array], in_table: bool
) -> None:
    """Of every width for every width: ranges, exactness, rounding, bounds; the same first row."""
    field, array = column
    data = pa.record_batch({"x": array}) if in_table else {"x": array}
    # What a float32 holds is its own value, not that of the double it was made of.
    check(entry_of(field), data, [field], [array.to_pylist()])


@settings(max_examples=200, deadline=None)
@given(number_columns(), st.integers(1, 3), st.booleans())
def test_numpy_numbers_are_taken_and_refused_as_the_border_does(
    column: tuple[Field, pa.Array], step: int, masked: bool
) -> None:
    """Of any stride, masked or not."""
    field, array = column
    items = array.to_pylist() if masked else [x for x in array.to_pylist() if x is not None]
    plain = np.zeros(len(items) * step, array.type.to_pandas_dtype())[::step]
    plain[:] = [0 if x is None else x for x in items]
    given_: Any = plain
    if masked:
        given_ = np.ma.masked_array(plain, [x is None for x in items])
    check(entry_of(field), {"x": given_}, [field], [items])


UTC = fl.dtypes.DATETIME
TIMES = [
    (pa.date32(), fl.dtypes.DATE, [0, -719_162, 2_932_896, 2_932_897, -719_163]),
    *(
        (pa.timestamp(unit, "UTC"), UTC, [0, 1, -62_135_596_800 * n, 253_402_300_800 * n - 1,
                                          253_402_300_800 * n, 2**62])
        for unit, n in (("s", 1), ("ms", 10**3), ("us", 10**6))
    ),
    *(
        (pa.duration(unit), fl.dtypes.DURATION, [0, -1, (2**63 - 1) // n, (2**63 - 1) // n + 1])
        for unit, n in (("s", 10**6), ("ms", 10**3))
    ),
    (pa.duration("us"), fl.dtypes.DURATION, [0, -1, 2**63 - 1, -(2**63)]),
]  # fmt: skip


@pytest.mark.parametrize("kind, dtype, counts", TIMES, ids=[str(k) for k, *_ in TIMES])
def test_times_are_those_of_python(kind: pa.DataType, dtype: Any, counts: list[int]) -> None:
    """Each count alone: scaled to days or microseconds, refused outside the years 1 to 9999."""
    scale = {"s": 10**6, "ms": 10**3}.get(getattr(kind, "unit", ""), 1)
    low, high = {
        "Date": (-719_162, 2_932_896),
        "Datetime": (-62_135_596_800_000_000, 253_402_300_799_999_999),
        "Duration": (-(2**63), 2**63 - 1),
    }[dtype.name]
    field = Field("x", dtype, True)
    entry = entry_of(field)
    storage = np.int32 if dtype.name == "Date" else np.int64
    for count in counts:
        if storage is np.int64 and count > 2**63 - 1:
            continue
        array = pa.array(np.array([count], storage)).cast(kind)
        for data in ({"x": array}, pa.record_batch({"x": array})):
            if low <= count * scale <= high:
                entered = entry.read(data)
                assert is_quick(entered) and values(entered, 0, field) == [count * scale]
            else:
                with pytest.raises(InputError, match="field `x` takes"):
                    entry.read(data)


TEXT_KINDS = [
    pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int8(), pa.string()),
    pa.dictionary(pa.int32(), pa.large_string()),
]  # fmt: skip
SCHEMA = [
    Field("n", fl.dtypes.INT64, True),
    Field("s", fl.dtypes.STRING, True),
    Field("b", fl.dtypes.BOOL, False),
    Field("t", fl.dtypes.STRING, False, constraints=Constraints(max_length=20)),
    Field("v", fl.dtypes.list_type(fl.dtypes.INT16), True),
    Field("d", fl.dtypes.FLOAT32, False, default=0.5),
]
FILLERS = {"n": 7, "s": "x", "b": True, "t": "x", "v": [1], "d": 1.0}
SHARED = entry_of(*SCHEMA, extra="ignore")


@st.composite
def tables(draw: st.DrawFn) -> tuple[Any, list[list[Any]]]:
    """Rows of SCHEMA in any form: Arrow of other types, another order, sliced, by name, NumPy."""
    count = draw(st.integers(0, 12))

    def column(items: Any) -> list[Any]:
        return draw(st.lists(items, min_size=count, max_size=count))

    nulls = draw(st.booleans())
    maybe = (lambda s: st.none() | s) if nulls else (lambda s: s)
    rows = [
        column(maybe(st.integers(-100, 100))),
        column(maybe(st.sampled_from(TEXTS))),
        column(st.booleans()),
        column(st.sampled_from(TEXTS)),
        column(maybe(st.lists(st.integers(-9, 9), max_size=3))),
        column(st.sampled_from([0.5, 0.1, -0.0])),
    ]
    kinds = [
        draw(st.sampled_from([pa.int8(), pa.int32(), pa.int64()])),
        draw(st.sampled_from(TEXT_KINDS)),
        pa.bool_(),
        draw(st.sampled_from(TEXT_KINDS)),
        draw(st.sampled_from([pa.list_(pa.int8()), pa.large_list(pa.int64())])),
        draw(st.sampled_from([pa.float32(), pa.float64()])),
    ]
    before, behind = draw(st.integers(0, 9)), draw(st.integers(0, 3))
    arrays = {}
    for field, items, kind in zip(SCHEMA, rows, kinds, strict=True):
        pad = items[:1] or [FILLERS[field.name]]
        whole = pa.array([*pad * before, *items, *pad * behind], kind)
        arrays[field.name] = whole.slice(before, count)
    names = draw(st.permutations(list(arrays)))
    if draw(st.booleans()):
        names.remove("d")
        rows[5] = [0.5] * count
    if draw(st.booleans()):
        arrays["other"] = pa.array([None] * count, pa.int8())
        names.append("other")
    made: Any = {n: arrays[n] for n in names}
    form = draw(st.sampled_from(["batch", "table", "names", "numpy", "struct", "polars"]))
    if form == "numpy":
        for name in ("n", "s", "b", "t"):
            items = rows["nsbt".index(name)]
            if None in items or name in "st":
                made[name] = np.array([*items, None], object)[:-1]
            else:
                made[name] = np.array(items, bool if name == "b" else draw(st.sampled_from("bil")))
    elif form != "names":
        made = pa.record_batch(made)
        if form == "table":
            made = pa.Table.from_batches([made])
        elif form == "struct":
            made = pa.StructArray.from_arrays(made.columns, fields=list(made.schema))
        elif form == "polars":
            made = pl.DataFrame({n: pl.from_arrow(arrays[n]) for n in names})
    return made, rows


@settings(max_examples=400, deadline=None)
@given(tables())
def test_one_kernel_takes_tables_of_any_schema_in_turn(table: tuple[Any, list[list[Any]]]) -> None:
    """Another order, type, offset or form at each call: the plan of one call is none of the next's.

    The entry is shared by all examples, so that its plans are looked through and left.
    """
    data, rows = table
    check(SHARED, data, SCHEMA, rows)


def test_a_schema_that_came_before_has_its_plan() -> None:
    """Plans are as many as schemas, up to a limit, and equal types with other names are told."""
    field = Field("x", fl.dtypes.INT64, True)
    entry = entry_of(field, extra="ignore")
    for _ in range(3):
        for kind in (pa.int64(), pa.int32()):
            assert is_quick(entry.read(pa.record_batch({"x": pa.array([1, None], kind)})))
            assert is_quick(entry.read({"x": pa.array([1, None], kind)}))
        for dtype in ("i8", "i4"):
            assert is_quick(entry.read({"x": np.array([1, 2], dtype)}))
    assert len(entry._tables) == 2 and len(entry._mappings) == 4
    for i in range(50):
        columns = {f"c{i}": pa.array([0]), "x": pa.array([i])}
        assert values(entry.read(pa.record_batch(columns)), 0, field) == [i]
        assert values(entry.read(columns), 0, field) == [i]
        swapped = {"x": pa.array([0]), f"c{i}": pa.array([i])}
        assert values(entry.read(pa.record_batch(swapped)), 0, field) == [0]
    assert len(entry._tables) == len(entry._mappings) == 16


def test_a_list_of_other_elements_under_the_same_columns_is_read_anew() -> None:
    """What lies below a column is no part of the schema that is compared."""
    field = Field("v", fl.dtypes.list_type(fl.dtypes.INT16), True)
    entry = entry_of(Field("x", fl.dtypes.INT64), field)
    for kind in (pa.int8(), pa.int64(), pa.uint16(), pa.int8()):
        batch = pa.record_batch({"x": pa.array([1]), "v": pa.array([[1, 2]], pa.list_(kind))})
        entered = entry.read(batch)
        address, length = np.frombuffer(
            ctypes.string_at(int(entered.words[2]), 16), np.int64
        ).tolist()
        assert np.frombuffer(ctypes.string_at(address, 2 * length), np.int16).tolist() == [1, 2]
    with pytest.raises(InputError, match="field `v"):
        entry.read(pa.record_batch({"x": pa.array([1]), "v": pa.array([["1"]])}))


def test_memory_that_is_used_again_shows_nothing_of_the_call_before() -> None:
    """A null, a flag or a text of the last table is not seen in the next."""
    fields = [Field("s", fl.dtypes.STRING, True), Field("x", fl.dtypes.INT16, True)]
    entry = entry_of(*fields)
    rng = np.random.default_rng(3)
    for count in (50, 3, 50, 0, 7, 300, 2):
        texts = [None if rng.random() < 0.3 else TEXTS[rng.integers(6)] for _ in range(count)]
        numbers = [None if rng.random() < 0.3 else int(rng.integers(-99, 99)) for _ in texts]
        for data in (
            pa.record_batch({"s": pa.array(texts, "string"), "x": pa.array(numbers, "int64")}),
            {"s": np.array([*texts, None], object)[:-1], "x": pa.array(numbers, pa.int8())},
        ):
            check(entry, data, fields, [texts, numbers])
