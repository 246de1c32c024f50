"""Latency profiles in a file, so that a new process does not begin with guesses."""

from __future__ import annotations

import logging
import os
from pathlib import Path

from serving_example.pool import Pool
from serving_example.scheduler import Profiles, SchedulerError

__all__ = ["ProfileFile"]

log = logging.getLogger("serving_example")


class ProfileFile:
    """Where latency profiles are kept between processes.

    Args:
        path: The file; it need not be there.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> Profiles:
        """What is known; nothing if there is no file, or one that is damaged."""
        made = Profiles()
        try:
            made.read_json(self._path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            pass
        except (OSError, UnicodeDecodeError, SchedulerError) as error:
            log.warning("%s: %s; latencies are learned anew", self._path, error)
        return made

    def write(self, pool: Pool) -> None:
        """Keeps what a pool knows now; a file that cannot be written is no reason to stop."""
        partial = self._path.with_name(f"{self._path.name}.{os.getpid()}.partial")
        try:
            partial.write_text(pool.profiles_json(), encoding="utf-8")
            partial.replace(self._path)
        except OSError as error:
            log.warning("latency profiles are not kept: %s", error)
