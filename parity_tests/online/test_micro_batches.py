"""Micro-batches that fill a layout's tensors: equal bits whoever fills them, in whose memory."""

from __future__ import annotations

import os
import pickle
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import featurelib_online as online
from featurelib.bundle import Bundle
from featurelib.errors import DefinitionError, InputError
from featurelib.jit.tensors import TensorKernel
from featurelib_online import RowKernel
from featurelib_online.columns import read_columns
from parity_tests.online.layouts import (
    FULL,
    Layout,
    as_columns,
    as_json,
    assert_tensors,
    bundle_of,
    expected,
    layouts,
    random_rows,
)
from parity_tests.soak import examples

SIZES = (0, 1, 2, 255, 256, 257)
GUARD = 3
"""Rows and elements behind those that a batch has; they must stay as they were."""
Arrays = dict[str, np.ndarray[Any, Any]]


@cache
def kernel() -> RowKernel:
    return online.compile(bundle_of(FULL))


@cache
def tensor_kernel() -> TensorKernel:
    return TensorKernel(kernel().bundle)


def guarded(bundle: Bundle, rows: int, elements: int = 2000) -> Arrays:
    """Buffers with room for more than the rows, every byte 0x55."""
    made = {}
    for tensor in bundle.layout.tensors:
        shape: tuple[int, ...] = (rows + GUARD, tensor.width)
        if tensor.is_ragged:
            shape = (elements,)
            offsets = np.full(8 * (rows + 1 + GUARD), 0x55, np.uint8).view(np.int64)
            made[tensor.offsets_name] = offsets
        size = int(np.prod(shape)) * tensor.dtype.bits // 8
        made[tensor.name] = np.full(size, 0x55, np.uint8).view(tensor.dtype.storage).reshape(shape)
    return made


def filled(out: Arrays, wanted: Arrays) -> Arrays:
    """What of the buffers was filled; asserts that nothing behind it was touched."""
    made = {}
    for name, tensor in wanted.items():
        made[name] = out[name][: len(tensor)]
        assert set(out[name][len(tensor) :].tobytes()) <= {0x55}, name
    return made


def numbers(rows: list[dict[str, Any]], bundle: Bundle) -> tuple[list[Any], int]:
    columns, count = read_columns(as_columns(rows), bundle)
    return [columns[n] for n in tensor_kernel().inputs], count


@pytest.mark.parametrize("n", SIZES)
def test_every_way_to_a_tensor_gives_the_bits_of_the_reference_evaluator(n: int) -> None:
    """Many, columns, a TensorKernel, and a row: repeated members, Arrays, inputs and Lists."""
    rows, made = random_rows(n), kernel()
    wanted = expected(made.bundle, FULL, rows)
    assert_tensors(made.many(rows).tensors, wanted)
    assert_tensors(made.columns(as_columns(rows)).tensors, wanted)
    inputs, count = numbers(rows, made.bundle)
    assert_tensors(tensor_kernel().run(inputs, count)[1], wanted)
    for row in rows[:20]:
        assert_tensors(made(row).tensors, expected(made.bundle, FULL, [row]))


@pytest.mark.parametrize("n", SIZES)
def test_json_fills_the_same_tensors(n: int) -> None:
    """Arrays of objects, and one object, which is a row."""
    rows, made = random_rows(n, finite=True), kernel()
    wanted, out = expected(made.bundle, FULL, rows), guarded(made.bundle, n)
    made.json(as_json(rows), out=out)
    assert_tensors(filled(out, wanted), wanted)
    for row in rows[:3]:
        one = guarded(made.bundle, 1)
        made.json(as_json([row])[1:-1], out=one)
        alone = expected(made.bundle, FULL, [row])
        assert_tensors(filled(one, alone), alone)


@pytest.mark.parametrize("n", SIZES)
def test_the_callers_buffers_are_filled_and_nothing_behind_the_rows(n: int) -> None:
    """The batch's tensors are the buffers; what the caller has behind the rows stays."""
    rows, made = random_rows(n), kernel()
    wanted = expected(made.bundle, FULL, rows)
    for compute in (
        lambda out: made.many(rows, out=out),
        lambda out: made.columns(as_columns(rows), out=out),
    ):
        out = guarded(made.bundle, n)
        batch = compute(out)
        assert len(batch) == n
        assert_tensors(batch.tensors, wanted)
        assert_tensors(filled(out, wanted), wanted)
        shared = [x for x, tensor in batch.tensors.items() if tensor.size]
        assert all(np.shares_memory(batch.tensors[x], out[x]) for x in shared)


