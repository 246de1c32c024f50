"""How long threads of this process were ready to run and had no core: no fault of what they run."""

import contextlib
from pathlib import Path

_TASKS = Path("/proc/self/task")


def stalled_s() -> float:
    """Seconds since the process began, of all its threads; 0.0 where the system does not count.

    A thread that waits for the interpreter's lock waits for one of them, so all of them count.
    """
    total = 0
    with contextlib.suppress(OSError):
        for task in _TASKS.iterdir():
            with contextlib.suppress(OSError):  # it has ended meanwhile
                total += int((task / "schedstat").read_text().split()[1])
    return total / 1e9
