"""A repository with a hotfix, and the gate on what it has now."""

import pytest

from featurelib.bundle import Bundle
from featurelib.release import lock
from featurelib.release.gate import Asked, gate
from featurelib.release.gate_report import Check, GateReport
from featurelib.release.gate_target import before, find, hotfix_of
from featurelib.release.repository import Repository
from parity_tests.release.rides import Rides

ROWS = 150
FIX = (
    ('version="1.0.0"', 'version="1.0.1"'),
    ("@fl.feature(version=1)\ndef has_city", "@fl.feature(version=2)\ndef has_city"),
    ("return city.is_not_null()", 'return city.is_not_null() & (city != "")'),
)
HOTFIX = """
set = "rides"
from = "1.0.0"
to = "1.0.1"
reason = "an empty city counted as one"
approved_by = "on-call"
accepts = []

[features.has_city]
rows = 'city == ""'
"""


def run(rides: Rides, **asked) -> GateReport:
    """The gate on what the repository has now."""
    repository = rides.repository
    new = find(repository, None)
    old = before(repository, new.bundle)
    given = {"hotfix": hotfix_of(repository, new), "rows": ROWS, **asked}
    return gate(Asked(repository, new, old, **given))


def failed(report: GateReport) -> dict[str, Check]:
    return {c.name: c for c in report.checks if not c.passed}


def why(report: GateReport, name: str) -> str:
    return "\n".join(map(str, failed(report)[name].findings))


@pytest.fixture
def fixed(locked: Rides) -> Rides:
    """A second release: one feature fixed, declared as a hotfix."""
    locked.edit(*FIX)
    (locked.root / "hotfix.toml").write_text(HOTFIX)
    locked.release()
    assert not lock.add(locked.repository).findings
    return locked


def bundle_of(repository: Repository, version: str) -> Bundle:
    path = repository.golden / "features" / "rides" / version / f"rides-{version}.json"
    return find(repository, str(path)).bundle
