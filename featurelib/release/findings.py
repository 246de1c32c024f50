"""Findings: what is wrong with a release, where, and the way out."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

__all__ = ["Finding", "lines"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that stands in the way of a release.

    Attributes:
        subject: What it is about: ``op log1p@1``, ``feature dep_delay_z of flights 1.0.0``.
        what: What is wrong with it.
        way_out: What to do.
        where: File and line, where there is one.
    """

    subject: str
    what: str
    way_out: str
    where: str = ""

    def to_json(self) -> dict[str, str]:
        """Plain JSON data, for machines."""
        return {
            "subject": self.subject,
            "what": self.what,
            "way_out": self.way_out,
            "where": self.where,
        }

    def __str__(self) -> str:
        place = f" ({self.where})" if self.where else ""
        return f"{self.subject}{place}: {self.what}\nHint: {self.way_out}"


def lines(findings: Iterable[Finding], width: int = 100) -> Iterator[str]:
    """The findings as text for a terminal so wide; what goes on stands further right."""
    for finding in findings:
        for i, part in enumerate(str(finding).split("\n")):
            yield from textwrap.wrap(
                part,
                width,
                initial_indent="  " if i else "",
                subsequent_indent="    ",
                break_long_words=False,
                break_on_hyphens=False,
            )
