"""A difference as text, JSON and a page, and the command that prints them."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import featurelib as fl
from featurelib.cli import main
from featurelib.parity import record
from featurelib.parity.generate_rows import generate_rows
from featurelib.release.diff import Difference, compare
from featurelib.release.diff_text import feature_head, flips, moved_text
from parity_tests.release.diff_cases import feature, make

x, y = fl.col("x"), fl.col("y")
MODULE = """
import featurelib as fl

x, y = fl.col("x"), fl.col("y")
SCHEMA = fl.InputSchema.from_fields({"x": float, "y": float | None})


def made(version, top, more=(), scale=x):
    features = [
        fl.Feature("clipped", version=1 + (top > 5), expr=y.fill_null(0.0).clip(0.0, top)),
        fl.Feature("scaled", version=1, expr=(scale - fl.mean(x)) / 2.0),
        fl.Feature("a_name_that_is_as_long_as_names_of_features_get_in_practice", version=1,
                   expr=x.abs() if top < 9 else x),
        *more,
    ]
    return fl.FeatureSet("pairs", version=version, inputs=SCHEMA, features=features)


old = made("1.0.0", 5.0)
new = made("2.0.0", 9.0, [fl.Feature("large", version=1, expr=x > 1e3)])
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with a module of two sets, a bundle of one of them, and rows."""
    (tmp_path / "pair_sets.py").write_text(MODULE, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(__import__("sys").modules, "pair_sets", raising=False)
    pl.DataFrame({"x": [1.0, -2.0, 5000.0], "y": [None, 7.0, 3.0]}).write_csv("rows.csv")
    return tmp_path


def rich() -> Difference:
    """A difference with every sort of line in it."""
    old = make(
        feature("number", y), feature("flag", x > 1.0),
        feature("text", fl.when(x > 0).then("big").otherwise("é")),
        feature("gone", x), feature("same", x),
    )  # fmt: skip
    new = make(
        feature("number", fl.when(x > 0).then(y).otherwise(x), 2), feature("flag", x > 2.0),
        feature("text", fl.when(x > 0).then("big").otherwise("e")),
        feature("come", x), feature("same", x),
        inputs=fl.InputSchema.from_fields({"x": float, "y": float | None, "z": (float, 0.0)}),
        version="2.0.0",
    )  # fmt: skip
    data = pl.DataFrame({"x": [1.5, -1.0, float("nan")], "y": [None, 2.0, 1e300]})
    return compare(old, new, rows=500, seed=1, data=data, notes=["<b>fitted</b>"])


@pytest.mark.parametrize("width", [60, 80, 120])
def test_no_line_is_longer_than_the_terminal(width: int) -> None:
    """A word that is longer than a line, a path say, stays whole; nothing else is too long."""
    for line in rich().text(width).splitlines():
        assert len(line) <= width or " " not in line.strip(), line


def test_the_page_says_what_the_text_says() -> None:
    """Every line about a feature, every structural difference and every note is in the page."""
    found = rich()
    page = html.unescape(re.sub(r"<[^>]+>", "", found.html()))
    for change in found.features.values():
        if change.status == "same":
            continue
        assert feature_head(change) in page
        for moves in change.moves.values():
            assert moved_text(moves) in page
            assert all(line in page for line in flips(moves, change))
    for _, changes in found.structure.parts():
        assert all(c.what in page and c.old in page and c.new in page for c in changes)
    assert "<b>fitted</b>" in page and "<b>fitted" not in found.html()
    assert "<script" not in found.html() and found.html().count("<svg") >= 3


def test_the_keys_of_json_are_those_of_its_format() -> None:
    """Readers find these keys in format 1, and values of plain JSON only."""
    made = json.loads(json.dumps(rich().to_json(), allow_nan=False))
    assert made["format"] == 1
    assert set(made) == {
        "format", "old", "new", "same", "rows", "refused", "seed", "notes", "structure", "features",
    }  # fmt: skip
    assert set(made["structure"]) == {
        "inputs", "aggregates", "ops", "state", "layout", "metadata",
    }  # fmt: skip
    number = made["features"]["number"]
    assert set(number) == {
        "status", "old", "new", "moved_rows", "rows", "part", "moves", "unseen",
    }  # fmt: skip
    assert set(number["old"]) == {"version", "type", "nullable", "fingerprint"}
    assert set(number["moves"]["data"]) == {
        "rows", "moved", "to_null", "from_null", "to_nan", "from_nan", "to_true", "to_false",
        "measured", "infinite", "distance", "examples", "not_compared",
    }  # fmt: skip
    assert made["features"]["gone"]["new"] is None
    assert number["moves"]["data"]["examples"][0] == {
        "row": 1,
        "inputs": {"x": -1.0, "y": 2.0},
        "old": {"value": 2.0, "bits": "0x4000000000000000"},
        "new": {"value": -1.0, "bits": "0xbff0000000000000"},
    }


def test_the_command_prints_a_difference(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In 60 columns; 0 is the exit status, and 1 with --exit-code."""
    monkeypatch.setenv("COLUMNS", "60")
    argv = ["diff", "pair_sets:old", "pair_sets:new", "--rows", "200", "--data", "rows.csv"]
    assert main([*argv, "--report", "out.html"]) == 0
    shown = capsys.readouterr().out
    assert all(len(s) <= 60 or " " not in s.strip() for s in shown.splitlines())
    assert "clipped: changed, version 1 -> 2" in shown
    assert "given rows: 1 of 3 moved (33.33%)" in shown
    assert "not changed: scaled" in shown and "large: added" in shown
    assert "fitted values are" in shown
    assert "clipped" in Path("out.html").read_text(encoding="utf-8")
    assert main([*argv, "--exit-code"]) == 1


