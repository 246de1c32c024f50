"""What a person sees while machine code is made: a line that says how far it is.

Nothing is shown for two seconds, and nothing at all where nobody looks: a service's log gets no
line.
"""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import TextIO

AFTER_S = 2.0
"""Work that is done by then shows nothing."""
EVERY_S = 0.25


class Progress:
    """Work whose steps may be told; made by `progress`.

    Attributes:
        what: What is done: ``compiling flights``.
        total: How many steps there are about, 0 if that is not known.
        step: The step that runs.
    """

    def __init__(self, what: str, total: int) -> None:
        self.what, self.total, self.step = what, total, ""
        self._done: set[str] = set()

    def tell(self, step: str) -> None:
        """Says which step begins; one that was told before is not counted again."""
        self.step = step
        self._done.add(step)

    def line(self, seconds: float) -> str:
        """The line as it is now."""
        steps = (
            f"step {len(self._done)} of {max(self.total, len(self._done))}" if self.total else ""
        )
        parts = [f"{seconds:.0f} s", steps if self._done else "", self.step]
        return f"{self.what}: " + ", ".join(p for p in parts if p)


_running: list[Progress] = []


def tell(step: str) -> None:
    """Says which step of the innermost running work begins."""
    if _running:
        _running[-1].tell(step)


def is_watched(stream: TextIO | None) -> bool:
    """Whether a person sees what is written to a stream: a terminal, or a notebook's output."""
    if stream is None:
        return False
    in_notebook = type(stream).__module__.partition(".")[0] in ("ipykernel", "xeus")
    return in_notebook or bool(getattr(stream, "isatty", bool)())


@contextlib.contextmanager
def progress(
    what: str,
    total: int = 0,
    *,
    stream: TextIO | None = None,
    after_s: float = AFTER_S,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Progress]:
    """Shows how far the work in the block is, from `after_s` on.

    Args:
        what: What is done.
        total: How many steps it has, about.
        stream: Where to; by default the process's error stream, if a person sees it.
        after_s: When the line first appears.
        clock: Seconds from any moment on.
    """
    work, start = Progress(what, total), clock()
    if stream is None and is_watched(sys.stderr):
        stream = sys.stderr
    _running.append(work)
    ended = threading.Event()
    thread = None
    if stream is not None:
        thread = threading.Thread(target=_show, args=(work, stream, ended, after_s, start, clock))
        thread.daemon = True
        thread.start()
    try:
        yield work
    finally:
        _running.remove(work)
        ended.set()
        if thread is not None:
            thread.join()


def _show(
    work: Progress,
    stream: TextIO,
    ended: threading.Event,
    after_s: float,
    start: float,
    clock: Callable[[], float],
) -> None:
    width, wait = 0, after_s
    while not ended.wait(wait):
        line, wait = work.line(clock() - start), EVERY_S
        width = _write(stream, line, width)
    if width:
        _write(stream, f"{work.what}: done in {clock() - start:.1f} s", width)
        with contextlib.suppress(OSError, ValueError):
            stream.write("\n")
            stream.flush()


def _write(stream: TextIO, line: str, width: int) -> int:
    """Writes a line over the one before, which was `width` wide."""
    with contextlib.suppress(OSError, ValueError):  # a closed stream stops no compile
        stream.write("\r" + line.ljust(width))
        stream.flush()
    return len(line)
