"""Requests that were logged are computed again: the same bits, or which feature of which line."""

import datetime as dt
import json
import math
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xxhash
from hypothesis import given, settings
from hypothesis import strategies as st

import featurelib as fl
import featurelib_online as online
from featurelib.cli import main
from featurelib.errors import DefinitionError
from featurelib_online.request_log import RequestLog


class Visit(fl.Schema):
    user: str
    miles: float
    seen: fl.Datetime | None
    pages: int


@fl.feature(version=1)
def log_miles(miles: fl.Expr) -> fl.Expr:
    return miles.log1p().cast(fl.Float32)


@fl.feature(version=1)
def hour(seen: fl.Expr) -> fl.Expr:
    return seen.dt.hour()


@fl.feature(version=1)
def is_deep(pages: fl.Expr) -> fl.Expr:
    return pages > 3


@fl.feature(version=1)
def day(seen: fl.Expr) -> fl.Expr:
    return seen.dt.date()


visits = fl.FeatureSet(
    "visits", version="1.0.0", inputs=Visit, features=[log_miles, hour, is_deep, day]
)
NOON = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
REQUESTS: list[dict[str, Any]] = [
    {"user": "ann", "miles": 1.5, "seen": NOON, "pages": 2},
    {"user": "bob", "miles": math.nan, "seen": None, "pages": 9},
    {"user": "ann", "miles": -0.0, "seen": NOON, "pages": 4},
    {"user": "eve", "miles": math.inf, "seen": NOON, "pages": -(2**63)},
]


@pytest.fixture(scope="module")
def kernel() -> Any:
    return online.compile(visits)


@pytest.fixture
def served(tmp_path: Path, kernel: Any) -> Path:
    """A log of the requests, beside the bundle that answered."""
    kernel.bundle.save(tmp_path / "visits.json")
    with RequestLog(tmp_path / "log.jsonl", kernel.bundle) as log:
        for request in REQUESTS:
            assert log.write(request, kernel(request), at=NOON)
    return tmp_path


def run(folder: Path, log: str = "log.jsonl", bundle: str = "visits.json", *more: str) -> int:
    return main(["replay", str(folder / log), "--bundle", str(folder / bundle), *more])


def result(folder: Path, capsys: pytest.CaptureFixture[str], log: str = "log.jsonl") -> Any:
    status = run(folder, log, "visits.json", "--json")
    found = json.loads(capsys.readouterr().out)
    assert found["passed"] == (status == 0)
    return found


