"""The job: four formats in, Parquet out, whole or not at all."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from featurelib.bundle import Bundle
from featurelib.errors import DefinitionError, FieldValueError, InputError
from featurelib_offline import fit, job, transform
from featurelib_offline.whole_file import whole_file
from parity_tests.offline.small_set import trip_frame, trips

ROWS = 400


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    made: Bundle = trips.bind(fit(trips, trip_frame(ROWS)))
    return made


def as_text(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(pl.col("left_at").dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ"))


def write(frame: pl.DataFrame, folder: Path, kind: str, parts: int = 3) -> Path:
    """Several files of a kind; gives their glob."""
    size = -(-len(frame) // parts)
    for k in range(parts):
        part, path = frame.slice(k * size, size), folder / f"part-{k}.{kind}"
        if kind == "parquet":
            part.write_parquet(path)
        elif kind == "arrow":
            part.write_ipc(path)
        elif kind == "csv":
            as_text(part).write_csv(path, quote_style="non_numeric", float_precision=None)
        else:
            as_text(part).write_ndjson(path)
    return folder / f"part-*.{kind}"


@pytest.mark.parametrize("kind", ["parquet", "arrow", "jsonl"])
def test_a_job_gives_what_transform_gives(bundle: Bundle, tmp_path: Path, kind: str) -> None:
    """Files of each format, read in the order of their names: the features of the frame."""
    frame = trip_frame(ROWS)
    if kind == "jsonl":  # JSON has no NaN
        frame = frame.with_columns(pl.col("distance").fill_nan(1.5))
    told: list[int] = []
    result = job(bundle, write(frame, tmp_path, kind), tmp_path / "out.parquet", keep=["carrier"],
                 progress=told.append)  # fmt: skip
    expected = transform(bundle, frame, keep=["carrier"])
    assert pl.read_parquet(result.output).equals(expected)
    assert result.rows == ROWS and told[-1] == ROWS and result.rows_per_s > 0
    assert sorted(p.name for p in tmp_path.iterdir() if p.name.startswith(".")) == []


def test_csv_is_read_as_the_types_of_the_schema(tmp_path: Path) -> None:
    """Floats to the bit, times, nulls and empty text; what is no value is named with its row."""
    import featurelib as fl
    from parity_tests.offline.small_set import FEATURES

    plain = fl.InputSchema("flat", tuple(f for f in trips.inputs.fields if f.name != "stops"))
    features = [f for f in FEATURES if f.name != "stops_as_they_are"]
    flat = fl.FeatureSet("flat", version="1.0.0", inputs=plain, features=features)
    frame = trip_frame(ROWS).drop("stops")
    source = write(frame, tmp_path, "csv")
    made = flat.bind(fit(flat, source))
    assert made.state == fit(flat, frame)
    result = job(made, source, tmp_path / "out.parquet", progress=False)
    assert pl.read_parquet(result.output).equals(transform(made, frame))

    bad = tmp_path / "bad.csv"
    row = pl.int_range(ROWS)
    many, naive = pl.lit("many"), pl.lit("2013-01-01T05:00:00")
    as_text(frame).with_columns(
        seats=pl.when(row == 3).then(many).otherwise(pl.col("seats").cast(pl.String)),
        left_at=pl.when(row == 5).then(naive).otherwise("left_at"),
    ).write_csv(bad)
    with pytest.raises(
        FieldValueError, match=r"flat: field `seats` takes Int16, got 'many'.*row 3"
    ):
        job(made, bad, tmp_path / "none.parquet", progress=False)
    assert not (tmp_path / "none.parquet").exists()
    kept = job(made, bad, tmp_path / "some.parquet", progress=False, errors="collect")
    assert kept.rows == ROWS - 2 and kept.refused is not None
    assert kept.refused["row"].to_list() == [3, 5]
    assert "RFC 3339" in kept.refused["reasons"][1][0]


def test_no_files_two_formats_and_unknown_names_are_refused(bundle: Bundle, tmp_path: Path) -> None:
    """What the glob finds is named in the error."""
    with pytest.raises(InputError, match="no file matches"):
        job(bundle, tmp_path / "*.parquet", tmp_path / "out.parquet")
    write(trip_frame(9), tmp_path, "parquet", 1)
    write(trip_frame(9), tmp_path, "arrow", 1)
    with pytest.raises(InputError, match="files of one format"):
        job(bundle, tmp_path / "part-*", tmp_path / "out.parquet")
    (tmp_path / "x.xlsx").write_bytes(b"")
    with pytest.raises(InputError, match="no format is known"):
        job(bundle, tmp_path / "x.xlsx", tmp_path / "out.parquet")
    (tmp_path / "cut.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(InputError, match=r"cut\.parquet"):
        job(bundle, tmp_path / "cut.parquet", tmp_path / "out.parquet")
    assert not (tmp_path / "out.parquet").exists()


KILLED = """
import os, sys, time
from pathlib import Path
from featurelib_offline import job
import featurelib as fl

