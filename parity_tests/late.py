"""What is compiled when a test first asks for it, and not while tests are collected."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any


class Late:
    """Stands for a kernel of a whole module: every process of `pytest -n` imports that module.

    Args:
        make: Compiles it, once in a process.
    """

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make

    @cached_property
    def _made(self) -> Any:
        return self._make()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._made, name)

    def __call__(self, *args: Any, **more: Any) -> Any:
        return self._made(*args, **more)
