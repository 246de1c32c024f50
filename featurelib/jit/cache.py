"""The disk cache of machine code: one private directory, keyed by everything that can change it.

Numba's own cache lies beside the source and is keyed by a function's bytes, not by what the
function calls. Ours is keyed by a hash of the sources of all bodies, intrinsics and the code
generator, of the file that a function stands in, of all that a body outside this package reaches,
of the versions of Python, Numba and llvmlite, and of the CPU's name and features.

A file holds one function for one signature, behind its own digest: what was cut off or damaged is
compiled again. Processes that write the same file at once write the same content.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import pickle
import stat
import sys
import tempfile
from collections.abc import Callable
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import llvmlite
import numba
from numba.core import types
from numba.core.caching import _Cache
from numba.core.ccallback import CFunc
from numba.core.compiler import CompileResult
from numba.core.runtime import rtsys
from numba.core.serialize import dumps

from featurelib.body_hash import body_hash
from featurelib.errors import CompileError, UnsafeCacheError
from featurelib.jit.linked import is_linked, rebuilt

_PACKAGE = Path(__file__).parent.parent
_SOURCES = ("intrinsics.py", "op.py", "dtypes.py", "tables.py", "ops", "jit")
_DIGEST = hashlib.sha256().digest_size
_ALIVE: list[CFunc] = []
"""Machine code whose address somebody has."""


def directory() -> Path:
    """Where machine code is kept: ``$FEATURELIB_CACHE_DIR``, else the user's cache directory.

    Raises:
        UnsafeCacheError: Others may write there: whoever can write it can run code here.
        CompileError: It cannot be made.
    """
    configured = os.environ.get("FEATURELIB_CACHE_DIR")
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    path = Path(configured) if configured else home / "featurelib"
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = path.stat()
    except OSError as error:
        raise CompileError(
            f"the cache directory {path} cannot be used: {error}",
            hint="set FEATURELIB_CACHE_DIR to a directory that this process may write",
        ) from error
    if status.st_uid != os.getuid() or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise UnsafeCacheError(
            f"the cache directory {path} belongs to another user or can be written by others "
            f"(mode {stat.S_IMODE(status.st_mode):04o}, owner {status.st_uid})",
            hint=f"chmod 700 {path}, or set FEATURELIB_CACHE_DIR to a directory of your own",
        )
    return path


@lru_cache(maxsize=1)
def generator_hash() -> str:
    """Hash of all that turns a program into machine code, but the program."""
    digest = hashlib.sha256()
    for name in _SOURCES:
        path = _PACKAGE / name
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            digest.update(str(file.relative_to(_PACKAGE)).encode() + b"\0" + file.read_bytes())
    versions = (numba.__version__, llvmlite.__version__, sys.version, numba.config.OPT)
    digest.update(repr(versions).encode())
    return digest.hexdigest()


@cache
def _file_hash(path: str) -> str:
    file = Path(path)
    return hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else path


def is_ours(fn: Callable[..., Any]) -> bool:
    """Whether the source of a function is in `generator_hash`, with all that it calls."""
    return fn.__code__.co_filename.startswith(str(_PACKAGE) + os.sep)


def read(path: Path) -> bytes | None:
    """What `write` put into a file; None where there is none, or it is damaged."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    data = content[_DIGEST:]
    return data if hashlib.sha256(data).digest() == content[:_DIGEST] else None


