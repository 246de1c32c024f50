"""The interpreter of PTX runs whole kernels, and refuses what it does not know."""

from __future__ import annotations

import struct
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import float64, int64, uint64

from parity_tests.device.ptx_float_oracle import NAN, float_lines
from parity_tests.device.ptx_kernels import (
    CALL,
    array_words,
    body,
    compiled,
    divided,
    loops,
    mixed,
)
from parity_tests.device.ptx_line import cases, edges, results
from parity_tests.device.ptx_oracle import Line, bit_lines, integer_lines, width
from parity_tests.device.ptx_run import Memory, PtxFault, PtxRefusal, opcodes, parse, run

_WORDS = st.integers(0, 2**64 - 1)


def words_of(text: str, *, count: int = 1, nan: int = NAN) -> list[int]:
    """What a body stores into zeros."""
    memory, out = Memory(), np.zeros(count, np.uint64)
    run(parse(body(text)), "kernel", [memory.add(out)], memory, grid=1, block=1, nan=nan)
    return [int(w) for w in out]


def test_a_kernel_of_loops_gives_what_python_gives() -> None:
    """Data-dependent loops, local arrays, early returns: a kernel as numba-cuda compiles it."""
    x, out = np.linspace(-50.0, 50.0, 200), np.zeros(200)
    memory, module = Memory(), compiled(loops, float64, float64)
    given_words = array_words(x, memory.add(x)) + array_words(out, memory.add(out))
    run(module, module.entries[0], given_words, memory, grid=4, block=64)
    for i, value in enumerate(x.tolist()):
        total = 0.0
        for k in range(i):
            total = total * (value + i % 4) + 1.0 / (k + 1)
        assert out[i] == total - int(value) // 3 or (np.isnan(out[i]) and total != total)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(_WORDS, _WORDS), min_size=1, max_size=20))
def test_unsigned_words_give_what_python_gives(pairs) -> None:
    """Wrapping products, the high half of one, shifts, minimum and maximum of unsigned words."""
    a, b = (np.array(column, np.uint64) for column in zip(*pairs, strict=True))
    out, memory, module = np.zeros_like(a), Memory(), compiled(mixed, uint64, uint64, uint64)
    given_words = [w for x in (a, b, out) for w in array_words(x, memory.add(x))]
    run(module, module.entries[0], given_words, memory, grid=1, block=32)
    for (x, y), got in zip(pairs, out.tolist(), strict=True):
        assert got == min(x * y >> 64, x * y % 2**64) ^ max(x, y)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.integers(-(2**62), 2**62), st.integers(-99, 99)), min_size=1))
