"""Runs a kernel of a PTX module on real inputs, on a machine without a GPU.

    module = parse(text)
    memory = Memory()
    out = np.zeros(10)
    run(module, module.entries[0], [memory.add(out), 10], memory, grid=2, block=8)

The kernel is translated once to Python and then run for one thread after the other: a barrier,
shared memory and atomics are refused, and so is every instruction, modifier, type and state space
whose meaning is not written down in this folder. Nothing is guessed.
"""

from __future__ import annotations

import math
import struct
from collections import Counter
from collections.abc import Sequence
from typing import Any

from parity_tests.device import ptx_values
from parity_tests.device.ptx_memory import (
    LOCAL_START,
    MODULE_REGION,
    REGION_BITS,
    LocalMemory,
    Memory,
    loader,
    spaces,
    storer,
)
from parity_tests.device.ptx_module import parse, parsed
from parity_tests.device.ptx_translate import FILE, Translated, translate
from parity_tests.device.ptx_words import Module, PtxError, PtxFault, PtxRefusal, Variable

NAN = 0x7FF8DEADBEEF0001
"""Bits of every NaN that .f64 arithmetic gives; its upper half is the one of .f32. Unusual on
purpose: a kernel that shows a payload of a NaN gives bits that no other engine gives."""
_VALUES = (
    "bits_of", "double_of", "single_value", "divide", "remainder", "bit_field", "insert_bits",
    "find_bit", "reverse", "funnel", "permute", "logic3", "divide_floats", "root", "least",
    "greatest", "fused", "nearest_double", "integral", "to_integer",
)  # fmt: skip


class ThreadExit(Exception):
    """`exit` in a function that a kernel called."""


def _addresses(module: Module) -> dict[str, int]:
    """Where the variables of a module stand; .shared ones have no address here."""
    return {
        v.name: (MODULE_REGION + k) << REGION_BITS
        for k, v in enumerate(module.variables.values())
        if v.space != "shared" and v.is_defined
    }


def _contents(module: Module, space: str) -> dict[int, Any]:
    """Fresh bytes of the module's variables: as given, else zeros (section 5.4.4)."""
    return {
        MODULE_REGION + k: bytearray(v.content or bytes(v.size))
        for k, v in enumerate(module.variables.values())
        if v.space == space and v.is_defined
    }


def _param_bytes(param: Variable, value: Any) -> bytes:
    if isinstance(value, bytes):
        content = value
    elif isinstance(value, float):
        content = struct.pack({("f", 8): "<d", ("f", 4): "<f"}[param.type.kind, param.size], value)
    else:
        content = (int(value) & (1 << 8 * param.size) - 1).to_bytes(param.size, "little")
        if not -(1 << 8 * param.size - 1) <= value < 1 << 8 * param.size:
            raise ValueError(f"parameter {param.name} of {param.size} bytes cannot hold {value}")
    if len(content) != param.size:
        raise ValueError(f"parameter {param.name}: {len(content)} bytes, not {param.size}")
    return content


def _branch_target(targets: tuple[int, ...], index: int) -> int:
    if index >= len(targets):
        raise PtxFault(f"brx.idx: index {index} of {len(targets)} targets")
    return targets[index]


def _helpers(kernel: Translated, reached: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for verb, space, layout in kernel.helpers:
        name, form = f"{verb}_{space}_{layout}", struct.Struct("<" + layout)
        if space != "param":
            make = loader if verb == "load" else storer
            made[name] = make(reached[space], space, layout)
        elif verb == "store":
            made[name] = form.pack_into
        else:
            unpack = form.unpack_from
            is_vector = layout[0].isdigit()
            made[name] = unpack if is_vector else lambda b, at, u=unpack: u(b, at)[0]
    return made


def _explained(error: BaseException, kernel: Translated) -> str:
    """The instruction that was running, by the line of Python that raised."""
    where, trace = "", error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == FILE:
            where = str(kernel.where[trace.tb_lineno] or kernel.entry.name)
        trace = trace.tb_next
    return where


def translated(module: Module, entry: str, *, counted: bool = False) -> Translated:
    """The kernel as Python; kept in the module.

    Raises:
        PtxRefusal: the kernel, or a function that it calls, has a word that is not known here.
    """
    key = (entry, counted)
    if key not in module.compiled:
        module.compiled[key] = translate(module, entry, _addresses, counted)
    return module.compiled[key]


def run(
    module: Module,
    entry: str,
    params: Sequence[int | float | bytes],
    memory: Memory,
    *,
    grid: int,
    block: int,
    counts: Counter[str] | None = None,
    nan: int = NAN,
) -> None:
    """Runs a kernel with `grid` blocks of `block` threads, one thread after the other.

    Args:
        module: What `parse` gave.
        entry: Name of the kernel, one of `module.entries`.
        params: A value a parameter: integers (addresses too), floats for float parameters, bytes
            for any.
        memory: Global memory; the kernel writes in its arrays.
        grid: Number of blocks.
        block: Threads a block.
        counts: If given, the number of times that each opcode ran is added to it; this is slower.
        nan: Bits of every NaN that .f64 arithmetic gives.

    Raises:
        PtxRefusal: a word of the kernel is not known here; found before anything runs.
        PtxFault: a load or store out of bounds or misaligned, a register that was read before it
            was set, a trap; with the instruction and the thread.
    """
    kernel = translated(module, entry, counted=counts is not None)
    wanted = kernel.entry.params
    if len(params) != len(wanted):
        raise ValueError(f"{entry} takes {len(wanted)} parameters, got {len(params)}")
    given = [_param_bytes(p, v) for p, v in zip(wanted, params, strict=True)]
    local = LocalMemory()
    const = {k: bytes(v) for k, v in _contents(module, "const").items()}
    reached = spaces(memory, _contents(module, "global"), const, local)
    ran = [0] * len(kernel.segments)
    names: dict[str, Any] = {
        **{name: getattr(ptx_values, name) for name in _VALUES},
        **ptx_values.single_operations(nan >> 32),
        **_helpers(kernel, reached),
        "copysign": math.copysign,
        "nan": ptx_values.double_of(nan),
        "local_frame": local.frame,
        "branch_target": _branch_target,
        "counts": ran,
        "PtxFault": PtxFault,
        "ThreadExit": ThreadExit,
    }
    exec(kernel.code, names)
    call = names["function_0"]
    for ctaid in range(grid):
        for tid in range(block):
            try:
                call((tid, ctaid, block, grid), LOCAL_START, *given)
            except ThreadExit:
                continue
            except NameError as error:  # a register is a local variable of Python
                text = f"{_explained(error, kernel)}: a register is read before it is set"
                raise PtxFault(f"{text} ({error}); thread {tid} of block {ctaid}") from None
            except PtxFault as error:
                text = f"{_explained(error, kernel)}: {error}"
                raise PtxFault(f"{text}; thread {tid} of block {ctaid}") from None
    if counts is not None:
        for times, opcodes in zip(ran, kernel.segments, strict=True):
            counts.update({opcode: times * n for opcode, n in opcodes.items() if times})


def opcodes(module: Module, entry: str) -> Counter[str]:
    """How often each opcode, with its modifiers, stands in a kernel and in what it calls."""
    return sum(translated(module, entry, counted=True).segments, Counter())


__all__ = [
    "NAN", "Memory", "Module", "PtxError", "PtxFault", "PtxRefusal", "opcodes", "parse", "parsed",
    "run", "translated",
]  # fmt: skip
