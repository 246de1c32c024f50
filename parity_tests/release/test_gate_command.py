"""The command `featurelib gate`: what it is run on, and the page that it writes."""

import json

import pytest

from featurelib.cli import main
from featurelib.errors import ReleaseError
from featurelib.release.findings import Finding
from featurelib.release.gate_report import Check, GateReport
from featurelib.release.gate_target import find
from parity_tests.cli import trips
from parity_tests.release.gate_cases import ROWS, fixed
from parity_tests.release.rides import Rides, locked, rides

__all__ = ["fixed", "locked", "rides"]


def test_the_command_says_it_on_one_page(fixed: Rides, capsys, monkeypatch) -> None:
    """Status 1 with the reasons in sixty columns and forty lines; `--json` for machines."""
    monkeypatch.setenv("COLUMNS", "60")
    (fixed.root / "hotfix.toml").unlink()
    argv = ["gate", "ride_features:rides", "--rows", str(ROWS)]
    fixed.repository  # noqa: B018 - forgets the imported module
    assert main(argv) == 1
    page = capsys.readouterr().out.splitlines()
    assert page[0] == "gate FAILED: rides 1.0.0 to 1.0.1"
    assert len(page) <= 40
    assert all(len(line) <= 60 or len(line.split()) == 1 for line in page)
    fixed.repository  # noqa: B018
    assert main([*argv, "--json"]) == 1
    said = json.loads(capsys.readouterr().out)
    assert [c["name"] for c in said["checks"] if not c["passed"]] == ["policy"]


def test_the_command_passes_what_is_right(fixed: Rides, capsys) -> None:
    """Status 0 and every check on the page."""
    fixed.repository  # noqa: B018
    assert main(["gate", "--rows", str(ROWS)]) == 0
    assert capsys.readouterr().out.startswith("gate passed: rides 1.0.0 to 1.0.1")


@pytest.mark.parametrize(
    ("target", "says"),
    [
        ("nothing:here", "no such file or folder, and no feature set"),
        (".", "no release folder"),
        ("pyproject.toml", "does not begin with a file digest"),
    ],
)
def test_a_target_that_is_none_is_refused(locked: Rides, target, says, capsys) -> None:
    """What the gate was asked about is not there: status 1, and what there is."""
    assert main(["gate", target]) == 1
    assert says in capsys.readouterr().err


def test_a_repository_of_several_sets_asks_which(locked: Rides) -> None:
    """Without a target the repository must have one set; one not recorded is refused."""
    one = '[tool.featurelib]\nsets = ["ride_features:rides"]\n'
    both = one.replace('"]', '", "trip_features:trips"]')
    (locked.root / "trip_features.py").write_text(trips.MODULE)
    (locked.root / "pyproject.toml").write_text(both)
    with pytest.raises(ReleaseError, match="which feature set"):
        find(locked.repository, None)
    (locked.root / "pyproject.toml").write_text(one)
    locked.edit(('version="1.0.0"', 'version="1.5.0"'))
    with pytest.raises(
        ReleaseError, match=r"rides 1\.5\.0 has no bundle at golden_data"
    ) as refused:
        find(locked.repository, None)
    assert "featurelib golden record" in str(refused.value)


def test_many_findings_fit_the_page() -> None:
    """A check shows its first findings, and how many more there are."""
    many = tuple(Finding(f"feature f{i}", "moved", "put it back") for i in range(30))
    text = GateReport("x 1.0.0", (Check("policy", "said", many),)).text(80)
    assert "and 24 more: --json has all" in text
    assert len(text.splitlines()) < 24
