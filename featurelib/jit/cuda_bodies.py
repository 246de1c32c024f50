"""Bodies to LLVM for a device: the counterpart of `featurelib.jit.bodies`."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from featurelib.jit.bodies import Target, resolved, signature
from featurelib.jit.cuda_context import Callee, unliteral
from featurelib.jit.intrinsics_cuda import BUILDERS
from featurelib.jit.progress import tell
from featurelib.op import Body, Nulls

__all__ = ["DEVICE", "compile_body", "compiled"]


@cache
def compiled(fn: Callable[..., Any]) -> Any:
    """What stands for a body or kernel function inside another one."""
    return Callee(resolved(fn, compiled), is_inlined=getattr(fn, "__inlined__", False))


@cache
def compile_body(body: Body, kinds: tuple[str, ...], nulls: Nulls, result_kind: str) -> Any:
    """LLVM of a body for these kinds, once a process; gives numba-cuda's compile result."""
    sig = signature(body, kinds, nulls, result_kind)
    tell(body.fn.__name__)
    callee = compiled(body.fn)
    made = callee.compile_device(sig.args, sig.return_type)
    if unliteral(made.signature.return_type) != sig.return_type:
        got = made.signature.return_type
        raise TypeError(f"{body.fn.__qualname__}: expected {sig.return_type}, got {got}")
    return made


DEVICE = Target(compile_body, BUILDERS, is_aligned=True)