def test_signed_division_gives_what_python_gives(pairs) -> None:
    """Floor division and remainder, whose signs PTX and Python see differently."""
    pairs = [(a, b or 7) for a, b in pairs]
    a, b = (np.array(column, np.int64) for column in zip(*pairs, strict=True))
    out, memory, module = np.zeros_like(a), Memory(), compiled(divided, int64, int64, int64)
    given_words = [w for x in (a, b, out) for w in array_words(x, memory.add(x))]
    run(module, module.entries[0], given_words, memory, grid=len(pairs), block=1)
    for (x, y), got in zip(pairs, out.tolist(), strict=True):
        assert got % 2**64 == (x // y * 1000003 + x % y) % 2**64


def test_calls_frames_tables_and_indexed_branches_run() -> None:
    """A function reads its parameters, uses a frame of its own, may end the thread, and returns."""
    memory, out = Memory(), np.zeros(8, np.uint64)
    counts: Counter[str] = Counter()
    module = parse(CALL)
    run(module, "kernel", [memory.add(out)], memory, grid=2, block=4, counts=counts)
    minus = struct.unpack("<Q", struct.pack("<d", -1.5))[0]
    # Thread 7 passes 99 and exits within the function.
    assert out.tolist() == [minus, 60, 2**64 - 3, 120, minus, 60, 2**64 - 3, 0]
    assert counts["call.uni"] == 6 and counts["exit"] == 6 and counts["st.global.u64"] == 5
    assert opcodes(module, "kernel")["ld.const.u32"] == 1


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_straight_program_gives_what_its_lines_give_one_by_one(data) -> None:
    """Random programs: a line reads what earlier lines gave."""
    lines = [li for li in (*integer_lines(), *bit_lines(), *float_lines()) if _is_closed(li)]
    classes = {"b16": [], "b32": [], "b64": [], "f32": [], "f64": []}
    texts, values = [], {}
    for name, type_ in ((f"%v{k}", t) for k, t in enumerate([*classes] * 2)):
        values[name] = data.draw(st.sampled_from(edges(type_)))
        prefix = {"f64": "0d", "f32": "0f"}.get(type_, "0x")
        move = f"mov.{type_} {name}, {prefix}{values[name]:0{width(type_) // 4}x};"
        texts.append(f".reg .{type_} {name}; {move}")
        classes[type_].append(name)
    for line in data.draw(st.lists(st.sampled_from(lines), min_size=1, max_size=30)):
        name, gives = f"%v{len(values)}", _class(line.gives)
        picked = [data.draw(st.sampled_from(classes[_class(t)])) for t in line.reads]
        got = line.meaning(*(values[p] for p in picked))
        if got is None:
            continue
        values[name] = got
        operands = dict(zip("abce", picked, strict=False))
        texts.append(f".reg .{gives} {name}; " + line.text.format(d=name, **operands))
        classes[gives].append(name)
    stores = [
        f"st.global.b{width(type_)} [%r0+{8 * int(name[2:])}], {name};"
        for type_, names in classes.items()
        for name in names
    ]
    got = words_of("\n".join(texts + stores).replace("%p", "%p0"), count=len(values))
    assert got == list(values.values())


def _class(type_: str) -> str:
    return type_ if type_[0] == "f" else f"b{width(type_)}"


def _is_closed(line: Line) -> bool:
    """Whether its text is an instruction that no input leaves open by writing it to a predicate."""
    return "%p" not in line.text


@pytest.mark.parametrize("operator", ["and", "or", "xor"])
@pytest.mark.parametrize("known", [0, 1])
@pytest.mark.parametrize("value", [0, 1, 2])
def test_a_comparison_is_combined_with_a_predicate(operator, known, value) -> None:
    """Both results: the comparison or its complement, and, or, xor a predicate or its opposite."""
    joined = {"and": int.__and__, "or": int.__or__, "xor": int.__xor__}[operator]
    text = f"""mov.u32 %w0, {value}; mov.pred %p0, {known};
        setp.lt.{operator}.u32 %p1|%p2, %w0, 2, %p0; setp.gt.{operator}.u32 %p3, %w0, 1, !%p0;
        setp.ge.{operator}.s32 %p0|_, %w0, 1, %p0; not.pred %p4, %p1; xor.pred %p5, %p1, %p2;"""
    for k in range(6):
        text += f"selp.u64 %r1, 1, 0, %p{k}; st.global.u64 [%r0+{8 * k}], %r1;"
    first, second = joined(int(value < 2), known), joined(int(value >= 2), known)
    third, changed = joined(int(value > 1), 1 - known), joined(int(value >= 1), known)
    want = [changed, first, second, third, 1 - first, first ^ second]
    assert words_of(text, count=6) == want


def test_words_are_packed_with_the_lowest_part_first() -> None:
    """`mov` of parts, loads and stores of two and four, narrow loads that widen, and `@!p`."""
    text = """mov.b64 %r1, 0x8899AABBCCDDEEFF; mov.b64 {%w1, %w2}, %r1; mov.b64 %r2, {%w2, %w1};
        mov.b32 {%h1, _}, %w1; mov.b64 {%h2, %h3, %h4, %h5}, %r1; mov.b32 %w3, {%h5, %h2};
        st.global.v2.u64 [%r0], {%r2, %r1}; ld.global.v4.u16 {%h5, %h6, %h7, _}, [%r0+8];
        st.global.v2.b16 [%r0+16], {%h1, %h6}; st.global.b32 [%r0+20], %w3;
        ld.global.s8 %r3, [%r0+15]; st.global.u64 [%r0+24], %r3; ld.global.u8 %w4, [%r0+15];
        setp.eq.u32 %p0, %w4, 0x88; @!%p0 st.global.u64 [%r0+32], %r1;
        @%p0 st.global.u8 [%r0+32], %w1; ld.global.b64 %f0, [%r0]; st.global.f64 [%r0+40], %f0;"""
    word = 0x8899AABBCCDDEEFF
    swapped = 0xCCDDEEFF8899AABB
    packed = 0xEEFF | 0xCCDD << 16 | 0x8899 << 32 | 0xEEFF << 48
    want = [swapped, word, packed, 0xFFFFFFFFFFFFFF88, 0xFF, swapped]
    assert words_of(text, count=6) == want


def test_a_wrong_meaning_is_found() -> None:
    """The comparison with the oracle fails on an instruction that is read wrongly on purpose."""
    wrong = Line("add.s32 {d}, {a}, {b};", ("s32", "s32"), "s32", lambda a, b: (a - b) % 2**32)
    rows = cases(wrong)
    assert results(wrong, rows, NAN) != [wrong.meaning(*row) for row in rows]


def test_the_bits_of_a_nan_are_those_that_the_caller_chose() -> None:
    """Arithmetic gives the launch's NaN whatever NaN comes in; a move keeps what it moves."""
    text = """mov.f64 %f0, 0d7FF0000000000000; mov.f64 %f1, 0d7FF4000000000777;
        sub.rn.f64 %f2, %f0, %f0; add.rn.f64 %f3, %f1, %f0; setp.num.f64 %p0, %f1, %f0;
        selp.f64 %f4, %f0, %f1, %p0; st.global.f64 [%r0], %f2; st.global.f64 [%r0+8], %f3;
        st.global.f64 [%r0+16], %f4; cvt.rn.f32.f64 %s0, %f1; st.global.f32 [%r0+24], %s0;"""
    for nan in (NAN, 0xFFF8000000000001):
        assert words_of(text, count=4, nan=nan) == [nan, nan, 0x7FF4000000000777, nan >> 32]


REFUSED = {
    "add.f64 %f0, %f1, %f2;": "no .rn",
    "mul.f64 %f0, %f1, %f2;": "no .rn",
    "add.rz.f64 %f0, %f1, %f2;": "modifiers .rz",
    "add.rn.ftz.f32 %s0, %s1, %s2;": "modifiers .rn.ftz",
    "div.approx.f32 %s0, %s1, %s2;": "modifiers .approx",
    "sin.approx.f32 %s0, %s1;": "`sin.approx.f32 %s0, %s1;`: the instruction is not known",
    "ex2.approx.f32 %s0, %s1;": "the instruction is not known",
    "bar.sync 0;": "the instruction is not known",
    "atom.global.add.u64 %r1, [%r0], %r2;": "the instruction is not known",
    "ld.shared.u64 %r1, [%r0];": "modifiers .shared",
    "ld.volatile.global.u64 %r1, [%r0];": "modifiers .volatile.global",
    "ld.global.b128 %r1, [%r0];": "type .b128",
    "cvt.rn.f16.f32 %h0, %s0;": "type .f16",
    "cvt.f32.f64 %s0, %f0;": "modifiers .",
    "cvt.sat.s64.s32 %r1, %w0;": ".sat",
    "add.s64 %r1, %w1, %r2;": "register %w1 is .b32",
    "add.u64 %r1, %f1, %r2;": "register %f1 is .f64",
    "add.s64 %r1, %r2, %nothing;": "operand %nothing is not known",
    "mov.u32 %w1, %laneid;": "operand %laneid is not known",
    "mov.u32 %w1, %clock;": "operand %clock is not known",
    "min.NaN.f32 %s0, %s1, %s2;": "modifiers .NaN",
    "prmt.b32.f4e %w0, %w1, %w2, %w3;": "not known",
    "call.uni vprintf, ();": "vprintf, which has no body",
    "bra NOWHERE;": "label NOWHERE",
    '.pragma "other";': "pragma",
    ".shared .align 8 .b8 kept[8];": "directive .shared|.shared inside",
    "trap_not_known;": "the instruction is not known",
}


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_not_known_is_refused_by_name(text: str) -> None:
    """An instruction, modifier, type, state space or operand without a meaning here never runs."""
    with pytest.raises(PtxRefusal) as caught:
        words_of(text)
    assert any(part in str(caught.value) for part in REFUSED[text].split("|")), caught.value


FAULTS = {
    "ld.global.u64 %r1, [%r0+16];": "load of 8 bytes at global address 0x100000010: out of bounds",
    "ld.global.u64 %r1, [%r0+-8];": "nothing stands there",
    "ld.global.u64 %r1, [%r0+4];": "not a multiple of 8",
    "ld.global.v2.u64 {%r1, %r2}, [%r0+8];": "not a multiple of 16",
    "mov.u64 %r1, 0; st.global.u8 [%r1], 1;": "store of 1 bytes at global address 0x0",
    "ld.local.u64 %r1, [%r0];": "local address",
    "add.s64 %r1, %r2, 1;": "a register is read before it is set",
    "mov.u32 %w0, 2; brx.idx %w0, two; two: .branchtargets A, A; A:": "index 2 of 2",
    "trap;": "trapped",
}


@pytest.mark.parametrize("text", FAULTS)
def test_a_step_that_has_no_meaning_is_an_error(text: str) -> None:
    """It names the instruction, its line, the address, and the thread."""
    with pytest.raises(PtxFault) as caught:
        words_of(text, count=2)
    message = str(caught.value)
    assert FAULTS[text] in message and "thread 0 of block 0" in message and "line " in message


@pytest.mark.parametrize("dtype", [np.bool_, np.int8, np.float32, np.float64, "M8[us]"])
@pytest.mark.parametrize("count", [0, 1, 7])
def test_memory_is_the_bytes_of_arrays(dtype, count) -> None:
    """Addresses are aligned to 256 bytes, arrays do not touch, and a byte beyond is refused."""
    memory, array = Memory(), np.ones(count, dtype)
    first, second = memory.add(array), memory.add(np.ones(3))
    assert first % 256 == second % 256 == 0 and second - first > array.nbytes
    assert memory.read(first, array.nbytes) == array.tobytes()
    with pytest.raises(PtxFault):
        memory.read(first, array.nbytes + 1)
    with pytest.raises(ValueError, match="contiguous"):
        memory.add(np.ones((2, 4))[:, :2])
    beside = memory.add(array, beside=8)
    assert memory.read(beside, array.nbytes + 8)[: array.nbytes] == array.tobytes()


def test_parameters_must_fit_the_kernel() -> None:
    """Their number and their widths are the kernel's."""
    module, memory = parse(body("")), Memory()
    with pytest.raises(ValueError, match="takes 1 parameters, got 0"):
        run(module, "kernel", [], memory, grid=1, block=1)
    with pytest.raises(ValueError, match="cannot hold"):
        run(module, "kernel", [1 << 64], memory, grid=1, block=1)
    with pytest.raises(PtxRefusal, match="other is not in the module"):
        run(module, "other", [0], memory, grid=1, block=1)
