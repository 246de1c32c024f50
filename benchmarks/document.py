"""docs/benchmarks.md: the tables of each page of benchmarks, kept until the page runs again."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from benchmarks.tables import Table

__all__ = ["joined", "merged", "section"]

_COMMAND = re.compile(r"`python -m benchmarks --only (\w+)`")
_HEADING = re.compile(r"^## ", re.MULTILINE)


def section(table: Table, page: str, when: str) -> str:
    """A table under its heading, with the command that makes it and when that ran."""
    heading, rest = table.markdown().split("\n\n", 1)
    return f"{heading}\n\n`python -m benchmarks --only {page}` ({when})\n\n{rest}"


def merged(old: str, new: Mapping[str, str], order: Sequence[str]) -> dict[str, str]:
    """The sections of each page: those of `new`, and of other pages those that are there.

    Args:
        old: The file as it is.
        new: By page, its sections.
        order: All pages, in the order of the file.

    Raises:
        ValueError: A section of the file names no page, or one that is not there.
    """
    kept: dict[str, str] = {}
    for text in _HEADING.split(old)[1:]:
        told = _COMMAND.search(text)
        if told is None or told[1] not in order:
            raise ValueError(f"no page of benchmarks made the section {text.splitlines()[0]!r}")
        kept[told[1]] = kept.get(told[1], "") + f"## {text.rstrip()}\n\n"
    return {page: (kept | dict(new))[page] for page in order if page in kept or page in new}


def joined(head: str, pages: Mapping[str, str]) -> str:
    """The file."""
    return head + "".join(text.rstrip() + "\n\n" for text in pages.values()).rstrip() + "\n"
