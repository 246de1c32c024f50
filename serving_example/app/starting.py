"""The start of a process: what it need not wait for, it does not wait for.

torch is half of it. Its library of 400 MB is linked on a thread while this one imports what needs
no torch; the collector of garbage, which would look at every object again and again, looks once.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import importlib.util
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

__all__ = ["YOUNG", "starting"]

YOUNG = 10_000
"""New objects between two collections of garbage. Requests leave none, but those at work hold some
twenty objects each: with the usual 700 a few dozen of them set off one collection after another."""
TURN_S = 0.0005
"""How long a thread may keep the interpreter while another waits for it. A batch asks for it back
some twenty times: while the event loop refused 5,000 requests a second, a batch of one request took
14 ms with Python's own 5 ms, and 5 ms with this."""
_LINKED = "libtorch_cpu.so"
_MEANWHILE = (
    "serving_example.features", "serving_example.app.metrics", "httptools", "uvloop",
)  # fmt: skip
"""Modules that need no torch: numba and the kernels, metrics, HTTP."""


@contextlib.contextmanager
def starting() -> Iterator[None]:
    """What is imported and made inside of it is there sooner, and stays: nothing collects it.

    From then on threads take short turns.
    """
    gc.disable()
    sys.setswitchinterval(TURN_S)
    try:
        thread = threading.Thread(target=_link, name="link torch", daemon=True)
        thread.start()
        for module in _MEANWHILE:
            importlib.import_module(module)
        thread.join()
        yield
        gc.collect()
        gc.freeze()  # what is here stays: a collection need not look at it again
        gc.set_threshold(YOUNG)
    finally:
        gc.enable()


def _link() -> None:
    """Loads the library that the import of torch will find; ctypes lets others run meanwhile."""
    found = importlib.util.find_spec("torch")
    if found is not None and found.origin is not None:
        with contextlib.suppress(OSError):  # another build of torch: its import does it all
            ctypes.CDLL(str(Path(found.origin).parent / "lib" / _LINKED))
