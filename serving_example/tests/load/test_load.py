"""The load generator against servers that a test controls."""

import json
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from serving_example.load import Load, run
from serving_example.load.__main__ import main
from serving_example.tests.load.servers import OK, serving


def users_of(requests: Any) -> Any:
    """The users of the requests for recommendations."""
    return [int(r.split()[1].split(b"/")[3].split(b"?")[0]) for r in requests if r[:3] == b"GET"]


def test_a_stall_is_seen_by_all_who_would_have_come() -> None:
    """A server stands still for a second: P95 is nearly a second, although few requests wait in it.

    A closed loop of eight clients would have seen eight slow answers among hundreds of quick ones.
    """
    until: list[float] = []

    def stalls(request: Any) -> Any:
        if len(server.requests) > 60:  # a fifth of a second after the first
            until.append(time.monotonic() + 1.0)
            time.sleep(max(0.0, until[0] - time.monotonic()))
        return OK

    with serving(stalls) as server:
        report = run(Load(server.url, rate=300, seconds=2, connections=8, users=100, events=0))
    told = report.figures()
    assert told["latency_ms"]["p95"] > 700 and told["latency_ms"]["max"] > 900
    assert told["waited_for_connection"] > 100
    assert report.statuses == {"200": report.answers} and report.unfinished == 0
    assert abs(report.answers - 600) < 5 * 600**0.5


def test_a_seed_draws_the_same_requests() -> None:
    """Users in the same order; ratings are a hundredth, of the ids and films that exist."""
    drawn = []
    for seed in (0, 0, 1):
        with serving() as server:
            load = Load(server.url, rate=2_000, seconds=0.5, connections=1, users=1_000, seed=seed,
                        events=0.05, items=20)  # fmt: skip
            report = run(load)
            drawn.append(users_of(server.requests)[:500])
            ratings = [json.loads(r.partition(b"\r\n\r\n")[2])["events"][0]
                       for r in server.requests if r[:4] == b"POST"]  # fmt: skip
        assert len(ratings) == report.figures()["events"] and 20 < len(ratings) < 90
        assert len({r["rating_id"] for r in ratings}) == len(ratings)
        assert all(1 <= r["item_id"] <= 20 and 1 <= r["user_id"] <= 1_000 for r in ratings)
    assert drawn[0] == drawn[1] != drawn[2]
    most = Counter(drawn[0]).most_common(1)[0][1]
    assert 20 < most < 160  # of 500 by Zipf(1.0) over 1,000 about 67


def test_refusals_are_counted_apart() -> None:
    """Their latencies do not make the answers look quicker; exit status 2 tells of them."""
    counter = iter(range(10**6))
    refusal = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 1\r\n\r\nx"
    with serving(lambda request: refusal if next(counter) % 4 == 0 else OK) as server:
        report = run(Load(server.url, rate=500, seconds=0.5, connections=4))
        assert report.others == report.statuses["503"] == report.bad.total
        assert report.answers == report.statuses["200"] == report.good.total
        assert main([server.url, "--rate", "100", "--seconds", "0.2", "--quiet"]) == 2


@pytest.mark.parametrize("last", [None, OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")])
def test_connections_that_end_are_opened_again(last: Any) -> None:
    """A request that was under way is lost and counted; one that had its answer is not."""
    counter = iter(range(10**6))
    with serving(lambda request: last if next(counter) % 20 == 19 else OK) as server:
        report = run(Load(server.url, rate=200, seconds=1, connections=4, grace_s=2))
    assert report.reopened >= 5 and report.unfinished == 0
    assert report.statuses.get("connection lost", 0) == (report.others if last is None else 0)
    assert (report.others > 0) == (last is None)


def test_what_has_no_answer_is_told_and_counts_as_slow() -> None:
    """A silent server: the run ends all the same, and no latency is less than the wait."""
    with serving(lambda request: b"") as server:
        report = run(Load(server.url, rate=100, seconds=0.5, connections=4, depth=2, grace_s=0.5))
    told = report.figures()
    assert told["sent"] == 8 and report.unfinished == told["unsent"] + 8
    assert report.answers == 0 and told["latency_ms"]["p50"] > 400
    assert any("unfinished" in line for line in report.lines())


def test_requests_are_pipelined_where_it_is_asked_for() -> None:
    """With one connection and depth 4 four requests are under way at once."""
    together = []

    def slow(request: Any) -> Any:
        together.append(len(server.requests))
        time.sleep(0.01)
        return OK

    with serving(slow) as server:
        report = run(Load(server.url, rate=300, seconds=0.3, connections=1, depth=4))
    assert report.answers == len(server.requests) and report.unfinished == 0


def test_the_command_writes_what_it_found(tmp_path: Path, capsys: Any) -> None:
    """Figures for people on the output, all of them as JSON in a file; a key is not among them."""
    (tmp_path / "key").write_text("flk_a_secret\n")
    made = tmp_path / "figures.json"
    with serving() as server:
        arguments = ["--rate", "200", "--seconds", "1.2", "--connections", "4", "--churn", "5",
                     "--key-file", str(tmp_path / "key"), "--json", str(made)]  # fmt: skip
        assert main([server.url, *arguments]) == 0
        assert b"Authorization: Bearer flk_a_secret\r\n" in server.requests[0]
    told = json.loads(made.read_text())
    assert told["statuses"] == {"200": told["sent"]} and "secret" not in made.read_text()
    assert sum(count for _, count in told["histogram_ms"]) == told["sent"]
    assert len(told["seconds"]) == 1 and told["generator_us"] > 0
    shown = capsys.readouterr()
    assert "P95" in shown.out and "in flight" in shown.err


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["http://127.0.0.1:1"], "ConnectionRefusedError"),
        (["ftp://a"], "expected http://host:port"),
        (["http://a", "--rate", "0"], "expected rate > 0"),
        (["http://a", "--rate", "1e9"], "at most 100,000,000"),
        (["http://a", "--events", "2"], "from 0 to 1"),
        (["http://a", "--zipf", "-1"], "expected zipf >= 0"),
    ],
)
def test_a_load_that_cannot_be_is_refused(arguments: Any, message: Any, capsys: Any) -> None:
    """Status 1, and what is wrong."""
    assert main([*arguments, "--seconds", "1"]) == 1
    assert message in capsys.readouterr().err
