"""The parity command, its report, golden features, and the pytest plugin."""

import dataclasses
import io
import json
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import polars as pl
import pytest
from rich.console import Console

from featurelib.bundle import Bundle
from featurelib.errors import ParityError
from featurelib.parity.command import golden_record, golden_verify, run_parity
from featurelib.parity.engines import Reference, all_engines
from featurelib.parity.generate_rows import generate_rows
from featurelib.parity.golden_features import FILE, golden_path, record, verify
from featurelib.parity.report_html import render
from featurelib.parity.run import check
from featurelib.parity.targets import bind_for_parity, find_target
from featurelib_offline.native import registry
from parity_tests.parity.trips import trips

ROOT = Path(__file__).parents[2]
TARGET = "parity_tests.parity.trips:trips"


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    made, notes = bind_for_parity(trips)
    assert "made up" in notes[0]
    return made


def test_rows_are_the_same_for_a_seed(bundle: Bundle) -> None:
    """The same seed gives the same rows, another one others."""
    first, again, other = (generate_rows(bundle, 300, seed) for seed in (1, 1, 2))
    for name, values in first.columns.items():
        assert not values.differs(again.columns[name]).any()
    assert any(v.differs(other.columns[n]).any() for n, v in first.columns.items())


def test_rows_keep_to_the_schema(bundle: Bundle) -> None:
    """Generated rows satisfy every constraint, and meet the edges and the program's constants."""
    rows = generate_rows(bundle, 2000, 5)
    fares = {rows.canonical(i)["fare"] for i in range(len(rows))}
    assert None in fares and 100.0 in fares
    assert all(f is None or 0 <= f < float("inf") for f in fares)
    assert max(len(v.decode()) for v in rows.columns["city"].data) <= 12


def test_the_command_passes_and_writes_a_report(tmp_path: Path) -> None:
    """Exit code 0, a table of engines, and one HTML file that loads nothing else."""
    out = io.StringIO()
    page = tmp_path / "report.html"
    code = run_parity(
        TARGET, rows=400, seed=2, report=str(page), console=Console(file=out, width=160)
    )
    assert code == 0, out.getvalue()
    assert "parity passed" in out.getvalue() and "row kernel, many" in out.getvalue()
    text = page.read_text(encoding="utf-8")
    assert "http" not in text and "<script" not in text and "<link" not in text
    for name in trips.program.outputs:
        assert f"<h3>{name}</h3>" in text


def test_the_report_is_whole_html_and_escapes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Names and values are text of the user's: nothing of them becomes markup."""
    old = registry.lowerings()["eq@1"]
    wrong = dataclasses.replace(old, rule=lambda node, args: args[0].is_null())
    monkeypatch.setitem(registry.LOWERINGS, "eq@1", wrong)
    import featurelib as fl

    feature = fl.Feature("<b>is&it</b>", version=1, expr=fl.col("city") == "<i>")
    made = fl.FeatureSet("odd", version="1.0.0", inputs=trips.inputs, features=[feature]).bind()
    report = check(made, rows=300, seed=1)
    assert not report.passed
    page = render(report)
    assert "<b>" not in page and "&lt;b&gt;is&amp;it&lt;/b&gt;" in page

    class Balanced(HTMLParser):
        open: tuple[str, ...] = ()

        def handle_starttag(self, tag: str, attrs: object) -> None:
            if tag not in ("meta", "rect", "line"):
                self.open = (*self.open, tag)

        def handle_endtag(self, tag: str) -> None:
            if tag not in ("rect", "line"):
                assert self.open[-1] == tag
                self.open = self.open[:-1]

    parser = Balanced()
    parser.feed(page)
    assert parser.open == ()


def test_golden_features_replay(bundle: Bundle, tmp_path: Path) -> None:
    """Recorded features are equal in every engine, whatever another fit found since."""
    record(bundle, generate_rows(bundle, 200, 3), tmp_path)
    assert verify(bundle, tmp_path, all_engines()) == []
    header = json.loads((tmp_path / FILE).read_text(encoding="utf-8").split("\n")[0])
    assert "recorded by the reference evaluator" in header["oracle"]
    state = {
        n.key: (n.dtype, bundle.state[n.key] if n.dtype.table else 99.0) for n in trips.program.fits
    }
    refitted = dataclasses.replace(bundle, state=type(bundle.state)(state))
    assert verify(refitted, tmp_path) == []


