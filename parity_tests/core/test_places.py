"""Where a layout's values lie: places, a batch's memory, and machine code that writes there."""

from __future__ import annotations

import threading
from typing import Annotated

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import featurelib as fl
from featurelib.errors import InputError
from featurelib.jit.addresses import addresses
from featurelib.jit.kernel import Column
from featurelib.jit.memory import OutputPlan, RaggedTensor, canonical_elements
from featurelib.jit.places import COLUMN, Place, PlacedProgram
from featurelib.jit.tensors import TensorKernel
from featurelib.jit.threads import run_parts


class Point(fl.Schema):
    x: float
    y: fl.Float32
    n: fl.Int16
    pair: Annotated[list[fl.Float32], fl.Size(2)]
    tags: list[fl.Int32]


def _feature(name: str, expr: fl.Expr) -> fl.Feature:
    return fl.Feature(name, version=1, expr=expr)


LAYOUT = {"dense": ["z", "pair", "y", "z", "both"], "tags": ["tags"], "mine": ["f_tags"]}
BUNDLE = fl.FeatureSet(
    "points",
    version="1.0.0",
    inputs=Point,
    features=[
        _feature("z", (fl.col("x") + 1.0).cast(fl.Float32)),
        _feature("alone", fl.col("n") * 2),
        _feature("both", fl.col("pair")),
        _feature("f_tags", fl.col("tags")),
    ],
    layout=LAYOUT,
).bind()


def test_each_value_of_a_layout_has_a_place() -> None:
    """Inputs, Arrays and values that stand twice come as outputs of their own."""
    placed = PlacedProgram.of(BUNDLE.program, BUNDLE.layout, BUNDLE.schema)
    assert list(placed.program.outputs)[:4] == ["z", "alone", "both", "f_tags"]
    assert [(m.output, m.start) for m in placed.members] == [
        ("z", 0),
        ("dense[1]", 1),
        ("dense[3]", 3),
        ("dense[4]", 4),
        ("dense[5]", 5),
    ]
    assert placed.places["z"] == placed.places["dense[3]"] == Place(7)
    assert placed.places["dense[1]"] == placed.places["dense[5]"] == Place(7, is_laid_out=True)
    assert not {"alone", "both", "f_tags"} & set(placed.places)
    assert placed.ragged == {"tags": "tags[0]", "mine": "f_tags"}
    assert Place(1) == COLUMN


def test_only_what_stands_in_tensors_is_computed_if_nothing_else_is_wanted() -> None:
    placed = PlacedProgram.of(BUNDLE.program, BUNDLE.layout, BUNDLE.schema, only_tensors=True)
    assert "alone" not in placed.program.outputs
    assert "z" in placed.program.outputs


def test_an_output_made_for_a_place_has_a_name_that_no_feature_has() -> None:
    made = fl.FeatureSet(
        "clash",
        version="1.0.0",
        inputs=Point,
        features=[_feature("dense[0]", fl.col("y") * 2), _feature("dense[0]'", fl.col("y") * 3)],
        layout={"dense": ["y"]},
    ).bind()
    placed = PlacedProgram.of(made.program, made.layout, made.schema)
    assert [m.output for m in placed.members] == ["dense[0]''"]


@pytest.mark.parametrize("view_rows", [None, 2])
def test_words_move_from_row_to_row_as_the_memory_does(view_rows: int | None) -> None:
    """The words at a row are the addresses of that row: a width further in a tensor."""
    placed = PlacedProgram.of(BUNDLE.program, BUNDLE.layout, BUNDLE.schema)
    room = OutputPlan(placed, BUNDLE.layout).room(9, {}, view_rows=view_rows)
    for row in (0, 1, 8):
        words = dict(zip(placed.program.outputs, room.words_at(row).tolist()[::2], strict=True))
        dense = room.tensors["dense"]
        for member in placed.members:
            assert words[member.output] == dense[row:, member.start :].ctypes.data
        assert words["alone"] == room.columns["alone"].values[row:].ctypes.data
        # Addresses of texts and lists are written to the same place again.
        assert words["f_tags"] == room.columns["f_tags"].values.ctypes.data
    assert len(room.columns["f_tags"].values) == (view_rows or 9)
    assert np.shares_memory(room.shown()["z"].values, room.tensors["dense"])
    assert "dense[1]" not in room.shown()


