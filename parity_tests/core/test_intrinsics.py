"""Intrinsics: CPython meaning and machine meaning are the same function."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from featurelib.intrinsics import INTRINSICS, Arena, arena_limit, arena_reserve
from featurelib.jit.arena import ScratchArena
from featurelib.jit.intrinsics_cpu import BUILDERS
from parity_tests.core.machine_intrinsics import from_word, function, machine, reference, to_word

SCALAR = [n for n, i in INTRINSICS.items() if "a" not in i.args]
MEMORY = [n for n, i in INTRINSICS.items() if "a" in i.args]
_POWERS = [1 << k for k in (0, 1, 7, 8, 31, 32, 52, 53, 54, 62)]
SIGNED = sorted(
    {s * p + d for p in _POWERS for s in (-1, 1) for d in (-1, 0, 1)}
    | {0, 63, 64, 65, (1 << 63) - 1, -(1 << 63), -(1 << 63) + 1}
)
UNSIGNED = sorted(
    {p + d for p in (*_POWERS, 1 << 63) for d in (-1, 0, 1)} | {(1 << 64) - 1, (1 << 64) - 2}
)
_HALVES = [0.5, 1.5, 2.5, 0.49999999999999994, 4503599627370495.5, 4503599627370496.5]
_LIMITS = [
    5e-324, 2.2250738585072014e-308, 2.225073858507201e-308, 1.7976931348623157e308, math.inf,
    9.223372036854775e18, 9.223372036854776e18, 1.8446744073709552e19, 1.844674407370955e19,
    3.4028234663852886e38, 3.4028235677973366e38, 3.402823567797337e38, 1e39,
    1.401298464324817e-45, 7.006492321624085e-46, 7.006492321624086e-46, 1.1754943508222875e-38,
    16777217.0, 1.0000000596046448, 1.00000005960464477, 1.0000001788139343,
]  # fmt: skip
FLOATS = [s * v for v in [0.0, 1.0, 3.0, math.pi, 1e16, *_HALVES, *_LIMITS] for s in (1, -1)]
FLOATS += [math.nan, float(2**53), float(2**53 + 2)]
EDGES = {"b": [False, True], "i": SIGNED, "u": UNSIGNED, "f": FLOATS}
VALUES = {
    "b": st.booleans(),
    "i": st.integers(-(1 << 63), (1 << 63) - 1),
    "u": st.integers(0, (1 << 64) - 1),
    "f": st.floats(),
}


def test_both_meanings_list_the_same_intrinsics_in_one_order() -> None:
    """The trusted base is read side by side."""
    assert list(BUILDERS) == list(INTRINSICS)
    assert len(SCALAR) + len(MEMORY) == len(INTRINSICS)


@pytest.mark.parametrize("name", SCALAR)
def test_meanings_agree_on_every_combination_of_edges(name) -> None:
    """Bounds, zeros of both signs, subnormals, halves, shifts by 64: all pairs."""
    kinds = INTRINSICS[name].args
    for values in itertools.product(*(EDGES[k] for k in kinds)):
        assert machine(name, *values) == reference(name, *values), values


@pytest.mark.parametrize("name", SCALAR)
def test_meanings_agree_on_any_values(name) -> None:
    """Whatever Hypothesis thinks of."""

    @given(st.tuples(*(VALUES[k] for k in INTRINSICS[name].args)))
    def agree(values) -> None:
        assert machine(name, *values) == reference(name, *values)

    agree()


NAN_WORDS = [0x7FF8000000000000, 0xFFF8000000000000, 0x7FF0000000000001, 0xFFFFFFFFFFFFFFFF]


@pytest.mark.parametrize("word", NAN_WORDS, ids=["quiet", "negative", "signalling", "all ones"])
def test_the_bits_of_every_nan_are_the_canonical_ones(word) -> None:
    """Payload, sign and signalling of a NaN cannot be seen by a body."""
    assert function("f64_bits")(word) == 0x7FF8000000000000
    assert reference("f64_bits", math.nan) == 0x7FF8000000000000
    for name in ("f64_floor", "f64_rint", "f64_trunc", "f64_ceil", "f64_sqrt", "f64_round_f32"):
        assert from_word(function(name)(word), "f") is None
    assert function("i64_from_f64")(word) == 0
    assert function("u64_from_f64")(word) == 0


LOADS = {"load_u8": 1, "load_u32_le": 4, "load_u64_le": 8}
ELEMENTS = {"load_i32": 4, "load_i64": 8, "load_f32": 4, "load_f64": 8}


@given(st.binary(min_size=9, max_size=40), st.data())
def test_loads_read_the_same_bytes_at_any_alignment(data, draw) -> None:
    """Byte loads at any offset, element loads at any element, of a buffer at any address."""
    memory = np.frombuffer(b"\0" + data, np.uint8)[1:]  # an odd address
    for name, size in LOADS.items():
        at = draw.draw(st.integers(0, len(data) - size))
        result = INTRINSICS[name].result
        got = from_word(function(name)(memory.ctypes.data, at), result)
        assert got == from_word(to_word(INTRINSICS[name].fn(data, at), result), result)
    for name, size in ELEMENTS.items():
        at = draw.draw(st.integers(0, len(data) // size - 1))
        result = INTRINSICS[name].result
        got = from_word(function(name)(memory.ctypes.data, at), result)
        assert got == from_word(to_word(INTRINSICS[name].fn(data, at), result), result)


@given(st.integers(-(1 << 63), (1 << 63) - 1), st.integers(0, 7))
def test_stored_bytes_are_the_low_eight_bits(value, at) -> None:
    """`store_u8` writes one byte and gives the place after it."""
    ours, theirs = bytearray(8), np.zeros(8, np.uint8)
    after = INTRINSICS["store_u8"].fn(ours, at, value)
    assert function("store_u8")(theirs.ctypes.data, at, to_word(value, "i")) == after == at + 1
    assert bytes(ours) == theirs.tobytes()


@given(st.floats(width=32, allow_nan=False), st.integers(0, 2))
def test_stored_floats_are_exact(value, at) -> None:
    """`store_f32` writes a float that binary32 holds, zeros of both signs included."""
    ours, theirs = bytearray(12), np.zeros(12, np.uint8)
    after = INTRINSICS["store_f32"].fn(ours, at, value)
    assert function("store_f32")(theirs.ctypes.data, at, to_word(value, "f")) == after == at + 1
    assert bytes(ours) == theirs.tobytes()


def test_the_reference_refuses_what_machine_code_would_read_beyond_a_buffer() -> None:
    """A body that reads out of bounds fails in CPython, where tests see it."""
    for name, size in (LOADS | ELEMENTS).items():
        fn = INTRINSICS[name].fn
        fn(bytes(size), 0)
        for at in (-1, 1, 1 << 40):
            with pytest.raises(IndexError):
                fn(bytes(size), at)
    with pytest.raises(IndexError):
        INTRINSICS["store_u8"].fn(bytearray(1), -1, 0)


@given(st.lists(st.integers(0, 3000), max_size=40), st.integers(3000, 1 << 20))
def test_reserved_memory_is_separate_and_stays(sizes, limit) -> None:
    """Each reserve gives bytes of its own, which later reserves leave alone."""
    arena = ScratchArena(limit)
    reserve = function("arena_reserve")
    assert function("arena_limit")(arena.address) == arena_limit(Arena(limit)) == limit
    places = []
    for i, size in enumerate(sizes):
        start = reserve(arena.address, size)
        assert start % 8 == 0
        for k in range(0, size, 97):
            function("store_u8")(start, k, i)
        places.append(start)
        assert len(arena_reserve(Arena(limit), size)) == size
    for i, (start, size) in enumerate(zip(places, sizes, strict=True)):
        assert all(function("load_u8")(start, k) == i for k in range(0, size, 97))
    arena.free()


def test_the_reference_refuses_a_reserve_above_the_limit() -> None:
    """A body looks at the limit first; one that does not fails in CPython."""
    for size in (-1, 65537):
        with pytest.raises(ValueError, match="reserve of"):
            arena_reserve(Arena(), size)
