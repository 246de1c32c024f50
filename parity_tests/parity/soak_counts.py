"""What a soak compared: evaluations by op and by engine, and the ops that it never met."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from featurelib.op import all_ops
from featurelib.parity.report import Section

_A_LINE = 4
"""Ops on a line."""


@dataclass
class Counts:
    """Sums over programs.

    Attributes:
        programs: How many.
        by_op: Evaluations of each op, by its key.
        by_engine: Ops times rows of each engine, whether or not all others took those rows.
        seconds: Of each engine: what its rows took, and its compiling.
    """

    programs: int = 0
    by_op: Counter[str] = field(default_factory=Counter)
    by_engine: Counter[str] = field(default_factory=Counter)
    seconds: Counter[str] = field(default_factory=Counter)

    @property
    def evaluations(self) -> int:
        """Of all ops."""
        return self.by_op.total()

    def add(self, ops: Sequence[str], rows: int, section: Section) -> None:
        """One program: the op of each node, the rows that all engines took, what was found."""
        self.programs += 1
        for op in ops:
            self.by_op[op] += rows
        for run in section.runs:
            self.by_engine[run.engine] += 0 if run.error else len(ops) * run.rows
            self.seconds[run.engine] += run.seconds + run.first_seconds  # type: ignore[assignment]

    @property
    def unmet(self) -> list[str]:
        """Registered ops that no program held."""
        return sorted(op.key for op in all_ops() if op.key not in self.by_op)

    def lines(self) -> Iterator[str]:
        """The counts as text, the rarest op first."""
        told = [f"{name} {n:,}" for name, n in sorted(self.by_op.items(), key=lambda p: p[::-1])]
        for i in range(0, len(told), _A_LINE):
            yield "  " + "; ".join(told[i : i + _A_LINE])
        for engine, n in self.by_engine.items():
            yield f"{engine:34}{n:15,} ops on rows {self.seconds[engine]:8.0f} s"
        yield f"{len(self.by_op)} ops met, not met: {', '.join(self.unmet) or 'none'}"
