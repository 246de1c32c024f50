"""What the gate says: one page for people, JSON for machines."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from featurelib.release.findings import Finding, lines

__all__ = ["Check", "GateReport"]

_MOST = 6
"""Findings of one check on the page; JSON has all of them."""


@dataclass(frozen=True)
class Check:
    """One thing that the gate looked at.

    Attributes:
        name: ``lock``, ``golden``, ``parity``, ``policy``, ``hotfix`` or ``models``.
        said: What was looked at, in a few words.
        findings: What is wrong; empty if nothing is.
    """

    name: str
    said: str
    findings: tuple[Finding, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings


@dataclass(frozen=True)
class GateReport:
    """What the gate found.

    Attributes:
        title: Which release it is: ``flights 1.1.0 to 1.1.1``.
        checks: Everything that was looked at.
        notes: What a reader should know.
    """

    title: str
    checks: tuple[Check, ...]
    notes: tuple[str, ...] = field(default=())

    @property
    def passed(self) -> bool:
        """Whether the release may go out."""
        return all(check.passed for check in self.checks)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON data."""
        return {
            "release": self.title,
            "passed": self.passed,
            "checks": [
                {
                    "name": check.name,
                    "passed": check.passed,
                    "said": check.said,
                    "findings": [f.to_json() for f in check.findings],
                }
                for check in self.checks
            ],
            "notes": list(self.notes),
        }

    def text(self, width: int = 100) -> str:
        """The page: each check on a line, then what is wrong and the way out."""
        return "\n".join(self._lines(width)) + "\n"

    def _lines(self, width: int) -> Iterator[str]:
        yield f"gate {'passed' if self.passed else 'FAILED'}: {self.title}"
        for check in self.checks:
            head = f"  {check.name:<7} {'ok' if check.passed else 'FAILED':<7} "
            yield from textwrap.wrap(
                check.said, width, initial_indent=head, subsequent_indent=" " * len(head)
            )
        for note in self.notes:
            yield from textwrap.wrap(f"note: {note}", width, subsequent_indent="    ")
        for check in self.checks:
            if check.findings:
                yield ""
                yield f"{check.name}:"
                yield from lines(check.findings[:_MOST], width)
            if len(check.findings) > _MOST:
                yield f"  and {len(check.findings) - _MOST} more: --json has all"
