"""The disk cache of machine code: one private directory, keyed by everything that can change it.

Numba's own index is keyed by a function's bytes and the CPU, not by what the function calls. Ours
is keyed by a hash of the sources of all bodies, intrinsics and the code generator, of the file that
a body stands in, and of the versions of Numba and llvmlite. Numba adds the CPU's name and features
itself.
"""

from __future__ import annotations

import hashlib
import os
import stat
import sys
from collections.abc import Callable
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import llvmlite
import numba
from numba.core.caching import Cache, CompileResultCacheImpl, IndexDataCacheFile

from featurelib.errors import UnsafeCacheError

_PACKAGE = Path(__file__).parent.parent
_SOURCES = ("intrinsics.py", "op.py", "signature.py", "dtypes.py", "tables.py", "ops", "jit")


def directory() -> Path:
    """Where machine code is kept: ``$FEATURELIB_CACHE_DIR``, else the user's cache directory.

    Raises:
        UnsafeCacheError: Others may write there: whoever can write it can run code here.
    """
    configured = os.environ.get("FEATURELIB_CACHE_DIR")
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    path = Path(configured) if configured else home / "featurelib"
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = path.stat()
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


class KeyedCache(Cache):
    """Numba's cache protocol with our key and our directory."""

    def __init__(self, name: str, key: str) -> None:
        self._name = name
        self._impl = _Impl()
        self._path = directory()
        self._cache_path = str(self._path)
        self._cache_file = IndexDataCacheFile(
            cache_path=self._cache_path, filename_base=f"{name}-{key[:20]}", source_stamp=key
        )
        self.enable()

    def _index_key(self, sig: Any, codegen: Any) -> Any:
        return sig, codegen.magic_tuple()


class _Impl(CompileResultCacheImpl):
    """Serialises compile results; has no locator of its own."""

    def __init__(self) -> None:
        self._locator = self
        self._lineno = 0
        self._py_file = "<featurelib>"

    def ensure_cache_path(self) -> None:
        """The directory was made and checked by `directory`."""


def body_cache(fn: Callable[..., Any]) -> KeyedCache:
    """The cache of a body or kernel function."""
    code = fn.__code__
    text = (
        f"{generator_hash()}:{_file_hash(code.co_filename)}:{fn.__qualname__}:{code.co_firstlineno}"
    )
    return KeyedCache(fn.__name__, hashlib.sha256(text.encode()).hexdigest())


def program_cache(key: str) -> KeyedCache:
    """The cache of a program, by its digest."""
    text = f"{generator_hash()}:{key}"
    return KeyedCache("program", hashlib.sha256(text.encode()).hexdigest())


def attach(dispatcher: Any, fn: Callable[..., Any]) -> None:
    """Makes a Numba dispatcher use the cache of `fn`."""
    dispatcher._cache = body_cache(fn)
