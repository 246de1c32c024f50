"""A turn of the loop takes requests for some milliseconds; the others have later turns."""

from collections import deque
from collections.abc import Callable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from parity_tests.soak import examples
from serving_example.app.pace import TURN_S, Pace

TAKES_S = 0.8 * TURN_S
"""Two of them are more than a turn, one is not."""


class Loop:
    """Turns of a loop whose clock stands still but while a request is taken."""

    def __init__(self) -> None:
        self.now, self.calls = 10.0, deque[Callable[[], None]]()
        self.pace = Pace(lambda: self.now, self.calls.append)
        self.begun: list[int] = []

    def turn(self, arrivals: list["One"]) -> float:
        """What comes in a turn, then what was to be called; gives how long both took."""
        began = self.now
        for one in arrivals:
            if self.pace.is_now(one):
                one.take_up()
        for _ in range(len(self.calls)):
            self.calls.popleft()()
        return self.now - began


class One:
    """A connection with a request."""

    def __init__(self, loop: Loop, number: int) -> None:
        self.loop, self.number = loop, number

    def take_up(self) -> None:
        """It is taken."""
        self.loop.begun.append(self.number)
        self.loop.now += TAKES_S


@given(st.lists(st.integers(0, 30), max_size=20))
@examples(30, soak=2_000)
def test_each_is_taken_once_and_no_turn_is_long(counts: Any) -> None:
    """However many come at once, each is taken once, and the loop comes round in time."""
    loop, made = Loop(), 0
    for count in counts:
        arrivals = [One(loop, made + i) for i in range(count)]
        made += count
        assert loop.turn(arrivals) <= 2 * (TURN_S + TAKES_S) + 1e-9
    for _ in range(made):
        loop.turn([])
    assert sorted(loop.begun) == list(range(made)) and not len(loop.pace)
    loop.turn([])
    assert not loop.calls  # a loop that has nothing to do sleeps


def test_the_newest_and_the_oldest_go_by_turns() -> None:
    """Of those that were put off the last one is in time, and the first one is not forgotten."""
    loop = Loop()
    loop.turn([One(loop, number) for number in range(6)])
    loop.turn([])
    assert loop.begun == [0, 1, 5, 2, 4, 3]
