"""Deadlines of many requests on one timer, by a clock that a test moves."""

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from parity_tests.soak import examples
from serving_example.app.deadlines import TICK_S, Deadlines


class One:
    """What waits, and when it was told that it is late."""

    def __init__(self, machine: Any, deadline: float) -> None:
        self.machine, self.deadline = machine, deadline
        self.due = max(deadline, machine.now)
        self.told_at: float | None = None

    def late(self) -> None:
        assert self.told_at is None
        self.told_at = self.machine.now


class Waiting(RuleBasedStateMachine):
    """What waits is told once, after its deadline and within two ticks of a running clock."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1_000.0
        self.due: list[tuple[float, Any]] = []
        self.deadlines = Deadlines(lambda: self.now, self.later)
        self.waiting: list[tuple[One, int]] = []
        self.ended: list[One] = []

    def later(self, seconds: float, call: Any) -> None:
        self.due.append((self.now + seconds, call))

    @rule(seconds=st.floats(-0.5, 3.0))
    def add(self, seconds: float) -> None:
        one = One(self, self.now + seconds)
        self.waiting.append((one, self.deadlines.add(one, one.deadline)))

    @rule(data=st.data())
    def end(self, data: Any) -> None:
        if self.waiting:
            one, place = self.waiting.pop(data.draw(st.integers(0, len(self.waiting) - 1)))
            self.deadlines.discard(one, place)
            self.ended.append(one)
            one.deadline = self.now

    @rule(steps=st.integers(1, 40))
    def run(self, steps: int) -> None:
        for _ in range(steps):
            self.step(TICK_S / 2)

    @rule(seconds=st.floats(0, 100))
    def stand_still(self, seconds: float) -> None:
        self.step(seconds)

    def step(self, seconds: float) -> None:
        self.now += seconds
        ready, self.due = [c for at, c in self.due if at <= self.now], [
            (at, c) for at, c in self.due if at > self.now
        ]  # fmt: skip
        for call in ready:
            call()

    @invariant()
    def told_in_time(self) -> None:
        for one, _ in self.waiting:
            if one.told_at is None:
                assert self.now <= one.due + 2.5 * TICK_S
            else:
                assert one.told_at >= one.deadline - 1e-6
        assert all(one.told_at is None or one.told_at <= one.deadline for one in self.ended)
        assert len(self.due) <= 1


TestWaiting = Waiting.TestCase
TestWaiting.settings = examples(30, 1_000)
