"""Kernels of PTX around lines of the oracle: operands from rows of words, the result to a word."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence

import numpy as np

from parity_tests.device.ptx_oracle import Line, width
from parity_tests.device.ptx_run import Memory, parse, run

HEAD = ".version 9.0\n.target sm_90\n.address_size 64\n"
_WHOLE = [0, 1, 2, 3, 7, 31, 32, 33, 63, 64, 65, 255, 256]
_DOUBLES = [
    0x0000000000000000, 0x3FF0000000000000, 0x3FE0000000000000, 0x3FF8000000000000,
    0x4004000000000000, 0x7FEFFFFFFFFFFFFF, 0x7FF0000000000000, 0x0000000000000001,
    0x000FFFFFFFFFFFFF, 0x0010000000000000, 0x3FEFFFFFFFFFFFFF, 0x4330000000000001,
    0x43E0000000000000, 0x43DFFFFFFFFFFFFF, 0x43F0000000000000, 0x41DFFFFFFFC00000,
    0x47EFFFFFF0000000, 0x47EFFFFFE0000000, 0x36A0000000000000, 0x3690000000000000,
    0x3690000000000001, 0x3FF0000010000000, 0x7FF8000000000000, 0x7FF0000000000123,
]  # fmt: skip
_SINGLES = [
    0x00000000, 0x3F800000, 0x3F000000, 0x3FC00000, 0x40200000, 0x7F7FFFFF, 0x7F800000, 0x00000001,
    0x007FFFFF, 0x00800000, 0x3F7FFFFF, 0x4B000001, 0x5F000000, 0x5EFFFFFF, 0x4F000000, 0x7FC00000,
    0x7F800123, 0x3F800001,
]  # fmt: skip


def edges(type_: str) -> list[int]:
    """Words that a type's instructions trip over, as bits."""
    bits = width(type_)
    if type_[0] == "f":
        found = _DOUBLES if bits == 64 else _SINGLES
        return [*found, *(x | 1 << (bits - 1) for x in found)]
    top, all_ones = 1 << (bits - 1), (1 << bits) - 1
    found = [
        *_WHOLE,
        top,
        top - 1,
        top + 1,
        all_ones,
        all_ones - 1,
        0x5555555555555555,
        1 << bits // 2,
    ]
    return sorted({x & all_ones for x in found})


def cases(line: Line, count: int = 300) -> list[list[int]]:
    """Rows of operands: edges against edges, and words of which each bit is thrown."""
    chance = random.Random(line.text)
    rows = [list(r) for r in itertools.product(*(edges(t) for t in line.reads))]
    if len(rows) > count:
        rows = chance.sample(rows, count)
    rows += [[chance.getrandbits(width(t)) for t in line.reads] for _ in range(40)]
    return rows


def _register(type_: str) -> str:
    """The class of a register that holds a type; 8-bit values stand in 16 bits (section 5.2.2)."""
    return f"{type_[0]}{max(width(type_), 16)}"


def kernel(line: Line) -> str:
    """A thread reads its row of words, runs the line, and writes a word."""
    names = dict(zip("abce", line.reads, strict=False))
    count = len(line.reads)
    declared = [f".reg .{_register(t)} %{n};" for n, t in names.items()]
    loads = [
        f"ld.global.b{max(width(t), 16)} %{n}, [%in+{8 * k}];"
        for k, (n, t) in enumerate(names.items())
    ]
    operands = {n: f"%{n}" for n in names}
    return "\n".join(
        [
            HEAD,
            ".visible .entry line(.param .u64 words, .param .u64 results) {",
            ".reg .b64 %in, %out, %at; .reg .b32 %i; .reg .pred %p;",
            f".reg .{_register(line.gives)} %d;",
            *declared,
            "ld.param.u64 %in, [words]; ld.param.u64 %out, [results];",
            f"mov.u32 %i, %tid.x; mul.wide.u32 %at, %i, {8 * count}; add.s64 %in, %in, %at;",
            "mul.wide.u32 %at, %i, 8; add.s64 %out, %out, %at;",
            *loads,
            line.text.format(d="%d", **operands),
            f"st.global.b{max(width(line.gives), 16)} [%out], %d;",
            "ret; }",
        ]
    )


def results(line: Line, rows: Sequence[Sequence[int]], nan: int) -> list[int]:
    """What the interpreter makes of a line, a word a row."""
    module, memory = parse(kernel(line)), Memory()
    words = memory.add(np.array(rows, np.uint64))
    out = np.zeros(len(rows), np.uint64)
    run(module, "line", [words, memory.add(out)], memory, grid=1, block=len(rows), nan=nan)
    return [int(word) for word in out]
