"""Cores that do not sleep while something waits for a few microseconds.

A core with nothing to do halts, a virtual one gives itself back to its host, and waking takes
longer than a request on loopback. Who measures what a call costs then measures the sleep of the
machine. A process of the idle class spins on each core: it runs when nobody else wants to, and any
other process takes the core from it at once.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

SPIN = """
import os
if hasattr(os, "SCHED_IDLE"):
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
else:
    os.nice(19)
parent = int({parent})
while os.getppid() == parent:
    for _ in range(100_000):
        pass
"""
"""Ends with the process that started it, however that one ends."""


@contextmanager
def awake() -> Iterator[None]:
    """All cores are kept awake until it is left, by processes that give way to every other."""
    command = [sys.executable, "-S", "-c", SPIN.format(parent=os.getpid())]
    spinning = [subprocess.Popen(command) for _ in range(os.cpu_count() or 1)]
    try:
        yield
    finally:
        for process in spinning:
            process.kill()
            process.wait()
