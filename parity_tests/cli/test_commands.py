"""The commands one after the other, as a user runs them: fit, transform, trace, parity, golden."""

import io
import json
from pathlib import Path

import polars as pl
import pytest

import featurelib as fl
import featurelib_offline as offline
import featurelib_online as online
from featurelib.cli import main
from parity_tests.cli import trips

ROW = {"miles": 2.5, "city": None}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a bundle that `featurelib fit` wrote."""
    folder = tmp_path_factory.mktemp("trips")
    trips.write(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.syspath_prepend(folder)
        assert main(["fit", "trip_features:trips", "good.csv", "-o", "trips.json"]) == 0
    return folder


@pytest.fixture(autouse=True)
def inside(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder is the working directory."""
    monkeypatch.chdir(made)
    monkeypatch.syspath_prepend(made)


def test_fit_writes_the_bundle_of_the_api() -> None:
    """The command's bundle has the bytes of `set.bind(fit(set, data))`."""
    from trip_features import trips as features  # type: ignore[import-not-found]

    bundle = features.bind(offline.fit(features, pl.read_csv("good.csv")))
    assert Path("trips.json").read_bytes() == bundle.to_bytes()


def test_a_failed_fit_writes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """A null in a field that has none: the field is named, and no bundle appears."""
    assert main(["fit", "trip_features:trips", "bad.csv", "-o", "no.json"]) == 1
    assert "`miles`" in capsys.readouterr().err
    assert not Path("no.json").exists()


def test_transform_writes_what_the_api_computes() -> None:
    """The job's Parquet equals `transform` of the frame; kept columns come first."""
    argv = ["transform", "trips.json", "good.csv", "-o", "out.parquet", "--keep", "city"]
    assert main(argv) == 0
    expected = offline.transform(fl.load("trips.json"), pl.read_csv("good.csv"), keep=["city"])
    assert pl.read_parquet("out.parquet").equals(expected, null_equal=True)


def test_refused_rows_are_never_lost(capsys: pytest.CaptureFixture[str]) -> None:
    """Collected rows are reported and the status is 1, unless a file is named that keeps them."""
    argv = ["transform", "trips.json", "bad.csv", "-o", "part.parquet", "--errors", "collect"]
    assert main(argv) == 1
    assert "row 1: field `miles`" in capsys.readouterr().err
    assert main([*argv, "--refused", "refused.parquet"]) == 0
    assert pl.read_parquet("refused.parquet")["row"].to_list() == [1]
    assert pl.read_parquet("part.parquet").height == 2


def test_a_trace_shows_the_values_of_the_row_kernel(capsys: pytest.CaptureFixture[str]) -> None:
    """Each feature stands on its line with the value that serving gives."""
    assert main(["trace", "trips.json", "--row", json.dumps(ROW)]) == 0
    shown = capsys.readouterr().out.splitlines()
    row = online.compile(fl.load("trips.json"))(ROW)
    for name, value in row.items():
        (line,) = [line for line in shown if line.endswith(f"-> {name}")]
        assert f"  {value!r}  " in line


def test_a_trace_of_one_feature_shows_what_it_reads(capsys: pytest.CaptureFixture[str]) -> None:
    """--feature leaves out everything else."""
    argv = ["trace", "trips.json", "--row", json.dumps(ROW), "--feature", "city_index"]
    assert main(argv) == 0
    shown = capsys.readouterr().out
    assert "input city" in shown and "miles" not in shown


def test_a_row_comes_from_a_file_or_standard_input(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """@FILE and - give what the same text on the command line gives."""
    text = json.dumps(ROW)
    Path("row.json").write_text(text, encoding="utf-8")
    shown = []
    for given in (text, "@row.json", "-"):
        monkeypatch.setattr("sys.stdin", io.StringIO(text))
        assert main(["trace", "trips.json", "--row", given]) == 0
        shown.append(capsys.readouterr().out)
    assert shown[0] == shown[1] == shown[2]


@pytest.mark.parametrize(
    ("row", "status", "said"),
    [
        ('{"miles": "2.5", "city": null}', 1, "`miles` takes Float64, got '2.5'"),
        ('{"city": null}', 1, "`miles` (Float64) is missing"),
        ('{"miles": NaN, "city": null}', 2, "NaN is not JSON"),
        ('{"miles": 1, "miles": 2, "city": null}', 2, "'miles' stands twice"),
        ("[1]", 2, "expected a JSON object"),
    ],
)
def test_a_row_that_cannot_be_is_refused(
    row: str, status: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The message names the field, or what is wrong with the JSON."""
    assert main(["trace", "trips.json", "--row", row]) == status
    assert said in capsys.readouterr().err


def test_an_altered_bundle_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """The file digest is checked before anything is read."""
    text = Path("trips.json").read_text(encoding="utf-8")
    Path("altered.json").write_text(text.replace('"rides"', '"rides!"'), encoding="utf-8")
    assert main(["explain", "altered.json"]) == 1
    assert "file digest" in capsys.readouterr().err


def test_parity_of_the_bundle_holds(capsys: pytest.CaptureFixture[str]) -> None:
    """All engines agree, the status is 0, and the report stands alone."""
    argv = ["parity", "trips.json", "--rows", "60", "--seed", "3", "--data", "good.csv"]
    assert main([*argv, "--report", "report.html"]) == 0
    assert "parity passed" in capsys.readouterr().out
    assert "trips" in Path("report.html").read_text(encoding="utf-8")


def test_data_for_parity_is_read_as_a_job_reads_it(capsys: pytest.CaptureFixture[str]) -> None:
    """Columns outside the schema are left out; a line of JSON that is no row is named."""
    Path("more.jsonl").write_text(json.dumps(ROW | {"id": 1}) + "\n", encoding="utf-8")
    argv = ["parity", "trips.json", "--rows", "9", "--data"]
    assert main([*argv, "more.jsonl"]) == 0
    Path("more.jsonl").write_text(json.dumps(ROW | {"miles": "2.5"}) + "\n", encoding="utf-8")
    assert main([*argv, "more.jsonl"]) == 1
    assert "`miles` takes Float64, got '2.5' (str) in row 0" in capsys.readouterr().err
    assert main([*argv, "none.jsonl"]) == 1
    assert "no file matches 'none.jsonl'" in capsys.readouterr().err


def test_a_recorded_version_is_verified_and_never_overwritten(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """record, verify, and a second record that is refused."""
    assert main(["golden", "record", "trips.json", "good.csv"]) == 0
    assert main(["golden", "verify", "trips.json"]) == 0
    assert main(["golden", "record", "trips.json", "good.csv"]) == 1
    assert "recorded already" in capsys.readouterr().err