def test_given_memory_is_written_and_what_is_not_given_is_made() -> None:
    """By row and column, next to memory that is not touched."""
    kernel = TensorKernel(BUNDLE)
    pairs = np.arange(8, dtype=np.float32).reshape(4, 2)
    tags = np.arange(6, dtype=np.int32)
    columns = {
        "x": Column(np.arange(4.0), None),
        "y": Column(np.arange(4, dtype=np.float32) / 2, None),
        "pair": Column(_pairs(pairs, [2, 2, 2, 2]), None),
        "tags": Column(_pairs(tags, [1, 0, 3, 2]), None),
    }
    dense, values = np.full((6, 7), 7, np.float32), np.full(9, 7, np.int32)
    out = {"dense": dense, "tags": values, "tags.offsets": np.full(5, 7)}
    shown, made = kernel.run([columns[n] for n in kernel.inputs], 4, out=out)
    x, y = np.arange(4.0), np.arange(4) / 2
    expected = np.column_stack([x + 1, pairs, y, x + 1, pairs]).astype(np.float32)
    assert made["dense"].tobytes() == dense[:4].tobytes() == expected.tobytes()
    assert (dense[4:] == 7).all() and (values[6:] == 7).all()
    assert made["tags"].tolist() == made["mine"].tolist() == values[:6].tolist() == tags.tolist()
    assert made["tags.offsets"].tolist() == made["mine.offsets"].tolist() == [0, 1, 1, 4, 6]
    assert shown["z"].values.tolist() == (x + 1).tolist()
    assert list(made) == ["dense", "tags", "tags.offsets", "mine", "mine.offsets"]


def _pairs(items: np.ndarray, lengths: list[int]) -> np.ndarray:
    starts = np.cumsum([0, *lengths[:-1]])
    return np.column_stack([items.ctypes.data + starts * items.itemsize, lengths]).astype(np.int64)


@given(st.lists(st.lists(st.lists(st.integers(-9, 9), max_size=3), max_size=4), max_size=4))
def test_a_ragged_tensor_is_filled_part_by_part(parts: list[list[list[int]]]) -> None:
    """Into memory that grows, into given memory of the very size, and never beyond it."""
    tensor = BUNDLE.layout.tensors[1]
    rows = [row for part in parts for row in part]
    flat = np.array([item for row in rows for item in row], np.int32)
    for room in (None, len(flat), len(flat) - 1):
        if room is not None and room < 0:
            continue
        memory = np.full(len(flat) + 3, 99, np.int32)
        made = RaggedTensor(tensor, len(rows), None if room is None else memory[:room])
        done = 0
        for part in parts:
            items = np.array([item for row in part for item in row], np.int32)
            made.append(_pairs(items, [len(row) for row in part]) if part else _NONE, done)
            done += len(part)
        if room == len(flat) - 1:
            with pytest.raises(InputError, match=f"room for {room} elements, .* {len(flat)}"):
                made.done(done, "points")
        else:
            values, offsets = made.done(done, "points")
            assert values.tolist() == flat.tolist()
            assert offsets.tolist() == np.cumsum([0, *map(len, rows)]).tolist()
        assert (memory[len(flat) :] == 99).all()


_NONE = np.empty((0, 2), np.int64)


def test_a_nan_of_a_list_has_the_canonical_bits() -> None:
    """The values are a copy only if one has others; integers are never looked at."""
    odd = np.array([0x7FC00001, 0xFFC00000, 0x3F800000], np.uint32).view(np.float32)
    assert canonical_elements(odd).view(np.uint32).tolist() == [0x7FC00000, 0x7FC00000, 0x3F800000]
    assert odd.view(np.uint32).tolist() == [0x7FC00001, 0xFFC00000, 0x3F800000]
    for same in (np.arange(3.0), np.arange(3), np.array([], np.float32)):
        assert canonical_elements(same) is same


@given(st.integers(0, 40))
def test_addresses_of_many_arrays_are_those_of_each(count: int) -> None:
    """Views that begin inside, empty ones, and other orders in memory."""
    base = np.arange(600.0).reshape(20, 30)
    shapes = [base[1:], base[:, 3], base[::-1], base.T, base[2:2], np.float32(1) + base]
    arrays = [shapes[i % len(shapes)] for i in range(count)]
    assert addresses(arrays).tolist() == [a.ctypes.data for a in arrays]


def test_parts_run_side_by_side_and_all_end_before_an_error_leaves() -> None:
    """The first part runs in the caller's thread; the pool outlives the call."""
    seen: dict[int, int] = {}
    run_parts(lambda k: seen.__setitem__(k, threading.get_ident()), 5)
    assert sorted(seen) == [0, 1, 2, 3, 4] and seen[0] == threading.get_ident()
    before = threading.active_count()
    ended = []

    def part(k: int) -> None:
        if k in (0, 3):
            raise ValueError(f"part {k}")
        ended.append(k)

    with pytest.raises(ValueError, match="part 0"):
        run_parts(part, 4)
    assert sorted(ended) == [1, 2]
    for _ in range(20):
        run_parts(lambda k: None, 4)
    assert threading.active_count() <= before + 4
