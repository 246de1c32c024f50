"""The benchmarks run, and their peers compute the same values. Nothing here looks at a time."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks.__main__ import PAGES, main
from parity_tests.soak import amount

ROOT = Path(__file__).parents[2]


COMPILING = (
    *("micro_batch", "one_row", "compile_time", "ptx_time", "windows", "stream", "served"),
    *("live", "serving", "serving_path", "serving_front", "cold_start", "texts"),
)
"""Pages that compile for most of their time: they run in a soak, and whenever `make bench` does."""


@pytest.mark.parametrize("page", amount([p for p in PAGES if p not in COMPILING], list(PAGES)))
def test_page_runs_on_few_rows(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each page gives a table; a peer with other values would stop it.

    The command is called in this process: libraries of the peers are then imported once.
    """
    out = tmp_path / "benchmarks.md"
    command = ["benchmarks", "--quick", "--only", page, "--out", str(out)]
    monkeypatch.setattr(sys, "argv", command)
    monkeypatch.chdir(ROOT)
    main()
    assert "\n## " in out.read_text()
