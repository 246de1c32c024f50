"""Functions that only other compiled functions call: their code is linked, and never runs alone.

Numba makes each function ready to be called from outside: it optimises it with all that it calls,
and makes machine code. A caller links what it calls as LLVM, optimises that again, and never runs
the machine code. So none is made here; and a function that one or two others call takes only the
cheap passes that inline, since the one that is called from outside is optimised with all that it
reaches. The windows' two hundred and fifty functions compile in two thirds of the time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import llvmlite.binding as llvm
import numba
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import Compiler, compile_result


class LinkedLibrary(JITCodeLibrary):  # type: ignore[misc]
    """LLVM of a function and all that it calls, for callers to link.

    Attributes:
        is_optimized: Whether it is optimised in full, once for all that will link it.
    """

    is_optimized = True

    @property
    def codegen(self) -> Any:
        return _NoEnvironments

    def get_pointer_to_function(self, name: str) -> int:
        """No address: there is no machine code."""
        self._ensure_finalized()
        return 0

    def serialize_using_object_code(self) -> Any:
        """As LLVM, which is all that there is."""
        return self.serialize_using_bitcode()

    @classmethod
    def _unserialize(cls, codegen: Any, state: Any) -> LinkedLibrary:
        name, _, data = state
        made = cls(codegen, name)
        made._final_module = llvm.parse_bitcode(data)
        made._finalize_final_module()
        return made

    def _optimize_final_module(self) -> None:
        if self.is_optimized:
            super()._optimize_final_module()
            return
        cheap, builder = self._codegen._module_pass_manager(
            loop_vectorize=self._codegen._loopvect,
            slp_vectorize=False,
            opt=self._codegen._opt_level,
            cost="cheap",
        )
        cheap.run(self._final_module, builder)

    def _finalize_final_module(self) -> None:
        self._finalize_dynamic_globals()
        self._verify_declare_only_symbols()
        self._finalized = True


class _NoEnvironments:
    """Numba tells machine code where the globals of its function are, for when it meets objects."""

    @staticmethod
    def set_env(name: str, environment: Any) -> None:
        """Nothing to tell: who links the code has an environment of its own."""


class _InlinedLibrary(LinkedLibrary):
    """As that, with the cheap passes only: whoever is called from outside optimises it."""

    is_optimized = False


class _LinkedCompiler(Compiler):  # type: ignore[misc]
    """Numba's compiler, into a library for callers."""

    library_class = LinkedLibrary

    def compile_extra(self, func: Callable[..., Any]) -> Any:
        self.state.library = self.library_class(self.state.targetctx.codegen(), func.__qualname__)
        return super().compile_extra(func)


class _InlinedCompiler(_LinkedCompiler):
    library_class = _InlinedLibrary


def linked_njit(*, is_optimized: bool, **options: Any) -> Callable[[Callable[..., Any]], Any]:
    """As `numba.njit`, for a function that only compiled functions call.

    Args:
        is_optimized: Whether to optimise it in full: worth its time where many will link it.
        options: Numba's.
    """
    return numba.njit(
        **options,
        no_cpython_wrapper=True,
        no_cfunc_wrapper=True,
        pipeline_class=_LinkedCompiler if is_optimized else _InlinedCompiler,
    )


def is_linked(reduced: Any) -> bool:
    """Whether `CompileResult._reduce` gave this of a function in a `LinkedLibrary`."""
    return bool(reduced[0][1] == "bitcode")


def rebuilt(target_context: Any, reduced: Any) -> Any:
    """What `CompileResult._reduce` gave of a linked function, as Numba's compile result again."""
    code, fndesc, environment, signature, objectmode, lifted, annotation, init, referenced = reduced
    library = LinkedLibrary._unserialize(target_context.codegen(), code)
    return compile_result(
        typing_context=target_context.typing_context,
        target_context=target_context,
        library=library,
        entry_point=target_context.get_executable(library, fndesc, environment),
        environment=environment,
        fndesc=fndesc,
        type_annotation=annotation,
        signature=signature,
        objectmode=objectmode,
        lifted=lifted,
        reload_init=init,
        referenced_envs=referenced,
    )
