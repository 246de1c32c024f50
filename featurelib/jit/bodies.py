"""Bodies to machine code: one explicit signature each, compiled once per machine.

A body is compiled with its globals resolved: intrinsics stay as they are (Numba knows them from
`intrinsics_cpu`), kernel functions and other ops become compiled functions. Numba's disk cache is
keyed by our own hash of the body and everything that it calls, because Numba's own index does not
see a change in a called function.
"""

from __future__ import annotations

import types as pytypes
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from numba.core import config, types

from featurelib.jit.cache import body_cache
from featurelib.jit.intrinsics_cpu import BUILDERS, KIND_TYPES, Builder
from featurelib.jit.linked import linked_njit
from featurelib.jit.progress import tell
from featurelib.op import Body, Nulls, Op

config.DISABLE_INTEL_SVML = 1  # bits may not depend on which libraries are installed

FLAGS = {"error_model": "numpy", "nogil": True, "fastmath": False, "boundscheck": False}


def signature(body: Body, kinds: tuple[str, ...], nulls: Nulls, result_kind: str) -> Any:
    """The Numba signature of a body on arguments of these kinds.

    Args:
        body: The body.
        kinds: Kinds of the positional arguments.
        nulls: The op's null rule; EXPLICIT wraps arguments and result in pairs with a flag.
        result_kind: Kind of the result.
    """

    def pair(kind: str) -> Any:
        return types.Tuple((KIND_TYPES[kind], types.boolean))

    args = [pair(k) if nulls is Nulls.EXPLICIT else KIND_TYPES[k] for k in kinds]
    if body.takes_arena:
        args.append(types.int64)
    args += [KIND_TYPES[t.kind] for _, t in body.params]
    result = KIND_TYPES[result_kind] if nulls is Nulls.PROPAGATE else pair(result_kind)
    return result(*args)


@cache
def compiled(fn: Callable[..., Any]) -> Any:
    """The Numba dispatcher of a body or kernel function, its globals resolved."""
    dispatcher = linked_njit(
        **FLAGS, is_optimized=True, forceinline=getattr(fn, "__inlined__", False)
    )(resolved(fn, compiled))
    dispatcher._cache = body_cache(fn)
    return dispatcher


def resolved(
    fn: Callable[..., Any], compile_callee: Callable[[Callable[..., Any]], Any]
) -> Callable[..., Any]:
    """A copy of `fn` whose global names mean what machine code needs.

    Args:
        fn: A body or kernel function.
        compile_callee: Gives what stands for a body or kernel function that `fn` calls.
    """
    scope = {}
    for name in set(fn.__code__.co_names):
        if name not in fn.__globals__:
            continue  # a builtin
        value = fn.__globals__[name]
        if isinstance(value, Op):
            value = compile_callee(value.bodies[0].fn)
        elif getattr(value, "__kernel_function__", False):
            value = compile_callee(value)
        scope[name] = value
    scope["__builtins__"] = __builtins__
    scope["__name__"] = fn.__module__
    code = fn.__code__
    if code.co_kwonlyargcount:
        # Machine code passes parameters by position, after the arguments.
        code = code.replace(
            co_argcount=code.co_argcount + code.co_kwonlyargcount, co_kwonlyargcount=0
        )
    copy = pytypes.FunctionType(code, scope, fn.__name__, fn.__defaults__)
    copy.__qualname__ = fn.__qualname__
    copy.__module__ = fn.__module__
    return copy


def compile_body(body: Body, kinds: tuple[str, ...], nulls: Nulls, result_kind: str) -> Any:
    """Compiles (or loads) a body for these kinds; gives Numba's compile result."""
    sig = signature(body, kinds, nulls, result_kind)
    tell(body.fn.__name__)
    dispatcher = compiled(body.fn)
    dispatcher.compile(sig)
    result = dispatcher.overloads[sig.args]
    if types.unliteral(result.signature.return_type) != sig.return_type:
        got = result.signature.return_type
        raise TypeError(f"{body.fn.__qualname__}: expected {sig.return_type}, got {got}")
    return result


@dataclass(frozen=True, slots=True)
class Target:
    """The kind of machine that a program is emitted for: how it compiles bodies.

    Attributes:
        compile_body: As `compile_body`; its result has a `library` and an `fndesc`.
        intrinsics: The builders of intrinsics by name, for code that is no body.
        is_aligned: Whether elements of an Array stand at multiples of their size, so that one load
            may read each; columns of others' making need not.
    """

    compile_body: Callable[[Body, tuple[str, ...], Nulls, str], Any]
    intrinsics: Mapping[str, Builder]
    is_aligned: bool = False


CPU = Target(compile_body, BUILDERS)

__all__ = ["CPU", "FLAGS", "Target", "compile_body", "compiled", "resolved", "signature"]
