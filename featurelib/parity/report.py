"""What a parity check found, as data and as text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from featurelib.bundle import Bundle
from featurelib.parity.compare import Mismatch
from featurelib.parity.compare_events import EventMismatch
from featurelib.parity.event_engines import Answered
from featurelib.parity.values import Values

__all__ = ["EngineRun", "EventSection", "Report", "Section", "counted"]


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
class EventSection:
    """What was found on some events.

    Attributes:
        where: What the queries are: ``generated queries``.
        aggregates: How many aggregates there are.
        rows: How many queries.
        records: How many records, of all sources.
        refused: How many of them are refused.
        runs: Every engine, in the order they ran.
        mismatches: Differences that were looked into.
        found: How many differences there are, in all.
        expected: What the first engine answered; None if it raised.
    """

    where: str
    aggregates: int
    rows: int
    records: int
    refused: int
    runs: tuple[EngineRun, ...]
    mismatches: tuple[EventMismatch, ...]
    found: int
    expected: Answered | None

    @property
    def passed(self) -> bool:
        """Whether all engines gave the same bits, reasons and counts."""
        return self.found == 0

    def lines(self) -> list[str]:
        """What was found, as text."""
        verdict = "same bits, same reasons" if self.passed else counted(self.found)
        asked = f"{self.rows:,} {self.where} about {self.records:,} records"
        run = f"({self.refused:,} refused), {len(self.runs)} engines: {verdict}"
        said = [f"{self.aggregates} aggregates: {asked} {run}"]
        for mismatch in self.mismatches:
            said += mismatch.lines()
        return said


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
        events: Each set of events that the aggregates were compared on.
    """

    bundle: Bundle
    seed: int
    sections: tuple[Section, ...]
    golden: tuple[str, ...] = ()
    golden_passed: bool = True
    notes: tuple[str, ...] = ()
    events: tuple[EventSection, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether nothing differs."""
        sections: tuple[EventSection | Section, ...] = (*self.events, *self.sections)
        return self.golden_passed and all(s.passed for s in sections)

    def lines(self) -> list[str]:
        """The report as text."""
        name = f"{self.bundle.name} {self.bundle.version}"
        found = [*self.notes, *self.golden]
        for events in self.events:
            found += [
                f"{name}: {line}" if i == 0 else line for i, line in enumerate(events.lines())
            ]
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