def told(rows):
    if rows:
        print("begun", flush=True)
        time.sleep(60)

job(fl.load(sys.argv[1]), sys.argv[2], sys.argv[3], progress=told)
"""


def test_a_killed_job_leaves_nothing_under_the_final_name(bundle: Bundle, tmp_path: Path) -> None:
    """Killed in the middle: the old output stands as it was; run again, the new one is whole."""
    frame = pl.concat([trip_frame(ROWS)] * 50)
    source = write(frame, tmp_path, "parquet", 4)
    bundle.save(tmp_path / "bundle.json")
    output = tmp_path / "out.parquet"
    output.write_bytes(b"yesterday's")
    command = [
        sys.executable,
        "-c",
        KILLED,
        str(tmp_path / "bundle.json"),
        str(source),
        str(output),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=dict(os.environ)) as process:
        assert process.stdout is not None and process.stdout.readline() == b"begun\n"
        process.send_signal(signal.SIGKILL)
    assert output.read_bytes() == b"yesterday's"
    assert len(list(tmp_path.glob(".out.parquet.*.partial"))) == 1
    result = job(bundle, source, output, progress=False)
    assert pl.read_parquet(output).equals(transform(bundle, frame)) and result.rows == len(frame)
    assert list(tmp_path.glob(".*")) == []


def test_what_a_living_job_writes_is_left_alone(tmp_path: Path) -> None:
    """Two jobs of one output: the later to end wins; only what no process holds is removed."""
    target = tmp_path / "out.parquet"
    left, others = tmp_path / ".out.parquet.abc.partial", tmp_path / ".out.parquet.x.a.partial"
    left.write_bytes(b"killed")
    others.write_bytes(b"of out.parquet.x")
    with whole_file(target) as first:
        assert not left.exists()
        with whole_file(target) as second:
            first.write_bytes(b"1")
            second.write_bytes(b"2")
        assert target.read_bytes() == b"2" and first.exists()
    assert target.read_bytes() == b"1"
    assert sorted(tmp_path.iterdir()) == [others, target]


def test_an_interrupted_job_cleans_up(bundle: Bundle, tmp_path: Path) -> None:
    """An exception in the middle, as Ctrl-C is one, removes the unfinished file."""
    source = write(trip_frame(ROWS), tmp_path, "parquet")

    def stop(rows: int) -> Any:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        job(bundle, source, tmp_path / "out.parquet", progress=stop)
    time.sleep(0.2)  # the engine's threads end on their own
    assert [p.name for p in tmp_path.iterdir() if "out" in p.name] == []


def test_the_bar_shows_rows(bundle: Bundle, tmp_path: Path, capsys: Any) -> None:
    """By default rich shows the rows and how many a second."""
    job(bundle, write(trip_frame(ROWS), tmp_path, "parquet"), tmp_path / "out.parquet")
    assert "400 rows" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["out.csv", "out.jsonl.gz", "out.ARROW"])
def test_the_name_of_another_format_is_refused(bundle: Bundle, tmp_path: Path, name: str) -> None:
    """The output is Parquet: a file that says otherwise would be read as something else."""
    trip_frame(3).write_parquet(tmp_path / "in.parquet")
    with pytest.raises(DefinitionError, match=f"writes Parquet, got '{name}'"):
        job(bundle, tmp_path / "in.parquet", tmp_path / name)
    assert not (tmp_path / name).exists()
