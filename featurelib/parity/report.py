"""What a parity check found, as data and as text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from featurelib.bundle import Bundle
from featurelib.parity.compare import Mismatch
from featurelib.parity.values import Values

__all__ = ["EngineRun", "Report", "Section", "counted"]


@dataclass(frozen=True)
class EngineRun:
    """One engine over the rows of a section.

    Attributes:
        engine: Its name.
        rows: How many rows it computed; the reference evaluator takes a sample.
        seconds: How long they took.
        first_seconds: How long one row took before: compiling, and loading what it needs.
        differing: Values that differ from what is expected.
        error: What it raised, or empty.
        lacks: What the other rows hold, if it cannot be given all of them; else empty.
    """

    engine: str
    rows: int
    seconds: float
    first_seconds: float
    differing: int
    error: str = ""
    lacks: str = ""


@dataclass(frozen=True)
class Section:
    """What was found on one set of rows.

    Attributes:
        where: What the rows are: ``generated rows``.
        rows: How many.
        runs: Every engine, in the order they ran.
        mismatches: Differences that were looked into.
        found: How many differences there are, in all.
        outputs: Every feature's values, for the plots of a report.
    """

    where: str
    rows: int
    runs: tuple[EngineRun, ...]
    mismatches: tuple[Mismatch, ...]
    found: int
    outputs: Mapping[str, Values] = field(repr=False)

    @property
    def passed(self) -> bool:
        """Whether all engines gave the same bits."""
        return self.found == 0


@dataclass(frozen=True)
class Report:
    """The result of a parity check.

    Attributes:
        bundle: What was checked.
        seed: Of the generated rows.
        sections: Each set of rows.
        golden: Lines about golden features: what was replayed, and what differs.
        golden_passed: Whether they were all equal; True where there are none.
        notes: What a reader should know: that fitted values are made up, say.
    """

    bundle: Bundle
    seed: int
    sections: tuple[Section, ...]
    golden: tuple[str, ...] = ()
    golden_passed: bool = True
    notes: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether nothing differs."""
        return self.golden_passed and all(s.passed for s in self.sections)

    def lines(self) -> list[str]:
        """The report as text."""
        name = f"{self.bundle.name} {self.bundle.version}"
        found = [*self.notes, *self.golden]
        for section in self.sections:
            features = len(self.bundle.program.outputs)
            verdict = "same bits" if section.passed else counted(section.found)
            found.append(
                f"{name}: {section.rows:,} {section.where}, {features} features, "
                f"{len(section.runs)} engines: {verdict}"
            )
            for run in section.runs:
                if run.lacks:
                    found.append(
                        f"  {run.engine}: {section.rows - run.rows:,} rows left out, "
                        f"they hold {run.lacks}"
                    )
                if run.error and run.error not in {m.error for m in section.mismatches}:
                    found.append(f"  {run.engine}: raised {run.error}")
            for mismatch in section.mismatches:
                found += mismatch.lines()
        return found


def counted(differences: int) -> str:
    """So many differences, in words."""
    return "1 difference" if differences == 1 else f"{differences:,} differences"
