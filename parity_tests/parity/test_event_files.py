"""`featurelib parity --events SOURCE=FILES --data QUERIES`: a team's own events are compared."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from featurelib.cli.main import main
from featurelib.parity.event_engines import Offline
from featurelib.parity.generate_events import generate_events
from featurelib.parity.generate_rows import generate_rows
from featurelib.parity.polars_engines import frame_of
from featurelib.parity.stream_engines import StreamEngine
from featurelib.parity.targets import read_events
from featurelib.parity.values import Rows
from parity_tests.parity.trades import SET

TARGET = "parity_tests.parity.trades:SET"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Records of both sources, and queries, in files of several formats."""
    assert SET.aggregates is not None
    whole = generate_rows(SET.bind(), 40, seed=2)
    request = Rows(SET.request, {n: whole.columns[n] for n in SET.request.names}, 40)
    made = generate_events(SET.aggregates, 200, 40, 2, request)
    folder = tmp_path_factory.mktemp("events")
    paths = {n: folder / f"{n}.parquet" for n in ("trades", "logins", "queries")}
    frame_of(made.records["trades"]).write_parquet(paths["trades"])
    frame_of(made.records["logins"]).write_parquet(paths["logins"])
    frame_of(made.queries).write_parquet(paths["queries"])
    return paths


def arguments(files: dict[str, Path], *sources: str) -> list[str]:
    """The command on these files."""
    events = [part for name in sources for part in ("--events", f"{name}={files[name]}")]
    return ["parity", TARGET, "--rows", "20", "--data", str(files["queries"]), *events]


def test_given_events_are_compared(files: dict[str, Path], capsys: pytest.CaptureFixture) -> None:
    """After the generated ones the given queries are answered, joined, and computed."""
    assert main(arguments(files, "trades", "logins")) == 0
    said = capsys.readouterr().out
    assert "40 given queries about" in said
    assert "trading 1.0.0: 40 given queries, joined, 2 features, 14 engines: same bits" in said


def test_a_wrong_answer_about_given_events_fails(
    files: dict[str, Path], capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The exit status is 1, and the report names aggregate, records and both answers."""
    right = StreamEngine.answer

    def wrong(self: StreamEngine, definition: object, events: object) -> object:
        made = right(self, definition, events)  # type: ignore[arg-type]
        counts = made.values.get("devices")
        if counts is not None and self.name == "online, bytes":
            counts.data[counts.data > 1] += 1
        return made

    monkeypatch.setattr(StreamEngine, "answer", wrong)
    page = files["queries"].with_name("report.html")
    assert main([*arguments(files, "trades", "logins"), "--report", str(page)]) == 1
    said = capsys.readouterr().out
    assert "aggregate `devices` differs in online, bytes" in said
    assert "of the given queries" in said
    assert "records of `logins`, shrunk: 2" in said
    assert "records of `logins`, shrunk: 2" in page.read_text()


def test_a_source_without_files_is_named(
    files: dict[str, Path], capsys: pytest.CaptureFixture
) -> None:
    """Events of every source are wanted, and queries with them."""
    assert main(arguments(files, "trades")) == 1
    assert "no events of the source `logins` are given" in capsys.readouterr().err
    assert main(["parity", TARGET, "--events", f"trades={files['trades']}"]) == 2
    assert "--data names the file of queries" in capsys.readouterr().err


def test_records_that_are_none_are_left_out(files: dict[str, Path]) -> None:
    """A record with a bad value is in no engine; one without a key is refused by all."""
    frame = pl.read_parquet(files["queries"])
    broken = files["trades"].with_name("broken.parquet")
    whole = pl.read_parquet(files["trades"]).filter(pl.col("units").is_not_null())
    lacking = pl.when(pl.int_range(pl.len()) >= 3).then("units").alias("units")
    whole.with_columns(lacking).write_parquet(broken)
    given = {"trades": str(broken), "logins": str(files["logins"])}
    events, notes = read_events(SET.bind(), frame, given)
    assert "records of `trades` left out as bad_value: 3" in notes
    assert len(events.records["trades"]) == len(whole) - 3
    assert SET.aggregates is not None
    made = Offline().answer(SET.aggregates, events)
    assert "bad_value" not in made.refused["trades"]
    assert sum(made.refused["trades"].values()) > 0


def plugged(*options: str) -> subprocess.CompletedProcess[str]:
    """pytest with the plugin, on the set alone."""
    return subprocess.run(
        [
            sys.executable, "-m", "pytest", "-q", "-p", "featurelib.parity.plugin", "-p",
            "no:cacheprovider", "--featurelib-set", TARGET, "--featurelib-rows", "60", *options,
            str(Path(__file__).with_name("trades.py")),
        ],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=300,
    )  # fmt: skip


def test_the_plugin_compares_aggregates_too(files: dict[str, Path]) -> None:
    """A set with aggregates is one test more in pytest, on generated events and on given ones."""
    data = ["--featurelib-data", str(files["queries"])]
    events = [f"--featurelib-events={name}={files[name]}" for name in ("trades", "logins")]
    done = plugged(*data, *events)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed, 1 skipped" in done.stdout
    done = plugged(*data, events[0])
    assert done.returncode == 1
    assert "no events of the source `logins` are given" in done.stdout