def test_one_row_fills_the_first_row_of_buffers() -> None:
    """By `out` and by a filler, whose memory is the same each time."""
    made, out, again = kernel(), guarded(kernel().bundle, 1), guarded(kernel().bundle, 1)
    fill = made.filler(again)
    for row in random_rows(40):
        wanted = expected(made.bundle, FULL, [row])
        values = made(row, out=out)
        fill(row)
        for buffers in (out, again):
            got = {n: buffers[n][: len(t)] for n, t in wanted.items()}
            assert_tensors(got, wanted)
            assert all(set(buffers[n][1:].tobytes()) == {0x55} for n in ("dense", "wide", "big"))
        assert_tensors(values.tensors, wanted)


def test_features_of_the_layout_are_views_of_their_tensors() -> None:
    """Columns cost no second memory, and hold what the features are."""
    rows, made = random_rows(300), kernel()
    for batch in (made.many(rows), made.columns(as_columns(rows))):
        for name, tensor, at in [("half", "dense", 0), ("log", "wide", 1), ("more", "counts", 1)]:
            column = batch.columns[name]
            assert np.shares_memory(column, batch.tensors[tensor])
            assert column.tobytes() == batch.tensors[tensor][:, at].tobytes()
        assert batch.columns["shout"][0] == made(rows[0]).canonical("shout") or b""


def test_batches_travel_between_processes() -> None:
    """Columns, flags, tensors and errors are the same there."""
    rows = random_rows(300)
    for batch in (
        kernel().many([*rows, None], errors="collect"),
        kernel().columns(as_columns(rows)),
    ):
        again = pickle.loads(pickle.dumps(batch))
        assert_tensors(again.tensors, batch.tensors)
        assert again.errors == batch.errors and len(again) == 300
        assert all(again.canonical(n) == batch.canonical(n) for n in ("shout", "bucket", "more"))


@pytest.mark.parametrize("threads", [1, 2, 3, 4])
@pytest.mark.parametrize("n", [0, 1, 2047, 2048, 5000])
def test_every_number_of_threads_gives_the_same_bits(n: int, threads: int) -> None:
    """Ranges of rows are written side by side into the same tensors."""
    columns, made = as_columns(random_rows(n)), kernel()
    out = guarded(made.bundle, n, elements=20_000)
    wanted = made.columns(columns)
    batch = made.columns(columns, out=out, threads=threads)
    assert_tensors(batch.tensors, wanted.tensors)
    for name, values in wanted.columns.items():
        assert batch.columns[name].tolist() == values.tolist() or name in ("half", "log", "maybe")
        assert values.dtype == object or batch.columns[name].tobytes() == values.tobytes()


@pytest.mark.parametrize("threads", [0, -1, 1.0, None])
def test_a_number_of_threads_is_a_positive_integer(threads: Any) -> None:
    with pytest.raises(DefinitionError, match="expected threads >= 1, got threads="):
        kernel().columns(as_columns([]), threads=threads)


