"""Golden streams of windows: training and serving give what the oracle, or a person, worked out."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import featurelib as fl
from featurelib.windows import (
    Definition,
    EventSource,
    calendar,
    define,
    last,
    lifetime,
    rows,
    session,
)
from featurelib_offline import point_in_time
from featurelib_online import stream
from parity_tests.windows.oracle_numbers import bits

FILES = sorted((Path(__file__).parents[2] / "golden_data" / "windows").glob("*.jsonl"))
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
MICROSECOND = dt.timedelta(microseconds=1)
TYPES = {
    "user": pl.String, "at": pl.Datetime("us", "UTC"), "got": pl.Datetime("us", "UTC"),
    "seq": pl.Int32, "id": pl.Int64, "gone": pl.Boolean, "x": pl.Float64, "n": pl.Int64,
    "flag": pl.Boolean,
}  # fmt: skip


class Thing(fl.Schema):
    """A record of a golden stream."""

    user: str
    at: fl.Datetime
    got: fl.Datetime
    seq: fl.Int32
    id: int
    gone: bool
    x: float | None
    n: int | None
    flag: bool | None


def lines_of(path: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The header of a file, and its records and queries in order."""
    header, *said = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    return header, said


def definition(header: dict[str, Any]) -> Definition:
    """What a header asks for, as a user writes it."""
    given = header["rules"]
    bounds = {
        k: given[k] * MICROSECOND for k in ("max_lateness", "max_ahead") if given[k] is not None
    }
    things = EventSource(
        "things", Thing, key="user", time="at", id="id", sequence="seq", deleted="gone",
        arrival="got" if given["has_arrival"] else None, max_events=given["max_events"], **bounds,
    )  # fmt: skip
    made = {}
    for name, about in header["aggregates"].items():
        part = things.over(_window(about["window"]))
        part = part if about["filter"] is None else part.where(fl.col(about["filter"]))
        made[name] = _aggregate(part, about)
    return define(made)


def _window(about: dict[str, Any]) -> Any:
    closed = about["closed"]
    match about["kind"]:
        case "last":
            tile = about["resolution"]
            return last(
                about["length"] * MICROSECOND, closed=closed, rows=about["rows"],
                resolution=None if tile is None else tile * MICROSECOND,
            )  # fmt: skip
        case "rows":
            return rows(about["n"], closed=closed)
        case "lifetime":
            return lifetime(closed=closed)
        case "session":
            return session(about["gap"] * MICROSECOND, closed=closed)
    return calendar(about["unit"], about["zone"], closed=closed)


def _aggregate(part: Any, about: dict[str, Any]) -> Any:
    kind, columns, params = about["kind"], [fl.col(c) for c in about["args"]], dict(about["params"])
    if kind == "decayed_sum":
        mark = EPOCH + params["landmark"] * MICROSECOND
        return part.decayed_sum(*columns, params["half_life"] * MICROSECOND, landmark=mark)
    if kind in ("arg_min", "arg_max"):
        return getattr(part, kind)(columns[0], by=columns[1])
    return getattr(part, kind)(*columns, **params)


def row_of(record: dict[str, Any]) -> dict[str, Any]:
    """A record as a service has it."""
    x = record["x"]
    times = {k: EPOCH + record[k] * MICROSECOND for k in ("at", "got")}
    return {"user": "ann", **record, **times, "x": None if x is None else float(x)}


def plain(value: Any) -> Any:
    """A value as the files have it: floats by bits, durations as microseconds."""
    if isinstance(value, (list, tuple, pl.Series)):
        return [plain(v) for v in value]
    if isinstance(value, dt.timedelta):
        return value // MICROSECOND
    return f"{bits(value):016x}" if isinstance(value, float) else value


def expected(said: list[dict[str, Any]]) -> Iterator[tuple[int, int, str, list[Any], str]]:
    """Number and time of each query, aggregate, value with reason, and how it was found."""
    queries = [line for line in said if "query" in line]
    for i, line in enumerate(queries):
        for name, answer in line["answers"].items():
            yield i, line["query"]["at"], name, answer, line.get("why", "")


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_training_gives_the_golden_answers(path: Path) -> None:
    """All records in one frame: each query sees of them what had arrived then."""
    header, said = lines_of(path)
    made = definition(header)
    records = [row_of(line["record"]) for line in said if "record" in line]
    times = [EPOCH + line["query"]["at"] * MICROSECOND for line in said if "query" in line]
    queries = pl.DataFrame({"user": ["ann"] * len(times), "as_of": times}).cast(
        {"as_of": TYPES["at"]}
    )
    found = point_in_time(
        queries, {"things": pl.DataFrame(records, schema=TYPES)}, made, reasons=True,
        refused="collect",
    )  # fmt: skip
    refused = [line["refused"] for line in said if "record" in line and line["refused"]]
    assert found.refused["things"] == {r: refused.count(r) for r in refused}
    for i, at, name, answer, why in expected(said):
        got = [plain(found.result[name][i]), found.result[f"{name}.reason"][i]]
        assert got == answer, f"{name} at {at}: {why}"


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_serving_gives_the_golden_answers(path: Path) -> None:
    """Record by record in the order of delivery, with the queries between."""
    header, said = lines_of(path)
    made = stream.compile(definition(header))
    state, found = made.new(), []
    for line in said:
        if "record" in line:
            outcome = made.apply(state, row_of(line["record"]))
            assert (outcome if line["refused"] else None) == line["refused"]
        else:
            found.append(made.query(state, line["query"]["at"]))
    for i, at, name, answer, why in expected(said):
        got = [plain(found[i][name]), found[i].reasons.get(name)]
        assert got == answer, f"{name} at {at}: {why}"


def test_the_files_cover_what_the_page_has() -> None:
    """Each kind of window and aggregate, each reason of a null, and more than a dozen by hand."""
    kinds, windows, reasons, refused, by_hand = set(), set(), set(), set(), 0
    for path in FILES:
        header, said = lines_of(path)
        kinds |= {about["kind"] for about in header["aggregates"].values()}
        windows |= {about["window"]["kind"] for about in header["aggregates"].values()}
        reasons |= {answer[1] for _, _, _, answer, _ in expected(said)}
        refused |= {line["refused"] for line in said if "record" in line}
        by_hand += sum("why" in line for line in said)
    assert windows == {"last", "rows", "lifetime", "session", "calendar"}
    assert kinds >= {
        "count", "sum", "mean", "var", "std", "min", "max", "first", "last", "lag", "first_k",
        "last_k", "arg_min", "arg_max", "n_unique", "top_k", "count_of", "mode_ratio", "quantile",
        "decayed_sum", "time_since_last",
    }  # fmt: skip
    assert reasons == {None, "no_events", "beyond_kept", "too_many"}
    assert refused == {None, "late", "ahead"}
    assert by_hand > 30
