"""Declarations of hotfixes: what they may say, how they travel, which rows they let move."""

import ast
import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import featurelib as fl
from featurelib import canonical_json
from featurelib.bundle import Bundle
from featurelib.errors import HotfixError
from featurelib.program import Program
from featurelib.release import hotfix as served
from featurelib.release.gate_hotfix import declared_rows
from featurelib.release.hotfix import Hotfix, RowRule
from featurelib.release.hotfix_file import read, trace_rows

GOOD = """
set = "small"
from = "1.0.0"
to = "1.0.1"
reason = "null counted as zero"
approved_by = "on-call"
accepts = ["ACCEPTED"]

[features.grown]
rows = "(a > 1.0) & b.is_null()"

[features.other]
rows = "all"
""".replace("ACCEPTED", "ab" * 32)


def made(version: str, number: int) -> Bundle:
    a = fl.col("a")
    features = [
        fl.Feature("same", version=1, expr=a + 1.0),
        fl.Feature("grown", version=number, expr=a * float(number)),
        fl.Feature("other", version=number, expr=fl.col("b").fill_null(float(number))),
    ]
    inputs = fl.InputSchema.from_fields({"a": float, "b": float | None, "t": fl.Datetime})
    return fl.FeatureSet("small", version=version, inputs=inputs, features=features).bind()


OLD, NEW = made("1.0.0", 1), made("1.0.1", 2)


def write(folder: Path, *pairs: tuple[str, str]) -> Path:
    text = GOOD
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    path = folder / "hotfix.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def hotfix(tmp_path: Path) -> Hotfix:
    return read(write(tmp_path), OLD, NEW)


def test_a_declaration_is_read(hotfix: Hotfix) -> None:
    """What the file says stands in the hotfix, expressions as typed programs."""
    assert (hotfix.set, hotfix.from_version, hotfix.to_version) == ("small", "1.0.0", "1.0.1")
    assert hotfix.accepts == ("ab" * 32,)
    assert str(hotfix.rows["grown"].node) and hotfix.rows["other"].node is None


def test_it_travels_as_json(hotfix: Hotfix) -> None:
    """Canonical JSON there and back is the same declaration; no text is evaluated on the way."""
    data = json.loads(canonical_json.dumps(hotfix.to_json()))
    again = Hotfix.from_json(data)
    assert again.to_json() == hotfix.to_json()
    data["features"]["grown"]["text"] = "this is no Python ("
    rows = [{"a": 2.0, "b": None, "t": "2013-01-01T00:00:00Z"}]
    rows[0]["t"] = pl.Series(["2013-01-01T00:00:00Z"]).str.to_datetime()[0]
    assert Hotfix.from_json(data).rows_of("grown", rows).tolist() == [True]


WRONG = {
    "no feature": (
        [('[features.grown]\nrows = "(a > 1.0) & b.is_null()"\n', ""),
         ('[features.other]\nrows = "all"\n', "")],
        "names no feature",
    ),
    "empty features": (
        [('[features.grown]\nrows = "(a > 1.0) & b.is_null()"\n', "[features]"),
         ('[features.other]\nrows = "all"\n', "")],
        "names no feature",
    ),
    "unknown feature": ([("features.other", "features.othe")], "has no such feature"),
    "no new version": ([("features.other", "features.same")], "as it was version 1"),
    "not Bool": ([("(a > 1.0) & b.is_null()", "a + 1.0")], "expected a Bool, got Float64"),
    "a fit": ([("(a > 1.0) & b.is_null()", "a.standardize() > 0.0")], "fitted values"),
    "no expression": ([('rows = "all"', 'rows = "True"')], "expected an expression"),
    "unknown input": ([("a > 1.0", "aa > 1.0")], "`aa` is no input"),
    "wrong type": ([("a > 1.0", "a > 'x'")], "does not fit Float64"),
    "no Python": ([("a > 1.0", "a >")], "no Python expression"),
    "and": ([("(a > 1.0) & b", "(a > 1.0) and b")], "`and` cannot be asked"),
    "is": ([("b.is_null()", "(b is None)")], "`is` cannot be asked"),
    "chained": ([("a > 1.0", "0.0 < a < 1.0")], "no truth value"),
    "lambda": ([('rows = "all"', 'rows = "lambda: a"')], "Lambda is no part"),
    "private": ([('rows = "all"', 'rows = "a.__class__"')], "no method of an expression"),
    "other of fl": ([('rows = "all"', "rows = \"fl.load('x')\"")], "fl.load is no part"),
    "rows missing": ([('rows = "all"', "")], "lacks rows"),
    "rows no text": ([('rows = "all"', "rows = 1")], "expected rows as text"),
    "rows mistyped": ([('rows = "all"', 'row = "all"')], "no such key: 'row'"),
    "empty reason": ([('"null counted as zero"', '" "')], "says its reason"),
    "empty approval": ([('"on-call"', '""')], "says its approved_by"),
    "reason no text": ([('"null counted as zero"', "1")], "says its reason"),
    "no fingerprint": ([("ab" * 32, "ab" * 31)], "expected fingerprints of 64 hex digits"),
    "accepts no list": ([('["' + "ab" * 32 + '"]', '"ab"')], "expected a list"),
    "key missing": ([('approved_by = "on-call"\n', "")], "lacks approved_by"),
    "key unknown": ([("approved_by", "aproved_by")], "did you mean `approved_by`"),
    "other set": ([('"small"', '"large"')], "the bundle is small 1.0.0"),
    "other from": ([('"1.0.0"', '"1.0.7"'), ('"1.0.1"', '"1.0.8"')], "the bundle is small 1.0.0"),
    "no patch": ([('"1.0.1"', '"1.1.0"')], "a hotfix is a patch"),
    "backwards": ([('"1.0.0"', '"1.0.2"')], "a hotfix is a patch"),
    "no version": ([('"1.0.1"', '"1.0"')], r"major\.minor\.patch"),
    "no TOML": ([("set =", "set")], "no readable TOML"),
    "no table": ([('[features.grown]\nrows = "(a > 1.0) & b.is_null()"\n', ""),
                  ('[features.other]\nrows = "all"', "features = 1")], "expected tables"),
}  # fmt: skip