def test_threads_work_in_a_forked_child() -> None:
    """The pool of the parent has no threads there; the child makes its own."""
    columns, made = as_columns(random_rows(4096)), kernel()
    wanted = made.columns(columns, threads=3).tensors["dense"].tobytes()
    child = os.fork()
    if child == 0:
        same = made.columns(columns, threads=3).tensors["dense"].tobytes() == wanted
        os._exit(0 if same else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert made.columns(columns, threads=3).tensors["dense"].tobytes() == wanted


@examples(5, soak=60)
@given(layout=layouts(), n=st.sampled_from([0, 1, 3, 257]), seed=st.integers(0, 99))
def test_any_layout_is_filled_with_the_bits_of_the_reference_evaluator(
    layout: Layout, n: int, seed: int
) -> None:
    """Strides, orders, repetitions and neighbours do not change a value."""
    made, rows = online.compile(bundle_of(layout)), random_rows(n, seed=seed)
    wanted = expected(made.bundle, layout, rows)
    out = guarded(made.bundle, n)
    assert_tensors(made.many(rows, out=out).tensors, wanted)
    assert_tensors(filled(out, wanted), wanted)
    out = guarded(made.bundle, n)
    assert_tensors(made.columns(as_columns(rows), out=out).tensors, wanted)
    assert_tensors(filled(out, wanted), wanted)
    for row in rows[:3]:
        assert_tensors(made(row).tensors, expected(made.bundle, layout, [row]))


def is_void(out: Arrays, n: int) -> bool:
    """Whether the rows hold nothing that could be read as values."""
    dense = all(np.isnan(out[x][:n]).all() for x in ("dense", "wide", "more"))
    zeros = all(not out[x][:n].any() for x in ("ids", "counts", "flags", "big"))
    return (
        dense and zeros and not any(out[f"{x}.offsets"][: n + 1].any() for x in ("tags", "again"))
    )


@pytest.mark.parametrize("bad", [0, 255, 256, 599])
def test_a_bad_row_leaves_no_half_filled_buffer(bad: int) -> None:
    """NaN, zeros and empty lists over all rows that were to come, and nothing behind them."""
    rows, out = random_rows(600), guarded(kernel().bundle, 600, elements=5000)
    with pytest.raises(InputError, match="field `stock`") as caught:
        kernel().many([*rows[:bad], rows[bad] | {"stock": "many"}, *rows[bad + 1 :]], out=out)
    assert caught.value.row == bad
    assert is_void(out, 600)
    assert set(out["dense"][600:].tobytes()) == {0x55}
    assert_tensors(kernel().many(rows).tensors, expected(kernel().bundle, FULL, rows))


def test_good_rows_stand_first_and_without_gaps_when_bad_ones_are_collected() -> None:
    """The buffer behind the last good row is not touched."""
    rows, out = random_rows(600), guarded(kernel().bundle, 600, elements=5000)
    bad = (0, 7, 255, 256, 599)
    mixed = [None if i in bad else row for i, row in enumerate(rows)]
    batch = kernel().many(mixed, errors="collect", out=out)
    good = [row for row in mixed if row is not None]
    wanted = expected(kernel().bundle, FULL, good)
    assert [e.row for e in batch.errors] == list(bad) and len(batch) == len(good)
    assert_tensors(batch.tensors, wanted)
    assert_tensors(filled(out, wanted), wanted)


@pytest.mark.parametrize("ragged", ["tags", "scores", "again"])
def test_room_for_too_few_elements_is_refused_with_both_numbers(ragged: str) -> None:
    """The whole batch's need is said, not that of the first rows; the buffers are void."""
    rows, made = random_rows(600), kernel()
    needed = len(expected(made.bundle, FULL, rows)[ragged])
    for compute in (made.many, lambda rows, out: made.columns(as_columns(rows), out=out)):
        out = guarded(made.bundle, 600, elements=5000)
        out[ragged] = out[ragged][: needed - 1].copy()
        message = (
            f"`out\\['{ragged}'\\]` has room for {needed - 1} elements, 600 rows have {needed}"
        )
        with pytest.raises(InputError, match=message):
            compute(rows, out=out)
        assert is_void(out, 600)
        exact = guarded(made.bundle, 600, elements=5000) | {
            ragged: np.zeros(needed, out[ragged].dtype)
        }
        compute(rows, out=exact)


def test_a_row_that_does_not_fit_is_refused() -> None:
    """A call writes nothing, a filler leaves its buffers void; both go on."""
    made, row = kernel(), random_rows(1)[0] | {"tags": [1, 2, 3]}
    out = guarded(made.bundle, 1)
    out["tags"] = out["tags"][:2].copy()
    with pytest.raises(InputError, match="room for 2 elements, 1 row has 3"):
        made(row, out=out)
    assert all(set(tensor.tobytes()) == {0x55} for tensor in out.values())
    fill = made.filler(out)
    with pytest.raises(InputError, match="room for 2 elements"):
        fill(row)
    assert is_void(out, 1)
    fill(row | {"tags": [4]})
    assert out["tags"][: out["tags.offsets"][1]].tolist() == [4]
