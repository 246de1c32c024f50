"""The limit: the workload in C, compiled here by gcc -O3 and loaded as an extension module."""

from __future__ import annotations

import ctypes
import importlib.machinery
import importlib.util
import shutil
import subprocess
import sysconfig
import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.criteo import INTS, TEXTS

SOURCE = Path(__file__).with_name("criteo_limit.c")
_FLAGS = ("-O3", "-march=native", "-shared", "-fPIC", "-fno-math-errno")


@lru_cache(maxsize=1)
def extension() -> Any:
    """The compiled module; None, with a message, where there is no gcc or no header of Python."""
    gcc = shutil.which("gcc")
    include = Path(sysconfig.get_path("include"))
    if gcc is None or not (include / "Python.h").exists():
        print("no C peer: it needs gcc and the headers of Python")
        return None
    target = Path(tempfile.mkdtemp(prefix="criteo_limit_")) / "criteo_limit.so"
    subprocess.run([gcc, *_FLAGS, f"-I{include}", "-o", target, SOURCE, "-lm"], check=True)
    loader = importlib.machinery.ExtensionFileLoader("criteo_limit", str(target))
    spec = importlib.util.spec_from_loader("criteo_limit", loader)
    assert spec is not None
    made = importlib.util.module_from_spec(spec)
    loader.exec_module(made)
    shutil.rmtree(target.parent)
    return made


def batch(frame: Any, threads: int) -> dict[str, np.ndarray[Any, Any]]:
    """All columns of a Polars frame, from Arrow's buffers, columns side by side on threads."""
    module = extension()
    i64, ptr = ctypes.c_int64, ctypes.c_void_p
    ints = ctypes.CFUNCTYPE(None, ptr, ptr, i64, i64, ptr)(module.ints_address)
    views = ctypes.CFUNCTYPE(None, ptr, ptr, i64, i64, ptr, ptr)(module.views_address)

    def column(name: str) -> tuple[str, np.ndarray[Any, Any]]:
        array, at, bits, data = arrow_parts(frame[name])
        rows = len(array)
        if name in INTS:
            out: Any = np.empty(rows, np.float32)
            ints(data + 8 * at, bits, at, rows, out.ctypes.data)
        else:
            out = np.empty(rows, np.uint32)
            places = np.array([b.address if b else 0 for b in array.buffers()[2:]] or [0], np.int64)
            views(data + 16 * at, bits, at, rows, places.ctypes.data, out.ctypes.data)
        return name, out

    with ThreadPoolExecutor(threads) as pool:
        return dict(pool.map(column, (*INTS, *TEXTS)))


def arrow_parts(series: Any) -> tuple[Any, int, int | None, int]:
    """A series as Arrow: the array, its offset, and the addresses of validity bits and values."""
    import polars as pl

    array = series.rechunk().to_arrow(compat_level=pl.CompatLevel.newest())
    bits, data = array.buffers()[:2]
    return array, array.offset, bits.address if bits else None, data.address