def test_what_was_served_is_computed_again(
    served: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """NaN, infinities and -0.0 go through the log with all their bits."""
    assert run(served) == 0
    assert "16 values, the same bits" in capsys.readouterr().out


def test_another_meaning_is_found_by_feature_and_line(
    served: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The log against a changed bundle: which feature, which request, both values."""
    deeper = fl.Feature("is_deep", version=2, expr=fl.col("pages") > 4)
    changed = fl.FeatureSet(
        "visits", version="1.0.1", inputs=Visit, features=[log_miles, hour, deeper, day]
    )
    changed.bind().save(served / "changed.json")
    assert run(served, bundle="changed.json") == 1
    said = capsys.readouterr().out
    assert "is_deep: line 3" in said
    assert "4 requests were answered by the set" in said
    assert "1 values differ" in said
    assert "log_miles:" not in said


def test_features_that_were_added_or_left_out_are_counted(
    served: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Missing: the answer lacks it. Extra: only the answer has it."""
    fl.FeatureSet(
        "visits", version="2.0.0", inputs=Visit,
        features=[log_miles, hour, fl.Feature("pages_2", version=1, expr=fl.col("pages") * 2)],
    ).bind().save(served / "visits.json")  # fmt: skip
    found = result(served, capsys)["features"]
    assert found["pages_2"]["missing"] == len(REQUESTS)
    assert found["is_deep"]["extra"] == len(REQUESTS)
    assert found["hour"]["compared"] == len(REQUESTS)


@pytest.mark.parametrize("cut", [1, 40, 200])
def test_a_torn_line_is_told_and_the_others_are_compared(
    served: Path, capsys: pytest.CaptureFixture[str], cut: int
) -> None:
    """A process that was killed leaves half a line; it fails the replay, by its number."""
    data = (served / "log.jsonl").read_bytes()
    (served / "torn.jsonl").write_bytes(data[:-cut])
    found = result(served, capsys, "torn.jsonl")
    # Without its last byte, the end of the line, the last request is still whole.
    assert found["unreadable"] == (cut > 1)
    assert found["requests"] == len(REQUESTS) - (cut > 1)
    if cut > 1:
        assert found["first_unreadable"][0]["line"] == len(REQUESTS)
        assert "cut off" in found["first_unreadable"][0]["why"]


@pytest.mark.parametrize(
    "line", ["[1]", '{"log": 9}', '{"request": {}, "answer": {}}', '{"a": NaN}']
)
def test_what_is_no_request_is_told(
    served: Path, capsys: pytest.CaptureFixture[str], line: str
) -> None:
    """Nothing of a log is passed over in silence."""
    with (served / "log.jsonl").open("a") as file:
        file.write(line + "\n")
    assert result(served, capsys)["unreadable"] == 1


@pytest.mark.parametrize("form", ["json", "parquet"])
def test_a_log_of_a_teams_own(
    tmp_path: Path, kernel: Any, capsys: pytest.CaptureFixture[str], form: str
) -> None:
    """Plain values, as the borders of JSON and Arrow take them; a value of another type differs."""
    kernel.bundle.save(tmp_path / "visits.json")
    rows = [{"request": r, "answer": dict(kernel(r))} for r in (REQUESTS[0], REQUESTS[2])]
    rows[1]["answer"]["hour"] = 11
    if form == "parquet":
        pq.write_table(pa.Table.from_pylist(rows), tmp_path / "log")
    else:
        text = (json.dumps(r, default=lambda t: t.isoformat()) for r in rows)
        (tmp_path / "log").write_text("\n".join(text))
    found = result(tmp_path, capsys, "log")
    assert (found["requests"], found["unreadable"]) == (2, 0)
    assert found["features"]["hour"]["mismatches"] == 1
    assert sum(f["mismatches"] for f in found["features"].values()) == 1


def test_a_value_of_another_type_differs(served: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """2 is not 2.0, though both are the same number."""
    wide = fl.Feature("hour", version=2, expr=fl.col("seen").dt.hour().cast(fl.Float64))
    changed = fl.FeatureSet("visits", version="2.0.0", inputs=Visit, features=[wide])
    changed.bind().save(served / "visits.json")
    assert result(served, capsys)["features"]["hour"]["mismatches"] == 3


def test_an_empty_log_does_not_pass(served: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A replay of nothing has shown nothing."""
    (served / "log.jsonl").write_text("")
    assert run(served) == 1
    assert "nothing could be computed again" in capsys.readouterr().out


def test_the_page_says_what_the_text_says(served: Path) -> None:
    """One file; what came from the log is text in it, never markup."""
    with (served / "log.jsonl").open("a") as file:
        file.write('{"log": "<script>"}\n')
    assert run(served, "log.jsonl", "visits.json", "--report", str(served / "page.html")) == 1
    page = (served / "page.html").read_text()
    assert "1 lines are unreadable" in page
    assert "<script>" not in page


@settings(max_examples=200)
@given(user=st.text(max_size=12), share=st.floats(0, 1), seed=st.integers(0, 2**64 - 1))
def test_all_requests_of_an_entity_are_logged_or_none(
    kernel: Any, tmp_path_factory: pytest.TempPathFactory, user: str, share: float, seed: int
) -> None:
    """The sample is decided by XXH64 of the entity, so every machine takes the same."""
    path = tmp_path_factory.getbasetemp() / "sampled.jsonl"
    with RequestLog(path, kernel.bundle, entity="user", share=share, seed=seed) as log:
        by_hash = xxhash.xxh64_intdigest(user.encode(), seed) / 2**64
        if abs(by_hash - share) > 2**-40:
            assert log.takes({**REQUESTS[0], "user": user}) == (by_hash < share)


@pytest.mark.parametrize(
    "wrong", [{"share": 1.5}, {"share": 0.5}, {"entity": "miles"}, {"entity": "nobody"}]
)
def test_a_sample_that_makes_no_sense_is_refused(
    kernel: Any, tmp_path: Path, wrong: dict[str, Any]
) -> None:
    """A share outside 0 to 1, no entity to hash, or one that is a float."""
    with pytest.raises(DefinitionError, match=r"Hint|from 0 to 1"):
        RequestLog(tmp_path / "log.jsonl", kernel.bundle, **wrong)
    assert not (tmp_path / "log.jsonl").exists()


def test_a_disk_that_takes_nothing_is_counted(kernel: Any, caplog: Any) -> None:
    """The service goes on; the log says once that it does not."""
    with RequestLog("/dev/full", kernel.bundle) as log:
        for request in REQUESTS:
            assert not log.write(request, kernel(request))
        assert (log.written, log.failed) == (0, len(REQUESTS))
    assert len(caplog.records) == 1
