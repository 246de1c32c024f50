"""Files in, queries with their aggregates out: the job and the command."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from featurelib.cli import main
from featurelib.errors import DefinitionError, FieldValueError
from featurelib_offline import fit, point_in_time, point_in_time_job
from parity_tests.windows.test_point_in_time_sets import SERVED, events, queries


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Queries as CSV and Parquet, events in two files, and a bundle."""
    monkeypatch.chdir(tmp_path)
    rows = queries(label=pl.Series(["a", "b", "c"]))
    rows.write_parquet("queries.parquet")
    iso = pl.col("requested_at").dt.strftime("%Y-%m-%dT%H:%M:%S%.6f+00:00")
    rows.with_columns(iso).write_csv("queries.csv")
    given = events()["by_user"]
    given[:2].write_parquet("events-1.parquet")
    given[2:].write_parquet("events-2.parquet")
    SERVED.bind(fit(SERVED, queries(), events=events())).save("served.json")


SOURCES = {"by_user": "events-*.parquet", "by_film": "events-*.parquet"}


@pytest.mark.parametrize("partition_rows", [1, 2, 100])
def test_a_job_gives_what_the_function_gives(partition_rows: int) -> None:
    """Values, reasons and columns are those of `point_in_time`, in any number of partitions."""
    told: list[int] = []
    done = point_in_time_job(
        SERVED.aggregates, "queries.parquet", SOURCES, "out.parquet", reasons=True,
        progress=told.append, partition_rows=partition_rows,
    )  # fmt: skip
    expected = point_in_time(
        pl.read_parquet("queries.parquet"), events(), SERVED.aggregates, reasons=True
    )
    assert pl.read_parquet("out.parquet").equals(expected)
    assert (done.rows, done.records, done.refused_records) == (3, 6, {"by_user": {}, "by_film": {}})
    assert told == sorted(told) and told[-1] == 6


def test_columns_of_csv_are_read_as_the_request(capsys: pytest.CaptureFixture[str]) -> None:
    """The command reads CSV as the bundle's request says, and keeps what it is told to keep."""
    sources = [part for n, f in SOURCES.items() for part in ("--events", f"{n}={f}")]
    argv = ["point-in-time", "served.json", "queries.csv", *sources, "-o", "out.parquet"]
    assert main([*argv, "--keep", "label", "--quiet"]) == 0
    assert "out.parquet: 3 rows from 6 records" in capsys.readouterr().out
    found = pl.read_parquet("out.parquet")
    assert found["mean_7d"].to_list() == [5.0, None, 4.0]
    assert found["label"].to_list() == ["a", "b", "c"]


def test_refused_records_are_counted_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    """The job goes on, and says how many records of which source it refused, and why."""
    bad = events()["by_user"].with_columns(rated_at=pl.lit(None, pl.Datetime("us", "UTC")))
    bad.write_parquet("bad.parquet")
    argv = ["point-in-time", "served.json", "queries.csv", "--keep", "label", "-o", "out.parquet"]
    sources = ["--events", "by_user=bad.parquet", "--events", "by_film=events-1.parquet"]
    assert main([*argv, *sources, "--reasons"]) == 0
    assert "by_user: 3 records refused: null_time" in capsys.readouterr().err
    assert pl.read_parquet("out.parquet")["mean_7d.reason"].to_list() == ["no_events"] * 3


@pytest.mark.parametrize("more, status, said", [
    (["--events", "by_user"], 2, "takes SOURCE=FILES"),
    (["--events", "by_user=a", "--events", "by_user=b"], 2, "names `by_user` twice"),
    (["--events", "by_user=events-*.parquet"], 1, "no events of the source `by_film`"),
    (["--events", "by_user=none.parquet", "--events", "by_film=none.parquet"], 1, "no file"),
])  # fmt: skip
def test_a_command_that_cannot_be_is_refused(
    more: list[str], status: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The message says what is wrong, and nothing is written."""
    argv = ["point-in-time", "served.json", "queries.parquet", "-o", "out.parquet", *more]
    assert main(argv) == status
    assert said in capsys.readouterr().err
    assert not Path("out.parquet").exists()


def test_what_a_job_cannot_read_is_named() -> None:
    """Text without a schema, another output format, a null entity: each says the way out."""
    with pytest.raises(DefinitionError, match="the types of its columns are not known"):
        point_in_time_job(SERVED.aggregates, "queries.csv", SOURCES, "out.parquet")
    with pytest.raises(DefinitionError, match="the job writes Parquet"):
        point_in_time_job(SERVED.aggregates, "queries.parquet", SOURCES, "out.csv")
    Path("bad.csv").write_text("user_id,film_id,requested_at\n,1,2024-01-01T00:00:00+00:00\n")
    with pytest.raises(FieldValueError, match="field `user_id` takes Int64, got None"):
        point_in_time_job(
            SERVED.aggregates, "bad.csv", SOURCES, "out.parquet", request=SERVED.request
        )
