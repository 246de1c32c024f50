"""What a client lets go of in a forked process.

Web servers often fork after the modules were imported in which clients are made. Two processes on
one connection would read each other's answers; and threads of the other process are not there, so
nobody would do what was given to them.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

__all__ = ["after_fork"]

T = TypeVar("T")
_TOLD: WeakKeyDictionary[Any, Callable[[Any], None]] = WeakKeyDictionary()


def after_fork(made: T, begin: Callable[[T], None]) -> None:
    """A function of an object is called in the new process, before anything else there.

    It lets go of what belongs to the other process, and closes nothing of it.
    """
    _TOLD[made] = begin


def _tell() -> None:
    for made, begin in list(_TOLD.items()):
        begin(made)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_tell)