def test_the_command_prints_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Standard output is JSON and nothing else; equal sides are the same."""
    assert main(["diff", "pair_sets:old", "pair_sets:old", "--rows", "50", "--json"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert made["same"] and made["rows"] == {"generated": 50}
    assert {f["status"] for f in made["features"].values()} == {"same"}


def test_a_set_takes_the_fitted_values_of_the_other_sides_bundle(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What no one changed does not move, with data at hand or without."""
    assert main(["fit", "pair_sets:old", "rows.csv", "-o", "bundle.json"]) == 0
    capsys.readouterr()
    for more in ([], ["--data", "rows.csv"]):
        argv = ["diff", "bundle.json", "pair_sets:new", "--rows", "50", "--json", *more]
        assert main(argv) == 0
        made = json.loads(capsys.readouterr().out)
        assert made["features"]["scaled"]["status"] == "same"
        assert made["structure"]["state"] == []


def test_golden_rows_beside_a_bundle_are_found(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of a release folder its golden.jsonl, of a set the recording in golden_data."""
    bundle = make(feature("f", x))
    bundle.save("bundle.json")
    path = record(bundle, generate_rows(bundle, 30, 1), "recorded")
    path.rename("golden.jsonl")
    argv = ["diff", "bundle.json", "bundle.json", "--rows", "10", "--json"]
    assert main(argv) == 0
    assert json.loads(capsys.readouterr().out)["rows"] == {"golden": 30, "generated": 10}
    Path("golden_data/features/pairs/1.0.0").mkdir(parents=True)
    Path("golden.jsonl").rename("golden_data/features/pairs/1.0.0/features.jsonl")
    assert main(argv) == 0
    assert json.loads(capsys.readouterr().out)["rows"] == {"golden": 30, "generated": 10}


@pytest.mark.parametrize(
    ("argv", "status", "said"),
    [
        (["none.json", "pair_sets:new"], 2, "there is no such file"),
        (["pair_sets:old", "pair_sets:none"], 2, "`none` does not exist"),
        (["pair_sets:old", "pair_sets:new", "--rows", "0"], 2, "a whole number from 1 on"),
        (["pair_sets:old", "pair_sets:new", "--data", "no.csv"], 1, "no file matches 'no.csv'"),
        (["pair_sets:old", "pair_sets:new", "--report", "no/x.html"], 1, "no such directory"),
        (["pair_sets:old", "pair_sets:new", "--golden", "no.jsonl"], 1, "no.jsonl: No such file"),
    ],
)
def test_what_cannot_be_compared_is_refused(
    folder: Path, capsys: pytest.CaptureFixture[str], argv: list[Any], status: int, said: str
) -> None:
    """The message names what was asked for."""
    assert main(["diff", *argv]) == status
    assert said in capsys.readouterr().err
