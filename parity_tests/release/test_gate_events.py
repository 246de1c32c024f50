"""The gate on a set with aggregates: a change of a window is seen, and a hotfix of it proven."""

from pathlib import Path

import polars as pl
import pytest

from featurelib.cli import main
from featurelib.parity.golden_features import record
from featurelib.parity.targets import read_rows
from parity_tests.release.diff_cases import with_aggregate
from parity_tests.release.test_diff_events import NOON, QUERIES, RECORDS

HOTFIX = """
set = "pairs"
from = "1.0.0"
to = "1.0.1"
reason = "one day was too short for those who come weekly"
approved_by = "on-call"
accepts = []

[features.f]
rows = "ROWS"
"""


@pytest.fixture
def argv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A repository with two releases, queries and records; the arguments of its gate."""
    monkeypatch.chdir(tmp_path)
    Path("pyproject.toml").write_text("[tool.featurelib]\nsets = []\n", encoding="utf-8")
    rows = pl.DataFrame({"who": ["ann"], "as_of": [NOON], "mean_n": [4.0]})
    for bundle in (with_aggregate(1), with_aggregate(2, "1.0.1")):
        folder = Path("golden_data", "features", bundle.name, bundle.version)
        record(bundle, read_rows(bundle, rows), folder)
        bundle.save(folder / f"{bundle.name}-{bundle.version}.json")
    assert main(["lock"]) == 0
    QUERIES.write_parquet("queries.parquet")
    RECORDS.write_parquet("clicks.parquet")
    new = "golden_data/features/pairs/1.0.1/pairs-1.0.1.json"
    return ["gate", new, "--rows", "60"]


def test_a_window_that_nobody_declared_stops_the_release(argv, capsys) -> None:
    """Generated queries are enough: the feature that reads the aggregate moved."""
    assert main(argv) == 1
    page = capsys.readouterr().out
    assert "gate FAILED: pairs 1.0.0 to 1.0.1" in page
    assert "rows moved, and a patch version moves no value" in page


@pytest.mark.parametrize(("rows", "status"), [("all", 0), ("who == 'nobody'", 1)])
def test_a_declared_window_is_proven_on_given_events(argv, capsys, rows: str, status: int) -> None:
    """All engines join the given events, and what moves is held against the declared rows."""
    Path("hotfix.toml").write_text(HOTFIX.replace("ROWS", rows), encoding="utf-8")
    given = ["--data", "queries.parquet", "--events", "clicks=clicks.parquet"]
    assert main([*argv, *given]) == status
    page = capsys.readouterr().out
    assert ("outside of \"who == 'nobody'\"" in page) is bool(status)
    assert ("'who': 'ann'" in page) is bool(status)


def test_events_without_queries_are_no_question(argv, capsys) -> None:
    """Status 2, and which option is missing."""
    assert main([*argv, "--events", "clicks=clicks.parquet"]) == 2
    assert "--data names the file of queries" in capsys.readouterr().err
