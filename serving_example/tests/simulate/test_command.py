"""The command: studies, their tables and the report."""

from pathlib import Path
from typing import Any

import pytest

from serving_example.simulate.__main__ import main
from serving_example.simulate.setting import Setting
from serving_example.simulate.studies import STUDIES


def test_a_study_is_written_and_repeats(tmp_path: Path, capsys: Any) -> None:
    """The same seed gives the same files; the report has both plots, the table."""
    for name in ("first", "again"):
        given = ["--policy", "fifo", "--load", "0.5,1.5", "--requests", "300", "--out"]
        assert main([*given, str(tmp_path / name)]) == 0
    report = (tmp_path / "first" / "report.html").read_text()
    assert report == (tmp_path / "again" / "report.html").read_text()
    assert report.count("<svg") == 2
    assert "nothing here was measured on a device" in report
    table = (tmp_path / "first" / "tables.md").read_text().splitlines()
    assert table[2] == "| load | offered/s | bound/s | fifo |"
    assert [line.split("|")[1].strip() for line in table[4:]] == ["0.5", "1.5"]
    assert "Load" in capsys.readouterr().err


def test_a_name_that_is_not_known_is_refused(capsys: Any) -> None:
    """The message has the names that are."""
    with pytest.raises(SystemExit):
        main(["--policy", "fifo,lifo"])
    assert "no `lifo`: expected " in capsys.readouterr().err


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path, capsys: Any) -> None:
    """The command ends with 1 and the reason."""
    (tmp_path / "file").write_text("")
    assert main(["--policy", "fifo", "--load", "0.5", "--requests", "50", "--out",
                 str(tmp_path / "file")]) == 1  # fmt: skip
    assert "error: " in capsys.readouterr().err


@pytest.mark.parametrize("name", sorted(STUDIES))
def test_each_study_varies_one_number(name: str) -> None:
    """Its settings differ in the field alone, and their traces are as long as asked for."""
    study = STUDIES[name]
    settings = [setting for _, setting in study.settings(Setting(requests=500))]
    assert [getattr(s, study.field) for s in settings] == list(study.values)
    for setting in settings[:2]:
        trace = setting.trace(3)
        kept = trace.only(trace.times >= setting.warm_s)
        assert 300 < len(kept) < 800
        assert setting.bound(kept) <= len(kept) + 1e-6
