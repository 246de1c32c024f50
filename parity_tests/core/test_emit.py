"""Machine code of programs: what is written where, and the same bits as the reference."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import featurelib as fl
from featurelib import borders
from featurelib.jit.arena import ScratchArena
from featurelib.jit.emit import groups, shape
from featurelib.jit.kernel import Column, Kernel, empty_column
from featurelib.jit.slots import Slots
from featurelib.program import topological
from parity_tests.core.small_sets import (
    ROW,
    Trip,
    column,
    feature,
    fitted,
    machine_rows,
    make_set,
    reference_rows,
    rich_set,
)

SCHEMA = Trip.input_schema()
X = fl.col("distance")
TEXTS = [b"", b"UA", "Zürich".encode(), "ß".encode() * 40, None]
EDGES = {
    "b": [True, False, None],
    "f": [0.0, -0.0, math.nan, math.inf, -math.inf, 5e-324, 1.5, -733.25, None],
    "v": TEXTS,
}


def edge_rows(count: int = 40) -> list[dict]:
    """Rows of canonical values that walk through the edges of each type at its own pace."""
    rows = []
    for i in range(count):
        row = {}
        for k, f in enumerate(SCHEMA):
            if f.dtype.is_integer:
                low, high = f.dtype.bounds
                edges = [low, high, 0, 1, 7, None]
            elif f.dtype.name in ("Date", "Datetime"):
                start = borders.canonical(ROW[f.name], f)
                edges = [start, 0, -1, start + 1, None]
            else:
                edges = EDGES[f.dtype.kind]
            edges = [e for e in edges if e is not None or f.nullable]
            row[f.name] = edges[(i * (k + 1) + i // len(edges)) % len(edges)]
        row["small"] = float(np.float32(row["small"]))
        rows.append(row)
    return rows


RICH = rich_set()
STATE = fitted(RICH)


@pytest.mark.parametrize("wide", [True, False])
def test_machine_code_gives_the_bits_of_the_reference(wide) -> None:
    """Loops for columns and straight code for rows compute what the bodies compute in CPython."""
    rows = edge_rows()
    expected = reference_rows(RICH.program, STATE, rows)
    assert machine_rows(RICH.program, STATE, rows, wide=wide) == expected


def test_groups_partition_the_outputs() -> None:
    """Every output is in one group, and no computed node is below two of them."""
    found = groups(RICH.program)
    assert sorted(n for g in found for n in g) == sorted(RICH.program.outputs)
    owner: dict[str, int] = {}
    for i, names in enumerate(found):
        below = topological([RICH.program.outputs[n] for n in names], through_fits=False)
        for made in below:
            if made.args and made.op != "fit":
                assert owner.setdefault(made.key, i) == i


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=12))
def test_groups_partition_any_graph(pairs) -> None:
    """Outputs that share work, directly or through a third, are computed together, once."""
    parts = [X * float(k) for k in range(6)]
    made = make_set(*(feature(f"f{i}", parts[a] + parts[b]) for i, (a, b) in enumerate(pairs)))
    found = groups(made.program)
    assert sorted(n for g in found for n in g) == sorted(made.program.outputs)
    owner: dict[int, int] = {}
    for i, names in enumerate(found):
        for name in names:
            for part in pairs[int(name[1:])]:
                assert owner.setdefault(part, i) == i


def test_groups_of_equal_shape_share_one_function() -> None:
    """26 columns that are hashed alike are one loop, called 26 times; a constant makes two."""
    inputs = fl.InputSchema.from_fields({f"c{i}": str for i in range(26)})

    def shapes(buckets) -> int:
        made = make_set(
            *(feature(f"h{i}", fl.col(f"c{i}").hash_bucket(buckets(i))) for i in range(26)),
            inputs=inputs,
        )
        parts = [made.program.subset(g) for g in groups(made.program)]
        assert len(parts) == 26
        return len({shape(p, Slots.of(p)) for p in parts})

    assert shapes(lambda i: 100_003) == 1
    assert shapes(lambda i: 100_003 if i else 7) == 2


def test_equal_shapes_read_their_own_columns_and_constants() -> None:
    """Sharing a function never mixes up inputs, tables or outputs."""
    fields = {"a": str, "b": str, "x": float, "y": float}
    made = make_set(
        *(feature(f"i{n}", fl.col(n).is_in([n, "z"])) for n in "ab"),
        *(feature(f"s{n}", fl.col(n) * 2.0 + 1.0) for n in "xy"),
        *(feature(f"m{n}", fl.col(n) - fl.mean(fl.col(n))) for n in "xy"),
        inputs=fl.InputSchema.from_fields(fields),
    )
    values = {n.key: (n.dtype, 10.0 * i) for i, n in enumerate(made.program.fits)}
    state = fl.FittedState(values)
    rows = [{"a": b"a", "b": b"a", "x": 1.0, "y": 2.0}, {"a": b"b", "b": b"b", "x": 3.0, "y": -0.0}]
    expected = reference_rows(made.program, state, rows)
    assert machine_rows(made.program, state, rows) == expected
    assert machine_rows(made.program, state, rows, wide=False) == expected


@pytest.mark.parametrize("wide", [True, False])
def test_a_range_of_rows_writes_its_rows_only(wide) -> None:
    """Rows outside [start, stop) keep their bytes, so that threads can share columns."""
    kernel = Kernel(RICH.program, STATE, wide=wide)
    rows = edge_rows(8)
    inputs = [column([r[n] for r in rows], RICH.program.inputs[n]) for n in kernel.inputs]
    whole = kernel.run(inputs, 8)
    for start, stop in ((3, 6), (0, 1), (7, 8), (4, 4), (5, 2)):
        outputs = [empty_column(n.dtype, n.nullable, 8) for n in kernel.slots.outputs]
        for made in outputs:
            for array in (made.values, made.valid):
                if array is not None:
                    array.view(np.uint8)[...] = 0xAA
        arena = ScratchArena()
        slots = kernel.fill_slots(inputs, outputs, arena.address)
        kernel._call(slots.ctypes.data, start, stop)
        inside = np.zeros(8, bool)
        inside[start:stop] = True
        for made, all_rows, node in zip(outputs, whole, kernel.slots.outputs, strict=True):
            for got, expected in ((made.values, all_rows.values), (made.valid, all_rows.valid)):
                if got is None:
                    continue
                assert (got[~inside].view(np.uint8) == 0xAA).all()
                if got.ndim == 1:  # addresses of text differ from call to call
                    assert got[inside].tobytes() == expected[inside].tobytes(), node


def test_no_rows_compute_nothing() -> None:
    """A batch of 0 rows gives columns of 0 rows."""
    kernel = Kernel(RICH.program, STATE)
    inputs = [column([], RICH.program.inputs[n]) for n in kernel.inputs]
    assert [len(c.values) for c in kernel.run(inputs, 0)] == [0] * len(RICH.program.outputs)


def test_threads_do_not_show() -> None:
    """Whatever the number of threads, the bytes are the same."""
    kernel = Kernel(RICH.program, STATE)
    rows = edge_rows(7) * 700
    inputs = [column([r[n] for r in rows], RICH.program.inputs[n]) for n in kernel.inputs]
    one, four = (kernel.run(inputs, len(rows), threads=t) for t in (1, 4))
    for a, b in zip(one, four, strict=True):
        if a.values.ndim == 1:
            assert a.values.tobytes() == b.values.tobytes()
            assert a.valid is None or a.valid.tobytes() == b.valid.tobytes()


def _run(
    made: fl.FeatureSet, columns: dict[str, Column], rows: int, **options
) -> dict[str, Column]:
    kernel = Kernel(made.program, {}, **options)
    out = kernel.run([columns[n] for n in kernel.inputs], rows)
    return dict(zip(made.program.outputs, out, strict=True))


NANS = [0x7FF0000000000001, 0xFFF8000000000000, 0x7FFFFFFFFFFFFFFF, 0x7FF8000000000000]
SMALL_NANS = [0x7F800001, 0xFFC00000, 0x7FFFFFFF, 0x7FC00000]


@pytest.mark.parametrize("wide", [True, False])
def test_every_nan_leaves_as_the_canonical_one(wide) -> None:
    """Sign, payload and signalling of a NaN that came in, or arose, are gone at the exit."""
    made = make_set(
        feature("same", X),
        feature("scaled", X * -1.0),
        feature("undefined", (X - X) / (X - X)),
        feature("small_same", fl.col("small")),
        feature("small_scaled", fl.col("small") * -1.0),
        feature("narrowed", X.cast(fl.Float32)),
    )
    columns = {
        "distance": Column(np.array(NANS, "<u8").view("<f8"), None),
        "small": Column(np.array(SMALL_NANS, "<u4").view("<f4"), None),
    }
    for name, out in _run(made, columns, 4, wide=wide).items():
        words = out.values.view(f"<u{out.values.itemsize}").tolist()
        assert words == [0x7FF8 << 48 if out.values.itemsize == 8 else 0x7FC00000] * 4, name


@pytest.mark.parametrize("wide", [True, False])
def test_the_value_under_a_null_is_zero(wide) -> None:
    """Bytes under a null are zeros of the type, so equal columns have equal bytes."""
    made = make_set(
        feature("float", fl.col("delay")),
        feature("sum", fl.col("delay") + 1.0),
        feature("narrow", fl.col("gate") + 1),
        feature("truth", fl.col("is_full")),
        feature("text", fl.col("tail")),
        feature("same_day", fl.col("day")),
        feature("cast", fl.col("delay").cast(fl.Int32)),
        feature("none", fl.when(fl.col("is_full")).then(5).otherwise(None)),
    )
    columns = {
        "delay": Column(np.array([7.5]), np.zeros(1, np.uint8)),
        "gate": Column(np.array([7], np.int8), np.zeros(1, np.uint8)),
        "is_full": Column(np.ones(1, np.uint8), np.zeros(1, np.uint8)),
        "tail": Column(np.full((1, 2), 77, np.int64), np.zeros(1, np.uint8)),
        "day": Column(np.array([7], np.int32), np.zeros(1, np.uint8)),
    }
    for name, out in _run(made, columns, 1, wide=wide).items():
        assert out.valid.tolist() == [0], name
        assert not out.values.view(np.uint8).any(), name


def test_text_over_the_row_limit_is_null() -> None:
    """At the limit a text is there; one byte more and it is null, in both meanings."""
    made = make_set(feature("twice", fl.concat_str([fl.col("carrier"), fl.col("carrier")])))
    rows = [{"carrier": b"x" * n} for n in (0, 7, 8, 9, 200)]
    expected = reference_rows(made.program, {}, rows, limit=16)
    assert [r["twice"][1] is None for r in expected] == [False, False, False, True, True]
    for wide in (True, False):
        assert machine_rows(made.program, {}, rows, wide=wide, limit=16) == expected


def test_outputs_that_are_inputs_constants_or_one_another() -> None:
    """An output may be an input, a constant, a fitted value, or the very node of another output."""
    made = make_set(
        feature("copy", X),
        feature("again", X),
        feature("sum", X + 1.0),
        feature("same_sum", fl.col("sum")),
        feature("text", fl.col("carrier")),
        feature("number", fl.lit(2.5)),
        feature("word", fl.lit("Zürich")),
        feature("truth", fl.lit(True)),
        feature("nan", fl.lit(math.nan)),
        feature("top", fl.lit((1 << 64) - 1)),
        feature("mean", fl.mean(X)),
    )
    state = fitted(made, -0.0)
    rows = [{"distance": -0.0, "carrier": b""}, {"distance": 3.0, "carrier": b"abc"}]
    expected = reference_rows(made.program, state, rows)
    for wide in (True, False):
        assert machine_rows(made.program, state, rows, wide=wide) == expected


def test_products_and_sums_are_rounded_apart() -> None:
    """No multiply-add is contracted: x * y - z is rounded twice, as CPython rounds it."""
    a = 1.0 + 2.0**-30
    made = make_set(feature("f", X * X - (1.0 + 2.0**-29)))
    rows = [{"distance": a}] * 9
    expected = reference_rows(made.program, {}, rows)
    assert a * a - (1.0 + 2.0**-29) == 0.0  # fused it would be 2**-60
    for wide in (True, False):
        assert machine_rows(made.program, {}, rows, wide=wide) == expected


def test_garbage_under_a_null_is_harmless() -> None:
    """A cast that failed leaves any bits in a register; what is computed from them is null."""
    seats = fl.col("seats")
    when = seats.cast(fl.Datetime).dt.convert_time_zone("Europe/Paris")
    made = make_set(
        feature("hour", when.dt.hour()),
        feature("month", when.dt.truncate("1mo")),
        feature("digit", seats.cast(fl.Int8) * 2),
        feature("among", X.cast(fl.Int16).is_in([0, 1])),
    )
    big = (1 << 63) - 1
    odd = [(big, math.nan), (-big - 1, 1e300), (0, -0.5), (-1, 1.0), (253402300799999999, 4e4)]
    rows = [{"seats": s, "distance": d} for s, d in odd]
    expected = reference_rows(made.program, {}, rows)
    for wide in (True, False):
        assert machine_rows(made.program, {}, rows, wide=wide) == expected


def test_a_program_of_300_features() -> None:
    """A large set compiles as a whole, and every output is in its place."""
    parts = [X, fl.col("small"), fl.col("seats"), fl.col("delay")]
    features = [
        feature(f"f{i}", (parts[i % 4] * (i % 7 + 1) + parts[(i + 1) % 4]).clip(-5, i))
        for i in range(300)
    ]
    made = make_set(*features)
    rows = edge_rows(6)
    expected = reference_rows(made.program, {}, rows)
    assert machine_rows(made.program, {}, rows, wide=False) == expected
