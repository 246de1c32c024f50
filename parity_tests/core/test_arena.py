"""The scratch arena: memory that a call takes is given back."""

from __future__ import annotations

import ctypes
import gc
import json
import resource
from functools import partial

import numpy as np
import pytest

import featurelib as fl
import featurelib_online as online
from featurelib.jit.arena import DEFAULT_LIMIT, ScratchArena
from featurelib.jit.kernel import Kernel
from parity_tests.core.machine_intrinsics import function
from parity_tests.core.rows import column, read
from parity_tests.core.small_sets import ROW, feature, make_set

PAGE = resource.getpagesize()
UPPER = make_set(feature("f", fl.col("carrier").str.to_uppercase()))


def resident() -> int:
    """Bytes of memory that this process holds now."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * PAGE


def test_a_new_arena_holds_nothing() -> None:
    """Memory is taken when text is made, not before."""
    arena = ScratchArena()
    assert arena._fields.tolist() == [0, 0, DEFAULT_LIMIT, 0]


def test_freeing_gives_all_blocks_back() -> None:
    """However many blocks are chained, `free` leaves none, and the arena can be used again."""
    reserve = function("arena_reserve")
    arena = ScratchArena(1 << 30)
    before = None
    for turn in range(30):
        for _ in range(20):
            start = reserve(arena.address, 3 << 20)
            touched = (ctypes.c_uint8 * (3 << 20)).from_address(start)
            np.frombuffer(touched, np.uint8)[::PAGE] = 1
        arena.free()
        arena.free()  # nothing is freed twice
        assert arena._fields.tolist() == [0, 0, 1 << 30, 0]
        if turn == 9:
            before = resident()
    assert resident() - before < 60 << 20


def test_many_calls_do_not_grow_the_process() -> None:
    """Columns of text that are dropped give their memory back."""
    kernel = Kernel(UPPER.program, {})
    given = column([b"abcdefgh" * 100] * 2000, UPPER.program.inputs["carrier"])
    sizes = []
    for turn in range(24):
        kernel.run([given], 2000)
        if turn >= 3:
            gc.collect(0)
            sizes.append(resident())
    assert max(sizes) - sizes[0] < 16 << 20  # a leak would be 1.6 MB a call


@pytest.mark.parametrize("way", ["kernel", "filler", "many", "json"])
def test_text_that_is_made_on_the_way_does_not_grow_the_process(way) -> None:
    """A number may be made of a text that no output has: its memory is used again all the same."""
    length = fl.col("carrier").str.to_uppercase().str.len_chars().fill_null(0).cast(fl.Float32)
    made = make_set(feature("f", length), layout={"dense": ["f"]})
    kernel = online.compile(made)
    row = {**ROW, "carrier": "ä" * 20_000}
    out = {"dense": np.zeros((1, 1), np.float32)}
    text = json.dumps(row, default=lambda x: x.isoformat())
    calls = {
        "kernel": lambda: kernel(row),
        "filler": partial(kernel.filler(out), row),
        "many": lambda: kernel.many([row], out=out),
        "json": lambda: kernel.json(text),
    }
    call = calls[way]
    for _ in range(50):
        call()
    before = resident()
    for _ in range(1_000):
        call()
    assert resident() - before < 16 << 20  # a leak would be 40 MB
    assert kernel(row)["f"] == 20_000.0


def test_text_lives_as_long_as_its_column() -> None:
    """An output column keeps the arena, and the input that it may point into."""
    kernel = Kernel(UPPER.program, {})
    made = [
        kernel.run([column([f"text {i}".encode()] * 50, UPPER.program.inputs["carrier"])], 50)[0]
        for i in range(200)
    ]
    gc.collect()
    dtype = UPPER.program.outputs["f"].dtype
    for i, out in enumerate(made):
        assert {read(out, dtype, k) for k in range(50)} == {f"TEXT {i}".encode()}
