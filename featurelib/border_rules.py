"""What the readers of the border share: how a value is refused, and how a member is read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from featurelib.dtypes import DType


class Refusal(Exception):
    """A value that a type does not take.

    Args:
        reason: What is wrong beyond the type, or empty.
        hint: The way out.
        path: Where inside the value (``[3]``, ``.lat``).
        value: The offending part of the value.
    """

    def __init__(self, reason: str = "", hint: str = "", path: str = "", value: Any = None) -> None:
        super().__init__(reason)
        self.reason, self.hint, self.path, self.value = reason, hint, path, value


class ReadMember(Protocol):
    """Reads a member of a container: ``read(value, dtype, nullable, path)``."""

    def __call__(self, value: Any, dtype: DType, nullable: bool, path: str) -> Any: ...


Reader = Callable[[Any, DType, ReadMember], Any]
