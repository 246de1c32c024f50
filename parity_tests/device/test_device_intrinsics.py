"""Intrinsics on a device: the PTX of each does what its CPython meaning says."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from featurelib.intrinsics import INTRINSICS
from featurelib.jit import intrinsics_cpu, intrinsics_cuda
from parity_tests.core.machine_intrinsics import from_word, reference, to_word
from parity_tests.core.test_intrinsics import EDGES, ELEMENTS, LOADS, NAN_WORDS, SCALAR, VALUES
from parity_tests.device.device_intrinsics import on_device, on_words, text
from parity_tests.device.kernel_rules import faults
from parity_tests.device.ptx_run import Memory, PtxFault, opcodes, parsed


def test_all_meanings_list_the_same_intrinsics_in_one_order() -> None:
    """The trusted base is read side by side; what a device shares with the CPU is one builder."""
    assert list(intrinsics_cuda.BUILDERS) == list(INTRINSICS)
    for name in intrinsics_cuda.SHARED:
        assert intrinsics_cuda.BUILDERS[name] is intrinsics_cpu.BUILDERS[name]


def test_no_intrinsic_is_fused_approximate_or_a_call() -> None:
    """Each is instructions with their rounding spelled out; none asks NVIDIA's library."""
    assert faults(text()) == []
    for name in INTRINSICS:
        assert not any(o.startswith("call") for o in opcodes(parsed(text()), f"word_{name}"))


@pytest.mark.parametrize("name", SCALAR)
def test_meanings_agree_on_every_combination_of_edges(name) -> None:
    """Bounds, zeros of both signs, subnormals, halves, shifts by 64: all pairs."""
    rows = list(itertools.product(*(EDGES[k] for k in INTRINSICS[name].args)))
    for row, got in zip(rows, on_device(name, rows), strict=True):
        assert got == reference(name, *row), row


@pytest.mark.parametrize("name", SCALAR)
def test_meanings_agree_on_any_values(name) -> None:
    """Whatever Hypothesis thinks of."""

    @settings(max_examples=25)
    @given(st.lists(st.tuples(*(VALUES[k] for k in INTRINSICS[name].args)), min_size=1))
    def agree(rows) -> None:
        assert on_device(name, rows) == [reference(name, *row) for row in rows]

    agree()


def test_the_bits_of_every_nan_are_the_canonical_ones() -> None:
    """Payload, sign and signalling of a NaN cannot be seen by a body."""
    words = [[w] for w in NAN_WORDS]
    assert set(on_words("f64_bits", words)) == {0x7FF8000000000000}
    assert set(on_words("i64_from_f64", words)) == set(on_words("u64_from_f64", words)) == {0}
    for name in ("f64_floor", "f64_rint", "f64_trunc", "f64_ceil", "f64_sqrt", "f64_round_f32"):
        assert all(from_word(w, "f") is None for w in on_words(name, words))


@given(st.binary(min_size=9, max_size=40), st.data())
def test_loads_read_the_same_bytes_at_any_alignment(data, draw) -> None:
    """Byte loads at any offset of text at any address; element loads at any element."""
    skipped = draw.draw(st.integers(0, 7))
    padded = b"\xa5" * skipped + data
    buffer = np.frombuffer(padded + bytes(-len(padded) % 8), np.uint8)
    memory = Memory()
    start = memory.add(buffer) + skipped
    for name, size in LOADS.items():
        rows = [[start, at] for at in range(len(data) - size + 1)]
        want = [to_word(INTRINSICS[name].fn(data, at), "u") for _, at in rows]
        assert on_words(name, rows, memory) == want
    aligned = np.frombuffer(data + bytes(-len(data) % 8), np.uint8)
    start = memory.add(aligned)
    for name, size in ELEMENTS.items():
        kind = INTRINSICS[name].result
        rows = [[start, at] for at in range(len(data) // size)]
        want = [from_word(to_word(INTRINSICS[name].fn(data, at), kind), kind) for _, at in rows]
        assert [from_word(w, kind) for w in on_words(name, rows, memory)] == want


def test_a_word_is_read_out_of_the_words_that_hold_it() -> None:
    """A load of the last bytes of a buffer reads nothing after the word that they end in."""
    memory = Memory()
    start = memory.add(np.arange(16, dtype=np.uint8))
    assert on_words("load_u64_le", [[start, 8]], memory) == [0x0F0E0D0C0B0A0908]
    assert on_words("load_u64_le", [[start, 3]], memory) == [0x0A09080706050403]
    assert on_words("load_u32_le", [[start, 12]], memory) == [0x0F0E0D0C]
    with pytest.raises(PtxFault, match="out of bounds"):
        on_words("load_u64_le", [[start, 9]], memory)


@given(st.integers(-(1 << 63), (1 << 63) - 1), st.integers(0, 7), st.floats(width=32))
def test_stores_write_their_bytes_and_no_other(value, at, number) -> None:
    """`store_u8` writes the low 8 bits, `store_f32` a float that binary32 holds."""
    memory = Memory()
    ours, theirs = bytearray(8), np.zeros(8, np.uint8)
    after = INTRINSICS["store_u8"].fn(ours, at, value)
    assert on_words("store_u8", [[memory.add(theirs), at, to_word(value, "i")]], memory) == [after]
    assert bytes(ours) == theirs.tobytes()
    floats = np.zeros(8, np.float32)
    row = [memory.add(floats), at, to_word(number, "f")]
    assert on_words("store_f32", [row], memory) == [at + 1]
    assert math.isnan(number) == bool(np.isnan(floats[at])) and not floats[:at].any()
    assert math.isnan(number) or to_word(number, "f") == to_word(float(floats[at]), "f")


@given(st.lists(st.integers(0, 300), max_size=12), st.integers(0, 64))
def test_reserved_memory_stays_in_its_slice(sizes, words) -> None:
    """Reserves follow each other; where a slice is full they give its own bytes, never others."""
    memory = Memory()
    slice_bytes = 8 * words
    start = memory.add(np.zeros(max(1, words), np.uint64))
    struct = np.array([start, start + slice_bytes, slice_bytes], np.uint64)
    arena = memory.add(struct)
    assert on_words("arena_limit", [[arena]], memory) == [slice_bytes]
    used = 0
    for size in sizes:
        rounded = -(-size // 8) * 8
        if rounded > slice_bytes:
            continue  # above the limit: a body gives null before it reserves
        (place,) = on_words("arena_reserve", [[arena, size]], memory)
        assert start <= place and place + rounded <= start + slice_bytes
        used += rounded
        assert used > slice_bytes or place == start + used - rounded