def write(path: Path, data: bytes) -> None:
    """Puts bytes into a file behind their digest; the file appears when it is whole."""
    handle, partial = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(hashlib.sha256(data).digest() + data)
        os.replace(partial, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(partial)
        raise


class FunctionCache(_Cache):  # type: ignore[misc]
    """The machine code of one function, in the form that Numba asks a cache to have.

    Args:
        name: For people who look into the directory.
        key: Of all that can change the code, but signature and CPU.
        is_plain: The code is called by its address only. Then it is loaded without Numba's
            registries of what can be compiled, which take most of a start from the cache.
    """

    def __init__(self, name: str, key: str, *, is_plain: bool = False) -> None:
        self._name, self._key, self._directory = name, key, directory()
        self._is_plain = is_plain

    @property
    def cache_path(self) -> str:
        return str(self._directory)

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """The code for a signature; None where there is none, or its file is damaged."""
        data = read(self._file(sig, target_context.codegen()))
        if data is None:
            return None
        if self._is_plain:
            # Parts of the code that never run name the runtime's symbols.
            rtsys.initialize(target_context)
        else:
            target_context.refresh()
        reduced = pickle.loads(data)
        if is_linked(reduced):
            return rebuilt(target_context, reduced)
        return CompileResult._rebuild(target_context, *reduced)

    def save_overload(self, sig: Any, data: Any) -> None:
        """Writes the code for a signature; the file appears when it is whole."""
        if data.lifted or data.library.has_dynamic_globals:
            raise CompileError(
                f"the code of `{self._name}` holds addresses of this process and cannot be cached"
            )
        write(self._file(sig, data.codegen), dumps(data._reduce()))

    def _file(self, sig: Any, codegen: Any) -> Path:
        text = repr((self._key, str(sig), codegen.magic_tuple()))
        name = f"{self._name}-{hashlib.sha256(text.encode()).hexdigest()[:32]}.machine"
        return self._directory / name

    def enable(self) -> None:
        """It always is."""

    def disable(self) -> None:
        """A process that must not use the cache has a directory of its own."""

    def flush(self) -> None:
        """Nothing waits to be written."""


def function_cache(fn: Callable[..., Any], *more: str, is_plain: bool = False) -> FunctionCache:
    """The cache of a body or another compiled function.

    Args:
        fn: The function.
        more: What else its code depends on.
        is_plain: See `FunctionCache`.
    """
    code = fn.__code__
    parts = [generator_hash(), _file_hash(code.co_filename), fn.__qualname__, *more]
    key = ":".join((*parts, str(code.co_firstlineno)))
    return FunctionCache(fn.__name__, key, is_plain=is_plain)


def body_cache(fn: Callable[..., Any]) -> FunctionCache:
    """The cache of a body or kernel function; one of another package is known by its hash."""
    return function_cache(fn, *(() if is_ours(fn) else (body_hash(fn),)))


def program_cache(key: str) -> FunctionCache:
    """The cache of a program, by its digest."""
    return FunctionCache("program", f"{generator_hash()}:{key}", is_plain=True)


def plain_address(fn: Callable[..., Any], *more: str, **options: Any) -> int:
    """Where the machine code of a function lies: compiled, or read from disk, and never freed.

    Args:
        fn: Takes int64s and gives one; it is called by this address only.
        more: What else its code depends on.
        options: Numba's.
    """
    signature = ((types.int64,) * fn.__code__.co_argcount, types.int64)
    made: Any = CFunc(fn, signature, locals={}, options=options)
    made._cache = function_cache(fn, *more, is_plain=True)
    made.compile()
    _ALIVE.append(made)
    return int(made.address)


def cached_njit(signature: Any, **options: Any) -> Callable[[Callable[..., Any]], Any]:
    """As `numba.njit` for one signature, with our cache instead of Numba's."""

    def compile_or_load(fn: Callable[..., Any]) -> Any:
        made = _njit(fn, **options)
        made.compile(signature)
        made.disable_compile()
        return made

    return compile_or_load


@cache
def lazy_njit(fn: Callable[..., Any]) -> Any:
    """As `numba.njit`, with our cache instead of Numba's: compiled for the types of its calls."""
    return _njit(fn, nogil=True)


def _njit(fn: Callable[..., Any], **options: Any) -> Any:
    made = numba.njit(**options)(fn)
    made._cache = function_cache(fn)
    return made
