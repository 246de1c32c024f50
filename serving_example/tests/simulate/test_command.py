"""The command: studies, their tables and the report."""

from pathlib import Path
from typing import Any

import pytest

from serving_example.simulate.__main__ import main
from serving_example.simulate.drills import DRILLS
from serving_example.simulate.setting import Setting
from serving_example.simulate.studies import STUDIES

SMALL = ["--requests", "200", "--devices", "1", "--models", "2"]


def test_a_study_is_written_and_repeats(tmp_path: Path, capsys: Any) -> None:
    """The same seed gives the same files; the report has both plots, the table."""
    for name in ("first", "again"):
        given = ["--policy", "fifo", "--load", "0.5,1.5", *SMALL, "--out"]
        assert main([*given, str(tmp_path / name)]) == 0
    report = (tmp_path / "first" / "report.html").read_text()
    assert report == (tmp_path / "again" / "report.html").read_text()
    assert report.count("<svg") == 2
    assert "nothing here was measured on a device" in report
    table = (tmp_path / "first" / "tables.md").read_text().splitlines()
    assert table[0] == "Load (simulated)"
    assert table[2] == "| load | offered/s | bound/s | fifo |"
    assert [line.split("|")[1].strip() for line in table[4:]] == ["0.5", "1.5"]
    assert report.count(", simulated<") == 2 and "bound by rates alone" in report
    assert "Load" in capsys.readouterr().err


def test_what_befalls_devices_is_written(tmp_path: Path, capsys: Any) -> None:
    """A row a trouble and policy, a plot a trouble, and every word says that it was simulated."""
    given = ["--study", "faults", "--policy", "fifo", "--devices", "2", "--a-s", "0.02"]
    assert main([*given, "--c-s", "0.02", "--slo-s", "1", "--out", str(tmp_path)]) == 0
    rows = (tmp_path / "tables.md").read_text().splitlines()[4:]
    assert [row.split("|")[1:3] for row in rows] == [
        [f" {d.title} ", " fifo "] for d in DRILLS.values()
    ]
    report = (tmp_path / "report.html").read_text()
    assert report.count("<svg") == report.count(": simulated") == len(DRILLS)
    assert "Devices in trouble" in capsys.readouterr().err


def test_a_larger_pool_is_asked_for_more(tmp_path: Path, capsys: Any) -> None:
    """Twice the devices at the same load: about twice the requests in the same time."""
    given = ["--study", "devices", "--pools", "1,2", "--policy", "fifo", *SMALL]
    assert main([*given, "--out", str(tmp_path)]) == 0
    rows = (tmp_path / "tables.md").read_text().splitlines()[4:]
    one, two = (float(row.split("|")[2].replace(",", "")) for row in rows)
    assert 1.6 < two / one < 2.4
    assert " events a second" in capsys.readouterr().err


def test_a_name_that_is_not_known_is_refused(capsys: Any) -> None:
    """The message has the names that are."""
    with pytest.raises(SystemExit):
        main(["--policy", "fifo,lifo"])
    assert "no `lifo`: expected " in capsys.readouterr().err


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path, capsys: Any) -> None:
    """The command ends with 1 and the reason."""
    (tmp_path / "file").write_text("")
    given = ["--policy", "fifo", "--load", "0.5", *SMALL, "--out", str(tmp_path / "file")]
    assert main(given) == 1
    assert "error: " in capsys.readouterr().err


@pytest.mark.parametrize("name", sorted(STUDIES))
def test_each_study_varies_one_number(name: str) -> None:
    """Its settings differ in the field alone, and their traces are as long as asked for.

    More devices are asked for as much longer.
    """
    study = STUDIES[name]
    settings = [setting for _, setting in study.settings(Setting(requests=2_000))]
    assert [getattr(s, study.field) for s in settings] == list(study.values)
    for setting in settings[:2]:
        trace = setting.trace(3)
        kept = trace.only(trace.times >= setting.warm_s)
        of = setting.devices / Setting().devices
        assert 1_000 * of < len(kept) < 3_500 * of
        fluid, bound = setting.bounds(kept)
        assert bound <= fluid <= len(kept) * (1 + 1e-4)


def test_a_recorded_trace_is_run(tmp_path: Path, capsys: Any) -> None:
    """Its requests have 100 rows, so the ladder is told; without it the refusal says so."""
    path = tmp_path / "recorded.csv"
    lines = [f"{1000 + k / 50},ranker,100,{1000 + k / 50 + 0.1},web" for k in range(100)]
    path.write_text("\n".join(["time,model,rows,deadline,tenant", *lines]))
    given = ["--policy", "fifo,hybrid", "--trace", str(path), "--devices", "1", "--a-s", "0.0001"]
    assert main([*given, "--sizes", "128,256", "--out", str(tmp_path)]) == 0
    row = (tmp_path / "tables.md").read_text().splitlines()[4]
    assert [cell.strip() for cell in row.strip("|").split("|")][3:] == ["1.000", "1.000"]
    assert main(given) == 1
    assert "at most 64 rows a request, got 100" in capsys.readouterr().err
