"""Clocks that jump: the wall clock is nobody's business, and the client's own only goes on."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from featurelib_client import Client, DeadlineError, UnavailableError
from featurelib_client.testing import FakeTransport, ManualClock
from serving_example.client.tests.fakes import answer, refusal

ROOT = Path(__file__).parents[3]
YEAR_S = 365 * 86_400.0
KEPT: Any = {"cache_control": "max-age=60"}


def played(jump_s: float) -> Any:
    """What a client does in a process whose wall clock jumps so far."""
    told = subprocess.run(
        [sys.executable, "-m", "serving_example.client.tests.jumping", str(jump_s)], cwd=ROOT,
        env={"PYTHONPATH": f"{ROOT}:{ROOT / 'serving_example/client/src'}"},
        capture_output=True, text=True, timeout=300, check=True,
    )  # fmt: skip
    return json.loads(told.stdout)


def test_a_wall_clock_that_jumps_changes_nothing() -> None:
    """Deadlines, kept answers, the circuit, connections: ten years ahead or back, it is one."""
    assert played(10 * YEAR_S) == played(-10 * YEAR_S) == [
        ["answer", 1, True, True], ["answer", 0, True, True], ["answer", 1, True, True],
        ["answer", 0, True, True], ["answer", 0, True, True], [1, 2],
        ["circuit_open", 2, True, True], ["circuit_open", 0, True, True],
        ["circuit_open", 0, True, True], 4, ["timeout", 1, None, True],
    ]  # fmt: skip


@pytest.mark.parametrize("jump_s", [70.0, YEAR_S, 1e12])
def test_what_was_asleep_for_long_wakes_up_well(jump_s: float) -> None:
    """Its own clock is ahead at once: a call under way has had its time, what was kept is old, the
    circuit lets one call try, and the next calls are answered.
    """
    clock = ManualClock()

    def sleeps(request: Any) -> Any:
        clock.now += jump_s
        return refusal(500, "internal", "failed")

    down = refusal(500, "internal", "failed")
    script: list[Any] = [answer(**KEPT), sleeps, down, down, answer(**KEPT)]
    transport = FakeTransport(*script, clock=clock)
    with Client(
        "http://films", transport=transport, clock=clock, sleep=clock.sleep, max_attempts=1,
        cache_bytes=1 << 20, breaker_calls=3, breaker_open_s=60.0,
    ) as client:  # fmt: skip
        assert client.recommend(42).about.attempts == 1
        with pytest.raises((UnavailableError, DeadlineError)):
            client.recommend(1)
        for _ in range(2):  # what was kept is old
            with pytest.raises(UnavailableError):
                client.recommend(42)
        clock.now += jump_s
        assert client.recommend(42).about.attempts == 1
        assert client.recommend(42).about.attempts == 0
    assert len(transport.requests) == 5
