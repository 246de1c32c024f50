"""`bench`: how calls are spread over time, and what is told of them."""

import asyncio
import json
import math
import signal
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from featurelib_client.cli import main
from featurelib_client.cli.load import Bounds, Result, closed, opened, percentile
from featurelib_client.testing import ManualClock
from featurelib_client.wire import About, Failure, Reply, Sent
from parity_tests.soak import examples
from serving_example.client.tests.fakes import RECOMMENDED, answer, refusal
from serving_example.client.tests.served import Served


@given(st.lists(st.floats(0, 10), min_size=1), st.floats(0, 1, exclude_min=True))
@examples(50, soak=3000)
def test_a_percentile_is_the_least_value_that_covers_the_share(
    values: list[float], share: float
) -> None:
    """At least the share of all values is at most it, and no smaller value does that."""
    values.sort()
    found = percentile(values, share)
    needed = share * len(values) * (1 - 1e-9)
    assert sum(value <= found for value in values) >= needed - 1e-6
    assert sum(value < found for value in values) < max(1, math.ceil(needed))


def run_open(
    rate: float, bounds: Bounds, stall_s: float = 0.0, seed: int = 0
) -> tuple[Result, list[float]]:
    """An open loop in time of its own; the first call stands still for a while."""
    clock, at = ManualClock(), list[float]()

    async def sleep(seconds: float) -> None:
        clock.sleep(seconds)
        await asyncio.sleep(0)

    async def ask() -> About:
        at.append(clock())
        if len(at) == 1:
            clock.now += stall_s
        return About("r", 1, 0.0)

    began, result = clock(), Result()
    asyncio.run(opened(result, ask, rate, bounds, Random(seed), clock, sleep))
    return result, [t - began for t in at]


@given(st.floats(1, 500), st.floats(0.1, 5), st.integers(1, 300), st.integers(0, 99))
@examples(25, soak=500)
def test_an_open_loop_keeps_both_bounds(rate: float, seconds: float, count: int, seed: int) -> None:
    """No call begins after the time, there are never more than the count, and each is answered."""
    result, at = run_open(rate, Bounds(seconds, count), seed=seed)
    assert result.sent == len(at) == len(result.latencies_s) <= count
    # The clock moves from arrival to arrival, so all begin when they are due.
    assert all(t < seconds for t in at[:-1]) and at == sorted(at)


def test_arrivals_come_at_the_rate_that_was_asked_for() -> None:
    """Of 500 arrivals a second, in 10 seconds: within five deviations of a Poisson's count."""
    result, _ = run_open(500, Bounds(10, 10**6))
    assert abs(result.sent - 5_000) < 5 * math.sqrt(5_000)


def test_a_stall_is_seen_by_all_calls_that_it_keeps_waiting() -> None:
    """One second of a stall at 100 arrivals a second: about a hundred latencies show it."""
    result, _ = run_open(100, Bounds(5, 10**6), stall_s=1.0)
    slow = [s for s in result.latencies_s if s > 0.1]
    assert 60 < len(slow) < 140 and max(slow) > 0.9 and result.late_s > 0.9


def test_a_closed_loop_has_as_many_calls_under_way_as_workers() -> None:
    """Never more; and it ends with the count."""
    clock, busy, most = ManualClock(), 0, 0

    async def ask() -> About:
        nonlocal busy, most
        busy += 1
        most = max(most, busy)
        await asyncio.sleep(0)
        busy -= 1
        clock.now += 0.25
        return About("r", 1, 0.0)

    result, later = Result(), Result()
    asyncio.run(closed(result, ask, 4, Bounds(1e9, 50), clock))
    assert (most, result.sent, len(result.latencies_s)) == (4, 50, 50)
    asyncio.run(closed(later, ask, 1, Bounds(2.0, 10**6), clock))
    assert later.sent == 8


def test_the_report_counts_errors_by_kind(capsys: pytest.CaptureFixture[str]) -> None:
    """Answers, failures by class and reason, attempts: they add up, and the status is 1."""
    served, asked = Served(), 0

    def outcome(sent: Sent) -> Reply | Failure:
        nonlocal asked
        asked += 1
        if asked % 4 == 0:
            return refusal(404, "not_found", "unknown_model")
        if asked % 4 == 1:
            return Failure("connect", "refused", False)
        return answer(RECOMMENDED, 200, x_contract_version="2")

    served.at("/v1/recommend", outcome)
    arguments = ["bench", "--count", "40", "--workers", "1", "--attempts", "1", "--json"]
    assert main(arguments, served.sync, served.beside) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["sent"], told["answered"], told["attempts"]) == (40, 20, 40)
    assert {(f["error"], f["reason"]): f["count"] for f in told["failures"]} == {
        ("UnavailableError", "connect"): 10, ("RefusedError", "unknown_model"): 10,
    }  # fmt: skip
    assert main(arguments[:-1], served.sync, served.beside) == 1
    out = capsys.readouterr().out
    assert "UnavailableError" in out and "P95" in out


def test_users_are_drawn_again_alike_with_the_same_seed() -> None:
    """One seed, one sequence of users, all within the range; another seed, another one."""

    def users(seed: int) -> list[int]:
        served = Served().at("/v1/recommend", answer(RECOMMENDED, 200, x_contract_version="2"))
        arguments = ["bench", "--count", "30", "--users", "50", "--seed", str(seed)]
        assert main(arguments, served.sync, served.beside) == 0
        return [json.loads(sent.body or b"")["user_id"] for sent in served.sent]

    assert users(1) == users(1) != users(2)
    assert all(1 <= user <= 50 for user in users(3))


def test_kept_answers_are_told_apart(capsys: pytest.CaptureFixture[str]) -> None:
    """With a cache one user is asked for once; the others are answers that were kept."""
    kept = {"cache_control": "max-age=60", "x_contract_version": "2"}
    served = Served().at("/v1/recommend", answer(RECOMMENDED, 200, **kept))
    arguments = ["bench", "--count", "20", "--user", "42", "--cache-mib", "1", "--json"]
    assert main(arguments, served.sync, served.beside) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["answered"], told["kept"], len(served.sent)) == (20, 19, 1)


def test_who_ends_it_early_is_told_what_was_measured(capsys: pytest.CaptureFixture[str]) -> None:
    """Control-C: the report of the calls until then, and the status that shells expect."""
    served, asked = Served(), 0

    def outcome(sent: Sent) -> Reply:
        nonlocal asked
        asked += 1
        if asked == 5:
            signal.raise_signal(signal.SIGINT)
        return answer(RECOMMENDED, 200, x_contract_version="2")

    served.at("/v1/recommend", outcome)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        assert main(["bench", "--json"], served.sync, served.beside) == 130
    finally:
        signal.signal(signal.SIGINT, before)
    captured = capsys.readouterr()
    assert json.loads(captured.out)["answered"] == asked <= 6
    assert captured.err == "featurelib-client: interrupted\n"
