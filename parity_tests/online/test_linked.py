"""Code that only other compiled functions call is linked into them, and is no machine code."""

from __future__ import annotations

from pathlib import Path

import pytest
from numba.core import types

from featurelib.intrinsics import i64_add
from featurelib.jit.bodies import FLAGS, compiled
from featurelib.jit.cache import cached_njit
from featurelib.jit.linked import LinkedLibrary, linked_njit
from featurelib.op import kernel_function

_NUMBER = types.int64(types.int64)


@kernel_function
def next_of(n):
    return i64_add(n, 1)


def test_a_linked_function_is_kept_as_llvm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Compiled or read back from the disk, a caller links it; there is no address to call."""
    monkeypatch.setenv("FEATURELIB_CACHE_DIR", str(tmp_path))
    made = [compiled.__wrapped__(next_of) for _ in range(2)]
    for k, function in enumerate(made):
        function.compile(_NUMBER)
        assert sum(function.stats.cache_hits.values()) == k
        (result,) = function.overloads.values()
        assert isinstance(result.library, LinkedLibrary)
        assert result.library.get_pointer_to_function(result.fndesc.llvm_func_name) == 0

        def calls(n):
            return function(n)  # noqa: B023 - compiled before the next one is made

        calls.__qualname__ += str(k)
        assert cached_njit(_NUMBER, **FLAGS)(calls)(41) == 42
    assert len(list(tmp_path.glob("next_of-*"))) == 1


def test_a_function_that_is_not_optimized_gives_the_same() -> None:
    """Whether it is optimised before it is linked shows in no value."""

    def twice(n):
        return i64_add(n, n)

    for is_optimized in (True, False):
        function = linked_njit(**FLAGS, is_optimized=is_optimized)(twice)

        def calls(n):
            return function(n)  # noqa: B023 - compiled before the next one is made

        calls.__qualname__ += str(is_optimized)
        assert cached_njit(_NUMBER, **FLAGS)(calls)(1 << 62) == -(1 << 63)