@pytest.mark.parametrize(("edits", "says"), WRONG.values(), ids=WRONG)
def test_a_wrong_declaration_is_refused(tmp_path: Path, edits, says: str) -> None:
    """What is wrong is said, with the file; a key's place and the way out come along."""
    path = write(tmp_path)
    text = path.read_text()
    for old, new in edits:
        assert old in text
        text = text.replace(old, new)
    if "features = 1" in text:
        text = "features = 1\n" + text.replace("features = 1", "")
    path.write_text(text)
    with pytest.raises(HotfixError, match=says) as refused:
        read(path, OLD, NEW)
    assert str(refused.value).startswith(str(path))


DAMAGED = {
    "format": lambda d: d.update(format=2),
    "no format": lambda d: d.pop("format"),
    "more keys": lambda d: d.update(more=1),
    "no rows": lambda d: d["features"]["grown"].pop("rows"),
    "another type": lambda d: d["features"]["grown"]["rows"]["nodes"][-1].update(type="Float64"),
    "another input": lambda d: d["inputs"]["fields"][0].update(nullable=True),
    "two outputs": lambda d: d["features"]["grown"]["rows"]["outputs"].append(["more", 0]),
    "accepts": lambda d: d.update(accepts=["x"]),
    "no features": lambda d: d.update(features={}),
    "list": lambda d: d.update(features=[]),
}


@pytest.mark.parametrize("damage", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_declaration_is_refused(hotfix: Hotfix, damage) -> None:
    """Who reads a declaration believes nothing in it."""
    data = json.loads(canonical_json.dumps(hotfix.to_json()))
    damage(data)
    with pytest.raises(HotfixError):
        Hotfix.from_json(data)


FLOATS = st.floats(-3, 3, width=16)
ROW = st.fixed_dictionaries({"a": FLOATS, "b": FLOATS | st.none()})
TEXTS = {
    "(a > 1.0) & b.is_null()": lambda a, b: a > 1.0 and b is None,
    "b > a": lambda a, b: b is not None and b > a,
    "~(b > a)": lambda a, b: b is not None and not b > a,
    "fl.col('b').fill_null(0.0) <= a.abs()": lambda a, b: (0.0 if b is None else b) <= abs(a),
    "a.is_in([0.0, 1.0]) | (a == b)": lambda a, b: (
        True if a in (0.0, 1.0) else b is not None and a == b
    ),
}


@settings(deadline=None, max_examples=40)
@given(st.sampled_from(sorted(TEXTS)), st.lists(ROW, max_size=6))
def test_rows_are_declared_where_the_expression_is_true(text: str, rows: list) -> None:
    """Null is not true; row by row and as a frame the answers are the same."""
    when = pl.Series(["2013-01-01T00:00:00Z"]).str.to_datetime()[0]
    full = [{**row, "t": when} for row in rows]
    data = {**everywhere().to_json()}
    node = trace_rows("grown", text, NEW.schema)
    data["features"] = {"grown": {"text": text, "rows": Program({"rows": node}).to_json()}}
    hotfix = Hotfix.from_json(json.loads(canonical_json.dumps(data)))
    expected = [bool(TEXTS[text](row["a"], row["b"])) for row in rows]
    assert hotfix.rows_of("grown", full).tolist() == expected
    types = {"a": pl.Float64, "b": pl.Float64, "t": pl.Datetime("us", "UTC")}
    assert declared_rows(hotfix, "grown", pl.DataFrame(full, types)).tolist() == expected


def everywhere() -> Hotfix:
    return Hotfix(
        "small", "1.0.0", "1.0.1", "why", "who", (), NEW.schema,
        {"grown": RowRule("all")},
    )  # fmt: skip


def test_all_rows_and_none(hotfix: Hotfix) -> None:
    """A feature with "all" may move everywhere, one that is not declared nowhere."""
    when = pl.Series(["2013-01-01T00:00:00Z"]).str.to_datetime()[0]
    rows = [{"a": 0.0, "b": None, "t": when}] * 2
    assert np.array_equal(hotfix.rows_of("other", rows), [True, True])
    assert np.array_equal(hotfix.rows_of("same", rows), [False, False])


def test_a_text_is_never_run_where_it_is_served() -> None:
    """What reads a declaration has no `eval`, no `exec` and no `compile`."""
    tree = ast.parse(Path(str(served.__file__)).read_text(encoding="utf-8"))
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    assert not names & {"eval", "exec", "compile"}
