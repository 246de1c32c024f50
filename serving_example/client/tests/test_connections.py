"""The connections that threads share, against what a model says of each."""

from __future__ import annotations

import threading
from typing import Any

import httpcore2
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, multiple, rule

from featurelib_client.connections import Connections
from featurelib_client.testing import ManualClock
from parity_tests.soak import amount

MOST, KEEPALIVE_S = 3, 8.0


class Line:
    """A connection without a network."""

    def __init__(self, clock: ManualClock) -> None:
        self.clock, self.is_open, self.is_read = clock, True, True
        self.has_ended, self.used_at = False, clock()

    def is_available(self) -> bool:
        return self.is_open and self.is_read

    def has_expired(self) -> bool:
        return self.has_ended or self.clock() - self.used_at > KEEPALIVE_S

    def close(self) -> None:
        self.is_open = False


def connections(clock: ManualClock, made: list[Line], most: int = MOST) -> Connections:
    """Connections that are kept in a list, too."""

    def make() -> Any:
        made.append(Line(clock))
        return made[-1]

    return Connections(make, most, KEEPALIVE_S, clock)


class Model(RuleBasedStateMachine):
    """One thread lends and gives back, servers end connections, time passes."""

    lent: Bundle[Line] = Bundle("lent")

    def __init__(self) -> None:
        super().__init__()
        self.clock, self.made = ManualClock(), list[Line]()
        self.tested = connections(self.clock, self.made)
        self.out: list[Line] = []
        self.is_closed = False

    @rule(target=lent)
    def take(self) -> Any:
        idle = [one for one in self.made if one.is_open and one not in self.out]
        good = [one for one in idle if not one.has_expired()]
        try:
            one: Any = self.tested.take(0.0)
        except httpcore2.ConnectError:
            assert self.is_closed
            return multiple()
        except httpcore2.PoolTimeout:
            assert len(self.out) == MOST
            return multiple()
        assert not self.is_closed and one.is_open and one not in self.out
        # An old connection never goes out, and none is made while a good one lies idle.
        assert one in good if good else one not in idle
        self.out.append(one)
        return one

    @rule(one=consumes(lent), is_read=st.booleans())
    def give_back(self, one: Line, is_read: bool) -> None:
        one.is_read, one.used_at = is_read, self.clock()
        self.out.remove(one)
        self.tested.give_back(one)  # type: ignore[arg-type]
        may_stay = is_read and not self.is_closed
        # What the server has ended meanwhile may be found out at once, or when it is asked for.
        assert one.is_open == may_stay or (one.has_ended and not one.is_open)

    @rule(at=st.integers(0, 20))
    def end(self, at: int) -> None:
        if self.made:
            self.made[at % len(self.made)].has_ended = True

    @rule()
    def pass_time(self) -> None:
        self.clock.now += KEEPALIVE_S / 3

    @rule()
    def close(self) -> None:
        self.tested.close()
        self.is_closed = True

    @invariant()
    def no_more_than_allowed_are_open(self) -> None:
        assert sum(one.is_open for one in self.made) <= (0 if self.is_closed else MOST)


TestModel = Model.TestCase
TestModel.settings = settings(
    max_examples=amount(30, soak=2000), stateful_step_count=30, deadline=None
)


def test_threads_never_hold_the_same_connection() -> None:
    """However many threads take and give back, one has it, and all get their turn."""
    made: list[Line] = []
    tested = connections(ManualClock(), made, most=2)
    held, wrong = set[int](), list[object]()

    def work(seed: int) -> None:
        for turn in range(amount(100, soak=5000)):
            one: Any = tested.take(60.0)
            if id(one) in held:
                wrong.append(one)
            held.add(id(one))
            one.is_read = (seed + turn) % 7 != 0  # some break, so that others are made
            held.discard(id(one))
            tested.give_back(one)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not wrong and not held and sum(one.is_open for one in made) <= 2


@pytest.mark.parametrize("is_read", [True, False])
def test_who_comes_first_is_served_first(is_read: bool) -> None:
    """A connection that comes back goes to the first in line; for a broken one there is another."""
    tested = connections(ManualClock(), [], most=1)
    first: Any = tested.take(0.0)
    served: list[int] = []

    def work(number: int) -> None:
        one: Any = tested.take(60.0)
        served.append(number)
        one.is_read = is_read
        tested.give_back(one)

    threads = []
    for number in range(3):
        threads.append(threading.Thread(target=work, args=(number,)))
        threads[-1].start()
        while len(tested._line) <= number:
            threads[-1].join(0.001)
    first.is_read = is_read
    tested.give_back(first)
    for thread in threads:
        thread.join(60)
    assert served == [0, 1, 2]


def test_who_waits_in_line_hears_that_all_is_closed() -> None:
    """Nobody waits for connections that no one will give back."""
    tested = connections(ManualClock(), [], most=1)
    tested.take(0.0)
    told: list[str] = []

    def work() -> None:
        with pytest.raises(httpcore2.ConnectError) as error:
            tested.take(60.0)
        told.append(str(error.value))

    thread = threading.Thread(target=work)
    thread.start()
    while not tested._line:
        thread.join(0.001)
    tested.close()
    thread.join(60)
    assert told == ["the client was closed"]


def test_what_is_idle_for_long_ends_with_the_next_call() -> None:
    """Connections of a busy hour do not stay for the quiet ones after it."""
    clock, made = ManualClock(), list[Line]()
    tested = connections(clock, made)
    for lent in [tested.take(0.0) for _ in range(3)]:
        tested.give_back(lent)
    for _ in range(4):
        clock.now += KEEPALIVE_S / 3
        one: Any = tested.take(0.0)
        one.used_at = clock()
        tested.give_back(one)
    assert [one.is_open for one in made] == [False, False, True]
