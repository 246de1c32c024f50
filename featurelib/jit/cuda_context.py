"""numba-cuda's front end with our intrinsics: Python to LLVM for a device, with no device present.

numba-cuda is imported here and in the other `cuda_*` modules only, and these only where a device
kernel is asked for. The contexts are our own, so that what other packages register with Numba
cannot change a kernel, and our intrinsics do not show in other people's kernels.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from featurelib.errors import MissingExtraError
from featurelib.intrinsics import INTRINSICS
from featurelib.jit.intrinsics_cpu import KIND_TYPES
from featurelib.jit.intrinsics_cuda import BUILDERS

try:
    from numba.cuda.compiler import CUDACompiler, compile_extra
    from numba.cuda.core.callconv import CUDACallConv
    from numba.cuda.core.compiler_lock import global_compiler_lock
    from numba.cuda.core.imputils import Registry as LoweringRegistry
    from numba.cuda.dispatcher import CUDADispatcher
    from numba.cuda.flags import CUDAFlags
    from numba.cuda.target import CUDATargetContext, CUDATypingContext
    from numba.cuda.types import Function, unliteral
    from numba.cuda.typing.templates import ConcreteTemplate, signature
    from numba.cuda.typing.templates import Registry as TypingRegistry
    from numba.cuda.utils import numba_target_override
except ImportError as error:
    raise MissingExtraError(
        f"device kernels need numba-cuda, which cannot be imported: {error}",
        hint="pip install 'featurelib[cuda]'",
    ) from error

__all__ = ["Callee", "lower", "target_context"]

_FRONT_END_CC = (8, 0)
"""What the front end is told; the LLVM that it writes for bodies is the same for every device."""


class _Typing(CUDATypingContext):  # type: ignore[misc]
    def install_registry(self, registry: Any, external_defs_only: bool = False) -> None:
        if not external_defs_only:
            super().install_registry(registry)


class _Target(CUDATargetContext):  # type: ignore[misc]
    def install_external_registry(self, registry: Any) -> None:
        """Leaves out what other packages have registered."""


@cache
def _registries() -> tuple[Any, Any]:
    """Types and code of the intrinsics, in numba-cuda's form."""
    typing, lowering = TypingRegistry(), LoweringRegistry("featurelib")
    for item in INTRINSICS.values():
        arg_types = [KIND_TYPES[k] for k in item.args]
        cases = [signature(KIND_TYPES[item.result], *arg_types)]
        template = type(item.name, (ConcreteTemplate,), {"key": item.fn, "cases": cases})
        typing.register_global(item.fn, Function(template))

        def build(
            context: Any, builder: Any, sig: Any, args: Any, make: Any = BUILDERS[item.name]
        ) -> Any:
            return make(builder, *args)

        lowering.lower(item.fn, *arg_types)(build)
    return typing, lowering


@cache
def target_context() -> Any:
    """The context that bodies are lowered in; made once a process."""
    typing = _Typing()
    context = _Target(typing)
    for part, registry in zip((typing, context), _registries(), strict=True):
        part.refresh()
        part.install_registry(registry)
    return context


@global_compiler_lock  # type: ignore[untyped-decorator]
def lower(fn: Any, args: tuple[Any, ...], result: Any, *, is_inlined: bool = False) -> Any:
    """Python to LLVM for a device; gives numba-cuda's compile result.

    One thread at a time, and none that compiles for the CPU: numba-cuda's lock holds Numba's too.

    Args:
        fn: The function, its globals resolved.
        args: Numba types of its arguments.
        result: Of its result; None to infer it.
        is_inlined: Whether it is put in line where it is called.
    """
    context = target_context()
    flags = CUDAFlags()
    flags.no_compile = flags.no_cpython_wrapper = flags.no_cfunc_wrapper = True
    flags.error_model = "numpy"
    flags.forceinline = is_inlined
    flags.compute_capability = _FRONT_END_CC
    with numba_target_override():
        made = compile_extra(
            typingctx=context.typing_context,
            targetctx=context,
            func=fn,
            args=args,
            return_type=result,
            flags=flags,
            locals={},
            pipeline_class=CUDACompiler,
            call_conv=CUDACallConv(context),
            abi_info={},
        )
    made.library.finalize()
    return made


class _Descriptor:
    """Tells a callee which contexts it belongs to."""

    options = CUDADispatcher.targetdescr.options

    @property
    def typing_context(self) -> Any:
        return target_context().typing_context

    @property
    def target_context(self) -> Any:
        return target_context()


class Callee(CUDADispatcher):  # type: ignore[misc]
    """A function that bodies call. Unlike numba-cuda's it asks no driver which device is there.

    Args:
        fn: The function, its globals resolved.
        is_inlined: Whether it is put in line where it is called.
    """

    targetdescr = _Descriptor()

    def __init__(self, fn: Any, *, is_inlined: bool = False) -> None:
        super().__init__(fn, {"device": True})
        self._is_inlined = is_inlined

    def compile_device(self, args: Any, return_type: Any = None) -> Any:
        """The function for these argument types; a literal counts as its type."""
        args = tuple(map(unliteral, args))
        if args not in self.overloads:
            made = lower(self.py_func, args, return_type, is_inlined=self._is_inlined)
            self.overloads[args] = made
            target_context().insert_user_function(made.entry_point, made.fndesc, [made.library])
        return self.overloads[args]