def test_a_recorded_version_is_never_written_over(bundle: Bundle, tmp_path: Path) -> None:
    """A second recording is refused and leaves the first as it was."""
    rows = generate_rows(bundle, 20, 3)
    written = record(bundle, rows, tmp_path)
    before = written.read_bytes()
    with pytest.raises(ParityError, match="recorded already"):
        record(bundle, rows, tmp_path)
    assert written.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == [FILE]


def test_a_changed_meaning_is_found(bundle: Bundle, tmp_path: Path) -> None:
    """A value that moved is named: feature, row, both values."""
    written = record(bundle, generate_rows(bundle, 50, 3), tmp_path)
    lines = written.read_text(encoding="utf-8").split("\n")
    line = json.loads(lines[8])
    line["out"]["day"] = {"i": "86400000000"}
    lines[8] = json.dumps(line)
    written.write_text("\n".join(lines), encoding="utf-8")
    (found,) = verify(bundle, tmp_path, [Reference()])
    assert (found.feature, found.row, found.recorded) == ("day", 7, 86_400_000_000)
    assert "feature `day`, golden row 7" in str(found)


def test_golden_data_of_another_version_is_refused(bundle: Bundle, tmp_path: Path) -> None:
    """A recording of another version, or one that is cut off, is no recording of this set."""
    written = record(bundle, generate_rows(bundle, 20, 3), tmp_path)
    with pytest.raises(ParityError, match=r"is of trips 1\.0\.0"):
        verify(dataclasses.replace(bundle, version="1.1.0"), tmp_path)
    lines = written.read_text(encoding="utf-8").split("\n")
    written.write_text("\n".join([*lines[:-2], ""]), encoding="utf-8")
    with pytest.raises(ParityError, match="cut off"):
        verify(bundle, tmp_path)


def test_golden_commands(tmp_path: Path) -> None:
    """`golden record` fits, records and `golden verify` replays."""
    frame = pl.DataFrame(
        {
            "fare": [1.0, None, 250.5, 12.0],
            "city": ["NYC", "", "Ürümqi", "NYC"],
            "at": [0, 10**15, 10**14, 5],
            "tips": [[1.0], [], [0.5, 2.0], [3.0]],
        }
    ).with_columns(pl.col("at").cast(pl.Datetime("us", "UTC")))
    frame.write_parquet(tmp_path / "trips.parquet")
    console = Console(file=io.StringIO())
    where = str(tmp_path / "golden")
    assert golden_record(TARGET, str(tmp_path / "trips.parquet"), where, console=console) == 0
    assert golden_verify(TARGET, where, console=console) == 0


@pytest.mark.parametrize(
    "target", ["no_such_module:x", "parity_tests.parity.trips:Trip", "no_such_file.json"]
)
def test_an_unknown_target_is_refused(target: str) -> None:
    """A target that is no feature set says what is there instead."""
    with pytest.raises(ParityError):
        find_target(target)


def test_the_plugin_runs_parity_and_golden(bundle: Bundle, tmp_path: Path) -> None:
    """A team's pytest gets a parity test and a golden test for a set, and a wrong one fails."""
    rows = generate_rows(bundle, 30, 3)
    written = record(bundle, rows, golden_path(tmp_path, bundle))
    command = [
        sys.executable, "-m", "pytest", "-q", "-p", "featurelib.parity.plugin",
        "--rootdir", str(ROOT), "-c", str(tmp_path / "pytest.ini"), str(tmp_path),
        "--featurelib-set", TARGET, "--featurelib-rows", "50", "--featurelib-golden", str(tmp_path),
    ]  # fmt: skip
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout
    text = written.read_text(encoding="utf-8").replace('"is_night":true', '"is_night":false')
    written.write_text(text, encoding="utf-8")
    command += ["-k", "::golden"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "feature `is_night`, golden row" in done.stdout
