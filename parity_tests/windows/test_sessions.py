"""Sessions of hundreds of events: late ones join two runs, withdrawals part one."""

from __future__ import annotations

import datetime as dt
import random
from itertools import pairwise
from typing import Any

import pytest

from featurelib.windows import Definition, define, session
from featurelib_online import stream
from parity_tests.windows import strategies
from parity_tests.windows.streamed import Told, long_history
from parity_tests.windows.test_point_in_time import check


def sessions(max_events: int, gap: dt.timedelta) -> Definition:
    """What sessions hold, with a filter and without, and how many there are within one."""
    things = strategies.source(max_events=max_events)
    now, left = things.over(session(gap, closed="both")), things.over(session(gap))
    return define(
        {
            "n": left.count(),
            "flagged": now.where(strategies.FLAG).sum(strategies.N),
            "first": now.first(strategies.X),
            "few": left.n_sessions(gap / 2),
            "all": now.where(strategies.FLAG).n_sessions(gap / 8),
        }
    )


def pause(rows: list[dict[str, Any]], share: float) -> dt.timedelta:
    """So long that this share of the pauses between neighbours is not longer."""
    pauses = sorted(b - a for a, b in pairwise(sorted(row["at"] for row in rows)))
    return max(pauses[int(share * len(pauses))], strategies.STEP / 90)


CASES = [(1, 1000, 0.97), (2, 100, 0.9), (3, 1000, 0.995), (4, 1000, 0.999)]
"""Seed, how many events are kept, share of the pauses that do not end a session."""


@pytest.mark.parametrize("seed, max_events, share", CASES)
def test_a_pass_over_long_sessions_answers_as_the_oracle(seed, max_events, share) -> None:
    """At arrivals, a microsecond off them, and a second later."""
    rows = long_history(seed, 420, wild=False)
    chance = random.Random(seed)
    off = [k * strategies.MICROSECOND for k in (-1, 0, 1, 10**6)]
    queries = [("ann", row["got"] + chance.choice(off)) for row in chance.sample(rows, 60)]
    check(sessions(max_events, pause(rows, share)), rows, queries)


@pytest.mark.parametrize("seed, max_events, share", CASES)
def test_a_state_of_long_sessions_answers_as_the_oracle(seed, max_events, share) -> None:
    """While the events come, now and in the past."""
    rows = long_history(seed, 420, wild=False)
    made = stream.compile(sessions(max_events, pause(rows, share)))
    state, told, compared = made.new(), Told(made.definition), 0
    for i, row in enumerate(rows):
        told.hear(row)
        made.apply(state, row)
        if i % 30 == 29:
            now = told.newest_arrival
            compared += told.check(made, state, [now, now + 1, now - 10**7])
    assert compared > 60
