"""Machine code of programs: what is written where, and the same bits as the reference."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import featurelib as fl
from featurelib.jit.arena import ScratchArena
from featurelib.jit.emit import groups, shape
from featurelib.jit.kernel import Kernel, empty_column
from featurelib.program import topological
from parity_tests.core.rows import column, edge_rows, machine_rows, reference_rows
from parity_tests.core.small_sets import feature, fitted, make_set, rich_set

X = fl.col("distance")
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
        return len({shape(p, {}) for p in parts})

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
