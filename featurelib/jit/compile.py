"""Programs to machine code: one C function each, cached on disk."""

from __future__ import annotations

import hashlib
import json
import sysconfig
import threading
from collections.abc import Mapping
from dataclasses import astuple, dataclass
from typing import Any

import numpy as np
from numba.core import types
from numba.core.ccallback import CFunc
from numba.core.extending import intrinsic

from featurelib.body_hash import op_hash
from featurelib.errors import CompileError
from featurelib.jit import cache
from featurelib.jit.bodies import FLAGS
from featurelib.jit.cache import is_ours
from featurelib.jit.emit import emit
from featurelib.jit.places import Place, placed_outputs
from featurelib.jit.progress import progress
from featurelib.jit.slots import Slots
from featurelib.node import Node
from featurelib.program import Program, ops_of
from featurelib.tables import TableData

NO_PLACES: Mapping[str, Place] = {}
_lock = threading.Lock()
_compiled: dict[str, Machine] = {}


@dataclass(frozen=True)
class Machine:
    """Machine code of a program, without its fitted state.

    Attributes:
        address: Of ``void program(int64 slots, int64 start, int64 stop)``.
        slots: The order of the slots.
        from_cache: Whether it came from the disk cache.
    """

    address: int
    slots: Slots
    from_cache: bool
    _function: Any


def digest(program: Program, places: Mapping[str, Place], wide: bool) -> str:
    """What the machine code of a program depends on, fitted values left out."""
    outputs = [[node.key, *astuple(place)] for node, place in placed_outputs(program, places)]
    names: list[Any] = [wide, outputs]
    # Ours are in the hash of the code generator; those of other packages are not.
    ops = ops_of(program.serving_nodes)
    names += [op_hash(op) for op in ops if not all(is_ours(b.fn) for b in op.bodies)]
    return hashlib.sha256(json.dumps(names).encode()).hexdigest()


def compile_program(
    program: Program, *, places: Mapping[str, Place] = NO_PLACES, wide: bool = True
) -> Machine:
    """Machine code of a program, compiled once per process and cached on disk.

    Args:
        program: What to compute.
        places: Where outputs lie, by name; those that are not named stand in columns.
        wide: For columns (loops that vectorise), else for single rows (half the time to compile).
            Both take any number of rows and give the same bits.

    Raises:
        CompileError: This Python is a free-threaded build.
        UnsafeCacheError: The cache directory can be written by others.
    """
    if sysconfig.get_config_var("Py_GIL_DISABLED"):
        raise CompileError(
            "kernels read Python objects under the GIL, and this is a free-threaded build",
            hint="use the default build of CPython",
        )
    key = digest(program, places, wide)
    with _lock:
        if key not in _compiled:
            _compiled[key] = _compile(program, places, key, wide)
        return _compiled[key]


def _compile(program: Program, places: Mapping[str, Place], key: str, wide: bool) -> Machine:
    @intrinsic
    def run(typingctx: Any, slots: Any, start: Any, stop: Any) -> Any:
        def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            emit(context, builder, program, places, wide, *args)
            return context.get_dummy_value()

        return types.void(types.int64, types.int64, types.int64), codegen

    def kernel(slots: Any, start: Any, stop: Any) -> None:
        run(slots, start, stop)

    kernel.__qualname__ = kernel.__name__ = f"program_{key[:16]}"
    function = CFunc(kernel, (_ARGS, types.void), locals={}, options=dict(FLAGS))
    function._cache = cache.program_cache(key)
    with progress(f"compiling {len(program.outputs)} features", len(ops_of(program.serving_nodes))):
        function.compile()
    return Machine(function.address, Slots.of(program), function.cache_hits > 0, function)


_ARGS = (types.int64, types.int64, types.int64)


def table_memory(node: Node, state: Mapping[str, Any]) -> tuple[np.ndarray[Any, Any], int]:
    """What machine code reads for a table node: its bytes (kept alive by the caller) and count."""
    value = state[node.key] if node.op == "fit" else node.param["value"]
    if isinstance(value, TableData):
        data, count = value.encode()
    elif isinstance(value, bytes):
        data, count = value, len(value)
    elif isinstance(value, bool):
        data, count = int(value).to_bytes(8, "little"), 1
    else:
        code = {"f": "<f8", "i": "<i8", "u": "<u8"}[node.dtype.kind]
        data, count = np.array([value], code).tobytes(), 1
    padded = np.frombuffer(data + b"\0" * 8, np.uint8)
    return padded, count
