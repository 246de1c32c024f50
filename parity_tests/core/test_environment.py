"""The floating-point environment: a thread that does not compute as IEEE 754 says is refused."""

from __future__ import annotations

import ctypes
import platform
import threading
from collections.abc import Callable
from typing import Any

import pytest
from llvmlite import binding as llvm
from llvmlite import ir
from numba.core.compiler_lock import global_compiler_lock
from numba.core.registry import cpu_target

import featurelib as fl
import featurelib_online as online
from featurelib.errors import FloatEnvironmentError
from featurelib.jit.environment import check_float_environment
from parity_tests.core.small_sets import ROW, feature, make_set

# How a control register is loaded; the default, and the bits that flush subnormals to zero.
_REGISTERS = {
    "x86_64": ("ldmxcsr ($0)", 0x1F80, 0x8040),
    "aarch64": ("ldr x9, [$0]\nmsr fpcr, x9", 0, 1 << 24),
}
LOAD, NORMAL, FLUSH = _REGISTERS[platform.machine()]
_TO_NEAREST = 0
_LIBM = ctypes.CDLL("libm.so.6")
_DIRECTIONS = {
    "x86_64": {"down": 0x400, "up": 0x800, "to zero": 0xC00},
    "aarch64": {"down": 0x800000, "up": 0x400000, "to zero": 0xC00000},
}[platform.machine()]
BUNDLE = make_set(feature("f", fl.col("distance") + 1.0)).bind()


@global_compiler_lock
def _loader() -> Any:
    llvm.initialize_native_asmparser()
    code = cpu_target.target_context.codegen().create_library("float_control")
    module = code.create_ir_module("float_control")
    word = ir.IntType(64)
    function = ir.Function(module, ir.FunctionType(ir.VoidType(), [word]), "load_float_control")
    b = ir.IRBuilder(function.append_basic_block())
    pointer = b.inttoptr(function.args[0], word.as_pointer())
    kind = ir.FunctionType(ir.VoidType(), [pointer.type])
    clobbers = "r,~{memory}" + (",~{x9}" if platform.machine() == "aarch64" else "")
    b.call(ir.InlineAsm(kind, LOAD, clobbers, side_effect=True), [pointer])
    b.ret_void()
    code.add_ir_module(module)
    code.finalize()
    address = code.get_pointer_to_function("load_float_control")
    return code, ctypes.CFUNCTYPE(None, ctypes.c_void_p)(address)


LIBRARY, LOADER = _loader()


def flush_subnormals() -> None:
    """Sets the control register of this thread as torch.set_flush_denormal(True) does."""
    LOADER(ctypes.addressof(ctypes.c_uint64(NORMAL | FLUSH)))


def in_a_thread(prepare: Callable[[], Any], action: Callable[[], Any]) -> Any:
    """What an action gives or raises in a fresh thread, whose environment dies with it."""
    found: list[Any] = []

    def target() -> None:
        prepare()
        try:
            found.append(action())
        except BaseException as error:
            found.append(error)

    thread = threading.Thread(target=target, name="odd")
    thread.start()
    thread.join()
    return found[0]


def test_a_fresh_thread_is_fine() -> None:
    """Threads compute as IEEE 754 says until somebody changes that."""
    assert in_a_thread(lambda: None, check_float_environment) is None


def test_a_thread_that_flushes_subnormals_is_refused_by_name() -> None:
    """The error names the thread, what is wrong, and the switch that does it."""
    error = in_a_thread(flush_subnormals, check_float_environment)
    assert isinstance(error, FloatEnvironmentError)
    assert "thread 'odd' flushes subnormal numbers to zero" in str(error)
    assert "torch.set_flush_denormal(False)" in error.hint


@pytest.mark.parametrize("direction", _DIRECTIONS)
def test_a_thread_that_rounds_otherwise_is_refused_by_name(direction) -> None:
    """Down, up and towards zero are all found."""
    mode = _DIRECTIONS[direction]
    error = in_a_thread(lambda: _LIBM.fesetround(mode), check_float_environment)
    assert isinstance(error, FloatEnvironmentError)
    assert "does not round to the nearest even number" in str(error)
    assert "FE_TONEAREST" in error.hint
    assert _LIBM.fegetround() == _TO_NEAREST


def test_every_way_into_a_kernel_looks() -> None:
    """A row, rows, columns and a kernel over columns refuse such a thread before they compute."""
    kernel = online.compile(BUNDLE)
    ways = [lambda: kernel(ROW), lambda: kernel.many([ROW]), lambda: kernel.kernel.run([], 0)]
    for way in ways:
        assert isinstance(in_a_thread(flush_subnormals, way), FloatEnvironmentError)
    assert kernel(ROW)["f"] == 734.0


def test_a_thread_that_begins_to_flush_after_good_calls_is_refused() -> None:
    """The environment is looked at in every call: a library may switch it between two."""
    kernel = online.compile(BUNDLE)

    def act() -> Any:
        kernel(ROW)
        flush_subnormals()
        return kernel(ROW)

    assert isinstance(in_a_thread(lambda: None, act), FloatEnvironmentError)


@pytest.mark.parametrize(
    "bits", {"x86_64": [0x8000, 0x0040], "aarch64": [1 << 24]}[platform.machine()]
)
def test_results_flushed_alone_and_operands_flushed_alone_are_refused(bits: int) -> None:
    """x86-64 has a switch for each; either changes bits."""

    def prepare() -> None:
        LOADER(ctypes.addressof(ctypes.c_uint64(NORMAL | bits)))

    assert isinstance(in_a_thread(prepare, check_float_environment), FloatEnvironmentError)
