"""Files of JSON lines, read a part at a time."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from featurelib.errors import InputError

__all__ = ["Part", "read_parts"]

_SPACE = " \t\r"
"""What JSON takes as space inside a line; Python's own `strip` takes more."""


@dataclass(frozen=True)
class Part:
    """Some lines of a file, without their ends.

    Attributes:
        path: The file.
        first: The number of the first line.
        lines: Their text; bytes that are no UTF-8 as lone surrogates.
        is_plain: Whether all is UTF-8 and no colon follows a space.
    """

    path: Path
    first: int
    lines: list[str]
    is_plain: bool

    @cached_property
    def rows(self) -> list[str]:
        """The lines that hold something."""
        return [text for line in self.lines if (text := line.strip(_SPACE))]

    def line_of(self, position: int) -> int:
        """The number of the line of one of the `rows`."""
        held = [number for number, line in enumerate(self.lines) if line.strip(_SPACE)]
        return self.first + held[position]


def read_parts(path: Path, size: int = 1 << 21) -> Iterator[Part]:
    """The lines of a file (packed by gzip, if its name says so), about `size` bytes at a time.

    Raises:
        InputError: The file cannot be read to its end.
    """
    number = 1
    is_packed = path.name.lower().endswith(".gz")
    try:
        with gzip.open(path) if is_packed else open(path, "rb") as file:
            while part := file.read(size) + file.readline():
                if number == 1:
                    part = part.removeprefix(b"\xef\xbb\xbf")
                try:
                    text, is_plain = part.decode(), True
                except UnicodeDecodeError:
                    text, is_plain = part.decode(errors="surrogateescape"), False
                is_plain = is_plain and not any(f"{space}:" in text for space in _SPACE)
                lines = text.removesuffix("\n").split("\n")
                yield Part(path, number, lines, is_plain)
                number += len(lines)
    except (OSError, EOFError) as error:
        raise InputError(f"{path}: {error}") from error
