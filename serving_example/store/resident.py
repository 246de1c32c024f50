"""A file that is mapped into memory, with all of its pages there before they are asked for.

A page that is asked for first costs a fault: some 5 us of the kernel's time where the machine has
it in memory, and a wait for the disk where not. With a million users nearly every request asks for
a page that nobody has asked for. `madvise` with MADV_POPULATE_READ (Linux 5.14) does it all at
once: 15 GB that are in memory take 1.8 s of CPU, beside the requests.
"""

from __future__ import annotations

import ctypes
import logging
import os
import threading
from pathlib import Path

__all__ = ["MOST", "Resident"]

log = logging.getLogger("serving_example.store")

MOST = 0.75
"""Of the machine's memory: a larger file would push itself out again."""
_WILL_NEED, _POPULATE_READ = 3, 22
_PART = 256 << 10
"""Bytes of one call: of more a kernel reads only the first so many ahead."""


class Resident:
    """Reads a mapped file into memory, on a thread of its own.

    Where that cannot be done (the file is too large, another system, an older kernel) nothing is
    lost but time: pages come when they are asked for.

    Args:
        file: The file, which this process has mapped.
        memory: Bytes that the machine has; None: what it says.

    Attributes:
        done_bytes: So many are there.
    """

    def __init__(self, file: Path, memory: int | None = None) -> None:
        self._file = file
        self._memory = _memory() if memory is None else memory
        self._is_ending = threading.Event()
        self.done_bytes = 0
        self._thread = threading.Thread(target=self._read, name="resident", daemon=True)
        self._thread.start()

    def join(self) -> None:
        """Waits until all is there, or cannot be."""
        self._thread.join()

    def close(self) -> None:
        """Ends it; to be called before the file is unmapped."""
        self._is_ending.set()
        self._thread.join()

    def _read(self) -> None:
        try:
            at, size = _mapped(self._file)
            if size > MOST * self._memory:
                log.info(
                    "%s: %d MiB are too many for this machine's memory; pages come as they are "
                    "asked for", self._file, size >> 20,
                )  # fmt: skip
                return
            madvise = ctypes.CDLL(None, use_errno=True).madvise
            madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
            while self.done_bytes < size and not self._is_ending.is_set():
                part = min(_PART, size - self.done_bytes)
                # What is on the disk is read a part ahead: else it would be page by page.
                ahead = min(self.done_bytes + part, size - part)
                for place, advice in ((ahead, _WILL_NEED), (self.done_bytes, _POPULATE_READ)):
                    if madvise(at + place, part, advice):
                        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
                self.done_bytes += part
        except (OSError, AttributeError) as error:
            log.info("%s is not read into memory ahead: %s", self._file, error)


def _mapped(file: Path) -> tuple[int, int]:
    """Where this process has mapped a file, and how many of its bytes.

    Raises:
        OSError: It has not, or the system does not say where.
    """
    about = file.stat()
    device = f"{os.major(about.st_dev):02x}:{os.minor(about.st_dev):02x}"
    for line in Path("/proc/self/maps").read_text().splitlines():
        span, _, offset, where, inode, *_ = line.split(maxsplit=5)
        if where == device and int(inode) == about.st_ino and not int(offset, 16):
            first, last = (int(end, 16) for end in span.split("-"))
            return first, min(last - first, about.st_size)
    raise FileNotFoundError(f"{file} is not mapped")


def _memory() -> int:
    """Bytes of memory that the machine has."""
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
