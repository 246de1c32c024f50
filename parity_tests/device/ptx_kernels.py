"""Kernels for tests of the interpreter: Python compiled by numba-cuda, and texts of PTX."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numba import cuda, float64, int64, types, uint64
from numba.cuda.compiler import compile_cuda, kernel_fixup

from parity_tests.device.ptx_line import HEAD
from parity_tests.device.ptx_run import Module, parse

_OPTIONS = {"opt": 3, "fma": 0}
"""Without `fma: 0` numba-cuda contracts, and the interpreter refuses what may be contracted."""


def loops(x, out):
    """A local array indexed by data, a loop as long as the row's number, an early return."""
    i = cuda.grid(1)
    if i >= x.size:
        return
    local = cuda.local.array(4, float64)
    for k in range(4):
        local[k] = x[i] + k
    at, total = local[i % 4], 0.0
    for k in range(i):
        total = total * at + 1.0 / (k + 1)
    out[i] = total - int64(x[i]) // 3


def mixed(a, b, out):
    """XOR, shifts and multiplication of unsigned words, the high half of a product, min and max."""
    i = cuda.grid(1)
    if i >= a.size:
        return
    low, high = a[i] & uint64(0xFFFFFFFF), a[i] >> uint64(32)
    other_low, other_high = b[i] & uint64(0xFFFFFFFF), b[i] >> uint64(32)
    middle = high * other_low + ((low * other_low) >> uint64(32))
    carried = (middle & uint64(0xFFFFFFFF)) + low * other_high
    upper = high * other_high + (middle >> uint64(32)) + (carried >> uint64(32))
    out[i] = min(upper, a[i] * b[i]) ^ max(a[i], b[i])


def divided(a, b, out):
    """Python's floor division and remainder of signed integers."""
    i = cuda.grid(1)
    if i < a.size:
        out[i] = (a[i] // b[i]) * 1000003 + a[i] % b[i]


@cache
def compiled(function: Callable[..., None], *dtypes: Any) -> Module:
    """A kernel over arrays, compiled for compute capability 9.0 with no device present."""
    arrays = tuple(types.Array(d, 1, "C") for d in dtypes)
    made = compile_cuda(function, types.void, arrays, nvvm_options=_OPTIONS, cc=(9, 0))
    name = made.fndesc.llvm_func_name
    made.library._entry_name = name
    kernel_fixup(made.library.get_function(name), False)
    return parse(made.library.get_asm_strs(cc=(9, 0))[0])


def array_words(array: np.ndarray[Any, Any], address: int) -> list[int]:
    """An array as numba-cuda passes it: seven parameters."""
    return [0, 0, array.size, array.itemsize, address, array.size, array.itemsize]


CALL = (
    HEAD
    + """
.global .align 8 .b64 table[4] = {10, 20, 0xFFFFFFFFFFFFFFFF, 40};
.const .align 4 .u32 three = 3;
.func (.param .b64 result) scale(.param .align 8 .b8 pair[16]) {
  .local .align 16 .b8 depot[32];
  .reg .b64 %SP, %x<5>; .reg .b32 %w; .reg .pred %p;
  mov.u64 %SP, depot;
  ld.param.v2.u64 {%x0, %x1}, [pair];
  setp.eq.u64 %p, %x0, 99;
  @%p exit;
  st.local.v2.u64 [%SP+16], {%x0, %x1};
  cvta.local.u64 %x2, %SP;
  ld.u64 %x3, [%x2+24];
  ld.const.u32 %w, [three];
  cvt.u64.u32 %x4, %w;
  mul.lo.u64 %x3, %x3, %x4;
  st.param.u64 [result], %x3;
  ret;
}
.visible .entry kernel(.param .u64 out) {
  .reg .b64 %r<9>; .reg .b32 %i; .reg .f64 %f; .reg .pred %p;
  mov.u32 %i, %ctaid.x;
  mad.lo.s32 %i, %i, 4, 0;
  { .reg .b32 %i_in; mov.u32 %i_in, %tid.x; add.s32 %i, %i, %i_in; }
  cvt.s64.s32 %r0, %i;
  ld.param.u64 %r1, [out];
  shl.b64 %r2, %r0, 3;
  add.s64 %r3, %r1, %r2;
  and.b64 %r4, %r0, 3;
  brx.idx %i, choices;
choices: .branchtargets ZERO, OTHER, OTHER, OTHER, ZERO, OTHER, OTHER, LEAVE;
ZERO:
  mov.f64 %f, 0dBFF8000000000000;
  st.global.f64 [%r3], %f;
  ret;
LEAVE:
  mov.b64 %r0, 99;
OTHER:
  shl.b64 %r4, %r4, 3;
  mov.u64 %r5, table;
  cvta.global.u64 %r5, %r5;
  add.s64 %r5, %r5, %r4;
  ld.u64 %r6, [%r5];
  { .param .align 8 .b8 given[16]; .param .b64 got;
    st.param.v2.u64 [given], {%r0, %r6};
    call.uni (got), scale, (given);
    ld.param.u64 %r7, [got]; }
  st.global.u64 [%r3], %r7;
  ret;
}
"""
)
"""Calls with parameters in memory, frames of local memory, constants, tables, an indexed branch."""


def body(text: str) -> str:
    """A kernel of one array of words with a body of PTX."""
    return (
        HEAD
        + ".visible .entry kernel(.param .u64 out) {\n"
        + ".reg .b64 %r<9>; .reg .b32 %w<9>; .reg .b16 %h<9>; .reg .f64 %f<9>; .reg .f32 %s<9>;\n"
        + ".reg .pred %p<9>;\n"
        + "ld.param.u64 %r0, [out];\n"
        + text
        + "\nret;\n}\n"
    )
